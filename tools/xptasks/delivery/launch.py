"""What a driver needs to run a release: plain values, without a port, which is the driver's to choose."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PORT = "{port}"


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
