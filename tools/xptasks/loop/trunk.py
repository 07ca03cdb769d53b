"""What the trunk's `xpconfig.toml` says about a change: read from a commit, so that no change has a say in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from xptasks import steps
from xptasks.config import document
from xptasks.config.layers import FILE, Layers, Values, frozen
from xptasks.errors import ConfigError
from xptasks.landing.policy import Rules
from xptasks.landing.settings import LandingSettings
from xptasks.system.commits import Objects
from xptasks.tiers import plan
from xptasks.tiers.settings import TierSettings

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Trunk:
    """Where a change leaves the trunk, and what counts there.

    Attributes:
        base: the merge base.
        tip: the trunk's commit now: what lands there keeps the rules that are there.
        adopted: whether the rules are the change's own, because the trunk has no configuration yet.
        values: the configuration that counts, as it is written.
    """

    base: str
    tip: str
    adopted: bool
    values: Values

    @property
    def rules(self) -> Rules:
        """What policy reads."""
        generated = (value for value in table(self.values, "generate").values() if isinstance(value, str))
        excluded = table(table(self.values, "steps"), "size").get("exclude", ())
        return Rules(self.landing, (*generated, *excluded))

    @property
    def landing(self) -> LandingSettings:
        """Its table `[landing]`.

        Raises:
            ConfigError: it is not in order.
        """
        return _model(LandingSettings, table(self.values, "landing"), "landing")

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that the landing's tier runs.

        Raises:
            ConfigError: there is no such tier.
        """
        tiers = {
            name: _model(TierSettings, each, f"tiers.{name}") for name, each in table(self.values, "tiers").items()
        }
        tier = self.landing.tier
        if tier not in tiers:
            hint = "a human lands it straight on the trunk" if not self.adopted else "write the table"
            raise ConfigError(f"[landing] tier is {tier!r}, and there is no such tier", where=document.NAME, hint=hint)
        return plan.without_replaced(plan.steps_of(tier, tiers), lambda name: getattr(steps.load(name), "REPLACES", ()))


def _model(model: type[_Model], values: object, where: str) -> _Model:
    try:
        return model.model_validate(frozen(values), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, (where, *first["loc"])))
        raise ConfigError(f"{key} cannot be used: {first['msg']}", where=document.NAME) from None


def table(values: Mapping[str, Any], name: str) -> Values:
    """A table of a configuration, empty where there is none."""
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def read(objects: Objects, commit: str) -> Values | None:
    """The configuration of a commit, None where it has none.

    Raises:
        ConfigError: it is not TOML.
    """
    content = objects.blob(commit, document.NAME)
    if content is None:
        return None
    if len(content) > document.SIZE_LIMIT:
        hint = "is this the right file?"
        raise ConfigError(f"it is larger than {document.SIZE_LIMIT // 1024} KiB", where=document.NAME, hint=hint)
    text = content.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")
    return Layers().under(document.parse(text), FILE).values


def find(objects: Objects, trunk: str, head: str, base: str) -> Trunk:
    """The rules for a change.

    A change that left the trunk before a rule landed there lands on that rule all the same, so that the trunk's tip
    counts, and the merge base only where the tip has no configuration.

    Raises:
        ConfigError: a configuration is not TOML.
    """
    values = read(objects, trunk)
    if values is None and base != trunk:
        values = read(objects, base)
    if values is not None:
        return Trunk(base, trunk, adopted=False, values=values)
    return Trunk(base, trunk, adopted=True, values=read(objects, head) or {})
