"""One module a step: what to run and how to read its output. The file name is the step's name."""
