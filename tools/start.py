"""Set up what this repository needs, then run a command of it: `python3 tools/start.py nox -s fast`.

Needs Python 3.11 or later with venv, and nothing else. Everything that is installed is pinned by hash in
`requirements/base.txt`. A second call installs nothing unless the pins, the project's metadata or Python changed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

_OLDEST = (3, 11)
_PROJECT = Path(__file__).resolve().parent.parent
_ENVIRONMENT = _PROJECT / ".venv"
_STAMP = _ENVIRONMENT / ".start"
_SOURCES = ("requirements/base.txt", "pyproject.toml")


def main(words: list[str]) -> int:
    """Set up, then become the command."""
    if sys.version_info < _OLDEST:
        sys.stderr.write(f"Python {_OLDEST[0]}.{_OLDEST[1]} or later is needed; this is {sys.version.split()[0]}\n")
        return 3
    if not words:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    stamp = _stamp()
    if not (_STAMP.exists() and _STAMP.read_text() == stamp):
        _set_up(stamp)
    program = _ENVIRONMENT / "bin" / words[0]
    if not program.exists():
        sys.stderr.write(f"{words[0]}: no such program in {_ENVIRONMENT / 'bin'}\n")
        return 3
    os.chdir(_PROJECT)
    sys.stdout.flush()
    environ = {**os.environ, "VIRTUAL_ENV": str(_ENVIRONMENT), "PATH": f"{program.parent}:{os.environ.get('PATH', '')}"}
    return os.execve(program, words, environ)  # noqa: S606 - a program and its words, no shell


def _stamp() -> str:
    digest = hashlib.sha256(sys.version.encode() + str(_PROJECT).encode())
    for name in _SOURCES:
        digest.update((_PROJECT / name).read_bytes())
    return digest.hexdigest()


def _set_up(stamp: str) -> None:
    sys.stderr.write(f"Setting up {_ENVIRONMENT.name} from requirements/base.txt ...\n")
    python = str(Path(sys.executable).resolve())  # it may be the one of the environment that goes
    shutil.rmtree(_ENVIRONMENT, ignore_errors=True)
    _run(python, "-m", "venv", str(_ENVIRONMENT))
    pip = (str(_ENVIRONMENT / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install")
    _run(*pip, "--require-hashes", "-r", "requirements/base.txt")
    _run(*pip, "--no-deps", "--no-build-isolation", "-e", ".")
    _STAMP.write_text(stamp)


def _run(*argv: str) -> None:
    code = subprocess.run(argv, cwd=_PROJECT, check=False).returncode
    if code:
        sys.stderr.write(
            f"{' '.join(argv)}\n  failed with exit code {code}; nothing was left half done: call it again\n"
        )
        raise SystemExit(3)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
