"""Whoever uses the driver is killed at any moment; the next one finds a world that it can go on from."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.delivery.drivers.conftest import Local
from xptasks.delivery.plan import World

pytestmark = pytest.mark.pr

PROJECT = Path(__file__).parents[3]
DEPLOY = """
import sys
from pathlib import Path
from tests.delivery.drivers.conftest import Local
local = Local(Path(sys.argv[1]))
print("begin", flush=True)
while True:
    local.up({"a": 90, "b": 10})
    local.driver.split({"b": 100})
    local.driver.split({"a": 100})
    local.driver.drain("b")
    local.driver.stop("b")
    if sys.argv[2] == "down":
        local.driver.down()
"""
ROUNDS = 8


def restarted(local: Local) -> bool:
    """As the machine does it: what was asked to end just before the kill may still end after a first look."""
    condition = local.driver.observe().condition("a")
    if condition in {"absent", "dead"}:
        local.driver.start("a")
    return condition == "ready"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["replace", "down"])
def test_nothing_is_lost_track_of(way: str, local: Local) -> None:
    chance = random.Random(way)  # noqa: S311 - the same moments each time
    environ = {**os.environ, "PYTHONPATH": f"{PROJECT / 'tools'}:{PROJECT}"}
    for _ in range(ROUNDS):
        argv = [sys.executable, "-c", DEPLOY, str(local.home), way]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, env=environ) as deployment:
            assert deployment.stdout is not None
            assert deployment.stdout.readline() == b"begin\n"
            time.sleep(chance.uniform(0, 1.2))
            deployment.send_signal(signal.SIGKILL)
        local.until(lambda: restarted(local))
        local.driver.split({"a": 100})
        local.driver.stop("b")
        assert local.driver.observe() == World({"a": "ready"}, {"a": 100}, frozenset())
        assert set(local.processes()) == {"a", "envoy"}
        assert local.answers(3) == {"a"}
    assert list(local.home.rglob("*.tmp")) == []
