"""What the contracts are compared with: which file or revision, and which contract there belongs to which one here."""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xptasks.contracts.compat.versions import in_revision, is_revision
from xptasks.errors import UsageError
from xptasks.system.change import file_at, merge_base

MERGE_BASE = "merge-base"
_CONFIG = "xpconfig.toml"
_KINDS = ("openapi", "asyncapi")

Contracts = Mapping[str, Sequence[str]]
"""The project's contracts by kind, `openapi` and `asyncapi`."""
Pair = tuple[str, str | None]
"""What `load_version` understands, twice; None for a contract that nothing continues."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """One thing to compare with.

    Attributes:
        name: as reports call it.
        pairs: the contracts there and here.
        notes: what is left out, and why.
        config: the table `[contracts]` of its `xpconfig.toml`, as it is written; empty where it has none.
    """

    name: str
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...] = ()
    config: Mapping[str, Any] | None = None


def baselines(names: Iterable[str], contracts: Contracts, folder: Path) -> tuple[Baseline, ...]:
    """What the names mean: `merge-base`, a revision, a file, or `REVISION:PATH`.

    Whoever knows of more baselines adds them, as `xptasks.loop.compatibility` does with what is deployed.

    Raises:
        UsageError: there is nothing of this name.
    """
    return tuple(_baseline(name, contracts, folder) for name in dict.fromkeys(names))


def _baseline(name: str, contracts: Contracts, folder: Path) -> Baseline:
    if ":" in name or (folder / name).is_file():
        return Baseline(name, ((name, _namesake(contracts, name)),))
    revision = merge_base(folder) if name == MERGE_BASE else name
    if revision is None:
        raise UsageError("there is no trunk to compare with", hint="Name a file or a revision: --base")
    if not is_revision(revision, folder):
        raise UsageError(f"there is neither a file nor a revision {name!r}", hint="`git tag` lists the tags.")
    return _revision(name, revision, contracts, folder)


def _namesake(contracts: Contracts, base: str) -> str:
    """The contract that a single file is compared with."""
    here = [path for kind in _KINDS for path in contracts.get(kind, ())]
    same = here if len(here) == 1 else [path for path in here if Path(path).name == Path(base.rpartition(":")[2]).name]
    if len(same) != 1:
        hint = "`xptasks diff BASE HEAD` compares any two files."
        raise UsageError(f"it is not clear which contract to compare with {base!r}", hint=hint)
    return same[0]


def _revision(name: str, revision: str, contracts: Contracts, folder: Path) -> Baseline:
    config = _table(file_at(folder, revision, _CONFIG) or b"")
    return _paired(name, f"{revision}:", config, contracts, lambda path: in_revision(revision, path, folder))


def in_folder(name: str, tree: Path, contracts: Contracts) -> Baseline:
    """The contracts that lie in a folder, an absolute path, with the `xpconfig.toml` that names them."""
    config = _table((tree / _CONFIG).read_bytes() if (tree / _CONFIG).is_file() else b"")
    return _paired(name, f"{tree}/", config, contracts, lambda path: (tree / path).is_file())


def _paired(
    name: str, prefix: str, config: Mapping[str, Any], contracts: Contracts, is_there: Callable[[str], bool]
) -> Baseline:
    pairs: list[Pair] = []
    notes = []
    for kind in _KINDS:
        here = list(contracts.get(kind, ()))
        there = [path for path in dict.fromkeys((*_paths(config, kind), *here)) if is_there(path)]
        for old, new in matched(there, here):
            if old is None:
                notes.append(f"{new} is new since {name}: it is compared with nothing")
            else:
                pairs.append((f"{prefix}{old}", new))
    return Baseline(name, tuple(pairs), tuple(notes), config)


def matched(old: Sequence[str], new: Sequence[str]) -> list[tuple[str | None, str | None]]:
    """Which contract continues which: the same path, else the only one that is left on both sides."""
    gone, more = [path for path in old if path not in new], [path for path in new if path not in old]
    pairs: list[tuple[str | None, str | None]] = [(path, path) for path in new if path in old]
    if len(gone) == len(more) == 1:
        return [*pairs, (gone[0], more[0])]
    return [*pairs, *((path, None) for path in gone), *((None, path) for path in more)]


def _table(content: bytes) -> Mapping[str, Any]:
    """The table of another time, which may have followed other rules."""
    try:
        found = tomllib.loads(content.decode(errors="replace")).get("contracts")
    except tomllib.TOMLDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _paths(config: Mapping[str, Any], kind: str) -> list[str]:
    value = config.get(kind, [])
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [path for path in listed if isinstance(path, str)]
