"""What the languages under `generate/` share: text that cannot become code, documentation, support code to copy."""
