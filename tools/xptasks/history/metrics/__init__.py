"""Figures made of events: pure functions of what happened, a window and a list of targets. No clock, no database."""
