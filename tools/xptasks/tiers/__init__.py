"""Test tiers: what runs, in which order, what is cached, and how a run is supervised."""
