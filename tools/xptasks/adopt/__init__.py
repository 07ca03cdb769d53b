"""Bring xptasks into a repository, keep it up to date there, and take it out again without a trace."""
