"""The record of pinned actions: which commit a tag named when somebody looked, so that nobody has to trust a tag."""

import datetime as dt
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xptasks.errors import ConfigError

OWN = ".github/pins.toml"
"""A project's own record, relative to it; its entries go before those that come with xptasks."""

_SHIPPED = Path(__file__).parent / "pins.toml"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ACTION = re.compile(r"[a-z0-9-]+/[a-z0-9._-]+")
_VERSION = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
_KEYS = {"action", "tag", "commit", "seen", "where"}


@dataclass(frozen=True, slots=True)
class Pin:
    """One action at one commit.

    Attributes:
        action: its repository, `OWNER/NAME`.
        tag: what the commit is called there.
        commit: the full id.
        seen: the day on which the tag named this commit.
        where: where that was looked up.
    """

    action: str
    tag: str
    commit: str
    seen: dt.date
    where: str


Pins = Mapping[str, Pin]
"""By action."""


def load(project: Path) -> dict[str, Pin]:
    """The record that counts for a project: what comes with xptasks, under what the project has itself.

    Raises:
        ConfigError: the project's record is not one.
    """
    pins = read(_SHIPPED.read_text(encoding="utf-8"), _SHIPPED.name)
    own = project / OWN
    return {**pins, **(read(own.read_text(encoding="utf-8"), OWN) if own.is_file() else {})}


def read(text: str, name: str) -> dict[str, Pin]:
    """A record's text.

    Raises:
        ConfigError: it is none.
    """
    try:
        entries = tomllib.loads(text).get("pin", [])
        return {pin.action: pin for pin in map(_pin, entries)}
    except (ValueError, TypeError, AttributeError) as error:
        hint = "every [[pin]] has action, tag, commit (40 hexadecimal digits), seen and where"
        raise ConfigError(f"not a record of actions: {error}", where=name, hint=hint) from error


def _pin(entry: Mapping[str, Any]) -> Pin:
    if set(entry) != _KEYS:
        raise ValueError(f"a pin has the keys {', '.join(sorted(_KEYS))}")
    if not _COMMIT.fullmatch(entry["commit"]) or not _ACTION.fullmatch(entry["action"]):
        raise ValueError(f"{entry['action']} at {entry['commit']} is no action at a commit")
    return Pin(**entry)


def as_text(pins: Iterable[Pin]) -> str:
    """A line a pin."""
    ordered = sorted(pins, key=lambda pin: pin.action)
    width = max((len(pin.action) for pin in ordered), default=0)
    return "".join(f"{pin.action:<{width}}  {pin.tag:<8}  {pin.commit}  seen {pin.seen}\n" for pin in ordered)


def as_toml(pins: Iterable[Pin]) -> str:
    """A project's own record."""
    import tomli_w  # noqa: PLC0415 - only a refreshed record is written

    entries = [asdict(pin) for pin in sorted(pins, key=lambda pin: pin.action)]
    return f"# Written by `inv ci-pins --refresh`.\n\n{tomli_w.dumps({'pin': entries})}"


def newest(refs: str) -> tuple[str, str] | None:
    """Tag and commit of the newest version among the lines of `git ls-remote --tags`; None without one.

    An annotated tag names an object of its own; the line that ends with `^{}` has the commit.
    """
    found: dict[tuple[int, ...], tuple[str, str]] = {}
    for line in refs.splitlines():
        commit, _, ref = line.partition("\trefs/tags/")
        peeled = ref.endswith("^{}")
        tag = ref.removesuffix("^{}")
        match = _VERSION.fullmatch(tag)
        if match and _COMMIT.fullmatch(commit):
            version = tuple(map(int, match.groups()))
            if peeled or version not in found:
                found[version] = (tag, commit)
    return found[max(found)] if found else None
