"""Tasks about the project and this machine."""
