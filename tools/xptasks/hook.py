"""The git hook: `python hook.py TIER` starts Nox only when something changed since the tier was last green.

`xptasks hook TIER [FOLDER [SESSION]]` is the same for a project that has xptasks installed; the folder is the
project's where git's is not, and the session what Nox calls the tier there.

It runs on any Python of 3.11 or later, needs no environment, and imports a handful of modules.
"""

import os
import sys

_ENVIRONMENTS = (".venv", "venv")
_WORDS = 3


def main(arguments: list[str], beside: str = "") -> int:
    """Exit code 0 when the tier is known to be green here; otherwise this process becomes `nox -s TIER`.

    Args:
        arguments: as above.
        beside: a folder in which Nox is looked for last.
    """
    if not 1 <= len(arguments) <= _WORDS or any(word.startswith("-") for word in arguments):
        sys.stderr.write("usage: hook.py TIER [FOLDER [SESSION]]\n")
        return 2
    tier, folder, session = [*arguments, "", ""][:_WORDS]
    from xptasks.tiers import quick  # noqa: PLC0415 - importable only once the caller has set the path

    project = os.path.join(os.getcwd(), folder) if folder else _project(os.getcwd())
    summary = quick.green(project, tier, os.environ)
    if summary is not None:
        sys.stdout.write(f"{tier}: unchanged since it was green ({summary})\n")
        return 0
    return _start_nox(os.getcwd() if folder else project, session or tier, beside)


def _project(folder: str) -> str:
    """The nearest folder above with an `xpconfig.toml`; git starts hooks at the top of the worktree."""
    here = folder
    while not os.path.exists(f"{here}/xpconfig.toml"):
        above = os.path.dirname(here)
        if above == here:
            return folder
        here = above
    return here


def _start_nox(project: str, tier: str, beside: str) -> int:
    program = _nox(project, os.environ, beside)
    if program is None:
        sys.stderr.write("nox is not installed here\n  install the project's tools first; CONTRIBUTING.md says how\n")
        return 3
    sys.stdout.flush()
    os.chdir(project)
    try:
        return os.execv(program, [program, "-s", tier])  # noqa: S606 - a program and its words, no shell
    except OSError as problem:
        sys.stderr.write(f"{program} cannot be started: {problem.strerror}\n  install the project's tools again\n")
        return 3


def _nox(project: str, environ: "os._Environ[str]", beside: str) -> str | None:
    """Nox of the active environment, of the project's, or on the search path, in this order."""
    active = environ.get("VIRTUAL_ENV")
    folders = [f"{active}/bin"] if active else []
    folders += [f"{project}/{name}/bin" for name in _ENVIRONMENTS]
    folders += [*environ.get("PATH", "").split(os.pathsep), *([beside] if beside else [])]
    return next((f"{folder}/nox" for folder in folders if os.access(f"{folder}/nox", os.X_OK)), None)


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    raise SystemExit(main(sys.argv[1:]))
