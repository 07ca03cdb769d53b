"""Nox sessions: one a tier, as `xpconfig.toml` describes them. A noxfile calls `register()`.

Nox makes the environment; the runner, a child in that environment, does everything else. A tier that has not changed
is told by its fingerprint and starts no child at all. Every `nox` call imports this module: heavy imports stay inside.
"""

import logging
import os
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nox

from xptasks.errors import UsageError
from xptasks.report.modes import Mode, mode_of
from xptasks.tiers import environment, quick

_BACKEND = "uv|virtualenv"
_CONFIG = "xpconfig.toml"

Table = Mapping[str, Any]


def register(exclude: Collection[str] = (), *, projects: Sequence[str] = (), default: bool = True) -> None:
    """Register one Nox session for each tier of the `xpconfig.toml` in the current folder, the first as the default.

    Args:
        exclude: names of tiers for which the noxfile has sessions of its own.
        projects: folders below this one, each with an `xpconfig.toml` of its own. The tiers of a single one keep their
            names; of several, `fast-FOLDER` is the tier of one, and `fast` runs it for all.
        default: whether a bare `nox` runs the first tier.

    A file that is not TOML is one clear message and no traceback; all other mistakes in it are reported by the run.
    """
    here = Path.cwd()
    found: dict[str, list[str]] = {}
    for folder in projects or (".",):
        document = _document(here / folder / _CONFIG)
        for tier, table in _tables(document, "tiers").items():
            if isinstance(table, dict) and tier not in exclude:
                name = f"{tier}-{folder.replace('/', '-')}" if len(projects) > 1 else tier
                found.setdefault(tier, []).append(name)
                _session(name, _Tier(here / folder, tier, document))
    if len(projects) > 1:
        for tier, names in found.items():
            _umbrella(tier, names)
    if found and default:
        nox.options.sessions = [next(iter(found))]
    if _mode() is Mode.AGENT:
        logging.getLogger("nox").setLevel(logging.WARNING)  # an agent pays for each line of a green run


@dataclass(frozen=True, slots=True)
class _Tier:
    """One tier of one project: its folder, the tier's name, and the whole configuration as nobody has checked it."""

    project: Path
    name: str
    document: Table

    @property
    def tables(self) -> Mapping[str, Table]:
        return {name: table for name, table in _tables(self.document, "tiers").items() if isinstance(table, dict)}


def _mode() -> Mode:
    try:
        return mode_of(None, os.environ, terminal=False)
    except UsageError as error:
        sys.exit(str(error))


def _document(path: Path) -> Table:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        sys.exit(f"{path.name}: there is no such file beside noxfile.py")
    except (OSError, ValueError) as error:
        sys.exit(f"{path.name}: {error}\n  `inv config` shows the place")


def _tables(document: Table, name: str) -> Table:
    tables = document.get(name)
    return tables if isinstance(tables, dict) else {}


def _session(name: str, tier: _Tier) -> None:
    def session(session: nox.Session) -> None:
        with session.chdir(tier.project):
            _run(session, tier)

    table = environment.inherited(tier.name, tier.tables)
    session.__doc__ = str(table.get("description") or _describe(table))
    python = str(table["python"]) if "python" in table else None
    nox.session(name=name, reuse_venv=True, venv_backend=_BACKEND, python=python)(session)


def _umbrella(tier: str, names: Sequence[str]) -> None:
    def session(session: nox.Session) -> None:
        session.log(f"{tier}: {', '.join(names)}")

    session.__doc__ = f"{tier} of every project: {', '.join(names)}"
    nox.session(name=tier, venv_backend="none", requires=list(names))(session)


def _describe(table: Table) -> str:
    words = [f"all of {name}" for name in table.get("includes", ())] + [str(step) for step in table.get("steps", ())]
    return f"{', '.join(words)} (budget {table.get('budget', '5m')})"


