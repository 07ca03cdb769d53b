"""The languages: each module here writes a model in the language of its name, see `contracts.writing.language`."""
