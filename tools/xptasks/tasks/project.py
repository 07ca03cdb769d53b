"""Tasks about the project and this machine."""

import sys

from xptasks.tasks._task import environ, project, task


@task(
    help={
        "origin": "say where each value comes from",
        "profile": "a profile of xpconfig.toml",
        "set": "override one key: KEY=VALUE; may be given several times",
        "json": "print JSON",
    },
    iterable=["set"],
)
def config(
    origin: bool = False,  # noqa: FBT001, FBT002
    profile: str = "",
    set: tuple[str, ...] = (),  # noqa: A002 - the option is called --set
    json: bool = False,  # noqa: FBT001, FBT002
) -> None:
    """Show the configuration that counts here and now."""
    from xptasks.config import load, show  # noqa: PLC0415

    loaded = load(project(), profile=profile or None, overrides=set, environ=environ())
    sys.stdout.write(show(loaded, environ=environ(), origin=origin, as_json=json))


@task(help={"json": "print JSON"})
def doctor(json: bool = False) -> int:  # noqa: FBT001, FBT002
    """Say what is missing on this machine, and how to get it."""
    from xptasks.loop import doctor as examination  # noqa: PLC0415

    findings = examination.examine(project(), environ())
    sys.stdout.write(examination.as_json(findings) if json else examination.as_text(findings))
    return examination.exit_code(findings)


@task()
def lock() -> int:
    """Compile requirements/*.txt anew from the dependency groups of the same names."""
    from xptasks.loop import pins  # noqa: PLC0415

    return pins.compile_all(project())


@task(help={"check": "change nothing, fail when a file is stale"})
def reference(check: bool = False) -> int:  # noqa: FBT001, FBT002
    """Write what is generated from the code: JSON Schemas, reference pages, the starter file."""
    from xptasks import reference as pages  # noqa: PLC0415

    return pages.check(project()) if check else pages.write(project())
