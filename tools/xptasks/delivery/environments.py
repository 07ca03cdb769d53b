"""The Python environments of releases: made by uv from pins, shared by all releases that have the same pins.

An environment gets its name when it is finished, so that what has a name is whole. A lock that the kernel frees when
its holder dies lets one build at a time make an environment or take one for its release.
"""

import hashlib
import os
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from xptasks.delivery.folders import remove
from xptasks.errors import CannotRunError, ConfigError, LockBusyError
from xptasks.system.commands import run
from xptasks.system.machine import find
from xptasks.system.requirements import text, with_included

USUAL = ("requirements/app.txt", "requirements/base.txt", "requirements.txt")
"""Where pins are looked for, the first that is there."""

_FORMAT = 1  # changes with the way in which environments are made
_PATIENCE = 900.0  # seconds for an installation
_EDITABLE = re.compile(r"^(?:-e|--editable)[ =]", re.MULTILINE)
_LOCAL = re.compile(r"^(?:\.|/|file:|[^#\n]*@ *file:)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pins:
    """What an environment is made of.

    Attributes:
        files: requirements files, relative to the release's tree.
        name: the name of the environment, the same for the same pins and the same interpreter.
        hashed: whether each of them holds hashes, so that all that is installed must have one.
    """

    files: tuple[str, ...]
    name: str
    hashed: bool


def pins_of(tree: Path, configured: Sequence[str], tree_id: str) -> Pins:
    """The pins of a release, as they are in it.

    Args:
        tree: the release's files.
        configured: `[deploy] requirements`; the first of `USUAL` without it.
        tree_id: tells apart the environments of releases whose pins name files of their own tree.

    Raises:
        ConfigError: there are none, or they would tie the environment to one folder.
    """
    files = tuple(configured) or tuple(name for name in USUAL if (tree / name).is_file())[:1]
    missing = next((name for name in files if not (tree / name).is_file()), None)
    if missing or not files:
        what = f"the commit has no {missing}" if missing else f"the commit has no pins ({', '.join(USUAL)})"
        hint = 'name its pinned requirements: [deploy] requirements = ["requirements.txt"]; an empty file is enough'
        raise ConfigError(what, where="xpconfig.toml", hint=hint)
    named = with_included(tree, files)
    for name in named:
        _refuse_editable(name, text(tree / name))
    own = tree_id if any(_LOCAL.search(text(tree / name)) for name in named) else ""
    hashed = all("--hash=" in text(tree / name) for name in files)
    return Pins(files, _name(tree, named, own), hashed)


def _refuse_editable(name: str, content: str) -> None:
    if found := _EDITABLE.search(content):
        line = content.count("\n", 0, found.start()) + 1
        raise ConfigError(
            "what is installed in editable form stays in the folder that it was built in",
            where=f"{name}:{line}",
            hint="leave the line out of a release's pins: its own code is found without being installed",
        )


def _name(tree: Path, files: Sequence[str], own: str) -> str:
    interpreter = (sys.platform, platform.machine(), sys.version, os.path.realpath(sys.executable))
    digest = hashlib.sha256(repr((_FORMAT, interpreter, own)).encode())
    for name in files:
        digest.update(f"\0{name}\0{text(tree / name)}".encode())
    return digest.hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Environments:
    """All environments of one target, in one folder."""

    folder: Path

    def python(self, name: str) -> Path:
        """The interpreter of an environment."""
        return self.folder / name / "bin" / "python"

    @contextmanager
    def ready(self, pins: Pins, tree: Path, environ: Mapping[str, str], at: Callable[[str], None]) -> Iterator[Path]:
        """The environment for these pins, made if it is missing; nobody removes it before the end of the block.

        Raises:
            CannotRunError: uv is missing or says no; its words are in the message.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock(pins.name, _PATIENCE):
            if not self.python(pins.name).exists():  # or its interpreter was removed from the machine
                self._make(pins, tree, environ, at)
            yield self.folder / pins.name

    @contextmanager
    def _lock(self, name: str, patience: float) -> Iterator[None]:
        lock = FileLock(self.folder / f"{name}.lock")
        try:
            lock.acquire(timeout=patience)
        except Timeout as busy:
            raise LockBusyError(f"another build makes the environment {name}", hint="wait for it, or stop it") from busy
        try:
            yield
        finally:
            lock.release()

    def _sweep(self, name: str) -> None:
        """Remove what a build or a removal that was killed left; whoever has the lock knows that they are dead."""
        for left in self.folder.glob(f".{name}.*"):
            remove(left)

    def _make(self, pins: Pins, tree: Path, environ: Mapping[str, str], at: Callable[[str], None]) -> None:
        self._sweep(pins.name)
        made = Path(tempfile.mkdtemp(prefix=f".{pins.name}.", dir=self.folder))
        try:
            _install(made, pins, tree, environ)
            at("installed")
            remove(self.folder / pins.name)
            made.rename(self.folder / pins.name)
        except BaseException:
            remove(made)
            raise

    def prune(self, used: Callable[[], Collection[str]]) -> tuple[str, ...]:
        """Remove the environments that no release uses; one that a build is making is left alone."""
        found = self.folder.iterdir() if self.folder.exists() else ()
        names = sorted({path.name.strip(".").partition(".")[0] for path in found if path.is_dir()})
        return tuple(name for name in names if self._remove(name, used))

    def _remove(self, name: str, used: Callable[[], Collection[str]]) -> bool:
        with suppress(LockBusyError), self._lock(name, 0):
            self._sweep(name)
            if (self.folder / name).exists() and name not in used():
                (self.folder / name).rename(self.folder / f".{name}.old")
                self._sweep(name)
                return True
        return False


def _install(folder: Path, pins: Pins, tree: Path, environ: Mapping[str, str]) -> None:
    """Relocatable, because the folder is renamed; compiled, because nothing is written into it afterwards."""
    uv = find("uv")
    if uv is None:
        raise CannotRunError("uv is not installed, and a release's environment is made by it", hint="pip install uv")
    quiet = (uv, "--quiet", "--no-progress")
    named = [word for name in pins.files for word in ("-r", name)]
    hashes = ["--require-hashes"] if pins.hashed else []
    for words in (
        ["venv", "--relocatable", "--no-project", "--allow-existing", "--python", sys.executable, str(folder)],
        ["pip", "install", "--compile-bytecode", "--python", str(folder / "bin" / "python"), *hashes, *named],
    ):
        done = run([*quiet, *words], tree, environ, _PATIENCE)
        if done.code != 0:
            raise CannotRunError(
                f"the release's environment cannot be made: {done.error}",
                where=", ".join(pins.files),
                hint=f"the pins are taken as they are in the commit; try `uv pip install {' '.join(named)}`",
            )
