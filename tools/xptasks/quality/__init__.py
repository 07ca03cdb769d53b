"""Quality that only gets better: ratchets."""
