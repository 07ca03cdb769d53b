"""The figures: one module a group, each with its definitions in `FIGURES`."""
