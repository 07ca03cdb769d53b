"""Secrets never leave: every string of every event passes a mask before any sink sees it."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from xptasks.results import Event

MASKED = "***"
# Words of ours that programs compare; a secret that happens to be one of them is no secret.
_OURS = frozenset({"status", "severity"})


def mask_of(secrets: Iterable[str]) -> Callable[[str], str]:
    """What replaces every secret by `***`; output comes line by line, so each line of a long secret counts too."""
    parts = {part for secret in secrets for part in (secret, *secret.splitlines()) if part.strip()}
    if not parts:
        return str
    # The longest first: a secret may be the beginning of another.
    pattern = re.compile("|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True)))
    return lambda text: pattern.sub(MASKED, text)


def masked(event: Event, mask: Callable[[str], str]) -> Event:
    """The event without secrets."""
    return replace(event, data=_masked(event.data, mask))


def _masked(value: Any, mask: Callable[[str], str]) -> Any:  # noqa: ANN401 - whatever turns into JSON
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: part if key in _OURS else _masked(part, mask) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(part, mask) for part in value]
    return value
