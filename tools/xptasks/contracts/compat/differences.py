"""The comparison as a command: which pairs, which profiles, what is printed, and the verdict."""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from xptasks.contracts.compat import DEFAULT_PROFILES, compare
from xptasks.contracts.compat.change import PROFILES, Change, Profile
from xptasks.contracts.compat.output import as_json, as_markdown, as_text
from xptasks.contracts.compat.versions import in_revision, load_version
from xptasks.errors import ExitCode, UsageError
from xptasks.system.change import merge_base

Pair = tuple[str, str]


def pairs(contracts: Sequence[str], base: str, folder: Path) -> list[Pair]:
    """What to compare with what; contracts that are new in this branch are left out.

    Raises:
        UsageError: there is nothing to compare with.
    """
    if base and (":" in base or (folder / base).is_file()):
        return [(base, one) for one in _single(contracts, base)]
    revision = base or merge_base(folder)
    if revision is None:
        raise UsageError("there is no trunk to compare with", hint="Name a file or a revision: --base")
    return [(f"{revision}:{path}", path) for path in contracts if in_revision(revision, path, folder)]


def _single(contracts: Sequence[str], base: str) -> list[str]:
    if len(contracts) == 1:
        return [contracts[0]]
    same = [path for path in contracts if Path(path).name == Path(base.rpartition(":")[2]).name]
    if len(same) != 1:
        hint = "`xptasks diff BASE HEAD` compares any two files."
        raise UsageError(f"it is not clear which contract to compare with {base!r}", hint=hint)
    return same


def find(listed: Iterable[Pair], profiles: Sequence[str], folder: Path) -> list[Change]:
    """The changes of all pairs.

    Raises:
        UsageError, ContractError: a side cannot be read, or a profile does not exist.
    """
    wanted = _profiles(profiles)
    today = datetime.now(tz=UTC).date()
    found: list[Change] = []
    with _no_collection():
        for base, head in listed:
            found += compare(load_version(base, folder), load_version(head, folder), profiles=wanted, today=today)
    return found


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


def _profiles(names: Sequence[str]) -> tuple[Profile, ...]:
    unknown = [name for name in names if name not in PROFILES]
    if unknown:
        raise UsageError(f"there is no profile {unknown[0]!r}", hint=f"There are {', '.join(PROFILES)}.")
    return tuple(profile for profile in PROFILES if profile in names) or DEFAULT_PROFILES


def show(changes: Sequence[Change], *, json: bool = False, markdown: bool = False) -> str:
    """What is printed."""
    if json:
        return as_json(changes)
    return as_markdown(changes) if markdown else as_text(changes)


def exit_code(changes: Iterable[Change]) -> ExitCode:
    """1 when something breaks."""
    broken = any(change.severity == "error" for change in changes)
    return ExitCode.GATE_FAILED if broken else ExitCode.OK
