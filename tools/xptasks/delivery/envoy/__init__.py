"""Envoy as the proxy: what its files say, what its counters mean, how it is started and followed."""
