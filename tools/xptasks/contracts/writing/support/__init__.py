"""Code that generated files carry with them, in the language itself, so that it is checked like all other code."""
