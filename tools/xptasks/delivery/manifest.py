"""What is known of a finished release; `manifest.json` beside its tree. It never holds what a secret stands for."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from xptasks.errors import CannotRunError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a release's own configuration says of how it is built and run.

    Attributes:
        command: how the service starts, with `{port}`.
        health: the path that answers 2xx when it is ready.
        environment: its variables; a secret stands here as `env:NAME` or `file:PATH`.
        contracts: the files that describe what it serves.
        requirements: its pins; none means the usual ones.
        sources: the folders with its code.
    """

    command: tuple[str, ...]
    health: str = "/health"
    environment: Mapping[str, str] = field(default_factory=dict)
    contracts: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """A finished release.

    Attributes:
        id: its name, readable: the commit, then a hash of all that it is made of.
        commit, subject: what it was built from.
        dirty: whether its files are not those of the commit.
        tree: git's id of its files.
        config: the hash of its recipe.
        contracts: SHA-256 of each contract that it serves, by path.
        environment: the name of its Python environment.
        python, xptasks: the versions that built it.
        built: seconds since the epoch.
        recipe: how it is run.
        notes: what of the project is not in it.
    """

    id: str
    commit: str
    subject: str
    dirty: bool
    tree: str
    config: str
    contracts: Mapping[str, str]
    environment: str
    python: str
    xptasks: str
    built: float
    recipe: Recipe
    notes: tuple[str, ...] = ()

    def as_json(self) -> str:
        """The file's text."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"


def read(path: Path) -> Manifest:
    """A manifest from its file.

    Raises:
        CannotRunError: it cannot be read, or another version of xptasks wrote it.
    """
    hint = "delete the release's folder; the next deployment of its commit builds it anew"
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("format") != FORMAT:
            raise CannotRunError("another version of xptasks built this release", where=str(path), hint=hint)
        recipe = Recipe(**_tuples(data["recipe"]))
        return Manifest(**{**_tuples(data), "recipe": recipe})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CannotRunError(f"the manifest cannot be read: {error}", where=str(path), hint=hint) from error


def _tuples(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
