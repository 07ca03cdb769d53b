"""Load `xpconfig.toml`: read, lay the overrides on top, validate, and report every mistake with its place."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from xptasks.config import document, semantics
from xptasks.config.layers import FILE, Keys, Layers, Origin, Values, nested, profile_origin
from xptasks.config.overrides import OverrideError, choose_profile, from_environment, from_options
from xptasks.config.problems import InvalidConfigError, Mistake, Place, Span
from xptasks.config.settings import Config
from xptasks.config.validation import Problem, validate
from xptasks.errors import ConfigError

if TYPE_CHECKING:
    from xptasks.config.positions import Positions

_LOCATED = 1000  # mistakes; finding the places of more would take long, and nobody reads them
_LAST = Span.point(sys.maxsize, 0)  # what has no line comes after what has one
_DEFAULT = "default"


@dataclass(frozen=True)
class Loaded:
    """A configuration that is in order.

    Attributes:
        config: the effective values.
        path: the file.
        profile: the profile that was merged, if any.
    """

    config: Config
    path: Path
    profile: str | None
    text: str = field(repr=False)
    layers: Layers = field(repr=False)

    def origin(self, path: Keys) -> str:
        """Where a value comes from: `default`, `xpconfig.toml:12:1`, `environment XPTASKS_...`, `--set ...`."""
        origin = self.layers.origins.get(path)
        return _describe(origin, path, self._positions) if origin else _DEFAULT

    @cached_property
    def origins(self) -> dict[str, str]:
        """The origin of every value that is not a default, by its dotted path."""
        return {".".join(path): self.origin(path) for path in self.layers.origins}

    @property
    def overridden(self) -> tuple[str, ...]:
        """The dotted paths of the values that do not stand in the file: variables and the command line set them."""
        return tuple(".".join(path) for path, origin in sorted(self.layers.origins.items()) if not origin.in_file)

    @cached_property
    def _positions(self) -> "Positions":
        return _locate(self.text)


def _locate(text: str) -> "Positions":
    from xptasks.config.positions import locate  # noqa: PLC0415 - the parser is loaded only to report places

    return locate(text)


def _describe(origin: Origin, path: Keys, positions: "Positions") -> str:
    if not origin.in_file:
        return origin.name
    span = positions.key((*origin.prefix, *path))
    place = f"{document.NAME}:{span.line}:{span.column}"
    return f"profile {origin.name}, {place}" if origin.kind == "profile" else place


def load(project: Path, *, profile: str | None, overrides: Iterable[str], environ: Mapping[str, str]) -> Loaded:
    """Read the project's configuration.

    Args:
        project: the folder with `xpconfig.toml`.
        profile: the profile asked for on the command line.
        overrides: `PATH=VALUE` each, from `--set`.
        environ: the environment; it may override keys and choose the profile.

    Raises:
        ConfigError: with every mistake that was found.
    """
    try:
        return _load(document.read(project / document.NAME), profile, overrides, environ)
    except RecursionError:
        hint = "no key needs that"
        raise ConfigError("lists, tables or tiers are nested too deeply", where=document.NAME, hint=hint) from None


def _load(
    source: document.Document, profile: str | None, overrides: Iterable[str], environ: Mapping[str, str]
) -> Loaded:
    report = _Report(source)
    layers = Layers().under(source.values, FILE)
    for name in islice(_profiles(layers), semantics.PROFILE_LIMIT):
        if len(report.found) < _LOCATED:
            report.check(_with_profile(layers, name))
    try:
        chosen = choose_profile(profile, layers.values, environ)
    except OverrideError as error:
        report.mistakes.append(error.mistake)
        chosen = None
    effective = report.override(_with_profile(layers, chosen), overrides, environ)
    config = report.check(effective)
    if effective is not layers:
        report.check(layers)
    if config is None or report.found or report.mistakes:
        raise report.error()
    return Loaded(config, source.path, chosen, source.text, effective)


def _profiles(layers: Layers) -> Values:
    found = layers.values.get("profiles")
    return found if isinstance(found, dict) else {}


def _with_profile(layers: Layers, name: str | None) -> Layers:
    values = _profiles(layers).get(name) if name else None
    return layers.under(values, profile_origin(name)) if name and isinstance(values, dict) else layers


class _Report:
    """Collects what is wrong; places are looked up at the end, and only if there is something."""

    def __init__(self, source: document.Document) -> None:
        self.source = source
        self.found: list[tuple[Problem, Layers]] = []
        self.mistakes: list[Mistake] = []

    def check(self, layers: Layers) -> Config | None:
        """The configuration of these layers, if nothing is wrong with them."""
        config, problems = validate(layers.values)
        problems = [*problems, *semantics.check(layers.values)]
        self.found.extend((problem, layers) for problem in problems)
        return None if problems else config

    def override(self, layers: Layers, options: Iterable[str], environ: Mapping[str, str]) -> Layers:
        """The layers with the environment and the command line on top."""
        for each in (*from_environment(environ, layers.values), *from_options(options, layers.values)):
            if isinstance(each, Mistake):
                self.mistakes.append(each)
            else:
                layers = layers.under(nested(each.path, each.value), each.origin)
        return layers

    def error(self) -> InvalidConfigError:
        """All mistakes in the order of the file, each once: several layers may repeat one."""
        positions = _locate(self.source.text)
        hidden = [positions.value(_in_file(*each)) for each in self.found if each[0].secret]
        located = [self._mistake(problem, layers, positions, hidden) for problem, layers in self.found[:_LOCATED]]
        unique = {(mistake.place.name, mistake.place.span, mistake.message): mistake for mistake in located}
        ordered = sorted(unique.values(), key=lambda mistake: mistake.place.span or _LAST)
        return InvalidConfigError([*ordered, *self.mistakes])

    def _mistake(self, problem: Problem, layers: Layers, positions: "Positions", hidden: Sequence[Span]) -> Mistake:
        origin = layers.origin(problem.path)
        if origin and not origin.in_file:
            return Mistake(Place(origin.name), problem.message, problem.hint)
        path = _in_file(problem, layers)
        span = positions.key(path) if problem.at == "key" else positions.value(path)
        return Mistake(Place(document.NAME, span, self.source.text, hidden), problem.message, problem.hint)


def _in_file(problem: Problem, layers: Layers) -> tuple[str | int, ...]:
    origin = layers.origin(problem.path)
    return (*origin.prefix, *problem.path) if origin else problem.path
