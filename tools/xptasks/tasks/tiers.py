"""Tasks that run or explain the tiers."""

import sys

from xptasks.errors import CannotRunError
from xptasks.tasks._task import environ, project, task


@task(aliases=("vf",))
def verify_fast() -> int:
    """Run the tier fast, as before every commit (nox -s fast)."""
    return _nox("fast")


@task(aliases=("vp",))
def verify_pr() -> int:
    """Run the tier pr, as before every push (nox -s pr)."""
    return _nox("pr")


def _nox(tier: str) -> int:
    from xptasks.system.foreground import run_in_foreground  # noqa: PLC0415

    project()
    return run_in_foreground([sys.executable, "-m", "nox", "-s", tier])


@task()
def fix() -> int:
    """Format the code and apply ruff's safe fixes."""
    from xptasks.system.foreground import run_in_foreground  # noqa: PLC0415

    ruff = _ruff()
    formatted = run_in_foreground([*ruff, "format", str(project())])
    fixed = run_in_foreground([*ruff, "check", "--fix", str(project())])
    again = run_in_foreground([*ruff, "format", "--quiet", str(project())])  # a fix may leave a line to format
    return formatted or fixed or again


def _ruff() -> list[str]:
    """Ruff as the tier fast has it, else as it is installed here."""
    from xptasks.system.machine import find  # noqa: PLC0415
    from xptasks.tiers.environment import find as environment_of  # noqa: PLC0415

    tier = environment_of(project(), "fast") / "bin" / "ruff"
    found = str(tier) if tier.exists() else find("ruff")
    if found is None:
        raise CannotRunError("ruff is not installed", hint="run `nox -s fast` once: it installs what the tier needs")
    return [found]


@task(
    help={"tier": "the tier's name", "profile": "a profile of xpconfig.toml", "json": "print JSON"},
    positional=["tier"],
)
def plan(tier: str, profile: str = "", json: bool = False) -> None:  # noqa: FBT001, FBT002
    """Show what a tier would run, with the cache's verdict for each step."""
    from xptasks.loop import explain  # noqa: PLC0415

    sys.stdout.write(explain.plan(project(), tier, environ(), profile=profile or None, as_json=json))