def _run(session: nox.Session, tier: _Tier) -> None:
    name, project = tier.name, tier.project
    made = _install(session, tier)
    if session._runner.global_config.install_only:  # noqa: SLF001 - `session.run` asks there, too
        session.log(f"{name}: installed")
        return
    if not session.posargs and (summary := quick.green(str(project), name, os.environ)) is not None:
        session.log(f"{name}: unchanged since it was green ({summary})")
        return
    from xptasks.system.foreground import run_in_foreground  # noqa: PLC0415 - not needed when nothing changed

    alone = ("-E", "-P")  # neither PYTHONPATH nor a file of the project may take the place of what is installed
    inside = f"{session.bin}/python"
    runner = (sys.executable, *alone, "-m", "xptasks", "run", "--environment", str(session.virtualenv.location))
    words = runner if made.outside else (inside, *alone, "-m", "xptasks", "run")
    code = run_in_foreground([*words, name, *session.posargs])
    if code:
        session.error(f"{name}: exit code {code}, details in .xp/last-run.json")


def _install(session: nox.Session, tier: _Tier) -> environment.Ingredients:
    """Install into the environment only when its pins or the project's metadata changed."""
    project, folder = tier.project, Path(session.virtualenv.location).resolve()
    made = environment.ingredients(project, tier.name, tier.tables)
    python = getattr(session.virtualenv, "interpreter", None)
    stamp = environment.wanted(project, made, f"{sys.version} {python} {_named(tier) if _unpinned(made) else ''}")
    if environment.is_installed(folder, stamp):
        return made
    if _unpinned(made):
        made = replace(made, needs=_needs(tier))
    environment.forget(folder)
    try:
        installs = environment.installations(project, made, _own_requirement, folder)
    except ValueError as error:
        session.error(str(error))
    for words in installs:
        session.install(*words)
    environment.remember(folder, stamp)
    return made


def _unpinned(made: environment.Ingredients) -> bool:
    """Whether what the steps need has to be asked for."""
    return made.outside or not made.pins


def _named(tier: _Tier) -> list[object]:
    """What decides about the needs of the steps, without loading any of them."""
    tables = _tables(tier.document, "steps")
    return [(name, _tables(tables, name).get("needs", ())) for name in _steps_of(tier.name, tier.tables)]


def _needs(tier: _Tier) -> tuple[str, ...]:
    """What the tier's steps need, for a project that has no pins."""
    from xptasks import steps  # noqa: PLC0415 - only projects without pins need it

    tables = _tables(tier.document, "steps")
    outside = environment.inherited(tier.name, tier.tables).get("runner") == "outside"
    words: list[str] = []
    for name in _steps_of(tier.name, tier.tables):
        step = steps.load(name)
        words += [*(() if outside and getattr(step, "OURS", False) else step.NEEDS)]
        words += _tables(tables, name).get("needs", ())
    return tuple(dict.fromkeys(words))


def _steps_of(tier: str, tiers: Table, above: tuple[str, ...] = ()) -> Iterable[str]:
    """As `tiers.plan.steps_of`, but for a file that nobody has checked yet."""
    table = _tables(tiers, tier)
    for included in table.get("includes", ()):
        if included not in above:
            yield from _steps_of(included, tiers, (*above, tier))
    yield from table.get("steps", ())


def _own_requirement() -> tuple[str, ...]:
    """How the tier's environment gets this library: from where this one came from."""
    import json  # noqa: PLC0415 - most calls install nothing
    from importlib.metadata import PackageNotFoundError, distribution  # noqa: PLC0415
    from urllib.parse import unquote  # noqa: PLC0415

    try:
        own = distribution("xptasks")
    except PackageNotFoundError:  # it was not installed but put on the path
        return ("xptasks",)
    origin = json.loads(own.read_text("direct_url.json") or "{}")
    if "url" not in origin:
        return (f"xptasks=={own.version}",)
    if origin.get("dir_info", {}).get("editable"):
        return ("-e", unquote(origin["url"].removeprefix("file://")))
    source = origin.get("vcs_info")
    return (
        f"xptasks @ {source['vcs']}+{origin['url']}@{source['commit_id']}" if source else f"xptasks @ {origin['url']}",
    )
