import contextlib
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.system.trees import Trees


@pytest.fixture
def trees() -> Iterator[Trees]:
    ours = Trees()
    yield ours
    give_up = time.monotonic() + 5
    while (left := ours.alive()) and time.monotonic() < give_up:
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
