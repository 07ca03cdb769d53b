"""What a change must show before it lands: its size, and tests that were written first."""
