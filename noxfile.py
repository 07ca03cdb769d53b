"""Nox sessions: one a tier, as `xpconfig.toml` describes them."""

from xptasks.sessions import *  # noqa: F403
