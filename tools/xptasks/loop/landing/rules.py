"""What counts for the queue: the trunk's rules for what may land, and what the operator chose about how it is run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xptasks import config
from xptasks.config import document
from xptasks.config.settings import Config
from xptasks.errors import ConfigError
from xptasks.landing.ran import JUDGES_CHANGE
from xptasks.landing.settings import LandingSettings
from xptasks.loop import trunk as trunks
from xptasks.system.commits import Objects
from xptasks.system.files import atomic_write


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts on one commit of the trunk.

    Attributes:
        tip: the commit.
        landing: `[landing]` as the trunk has it: no profile and no variable changes what may land.
        config: the whole configuration with the profile that the queue was started with: how it is run, and what
            follows a landing, are the operator's to choose.
        steps: the steps of the landing's tier.
        adopts: the change whose own rules count, because the trunk has none; empty otherwise.
        text: the configuration that counts, as it is written.
    """

    tip: str
    landing: LandingSettings
    config: Config
    steps: tuple[str, ...]
    adopts: str = ""
    text: str = ""

    @property
    def running(self) -> LandingSettings:
        """How the queue is run: `after`, `breaker`, `poll`, `patience`."""
        return self.config.landing

    @property
    def about_change(self) -> tuple[str, ...]:
        """The steps that judge one change, and not what several make together."""
        return tuple(step for step in self.steps if step in JUDGES_CHANGE)

    @property
    def seconds(self) -> float:
        """What a run of the gate may take: its budget, and what it takes to set it up."""
        return self.config.tiers[self.landing.tier].budget + self.running.patience


@dataclass(frozen=True, slots=True)
class Operator:
    """Who started the queue, and how.

    Attributes:
        environ: the environment.
        profile: a profile of the trunk's `xpconfig.toml`.
    """

    environ: Mapping[str, str]
    profile: str = ""


def find(objects: Objects, tip: str, operator: Operator, scratch: Path, change: tuple[str, str] = ("", "")) -> Rules:
    """The rules of a commit of the trunk.

    Args:
        objects: the repository.
        tip: the commit.
        operator: who started the queue.
        scratch: a folder that is ours to write to.
        change: name and commit of the change whose rules count where the trunk has none.

    Raises:
        ConfigError: what is written there cannot be used.
    """
    name, head = change
    found = trunks.find(objects, tip, head or tip, tip)
    text = objects.blob(head if found.adopted and head else tip, document.NAME)
    if text is None:
        hint = "queue the change that adds it: its own rules count then"
        raise ConfigError(f"the trunk has no {document.NAME}", where=tip[:12], hint=hint)
    written = text.decode("utf-8", "surrogateescape")
    atomic_write(scratch / document.NAME, written)
    loaded = config.load(scratch, profile=operator.profile or None, environ=operator.environ).config
    rules = Rules(tip, found.landing, loaded, found.steps, name if found.adopted else "", written)
    if rules.landing.tier not in loaded.tiers:
        raise ConfigError(f"there is no tier {rules.landing.tier!r}", where=document.NAME)
    return rules
