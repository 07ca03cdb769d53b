"""Tasks that bring xptasks into a repository, keep it up to date, and take it out again."""

import sys
from pathlib import Path

from xptasks.tasks._task import task

_YES = "do it without asking"


def _ask(question: str) -> bool:
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


@task(
    help={
        "yes": _YES,
        "project": "a folder that is a project of its own; may be given several times; found without it",
        "shared": "one configuration at the top, whatever projects are below",
        "measure": "how long trying may take, for example 2m; 0s tries nothing",
        "ci": "write the workflow of CI, too, as `inv generate-ci` does",
        "json": "print what is recorded as JSON",
    },
    iterable=["project"],
)
def init(  # noqa: PLR0913, PLR0917 - the options of a command line
    yes: bool = False,  # noqa: FBT001, FBT002
    project: tuple[str, ...] = (),
    shared: bool = False,  # noqa: FBT001, FBT002
    measure: str = "20s",
    ci: bool = False,  # noqa: FBT001, FBT002
    json: bool = False,  # noqa: FBT001, FBT002
) -> int:
    """Bring xptasks into the repository in this folder: say what would be written, and write it with --yes."""
    from xptasks.adopt import commands  # noqa: PLC0415
    from xptasks.settings import parse_duration  # noqa: PLC0415

    try:
        seconds = parse_duration(measure)
    except ValueError as problem:
        from xptasks.errors import UsageError  # noqa: PLC0415

        raise UsageError(f"--measure: {problem}") from None
    ask = _ask if sys.stdin.isatty() and sys.stderr.isatty() else None
    options = commands.Options(yes, tuple(project), shared, seconds, ci, ask)
    code = commands.init(Path.cwd(), options)
    if json and (Path.cwd() / ".xptasks").is_dir():
        sys.stdout.write(commands.as_json(Path.cwd()))
    return code


@task(help={"yes": _YES})
def update(yes: bool = False) -> int:  # noqa: FBT001, FBT002
    """Bring what `init` wrote up to date: your edits and ours are merged, and a conflict is told and left alone."""
    from xptasks.adopt import commands  # noqa: PLC0415

    return commands.update(Path.cwd(), commands.Options(yes, ask=_ask if sys.stdin.isatty() else None))


@task(help={"yes": _YES})
def uninstall(yes: bool = False) -> int:  # noqa: FBT001, FBT002
    """Take out what `init` wrote: every file that nobody edited since is as it was, byte for byte."""
    from xptasks.adopt import commands  # noqa: PLC0415

    return commands.uninstall(Path.cwd(), commands.Options(yes, ask=_ask if sys.stdin.isatty() else None))
