"""The releases of one target on disk: finished ones, their environments, and what is being built beside them.

    HOME/releases/ID/manifest.json   what is known of it
                     tree/           the files of the commit, read-only, with the contracts that it serves
    HOME/environments/NAME           Python environments, shared by releases with the same pins
    HOME/building/                   what is not finished

A release is made aside and renamed when it is whole: whatever is in `releases` is finished.
"""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from xptasks.delivery import manifest
from xptasks.delivery.environments import Environments
from xptasks.delivery.folders import remove, size
from xptasks.delivery.launch import Launch, launch_of
from xptasks.delivery.manifest import Manifest
from xptasks.errors import CannotRunError, UsageError

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Releases:
    """The releases of one target.

    Args:
        home: the target's folder.
    """

    home: Path

    @property
    def folder(self) -> Path:
        """Where finished releases are."""
        return self.home / "releases"

    @property
    def environments(self) -> Environments:
        """Their Python environments."""
        return Environments(self.home / "environments")

    def tree(self, release: str) -> Path:
        """The files of a release."""
        return self.folder / release / "tree"

    @contextmanager
    def aside(self) -> Iterator[Path]:
        """A folder for one build; those of builds that were killed are removed, as the kernel says who lives."""
        building = self.home / "building"
        building.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(building / "all.lock"):
            _sweep(building)
            folder = Path(tempfile.mkdtemp(dir=building))
            lock = FileLock(f"{folder}.lock")
            lock.acquire()
        try:
            yield folder
        finally:
            remove(folder)
            lock.release()
            Path(lock.lock_file).unlink(missing_ok=True)

    def all(self) -> list[Manifest]:
        """Every finished release, the newest first."""
        found = self.folder.glob(f"*/{MANIFEST}")
        return sorted(map(manifest.read, found), key=lambda release: (release.built, release.id), reverse=True)

    def find(self, release: str) -> Manifest | None:
        """A release by its whole name."""
        path = self.folder / release / MANIFEST
        return manifest.read(path) if path.exists() else None

    def get(self, name: str) -> Manifest:
        """A release by its name, or by as much of its name or its commit as is enough; the newest of a commit.

        Raises:
            UsageError: there is none, or there are several.
        """
        releases = self.all()
        found = [release for release in releases if name and name in (release.id, release.commit)] or [
            release for release in releases if name and (release.id.startswith(name) or release.commit.startswith(name))
        ]
        if not found:
            known = ", ".join(release.id for release in releases) or "none"
            raise UsageError(f"there is no release {name}", hint=f"`inv releases` lists them; kept are: {known}")
        if len({release.commit for release in found}) > 1:
            raise UsageError(f"{name} may be any of {', '.join(release.id for release in found)}", hint="write more")
        return found[0]

    def size(self, release: str) -> int:
        """Bytes that a release takes, without its environment."""
        return size(self.folder / release)

    def launch(self, release: str, environ: Mapping[str, str], project: Path) -> Launch:
        """How a release is started.

        Args:
            release: its whole name.
            environ: resolves `env:NAME`; see `launch_of`.
            project: the folder that `file:PATH` is relative to.

        Raises:
            CannotRunError: the release, its environment or a secret is not there.
        """
        found = self.find(release)
        if found is None:
            raise CannotRunError(f"the release {release} is not in {self.folder}", hint="deploy its commit again")
        python = self.environments.python(found.environment)
        if not python.exists():
            hint = "deploy its commit again, which makes the environment anew"
            raise CannotRunError(f"the Python environment of {release} is gone: {python}", hint=hint)
        return launch_of(found, self.tree(release), python, environ, project)

    def prune(self, keep: int, needed: Collection[str]) -> tuple[str, ...]:
        """Remove the oldest releases beyond `keep`, and environments that no release uses.

        Args:
            keep: how many stay, at least; the newest.
            needed: those that serve, are warm or are being deployed: they stay, and count.

        Returns:
            The releases that were removed.
        """
        releases = sorted(self.all(), key=lambda release: release.id not in needed)  # stable: the rest by age
        gone = [release.id for release in releases[keep:] if release.id not in needed]
        for name in gone:
            self._remove(name)
        self.environments.prune(lambda: {release.environment for release in self.all()})
        return tuple(gone)

    def _remove(self, name: str) -> None:
        with self.aside() as aside:
            (self.folder / name).rename(aside / name)


def _sweep(building: Path) -> None:
    """Remove what killed builds left; the lock of one that lives cannot be had."""
    for folder in (path for path in building.iterdir() if path.is_dir()):
        lock = FileLock(f"{folder}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        remove(folder)
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
