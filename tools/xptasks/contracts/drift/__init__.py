"""Does what a service serves as its OpenAPI document mean the same as its contract?

`normal` takes away what a framework adds by itself, `differences` compares both ways and says which side has what,
`served` gets the document from an application or from an address, `check` is the command.
"""
