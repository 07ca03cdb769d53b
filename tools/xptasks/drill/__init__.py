"""Rehearse the whole loop: a good change gets through by itself, a bad one does not."""
