"""Invoke tasks: `inv --list` shows them."""

from xptasks.tasks import ns  # noqa: F401
