"""Tasks about the contracts."""
