"""The releases of the project at hand: how one is built from its configuration, what there is, what they serve."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from xptasks import config
from xptasks.config.settings import Config
from xptasks.delivery.deployed import roles
from xptasks.delivery.home import home
from xptasks.delivery.journal import Journal
from xptasks.delivery.manifest import Recipe
from xptasks.delivery.releases import Releases
from xptasks.errors import CannotRunError

JOURNAL = "journal.db"


def recipe_reader(
    environ: Mapping[str, str], profile: str | None = None, overrides: Sequence[str] = ()
) -> Callable[[Path], Recipe]:
    """Reads the configuration that lies in a folder with a release's files, under the overrides of the caller."""

    def read(tree: Path) -> Recipe:
        found = config.load(tree, profile=profile, overrides=overrides, environ=environ).config
        return Recipe(
            command=found.service.command,
            health=found.service.health,
            environment={name: str(value) for name, value in found.service.environment.items()},
            contracts=(*found.contracts.openapi, *found.contracts.asyncapi),
            requirements=found.deploy.requirements,
            sources=found.project.sources,
        )

    return read


def releases_of(settings: Config, environ: Mapping[str, str]) -> Releases:
    """The releases of the project's target on this host."""
    return Releases(home(settings.project.name, settings.deploy.target, environ))


def states(releases: Releases) -> Mapping[str, str]:
    """`serving`, `warm` or `deploying` for each release that runs, as the journal has it."""
    journal = releases.home / JOURNAL
    return roles(Journal(journal).deployments()) if journal.exists() else {}


@dataclass(frozen=True, slots=True)
class Listed:
    """A release as `inv releases` shows it. `size` is in bytes, without the environment; `built` is ISO 8601."""

    id: str
    commit: str
    subject: str
    built: str
    size: int
    state: str
    dirty: bool
    contracts: Mapping[str, str]
    notes: tuple[str, ...]


def listing(releases: Releases, running: Mapping[str, str]) -> list[Listed]:
    """Every release, the newest first, with its state: that of `running`, or `kept`."""
    return [
        Listed(
            id=release.id,
            commit=release.commit,
            subject=release.subject,
            built=datetime.fromtimestamp(release.built, UTC).isoformat(timespec="seconds"),
            size=releases.size(release.id),
            state=running.get(release.id, "kept"),
            dirty=release.dirty,
            contracts=release.contracts,
            notes=release.notes,
        )
        for release in releases.all()
    ]


def as_json(listed: Sequence[Listed]) -> str:
    """For programs."""
    return json.dumps({"releases": [asdict(release) for release in listed]}, indent=2, ensure_ascii=False) + "\n"


def as_text(listed: Sequence[Listed]) -> str:
    """For people: a line a release."""
    if not listed:
        return "there is no release yet; `inv deploy-canary` builds one\n"
    rows = [(one.id, one.state, one.built, f"{one.size / 2**20:.1f} MiB", one.subject) for one in listed]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
    return "  ".join((*cells, row[-1])).rstrip() + "\n"


@dataclass(frozen=True, slots=True)
class Served:
    """The contracts that a release which runs serves.

    Attributes:
        release: its name.
        state: `serving`, `warm` or `deploying`.
        commit: what it was built from.
        dirty: whether its contracts may differ from the commit's.
        tree: the folder with its files and its `xpconfig.toml`; absolute.
        contracts: its contracts, relative to that folder.
    """

    release: str
    state: str
    commit: str
    dirty: bool
    tree: Path
    contracts: tuple[str, ...]


def served(releases: Releases) -> tuple[Served, ...]:
    """What every release serves that the journal says is serving, warm or being deployed.

    Raises:
        CannotRunError: one of them is gone from the disk, or the journal cannot be read.
    """
    return tuple(_served(releases, name, state) for name, state in states(releases).items())


def served_here(project: Path, environ: Mapping[str, str]) -> tuple[Served, ...]:
    """The same for the project in a folder, as it is configured there."""
    return served(releases_of(config.load(project, environ=environ).config, environ))


def _served(releases: Releases, name: str, state: str) -> Served:
    found = releases.find(name)
    if found is None:
        raise CannotRunError(
            f"the release {name} is {state}, but is not in {releases.folder}",
            hint="deploy its commit again; what it serves cannot be told without it",
        )
    return Served(name, state, found.commit, found.dirty, releases.tree(name), tuple(found.contracts))
