"""The project at hand with its forge, for whatever people and agents ask of it; and how a change is shown."""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from xptasks.config import find_project, load
from xptasks.config.settings import Config
from xptasks.errors import HumanNeededError, UsageError
from xptasks.history.actors import actor
from xptasks.landing import breaker
from xptasks.landing.breaker import Trip
from xptasks.landing.forge import REGISTRY, Maker
from xptasks.landing.forge.local import LocalForge
from xptasks.landing.ledger import REF
from xptasks.landing.proposal import Forge, Standing
from xptasks.landing.remote import Remote
from xptasks.loop.landing.place import Origin, Place
from xptasks.markup import clean
from xptasks.system.plumbing import Git

_BREAKER = 500  # entries of the ledger among which the last word about the breaker is looked for


@dataclass(frozen=True)
class Desk:
    """The project at hand, with its forge."""

    project: Path
    config: Config
    environ: Mapping[str, str]

    @classmethod
    def here(cls) -> "Desk":
        """Of the project that the current folder is in; that folder becomes the current one."""
        project = find_project(Path.cwd())
        os.chdir(project)
        return cls(project, load(project, environ=dict(os.environ)).config, dict(os.environ))

    @property
    def actor(self) -> str:
        """Who runs this command."""
        return str(actor(self.environ, terminal=sys.stdin.isatty()))

    @property
    def remote(self) -> Remote:
        """The remote, as this clone sees it."""
        return Remote(Git(self.project), self.config.landing.remote, self.config.landing.trunk)

    def forge(self) -> Forge:
        """The forge that is configured."""
        maker = cast("Maker", REGISTRY.load(self.config.landing.forge))
        return maker.forge(self.config.landing, self.project, self.environ)

    def local(self, what: str) -> LocalForge:
        """The forge, if it is `local`.

        Raises:
            UsageError: it is another one.
        """
        forge = self.forge()
        if not isinstance(forge, LocalForge):
            raise UsageError(f"{what} belongs to the forge local", hint=f"{self.config.landing.forge} has its own way")
        return forge

    def human(self, what: str) -> str:
        """Who runs this command, a human.

        Raises:
            HumanNeededError: it is somebody else.
        """
        if not self.actor.startswith("human:"):
            hint = "ask one to run it at a terminal, or as XPTASKS_ACTOR=human:NAME"
            raise HumanNeededError(f"only a human {what}; this is {self.actor}", hint=hint)
        return self.actor

    def place(self) -> Place:
        """Where the queue of this project works on this host."""
        settings = self.config.landing
        origin = Origin.of(self.project, settings.remote, settings.trunk)
        return Place(self.config.project.name, origin, self.environ)

    def trip(self) -> Trip | None:
        """Why the queue has stopped itself, None while it has not."""
        view = self.remote.look()
        return breaker.opened(self.remote.entries(view, _BREAKER)) if REF in view.refs else None


def tell(standing: Standing, more: Iterable[str], *, as_json: bool) -> None:
    """Print a change, as JSON or with more lines below it."""
    if as_json:
        sys.stdout.write(json.dumps(asdict(standing)) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in (*shown(standing), *more)))


def shown(standing: Standing) -> list[str]:
    """A change in words: a line, then why."""
    place = f", place {standing.position}" if standing.position else ""
    landed = f" as {standing.landed[:12]}" if standing.landed else ""
    state = "waits for a human" if standing.state == "open" else standing.state
    head = f"{state}{landed}  {standing.id} ({standing.head[:12]}{place}): {clean(standing.title)}"
    said = standing.taken_back if standing.state == "landed" else standing.reason
    reason = [f"  {line}" for line in clean(said).splitlines()]
    return [head, *reason]
