"""What a tier would run, and why: the gate without the run."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xptasks import config
from xptasks.config.settings import Config
from xptasks.loop import gate
from xptasks.settings import format_duration
from xptasks.tiers import environment, fingerprint


def plan(project: Path, tier: str, environ: Mapping[str, str], *, profile: str | None, as_json: bool) -> str:
    """The steps of a tier in the order in which they start, each with its command and the cache's verdict.

    The tier's own environment is asked where Nox has made it, since its distributions are part of every key.

    Raises:
        XpError: the configuration cannot be used, or has no such tier.
    """
    loaded = config.load(project, profile=profile, environ=environ)
    request = gate.Request(project, tier, environ, **_where(project, tier, loaded.config))
    prepared = gate.prepare(loaded.config, request)
    return _as_json(prepared) if as_json else _as_text(prepared)


def _where(project: Path, tier: str, config: Config) -> dict[str, Any]:
    """The tier's environment as a run would find it; outside, ours counts as well."""
    place = environment.find(project, tier)
    found: dict[str, Any] = {"python": str(place / "bin" / "python"), "environment": place}
    tables = {name: each.model_dump(exclude_unset=True) for name, each in config.tiers.items()}
    if environment.inherited(tier, tables).get("runner") != "outside" or not environment.is_built(place):
        return found
    own = tuple(path for path in sys.path if path.endswith(("site-packages", "dist-packages")))
    path = str(environment.importable(place, Path(__file__).resolve().parents[1]))
    packages = (*fingerprint.site_packages_of(str(place)), *own)
    return {**found, "own": sys.executable, "path": path, "packages": packages}


def _as_json(prepared: gate.Prepared) -> str:
    steps = [
        {"step": item.planned.name, "verdict": item.verdict, "argv": item.planned.command.argv, "key": item.key}
        for item in prepared.ready
    ]
    return json.dumps({"tier": prepared.request.tier, "notice": prepared.notice, "steps": steps}, indent=2) + "\n"


def _as_text(prepared: gate.Prepared) -> str:
    budget = prepared.terms.budget
    allowed = format_duration(budget) if budget is not None else "none"
    lines = [f"{prepared.request.tier}: at most {prepared.terms.jobs} steps at once, budget {allowed}"]
    width = max((len(item.planned.name) for item in prepared.ready), default=0)
    for item in prepared.ready:
        lines.append(f"  {item.planned.name:<{width}}  {item.verdict}")
        lines.append(f"  {'':<{width}}  {_short(item.planned.command.argv, prepared)}")
    return "\n".join([*lines, *([prepared.notice] if prepared.notice else [])]) + "\n"


def _short(argv: tuple[str, ...], prepared: gate.Prepared) -> str:
    """A command as people read it: the tier's interpreter is `python`, paths are relative to the project."""
    words = ("python" if word == prepared.request.python else word for word in argv)
    return " ".join(word.replace(f"{prepared.request.project}/", "") for word in words)
