"""Invoke tasks: `inv --list` shows them."""

from xptasks.tasks import ns

__all__ = ["ns"]
