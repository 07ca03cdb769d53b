"""Nox sessions: one a tier, as `xpconfig.toml` describes them. A noxfile calls `register()`.

Nox makes the environment; the runner, a child in that environment, does everything else. A tier that has not changed
is told by its fingerprint and starts no child at all. Every `nox` call imports this module: heavy imports stay inside.
"""

import logging
import os
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import nox

from xptasks.errors import UsageError
from xptasks.report.modes import Mode, mode_of
from xptasks.tiers import environment, quick

_BACKEND = "uv|virtualenv"
_CONFIG = "xpconfig.toml"

Table = Mapping[str, Any]


def register(exclude: Collection[str] = ()) -> None:
    """Register one Nox session for each tier of the `xpconfig.toml` in the current folder, the first as the default.

    Args:
        exclude: names of tiers for which the noxfile has sessions of its own.

    A file that is not TOML is one clear message and no traceback; all other mistakes in it are reported by the run.
    """
    document = _document(Path.cwd() / _CONFIG)
    tiers = {name: table for name, table in _tables(document, "tiers").items() if isinstance(table, dict)}
    for name, table in tiers.items():
        if name not in exclude:
            _session(name, table, document)
    if tiers:
        nox.options.sessions = [next(iter(tiers))]
    if _mode() is Mode.AGENT:
        logging.getLogger("nox").setLevel(logging.WARNING)  # an agent pays for each line of a green run


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


def _session(tier: str, table: Table, document: Table) -> None:
    def session(session: nox.Session) -> None:
        _run(session, tier, table, document)

    session.__doc__ = str(table.get("description") or _describe(table))
    nox.session(name=tier, reuse_venv=True, venv_backend=_BACKEND)(session)


def _describe(table: Table) -> str:
    words = [f"all of {name}" for name in table.get("includes", ())] + [str(step) for step in table.get("steps", ())]
    return f"{', '.join(words)} (budget {table.get('budget', '5m')})"


def _run(session: nox.Session, tier: str, table: Table, document: Table) -> None:
    project = Path.cwd()
    _install(session, tier, table, document)
    if session._runner.global_config.install_only:  # noqa: SLF001 - `session.run` asks there, too
        session.log(f"{tier}: installed")
        return
    if not session.posargs and (summary := quick.green(str(project), tier, os.environ)) is not None:
        session.log(f"{tier}: unchanged since it was green ({summary})")
        return
    from xptasks.system.foreground import run_in_foreground  # noqa: PLC0415 - not needed when nothing changed

    alone = ("-E", "-P")  # neither PYTHONPATH nor a file of the project may take the place of what is installed
    code = run_in_foreground([f"{session.bin}/python", *alone, "-m", "xptasks", "run", tier, *session.posargs])
    if code:
        session.error(f"{tier}: exit code {code}, details in .xp/last-run.json")


def _install(session: nox.Session, tier: str, table: Table, document: Table) -> None:
    """Install into the environment only when its pins or the project's metadata changed."""
    project, folder = Path.cwd(), Path(session.virtualenv.location)
    pins = environment.requirements(project, tier, table)
    needs = () if pins else _needs(tier, document)
    stamp = environment.wanted(project, pins, needs, sys.version)
    if environment.is_installed(folder, stamp):
        return
    environment.forget(folder)
    for words in environment.installations(project, pins, needs, _own_requirement):
        session.install(*words)
    environment.remember(folder, stamp)


def _needs(tier: str, document: Table) -> tuple[str, ...]:
    """What the tier's steps need, for a project that has no pins."""
    from xptasks import steps  # noqa: PLC0415 - only projects without pins need it

    tables = _tables(document, "steps")
    words: list[str] = []
    for name in _steps_of(tier, _tables(document, "tiers")):
        words += [*steps.load(name).NEEDS, *_tables(tables, name).get("needs", ())]
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
