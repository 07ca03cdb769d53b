"""What overrides the file: the profile's choice, `XPTASKS_*` variables and `--set PATH=VALUE`."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from xptasks.config import keys
from xptasks.config.layers import Keys, Origin, Values
from xptasks.config.problems import Mistake, Place, nearest, quoted

PREFIX = "XPTASKS_"
PROFILE = "XPTASKS_PROFILE"
RESERVED = {
    PROFILE: "the profile, when `--profile` does not name one",
    "XPTASKS_ACTOR": "who acts, for the history: `human:NAME`, `agent:NAME` or `machine:NAME`",
    "XPTASKS_CHANGES": "which changes a run of the gate is about, set by the queue; do not set it",
    "XPTASKS_OUTPUT": "how results are shown",
    "XPTASKS_PYTHON": "the project's interpreter, set by the runner for what it starts; do not set it",
    "XPTASKS_RELEASE": "the name of the release, set for a service that is deployed",
    "XPTASKS_DETACHED": "set on what is deployed, to find it again; do not set it",
    "XPTASKS_RUN_ID": "set by the runner for what it starts; do not set it",
}
"""Variables with the prefix that are no keys."""


@dataclass(frozen=True, slots=True)
class Override:
    """One value that replaces what the file says."""

    path: Keys
    value: object
    origin: Origin


class OverrideError(Exception):
    """An override cannot be used; shows the one mistake."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.message)
        self.mistake = mistake


def choose_profile(profile: str | None, values: Values, environ: Mapping[str, str]) -> str | None:
    """The profile that counts: asked for, else `XPTASKS_PROFILE`, else `ci` where `CI` is set and there is one.

    Raises:
        OverrideError: there is no profile of that name.
    """
    profiles = values.get("profiles")
    known = list(profiles) if isinstance(profiles, dict) else []
    place, wanted = ("--profile", profile) if profile else (f"environment {PROFILE}", environ.get(PROFILE))
    if not wanted:
        return "ci" if "ci" in known and environ.get("CI", "").lower() not in {"", "0", "false"} else None
    if wanted in known:
        return wanted
    hint = did_you_mean(wanted, known) or f"profiles in the file: {', '.join(sorted(known)) or 'none'}"
    raise OverrideError(Mistake(Place(place), f"there is no profile {quoted(wanted)}", hint))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint with the nearest valid name, empty when nothing is near."""
    found = nearest(name, known)
    return f"did you mean '{found}'?" if found else ""


def variable(path: Keys) -> str:
    """The environment variable that overrides the key at a path."""
    return PREFIX + "__".join(path).upper()


def from_environment(environ: Mapping[str, str], values: Values) -> Iterator[Override | Mistake]:
    """What the `XPTASKS_*` variables override."""
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in RESERVED:
            path = tuple(name.removeprefix(PREFIX).lower().split("__"))
            origin = Origin("environment", f"environment {quoted(name)[1:-1]}")
            known = keys.field(path, keys.known_names(values)) if variable(path) == name else None
            yield _override(path, environ[name], origin, known) if known else _unknown_variable(name, origin, values)


def from_options(options: Iterable[str], values: Values) -> Iterator[Override | Mistake]:
    """What each `--set PATH=VALUE` overrides."""
    for option in options:
        name, equals, text = option.partition("=")
        path = tuple(name.strip().split("."))
        origin = Origin("command line", f"--set {quoted(name.strip())[1:-1]}")
        known = keys.field(path, keys.known_names(values))
        if not equals:
            yield Mistake(Place(origin.name), "there is no value", "write it as: --set tiers.fast.budget=30s")
        else:
            yield _override(path, text, origin, known) if known else _unknown_path(name.strip(), origin, values)


def _override(path: Keys, text: str, origin: Origin, field: FieldInfo) -> Override | Mistake:
    try:
        return Override(path, parse_value(text, field), origin)
    except ValueError as error:
        return Mistake(Place(origin.name), f"{'.'.join(path)} {error}", example(path[-1], field, "as in TOML: "))


def _unknown_variable(name: str, origin: Origin, values: Values) -> Mistake:
    known = [variable(path) for path, _ in keys.walk(keys.known_names(values))]
    near = nearest(name.removeprefix(PREFIX), [each.removeprefix(PREFIX).lower() for each in (*known, *RESERVED)])
    hint = (
        f"did you mean {PREFIX}{near.upper()}?"
        if near
        else f"it is {PREFIX} and the path in capitals, with '__' between"
    )
    return Mistake(Place(origin.name), "no key has this name", hint)


def _unknown_path(name: str, origin: Origin, values: Values) -> Mistake:
    near = nearest(name, [".".join(path) for path, _ in keys.walk(keys.known_names(values))])
    hint = f"did you mean '{near}'?" if near else "`inv config` shows all keys"
    return Mistake(Place(origin.name), "there is no such key", hint)


def parse_value(text: str, field: FieldInfo) -> object:
    """A value as the key wants it: plain text where it takes text, else TOML (numbers, true and false, lists).

    Raises:
        ValueError: the key takes no text, and this is not TOML.
    """
    annotation: Any = Annotated[field.annotation, field]
    wanted = _types(TypeAdapter(annotation).json_schema())
    if "string" in wanted and not ("array" in wanted and text.lstrip().startswith("[")):
        return text
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        parsed = {}
    # Text with a line break could smuggle in more than one value.
    if list(parsed) != ["value"]:
        raise ValueError("cannot be read from this text")
    return parsed["value"]


def _types(schema: dict[str, Any]) -> set[str]:
    inner = (_types(part) for part in schema.get("anyOf", ()))
    return set().union({str(schema.get("type", "object"))} if "anyOf" not in schema else set(), *inner)


def example(name: str, field: FieldInfo | None, before: str = "for example: ") -> str:
    """A hint with the key's first example."""
    if field is None or not field.examples:
        return ""
    shown = field.examples[0]
    value = shown if field.annotation is date else json.dumps(shown, ensure_ascii=False)
    return f"{before}{name} = {value}"
