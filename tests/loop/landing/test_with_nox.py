"""The whole of it with nothing in place of anything: Nox, the tier's own steps, the trunk's rules."""

import re
import shutil
from pathlib import Path

import pytest

from tests.loop.landing.world import World
from xptasks.loop.landing import running
from xptasks.loop.landing.running import Asked

pytestmark = pytest.mark.slow

CONFIG = """\
version = 1
[project]
name = "small"
sources = ["shop"]
tests = "tests"
[tiers.pr]
budget = "5m"
steps = ["lint", "unit", "size", "test_first"]
[landing]
poll = "100ms"
[ratchets.change_lines]
start = 300
target = 250
step = -10
every = "pr"
direction = "down"
"""
NOXFILE = """\
import sys

import nox


@nox.session(venv_backend="none")
def pr(session):
    session.run(sys.executable, "-P", "-m", "xptasks", "run", "pr", *session.posargs, external=True)
"""
PRICES = 'def gross(net: int) -> int:\n    """With tax."""\n    return net * 120 // 100\n'
TESTS = "from shop.prices import gross\n\n\ndef test_gross() -> None:\n    assert gross(100) == 120\n"
NET = '\n\ndef net(gross: int) -> int:\n    """Without tax."""\n    return gross * 100 // 120\n'
NET_TEST = "from shop.prices import net\n\n\ndef test_net() -> None:\n    assert net(120) == {}\n"


def test_a_batch_lands_as_far_as_it_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("ruff") is None:
        pytest.skip("ruff is not installed")
    world = World(tmp_path / "world", CONFIG).begin(
        {
            "noxfile.py": NOXFILE,
            "pytest.ini": "[pytest]\npythonpath = .\n",
            "shop/__init__.py": "",
            "shop/prices.py": PRICES,
            "tests/test_prices.py": TESTS,
        }
    )
    dev = world.clone()
    dev.queue("documents", {"README.md": "Prices.\n"})
    dev.queue("net", {"shop/prices.py": PRICES + NET, "tests/test_net.py": NET_TEST.format(100)})
    dev.queue("untested", {"shop/other.py": '"""Other."""\n\n\ndef other() -> int:\n    """One."""\n    return 1\n'})
    dev.queue("wrong", {"shop/more.py": PRICES, "tests/test_more.py": TESTS.replace("120", "121")})
    dev.queue("large", {"docs/large.md": "x\n" * 301})
    dev.queue("later", {"docs/later.md": "Later.\n"})
    monkeypatch.chdir(world.clone("runner").path)
    code = running.run(Asked(once=True), world.environ())
    assert code == 6  # `large` waits for an approval
    assert sorted(world.subjects()) == ["documents", "later", "net"]
    untested = world.mark("rejected", "untested").text
    assert re.search(r"^  shop/other\.py: what this file does has changed, and no test", untested, re.MULTILINE)
    assert "nox -s pr -- test_first" in untested
    wrong = world.mark("rejected", "wrong").text
    assert "tests/test_more.py:" in wrong
    assert world.mark("held", "large").data["rule"] == "size"
    assert world.refs("refs/xp/queue/") == ["queue/large"]
    runs = [each for each in world.events() if each["kind"] == "run-finished"]
    # What the gate records in the queue's worktree is in the clone's history.
    assert {name for each in runs for name in each["data"].get("changes", ())} >= {"documents", "net", "later"}
