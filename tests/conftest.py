"""How much chance the tests take, and where they put what they write."""

import os
import shutil
from pathlib import Path

from hypothesis import settings

_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, under which pytest makes a folder for itself alone
_ENOUGH = 4 * 2**30  # bytes

settings.register_profile("gate", max_examples=40, deadline=None, derandomize=True)
settings.register_profile("night", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile("gate")  # `--hypothesis-profile` goes before it


def pytest_configure() -> None:
    """Thousands of tests make a repository each: in memory where there is room and programs may run from there."""
    if "PYTEST_DEBUG_TEMPROOT" not in os.environ and _MEMORY.is_dir() and _runs(_MEMORY):
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(_MEMORY)


def _runs(folder: Path) -> bool:
    return shutil.disk_usage(folder).free > _ENOUGH and not os.statvfs(folder).f_flag & os.ST_NOEXEC
