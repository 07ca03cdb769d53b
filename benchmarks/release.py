"""From a commit to a healthy process, for the reference service: three times, each with less to do.

    python benchmarks/release.py

A commit with new pins (the packages are in uv's cache), a commit with known pins, a commit that is built already. The
figure that counts is the second: what a push waits for before its canary gets traffic.
"""

import os
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from xptasks.delivery.release import Source, build
from xptasks.delivery.releases import Releases
from xptasks.loop.releases import recipe_reader
from xptasks.system.http import free_port

PROJECT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Print the seconds until the release was built, and until it was healthy."""
    with tempfile.TemporaryDirectory() as folder:
        releases = Releases(Path(folder))
        for what, revision in (("new pins", "HEAD~1"), ("known pins", "HEAD"), ("built already", "HEAD")):
            began = time.perf_counter()
            release = build(releases, Source(PROJECT, os.environ, revision), recipe_reader({}))
            built = time.perf_counter() - began
            _until_healthy(releases, release.id)
            print(f"{what:14} built after {built:5.2f} s, healthy after {time.perf_counter() - began:5.2f} s")
        releases.prune(0, ())


def _until_healthy(releases: Releases, release: str) -> None:
    launch, port = releases.launch(release, os.environ, PROJECT), free_port(os.getpid())
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(launch.words(port), cwd=launch.cwd, env=dict(launch.environment), **quiet) as service:
        while service.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{launch.health}", timeout=1)
                break
            except OSError:
                time.sleep(0.01)
        assert service.poll() is None, "the service ended"
        service.terminate()


if __name__ == "__main__":
    main()
