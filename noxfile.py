"""Nox sessions: one a tier, as `xpconfig.toml` describes them."""

from xptasks import sessions

sessions.register()
