"""A PostgreSQL for tests: the one that the caller names, else one of our own, else a skip that says so."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

VARIABLE = "PROJECTS_TEST_POSTGRES"


def server() -> Iterator[str]:
    """The URL of a database, as SQLAlchemy writes it; a fixture yields from this."""
    if url := os.environ.get(VARIABLE):
        yield url
    elif not shutil.which("initdb"):
        pytest.skip(f"PostgreSQL: neither {VARIABLE} is set nor is initdb on PATH")
    else:
        # Not one of pytest's folders: they are private to us, and their paths are too long for a socket on macOS.
        with tempfile.TemporaryDirectory(prefix="projects-") as folder:
            yield from _own(Path(folder))


def _own(folder: Path) -> Iterator[str]:
    """A server that listens on a socket in `folder` only. It refuses to run as root, so root lends it to `nobody`."""
    data = folder / "data"
    as_user: list[str] = []
    if os.geteuid() == 0:
        as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]
        shutil.chown(folder, "nobody", "nogroup")
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    for command in (
        ["initdb", "--auth=trust", "--username=tests", "--encoding=UTF8", f"--pgdata={data}"],
        ["pg_ctl", "start", "--wait", f"--pgdata={data}", f"--log={folder / 'log'}", f"--options={options}"],
    ):
        subprocess.run([*as_user, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=60)
    try:
        yield f"postgresql+psycopg://tests@/postgres?host={folder}"
    finally:
        stop = ["pg_ctl", "stop", "--mode=immediate", f"--pgdata={data}"]
        subprocess.run([*as_user, *stop], check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=60)
