"""Composes every capability's settings into one checked configuration."""
