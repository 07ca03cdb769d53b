"""The comparison as it is asked for: which contracts with which, on what terms, and the verdict.

    judge_on(baselines(settings.baseline, contracts_of(settings), folder), terms(settings, folder, today=today))

This is the one answer to "does a contract break anybody whom nobody allowed it to break": `Judgement.exit_code()`.
`xptasks.loop.compatibility` asks it with the places of the allowed breaks, and is the process that a step runs.
"""

import datetime as dt
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from xptasks.contracts.compat import compare
from xptasks.contracts.compat.baselines import Baseline, Contracts
from xptasks.contracts.compat.change import PROFILES, Change, Policy, Profile
from xptasks.contracts.compat.judgement import AllowList, Allows, Judgement, allow, merge
from xptasks.contracts.compat.oasdiff import IgnoreFile
from xptasks.contracts.compat.versions import load_version
from xptasks.contracts.settings import AllowedBreak, ContractsSettings
from xptasks.errors import UsageError
from xptasks.results import Position

_CONFIG = "xpconfig.toml"


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms contracts are compared.

    Attributes:
        folder: paths are relative to it.
        today: what has expired, and which announced days have passed.
        lists: whatever may allow a break.
    """

    folder: Path
    today: dt.date
    profiles: tuple[Profile, ...] = ("wire", "client")
    policy: Policy = field(default_factory=Policy)
    lists: tuple[Allows, ...] = ()


def contracts_of(settings: ContractsSettings) -> Contracts:
    """The contracts by kind."""
    return {"openapi": settings.openapi, "asyncapi": settings.asyncapi}


def _top(_: AllowedBreak) -> Position:
    return Position(_CONFIG)


def terms(
    settings: ContractsSettings, folder: Path, *, today: dt.date, place: Callable[[AllowedBreak], Position] = _top
) -> Terms:
    """The terms of a project.

    Args:
        settings: `[contracts]`.
        folder: the project's.
        today: the day that counts.
        place: where an allowed break is written.

    Raises:
        UsageError: an ignore file of oasdiff cannot be read.
    """
    notice = {"stable": settings.deprecation_days_stable, "beta": settings.deprecation_days_beta}
    policy = Policy(semver=settings.version_policy == "semver", notice=notice)
    entries = AllowList(((entry, place(entry)) for entry in settings.allow), today)
    return Terms(folder, today, settings.profiles, policy, (entries, *ignore_files(settings.oasdiff_ignore, folder)))


def ignore_files(names: Iterable[str], folder: Path) -> tuple[IgnoreFile, ...]:
    """Ignore files of oasdiff.

    Raises:
        UsageError: one cannot be read.
    """
    return tuple(IgnoreFile(name, _read(folder / name, name)) for name in names)


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"the ignore file {name!r} cannot be read: {reason}") from None


def judge_on(compared: Sequence[Baseline], on: Terms) -> Judgement:
    """Everything that changed since each baseline, and the verdict.

    Raises:
        UsageError, ContractError: a side cannot be read.
    """
    with _no_collection():
        changes = merge({baseline.name: _changes(baseline, on) for baseline in compared})
    judged = allow(changes, on.lists)
    problems = [problem for each in on.lists for problem in each.problems()]
    notes = [note for baseline in compared for note in (*baseline.notes, *_news(baseline, on))]
    return Judgement(judged, tuple(baseline.name for baseline in compared), tuple(problems), tuple(notes))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Looking for circles among millions of values takes longer than a good part of the comparison, and finds none."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _changes(baseline: Baseline, on: Terms) -> list[Change]:
    def allowed(change: Change) -> bool:
        return any([each.permission(change) is not None for each in on.lists])  # noqa: C419 - each list is to know

    found: list[Change] = []
    for old, new in baseline.pairs:
        base, head = load_version(old, on.folder), None if new is None else load_version(new, on.folder)
        found += compare(base, head, profiles=on.profiles, today=on.today, policy=on.policy, allowed=allowed)
    return found


def _news(baseline: Baseline, on: Terms) -> Iterable[str]:
    """A change may allow itself something; who reviews it should see that it does."""
    known = (baseline.config or {}).get("allow", [])
    old = [(item.get("rule"), item.get("at")) for item in known if isinstance(item, dict)]
    entries = [entry for each in on.lists if isinstance(each, AllowList) for entry in each.written]
    new = sum((entry.rule, entry.at) not in old for entry in entries)
    if new and baseline.config is not None:
        yield f"{new} of {len(entries)} allowed breaks are new since {baseline.name}"


def profiles_named(names: Sequence[str], otherwise: tuple[Profile, ...]) -> tuple[Profile, ...]:
    """The profiles that were asked for.

    Raises:
        UsageError: there is none of such a name.
    """
    unknown = [name for name in names if name not in PROFILES]
    if unknown:
        raise UsageError(f"there is no profile {unknown[0]!r}", hint=f"There are {', '.join(PROFILES)}.")
    return tuple(profile for profile in PROFILES if profile in names) or otherwise
