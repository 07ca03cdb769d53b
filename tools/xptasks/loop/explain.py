"""What a tier would run, and why: the gate without the run."""

import json
from collections.abc import Mapping
from pathlib import Path

from xptasks import config
from xptasks.loop import gate
from xptasks.settings import format_duration


def plan(project: Path, tier: str, environ: Mapping[str, str], *, profile: str | None, as_json: bool) -> str:
    """The steps of a tier in the order in which they start, each with its command and the cache's verdict.

    The tier's own environment is asked where Nox has made it, since its distributions are part of every key.

    Raises:
        XpError: the configuration cannot be used, or has no such tier.
    """
    loaded = config.load(project, profile=profile, environ=environ)
    environment = project / ".nox" / tier
    request = gate.Request(project, tier, environ, python=str(environment / "bin" / "python"), environment=environment)
    prepared = gate.prepare(loaded.config, request)
    return _as_json(prepared) if as_json else _as_text(prepared)


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
