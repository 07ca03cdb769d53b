"""Forges: one module each; its name is its name in `xpconfig.toml`."""

from xptasks.registry import Registry

REGISTRY = Registry("xptasks.landing.forge", __file__, group="xptasks.forges")
