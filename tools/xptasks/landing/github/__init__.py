"""GitHub: a thin client of its API, and what is decided about pull requests, checks, rules and issues."""
