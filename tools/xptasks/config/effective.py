"""The effective values as text: TOML, TOML with the origin of each value, or JSON. Resolved secrets never appear."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import tomli_w
from pydantic import BaseModel

from xptasks.config.loading import Loaded
from xptasks.config.positions import locate
from xptasks.errors import CannotRunError
from xptasks.settings import Secret, mask


def show(loaded: Loaded, environ: Mapping[str, str], *, origin: bool, as_json: bool) -> str:
    """What `inv config` prints.

    Args:
        loaded: the configuration.
        environ: the environment, to know the secrets that must not appear.
        origin: also say of each value where it comes from.
        as_json: as one JSON object with `file`, `profile`, `values` and, when asked for, `origins`.
    """
    mode = "json" if as_json else "python"  # TOML has dates
    values = loaded.config.model_dump(mode=mode, exclude={"profiles"}, exclude_none=not as_json)
    text = _as_json(loaded, values, origin=origin) if as_json else _as_toml(loaded, values, origin=origin)
    return mask(text, _resolved(loaded, environ))


def _as_json(loaded: Loaded, values: dict[str, Any], *, origin: bool) -> str:
    shown: dict[str, Any] = {"file": str(loaded.path), "profile": loaded.profile, "values": values}
    if origin:
        shown["origins"] = {".".join(path): loaded.origin(path) for path in _leaves(values)}
    return json.dumps(shown, indent=2, ensure_ascii=False) + "\n"


def _leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name)


def _as_toml(loaded: Loaded, values: dict[str, Any], *, origin: bool) -> str:
    text = tomli_w.dumps(values)
    head = f"# {loaded.path}{f', profile {loaded.profile}' if loaded.profile else ''}\n"
    return head + (_annotate(text, loaded, values) if origin else text)


def _annotate(text: str, loaded: Loaded, values: dict[str, Any]) -> str:
    """Add a comment to the last line of each value."""
    lines, positions = text.split("\n"), locate(text)
    for path in _leaves(values):
        lines[positions.value(path).end_line - 1] += f"  # {loaded.origin(path)}"
    return "\n".join(lines)


def _resolved(loaded: Loaded, environ: Mapping[str, str]) -> Iterator[str]:
    for secret in _secrets(loaded.config):
        try:
            yield secret.resolve(environ, loaded.path.parent)
        except CannotRunError:
            continue  # what cannot be read cannot be shown either


def _secrets(value: object) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
    inner: Any = dict(value).values() if isinstance(value, BaseModel | dict) else value
    if isinstance(value, BaseModel | dict | tuple):
        for each in inner:
            yield from _secrets(each)
