"""What a driver needs to run a release: plain values, without a port, which is the driver's to choose."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xptasks.delivery.manifest import Manifest
from xptasks.service.settings import PORT, ServiceSettings
from xptasks.settings import Secret

PASSED_ON = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
"""What a service sees of the environment of whoever starts it: the same service from a shell and from a watcher."""

_PYTHON = frozenset({"python", "python3"})


@dataclass(frozen=True, slots=True)
class Launch:
    """How the processes of one release are started.

    Attributes:
        argv: the command; `{port}` in a word stands for the port to listen on, at 127.0.0.1.
        cwd: the working folder, which nothing is written to.
        environment: the complete environment. It holds secrets: never to be stored or shown.
        health: the path that answers 2xx when the release is ready.
        secrets: the values in `environment` that have to be masked in what is shown of the service's output.
    """

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str] = field(repr=False)
    health: str = "/health"
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def words(self, port: int) -> tuple[str, ...]:
        """The command with its port."""
        return tuple(word.replace(PORT, str(port)) for word in self.argv)


def launch_of(release: Manifest, tree: Path, python: Path, environ: Mapping[str, str], project: Path) -> Launch:
    """How a release is started.

    Args:
        release: what is known of it.
        tree: its files.
        python: the interpreter of its environment.
        environ: resolves `env:NAME`; the service gets of it only `PASSED_ON`.
        project: the folder that `file:PATH` is relative to.

    Raises:
        CannotRunError: a secret is not there.
    """
    service = ServiceSettings(environment=dict(release.recipe.environment))
    own = service.variables(environ, project)
    programs = python.parent
    program, *rest = release.recipe.command
    beside = programs / ("python" if program in _PYTHON else program)
    passed = {name: environ[name] for name in PASSED_ON if name in environ}
    surroundings = {
        "PATH": os.pathsep.join((str(programs), environ.get("PATH", os.defpath))),
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(map(str, _roots(tree, release.recipe.sources)))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "VIRTUAL_ENV": str(programs.parent),
        "XPTASKS_RELEASE": release.id,
    }
    return Launch(
        argv=(str(beside) if beside.exists() else program, *rest),
        cwd=tree,
        environment={**passed, **surroundings, **own},
        health=release.recipe.health,
        secrets=tuple(own[name] for name, value in service.environment.items() if isinstance(value, Secret)),
    )


def _roots(tree: Path, sources: tuple[str, ...]) -> Iterator[Path]:
    """From where the release's code is imported, as it is not installed: beside a package, or in a `src`."""
    yield tree
    for name in sources:
        yield (tree / name).parent if (tree / name / "__init__.py").exists() else tree / name
