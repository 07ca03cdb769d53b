"""The words that every capability's `settings.py` shares: the base model, durations, references to secrets."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")


class Settings(BaseModel):
    """A table of `xpconfig.toml`: unknown keys are mistakes, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=False, hide_input_in_errors=True)


def parse_duration(text: object) -> float:
    """Turn `"90s"`, `"1h30m"` or `"250ms"` into seconds; a number is refused because its unit would be a guess."""
    if not isinstance(text, str) or not _DURATION.fullmatch(text):
        raise ValueError('a duration is a number with a unit, for example "500ms", "30s", "5m", "2h" or "1h30m"')
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back as the same value."""
    for unit in ("w", "d", "h", "m", "s", "ms"):
        count = seconds / _SECONDS[unit]
        if count >= 1 and count == int(count):
            return f"{int(count)}{unit}"
    return f"{seconds:g}s"


def _duration(value: Any) -> float:  # noqa: ANN401
    return float(value) if isinstance(value, float) else parse_duration(value)


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+(\.\d+)?(ms|s|m|h|d|w))+$"}),
    Field(ge=0),
]
"""Seconds, written with a unit: `"60s"`."""
