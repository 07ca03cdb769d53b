"""Builds a release from a commit: its files, its environment, its manifest. Nothing half-built looks finished."""

import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from xptasks.delivery import manifest
from xptasks.delivery.environments import Pins, pins_of
from xptasks.delivery.folders import seal
from xptasks.delivery.manifest import Manifest, Recipe
from xptasks.delivery.releases import MANIFEST, Releases
from xptasks.delivery.snapshot import Snapshot, snapshot, unpack
from xptasks.errors import CannotRunError, ConfigError
from xptasks.system.commands import run
from xptasks.system.files import atomic_write

_COMPILING = 120.0  # seconds

Point = Callable[[str], None]
"""Called as a build goes on: `unpacked`, `installed` (only a new environment), `written`, `published`."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a release is built from.

    Attributes:
        project: the project's folder.
        environ: the caller's environment, for uv and to find the service's program.
        revision: a commit; without one that which is checked out, and then nothing may be changed in it.
        dirty: take the working tree as it is, and mark the release.
    """

    project: Path
    environ: Mapping[str, str]
    revision: str = ""
    dirty: bool = False


def _go_on(_point: str) -> None:
    return


def build(releases: Releases, source: Source, recipe_of: Callable[[Path], Recipe], at: Point = _go_on) -> Manifest:
    """The release of a commit: built, or the one that is there.

    Args:
        releases: where it belongs.
        source: what it is built from.
        recipe_of: reads the configuration in a folder with the release's files.
        at: called at each point of the build.

    Raises:
        XpError: nothing that looks finished is left then.
    """
    try:
        with releases.aside() as aside, snapshot(source.project, source.revision, dirty=source.dirty) as taken:
            tree = aside / "tree"
            notes = unpack(source.project, taken, tree)
            at("unpacked")
            recipe = recipe_of(tree)
            pins = pins_of(tree, recipe.requirements, taken.tree)
            with releases.environments.ready(pins, tree, source.environ, at) as environment:
                _must_start(recipe, environment, tree, source.environ)
                made = _describe(taken, recipe, pins, tree, notes)
                if existing := releases.find(made.id):
                    return existing
                _compile(tree, recipe.sources, environment, source.environ)
                _finish(aside, made, at)
                _publish(aside, releases.folder / made.id, at)
                return made
    except OSError as error:
        hint = f"make room, or mend the rights of {releases.home}"
        raise CannotRunError(f"the release cannot be written: {error}", hint=hint) from error


def _finish(aside: Path, made: Manifest, at: Point) -> None:
    atomic_write(aside / MANIFEST, made.as_json())
    seal(aside / "tree")
    at("written")


def _publish(aside: Path, place: Path, at: Point) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    aside.rename(place)
    at("published")


def _describe(taken: Snapshot, recipe: Recipe, pins: Pins, tree: Path, notes: tuple[str, ...]) -> Manifest:
    config = hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode()).hexdigest()
    content = hashlib.sha256(f"{manifest.FORMAT} {taken.tree} {config} {pins.name}".encode()).hexdigest()
    return Manifest(
        id=f"{taken.commit[:10]}-{content[:8]}{'-dirty' if taken.dirty else ''}",
        commit=taken.commit,
        subject=taken.subject,
        dirty=taken.dirty,
        tree=taken.tree,
        config=config,
        contracts={name: _digest(tree, name) for name in recipe.contracts},
        environment=pins.name,
        python=platform.python_version(),
        xptasks=_own_version(),
        built=time.time(),
        recipe=recipe,
        notes=notes,
    )


def _digest(tree: Path, name: str) -> str:
    if not (tree / name).is_file():
        raise ConfigError(f"the commit has no {name}", where="xpconfig.toml", hint="mend [contracts]")
    return hashlib.sha256((tree / name).read_bytes()).hexdigest()


def _own_version() -> str:
    try:
        return version("xptasks")
    except PackageNotFoundError:  # it was put on the path
        return "unknown"


def _must_start(recipe: Recipe, environment: Path, tree: Path, environ: Mapping[str, str]) -> None:
    if not recipe.command:
        hint = 'say how it starts: [service] command = ["python", "-m", "app", "--port", "{port}"]'
        raise ConfigError("there is no service to deploy", where="xpconfig.toml", hint=hint)
    program = recipe.command[0]
    search = os.pathsep.join((str(environment / "bin"), environ.get("PATH", os.defpath)))
    found = shutil.which(str(tree / program) if "/" in program else program, path=search)
    if found is None:
        raise ConfigError(
            f"the service's program {program} is neither in the release's environment nor on PATH",
            where="xpconfig.toml",
            hint="add its distribution to the pins, or mend [service] command",
        )


def _compile(tree: Path, sources: tuple[str, ...], environment: Path, environ: Mapping[str, str]) -> None:
    """Compile the code now, because a running release writes nothing; a file that is no Python is not our business."""
    options = ["-q", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    run([str(environment / "bin" / "python"), "-m", "compileall", *options, *sources], tree, environ, _COMPILING)
