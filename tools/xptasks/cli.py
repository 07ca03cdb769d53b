"""The console script `xptasks`: every Invoke task, `xptasks run TIER` for Nox, and `xptasks hook TIER` for git."""

import sys
from collections.abc import Sequence

from xptasks.errors import ExitCode, XpError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["hook"]:
        from xptasks.hook import main as hook  # noqa: PLC0415 - git waits for it

        return hook(words[1:], sys.executable.rpartition("/")[0])
    if words[:1] == ["run"]:
        return _run(words[1:])
    from invoke.program import Program  # noqa: PLC0415 - the runner does not need it

    from xptasks.tasks import ns  # noqa: PLC0415

    Program(name="xptasks", binary="xptasks", namespace=ns, version=_version()).run(["xptasks", *words])
    return 0


def _run(words: list[str]) -> int:
    from xptasks.run import main as run  # noqa: PLC0415 - the tasks do not need it

    try:
        return run(words)
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except Exception:  # noqa: BLE001 - a mistake of ours must not look like a check that said no
        import traceback  # noqa: PLC0415 - slow to import, and git waits for this module

        traceback.print_exc()
        return ExitCode.CANNOT_RUN
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("xptasks")
    except PackageNotFoundError:  # it was put on the path
        return "unknown"
