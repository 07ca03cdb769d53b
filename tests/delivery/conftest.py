"""A project in a real repository whose releases need nothing but Python."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.repository import WITHOUT_GIT, Repository
from xptasks.delivery.manifest import Manifest, Recipe
from xptasks.delivery.release import Point, Source, build
from xptasks.delivery.releases import Releases

RECIPE = Recipe(("python", "-m", "web", "--port", "{port}"), sources=("web",))


def environ() -> dict[str, str]:
    """That of a caller who has uv on its PATH, wherever the tests run."""
    return {**WITHOUT_GIT, "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))}


def _nowhere(_point: str) -> None:
    return


@dataclass
class Shop(Repository):
    """A project `web` and the releases of it."""

    recipe: Recipe = RECIPE
    read: list[Path] = field(default_factory=list)

    @property
    def releases(self) -> Releases:
        return Releases(self.path.parent / "home")

    def fill(self) -> "Shop":
        self.init("--template=")
        self.write("requirements.txt", "")
        self.write("web/__init__.py", "")
        self.write("web/__main__.py", "print('one')\n")
        self.commit()
        return self

    def recipe_of(self, tree: Path) -> Recipe:
        self.read.append(tree)
        return self.recipe

    def build(self, revision: str = "", *, dirty: bool = False, at: Point = _nowhere, folder: str = "") -> Manifest:
        source = Source(self.path / folder, environ(), revision, dirty)
        return build(self.releases, source, self.recipe_of, at)

    def names(self) -> set[str]:
        """What looks like a finished release."""
        folder = self.releases.folder
        return {path.name for path in folder.iterdir()} if folder.exists() else set()

    def leftovers(self) -> list[str]:
        """What is not finished, but for locks."""
        home = self.releases.home
        found = [*home.glob("building/*"), *home.glob("environments/.*")]
        return sorted(path.name for path in found if path.is_dir())

    def tree(self, release: Manifest) -> Path:
        return self.releases.tree(release.id)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop").fill()
