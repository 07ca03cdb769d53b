"""`inv tdd` as its users call it: real repositories, real pytest runs."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from invoke.program import Program

from tests.loop.change import Change, Files
from tests.repository import QUIET, WITHOUT_GIT
from xptasks.tasks import ns

pytestmark = pytest.mark.pr

SOURCE = "VAT = 20\n\n\ndef gross(net):\n    return net * (100 + VAT) // 100\n"
NET = "\n\ndef net(gross):\n    return gross * 100 // (100 + VAT)\n"
TEST = "from app import prices\n\n\ndef test_gross():\n    assert prices.gross(100) == 120\n"
TEST_NET = "\n\ndef test_net():\n    assert prices.net(120) == 100\n"
TRUNK: Files = {"app/prices.py": SOURCE, "tests/test_prices.py": TEST}


class Said(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def change(tmp_path: Path) -> Change:
    return Change(tmp_path / "small").begin(TRUNK)


@pytest.fixture
def run(change: Change, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "coder@example.com")

    def typed(*words: str) -> Said:
        monkeypatch.chdir(change.project)
        code = 0
        try:
            Program(namespace=ns, version="1").run(["xptasks", "tdd", *words])
        except SystemExit as end:
            code = int(end.code or 0)
        return Said(code, *capsys.readouterr())

    return typed


@pytest.mark.slow
def test_a_whole_turn(change: Change, run: Run) -> None:
    assert run().out.startswith("nothing to do: nothing differs from the last commit\nnext: write the next test")

    change.put({"tests/test_prices.py": TEST + TEST_NET})
    red = run()
    assert red.out.splitlines() == [
        "red: 1 of 1 new or changed test fails",
        "  tests/test_prices.py:8: test_net: AttributeError: module 'app.prices' has no attribute 'net'",
        "next: make it pass with the smallest change; then `inv tdd`",
    ]
    refused = run("--commit", "Too soon")
    assert refused.code == 1
    assert "nothing is committed: the state is 'red'" in refused.out

    change.put({"app/prices.py": SOURCE + NET})
    assert run().out.splitlines()[0] == (
        "green: 1 test failed before the change and passes now; 1 test near the change passes"
    )
    done = run("--commit", "Tell net prices")
    assert done.code == 0
    assert done.out.splitlines()[-1].startswith("committed: ")
    assert change.git("log", "-1", "--format=%s").strip() == "Tell net prices"
    assert change.git("status", "--porcelain") == ""

    change.put({"app/prices.py": SOURCE.replace("(100 + VAT) // 100", "_rate() // 100") + NET + RATE})
    refactor = run()
    assert refactor.out.startswith(
        "refactor: no test has changed; 2 tests near the change pass, and run every changed line\nnext: go on, or `inv"
    )
    assert run("--commit", "Name the rate").code == 0


RATE = "\n\ndef _rate():\n    return 100 + VAT\n"


@pytest.mark.parametrize(
    ("files", "first", "words"),
    [
        pytest.param({"app/prices.py": SOURCE + NET}, "test missing: ", "app/prices.py:9", id="code alone"),
        pytest.param({"app/other.py": "x = 1\n"}, "test missing: ", "no test that uses it", id="code nobody uses"),
        pytest.param(
            {
                "app/prices.py": SOURCE + NET,
                "tests/test_prices.py": TEST + TEST_NET.replace("net(120) == 100", "gross(0) == 0"),
            },
            "test missing: behaviour has changed, and no test failed before that",
            "tests/test_prices.py:8: test_net: green before",
            id="a test of what was there",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"app/prices.py": SOURCE.replace("100 + VAT", "100 - VAT")},
            "red: 2 tests that use the edit fail",
            "tests/test_more.py:4: test_more",
            id="broken",
        ),
        pytest.param(
            {"tests/test_prices.py": TEST + "\n\ndef test_b(missing):\n    assert missing\n"},
            "red: 1 of 1",
            "mend the test: test_b",
            id="a test that lacks a fixture",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"tests/test_prices.py": TEST + "\n\ndef test_b():\n    assert prices.gross(0) == 0\n"},
            "green: 1 new or changed test passes, and no behaviour changed",
            "inv tdd --commit",
            id="a test of what is there",
        ),
        pytest.param({"README.md": "# Prices\n"}, "green: no behaviour changed: documents", "--commit", id="documents"),
        pytest.param(
            {"app/prices.py": SOURCE.replace("VAT = 20", "VAT = 20  # percent")},
            "green: no behaviour changed: comments",
            "--commit",
            id="comments",
        ),
    ],
)
def test_where_one_is(files: Files, first: str, words: str, change: Change, run: Run) -> None:
    more = "from app import prices\n\n\ndef test_more():\n    assert prices.gross(50) == 60\n"
    strict = "[pytest]\naddopts = --strict-markers\n"  # `slow` is then known from us alone
    change.change({"tests/test_more.py": more, "pytest.ini": strict})
    change.put(files)
    said = run()
    assert said.code == 0
    assert said.out.startswith(first)
    assert words in said.out


@pytest.mark.slow
def test_json(change: Change, run: Run) -> None:
    change.put({"app/prices.py": SOURCE + NET})
    told = json.loads(run("--json").out)
    assert (told["state"], told["may_commit"], told["places"]) == ("test missing", False, ["app/prices.py:9"])
    refused = run("--json", "--commit", "No")
    assert refused.code == 1
    assert json.loads(refused.out)["why"] == "nothing is committed: the state is 'test missing'"


def test_a_hook_that_says_no(change: Change, run: Run) -> None:
    hook = change.write(".git/hooks/pre-commit", "#!/bin/sh\necho not today\nexit 1\n")
    hook.chmod(0o755)
    change.put({"README.md": "# Prices\n"})
    said = run("--commit", "Say what it is")
    assert said.code == 1
    assert "git commit said no: not today" in said.out


def test_what_was_staged_elsewhere_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = Change(tmp_path / "mono", folder="services/shop/").begin(TRUNK)
    change.write("other.txt", "x\n")
    change.git("add", "other.txt")
    change.put({"README.md": "# Prices\n"})
    monkeypatch.chdir(change.project)
    Program(namespace=ns, version="1").run(["xptasks", "tdd", "--commit", "Say what it is"], exit=False)
    assert change.git("show", "--format=", "--name-only").split() == ["services/shop/README.md"]
    assert change.git("diff", "--cached", "--name-only").split() == ["other.txt"]


@pytest.mark.parametrize(
    ("words", "message"),
    [(("--commit", " "), "a commit needs a message"), (("--limit", "2"), "--limit is no duration: '2'")],
)
def test_words_that_mean_nothing(words: tuple[str, ...], message: str, run: Run) -> None:
    said = run(*words)
    assert said.code == 2
    assert message in said.err


@pytest.mark.slow
def test_tests_that_do_not_end(change: Change, run: Run) -> None:
    change.put({"tests/test_prices.py": TEST + "\n\ndef test_b():\n    while True: pass\n"})
    said = run("--limit", "2s")
    assert said.code == 3
    assert "did not end within 2 s" in said.err


@pytest.mark.slow
def test_a_signal_ends_the_tests_too(change: Change) -> None:
    """Nothing is left, and no state is told."""
    change.put(
        {
            "tests/test_prices.py": TEST + "\n\ndef test_b():\n    import time, os\n"
            "    open('pid', 'w').write(str(os.getpid()))\n    time.sleep(60)\n"
        }
    )
    words = (sys.executable, "-m", "xptasks", "tdd")
    environ = {**WITHOUT_GIT, **QUIET}
    with subprocess.Popen(
        words, cwd=change.project, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as asked:
        pid = change.project / "pid"
        until = time.monotonic() + 60
        while not (pid.exists() and pid.read_text()):
            assert time.monotonic() < until
            time.sleep(0.05)
        asked.terminate()
        out, _ = asked.communicate(timeout=30)
    assert (asked.returncode, out) == (143, b"")
    assert not psutil.pid_exists(int(pid.read_text()))


def test_no_conftest_sees_how_tests_are_chosen(change: Change, run: Run) -> None:
    conftest = "import os\n\nNAMES = [name for name in os.environ if name.startswith('XPTASKS_')]\n"
    change.change({"tests/conftest.py": conftest})
    seen = "\n\ndef test_b(pytestconfig):\n    import conftest\n    assert 'XPTASKS_OUTCOMES' not in conftest.NAMES\n"
    change.put({"tests/test_prices.py": TEST + seen})
    assert run().out.startswith("green: 1 new or changed test passes")


@pytest.mark.slow
def test_a_first_look_takes_no_longer_than_it_is_worth(
    change: Change, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = (
        "import time\nfrom app import prices\n\n\ndef test_one():\n    time.sleep(0.2)\n\n\ndef test_two():\n    pass\n"
    )
    change.change({"tests/test_slow.py": slow})
    change.put({"tests/test_prices.py": TEST + TEST_NET, "app/prices.py": SOURCE + NET})
    monkeypatch.setattr("xptasks.loop.tdd._ENOUGH", 0.0)
    assert "now; 0 tests near the change pass (4 tests left for the gate)\n" in run().out
