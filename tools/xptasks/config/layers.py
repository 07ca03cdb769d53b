"""Defaults, file, profile, environment, command line: later ones win, and each value remembers where it came from."""

from dataclasses import dataclass, field
from typing import Any, Literal

Keys = tuple[str, ...]
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a layer comes from.

    Attributes:
        kind: what it is; for a value of "file" or "profile" the file has its position.
        name: the profile, variable or option.
        prefix: the path of the layer's values in the file; profiles lie below `("profiles", NAME)`.
    """

    kind: Literal["file", "profile", "environment", "command line"]
    name: str = ""
    prefix: Keys = ()

    @property
    def in_file(self) -> bool:
        """Whether the value stands in the file."""
        return self.kind in {"file", "profile"}


FILE = Origin("file")


def profile_origin(name: str) -> Origin:
    """The origin of what a profile overrides."""
    return Origin("profile", name, ("profiles", name))


@dataclass(frozen=True, slots=True)
class Layers:
    """The values of all layers so far; `origins` has the origin of each table and each value by its path."""

    values: Values = field(default_factory=dict)
    origins: dict[Keys, Origin] = field(default_factory=dict)

    def under(self, top: Values, origin: Origin) -> "Layers":
        """These layers with one more on top: tables are merged, anything else is replaced."""
        origins = dict(self.origins)
        return Layers(_lay(self.values, top, (), origin, origins), origins)

    def origin(self, path: tuple[str | int, ...]) -> Origin | None:
        """Where the value at a path, or what is nearest around it, comes from."""
        ways = (tuple(map(str, path[:length])) for length in range(len(path), 0, -1))
        return next((self.origins[way] for way in ways if way in self.origins), None)


def nested(path: Keys, value: object) -> Values:
    """A layer that holds one value."""
    for name in reversed(path):
        value = {name: value}
    return value if isinstance(value, dict) else {}


def _lay(below: Values, top: Values, path: Keys, origin: Origin, origins: dict[Keys, Origin]) -> Values:
    result = dict(below)
    for name, value in top.items():
        here, known = (*path, name), below.get(name)
        if isinstance(value, dict) and isinstance(known, dict):
            result[name] = _lay(known, value, here, origin, origins)
            continue
        origins[here] = origin
        result[name] = _lay({}, value, here, origin, origins) if isinstance(value, dict) else frozen(value)
    return result


def frozen(value: object) -> object:
    """Lists become tuples: the models hold only values that cannot change, and are strict about it."""
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    return {name: frozen(item) for name, item in value.items()} if isinstance(value, dict) else value
