"""The plugin in real runs of pytest."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.pr

TOOLS = Path(__file__).parents[2] / "tools"
NAMES = ["a::test_1", "a::test_2", "b::test_1", "b::test_2"]
RECORDS = "import pathlib\ndef note(name): pathlib.Path('ran.txt').open('a').write(name + ' ')\n"


@dataclass
class Folder:
    """Two files with two tests each, which note in which order they run."""

    path: Path

    def fill(self) -> "Folder":
        (self.path / "pytest.ini").write_text("[pytest]\naddopts = -p no:randomly -p no:cacheprovider\n")
        (self.path / "conftest.py").write_text("import sys; sys.path.insert(0, '.')\n")
        (self.path / "noting.py").write_text(RECORDS)
        for name in "ab":
            tests = "".join(f"def test_{number}(): note('{name}::test_{number}')\n" for number in (1, 2))
            (self.path / f"test_{name}.py").write_text(f"from noting import note\n{tests}")
        return self

    def run(self, *words: str, seconds: float | None = None, changed: tuple[str, ...] = ()) -> tuple[int, list[str]]:
        """The exit code, and which tests ran in which order."""
        ran = self.path / "ran.txt"
        ran.write_text("")
        order = {
            "state": str(self.state),
            "report": str(self.path / "report.json"),
            "changed": changed,
            "seconds": seconds,
        }
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(TOOLS), "XPTASKS_TESTS": json.dumps(order)}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "xptasks.tiers.pytest_order", *words],
            cwd=self.path, env=environ, capture_output=True, check=False,
        )  # fmt: skip
        return done.returncode, ran.read_text().split()

    @property
    def state(self) -> Path:
        return self.path / "kept" / "state.json"

    def report(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.path / "report.json").read_text())
        return loaded

    def remember(self, *, failed: tuple[str, ...] = (), deferred: tuple[str, ...] = ()) -> None:
        self.state.parent.mkdir(exist_ok=True)
        kept = {"failed": [f"test_{name.replace('::', '.py::')}" for name in failed]}
        kept["deferred"] = [f"test_{name.replace('::', '.py::')}" for name in deferred]
        self.state.write_text(json.dumps(kept))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path).fill()


def test_deferred_then_failed_then_changed_then_the_rest(folder: Folder) -> None:
    folder.remember(failed=("b::test_1",), deferred=("b::test_2",))
    assert folder.run(changed=("test_a.py",)) == (0, ["b::test_2", "b::test_1", "a::test_1", "a::test_2"])
    assert folder.report() == {"counts": {"passed": 4}, "failures": [], "deferred": [], "left_out": [], "slow": {}}
    assert json.loads(folder.state.read_text()) == {"failed": [], "deferred": []}


def test_past_the_deadline_no_test_starts_and_what_was_left_comes_first(folder: Folder) -> None:
    code, ran = folder.run(seconds=0)
    assert (code, ran) == (0, [])
    deferred = folder.report()["deferred"]
    assert deferred == ["test_a.py::test_1", "test_a.py::test_2", "test_b.py::test_1", "test_b.py::test_2"]
    assert folder.run("test_a.py::test_1")[1] == ["a::test_1"]
    assert json.loads(folder.state.read_text())["deferred"] == deferred[1:]
    assert folder.run()[1] == [*NAMES[1:], NAMES[0]]


@pytest.mark.slow
def test_the_deadline_ends_a_run_between_two_tests(folder: Folder) -> None:
    (folder.path / "test_a.py").write_text(
        "import time, pytest\nfrom noting import note\n"
        "@pytest.fixture(scope='module')\ndef thing():\n  yield\n  note('torn down')\n"
        "def test_1(thing): note('a::test_1'); time.sleep(5.1)\ndef test_2(thing): note('a::test_2')\n"
    )
    code, ran = folder.run(seconds=5)
    assert code == 0
    assert ran == ["a::test_1", "torn", "down"]
    assert folder.report()["deferred"] == ["test_a.py::test_2", "test_b.py::test_1", "test_b.py::test_2"]


@pytest.mark.slow
def test_a_failure_is_remembered_until_it_is_green(folder: Folder) -> None:
    good = (folder.path / "test_b.py").read_text()
    (folder.path / "test_b.py").write_text(good.replace("note('b::test_2')", "assert False"))
    assert folder.run()[0] == 1
    assert json.loads(folder.state.read_text())["failed"] == ["test_b.py::test_2"]
    assert folder.run("test_a.py")[0] == 0
    (folder.path / "test_b.py").write_text(good)
    assert folder.run()[1][0] == "b::test_2"
    assert json.loads(folder.state.read_text())["failed"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"failed": 3, "deferred": null}', '{"failed": [[1]], "deferred": [{}]}', "\0"]
)
def test_damaged_state_costs_order_only(text: str, folder: Folder) -> None:
    folder.remember()
    folder.state.write_text(text)
    assert folder.run() == (0, NAMES)


@pytest.mark.slow
def test_a_file_that_cannot_be_collected(folder: Folder) -> None:
    (folder.path / "test_b.py").write_text("import missing_module\n")
    assert folder.run() == (2, [])
    (failure,) = folder.report()["failures"]
    assert failure["file"] == failure["test"] == "test_b.py"
    assert "missing_module" in failure["message"]


@pytest.mark.slow
def test_a_crash_is_shown_where_it_happened_unless_that_is_not_ours(folder: Folder) -> None:
    (folder.path / "ours.py").write_text("def f():\n    return 1 / 0\n")
    (folder.path / "test_b.py").write_text(
        "import ours, json\ndef test_1(): ours.f()\n\ndef test_2():\n    json.loads('{')\n"
    )
    assert folder.run()[0] == 1
    places = [(failure["file"], failure["line"]) for failure in folder.report()["failures"]]
    assert places == [("ours.py", 2), ("test_b.py", 4)]


@pytest.mark.slow
def test_strict_markers_need_not_know_what_is_slow(folder: Folder) -> None:
    (folder.path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers -p no:cacheprovider -p no:randomly\n")
    marked = "import pytest\n@pytest.mark.slow\ndef test_3(): pass\n"
    (folder.path / "test_a.py").write_text((folder.path / "test_a.py").read_text() + marked)
    assert folder.run("-m", "not slow") == (0, NAMES)


def test_without_instructions_it_does_nothing(folder: Folder) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "xptasks.tiers.pytest_order"],
        cwd=folder.path, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(TOOLS)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert not folder.state.exists()


@pytest.mark.slow
def test_with_workers_the_same_is_left_and_recorded(folder: Folder) -> None:
    """The workers of pytest-xdist defer, the controller writes it down and starts with it the next time."""
    assert folder.run("-n", "2", seconds=0.0) == (0, [])
    assert folder.report()["counts"] == {}
    assert sorted(folder.report()["deferred"]) == [f"test_{name.replace('::', '.py::')}" for name in NAMES]
    code, ran = folder.run("-n", "2")
    assert (code, sorted(ran)) == (0, NAMES)
    assert folder.report()["deferred"] == []


def told(folder: Folder, **more: object) -> dict[str, Any]:
    report = str(folder.path / "report.json")
    order: dict[str, Any] = {"state": str(folder.state), "report": report, "changed": [], "seconds": None}
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(TOOLS), "XPTASKS_TESTS": json.dumps({**order, **more})}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "xptasks.tiers.pytest_order", "-p", "no:randomly"],
        cwd=folder.path, env=environ, capture_output=True, check=False,
    )  # fmt: skip
    (folder.path / "said.txt").write_bytes(done.stdout)
    return folder.report()


@pytest.mark.parametrize("name", ["test_a.py::test_1", "test_a.py"])
def test_what_is_left_out_is_said(folder: Folder, name: str) -> None:
    report = told(folder, left_out=[name, "gone.py::test"])
    assert report["left_out"] == [f"test_a.py::test_{number}" for number in ((1,) if "::" in name else (1, 2))]
    assert sum(report["counts"].values()) == 4 - len(report["left_out"])


def test_a_module_that_cannot_be_imported_need_not_stop_the_others(folder: Folder) -> None:
    (folder.path / "test_c.py").write_text("import nothing_like_this\n")
    assert told(folder)["counts"] == {}
    report = told(folder, go_on=True)
    assert report["counts"] == {"passed": 4}
    assert [failure["test"] for failure in report["failures"]] == ["test_c.py"]


def test_no_test_takes_for_ever_where_a_project_is_measured(folder: Folder) -> None:
    hangs = "import time\ndef test_hangs():\n    try:\n        time.sleep(60)\n    except Exception:\n        pass\n"
    (folder.path / "test_c.py").write_text(hangs)
    report = told(folder, limit=0.3, journal=str(folder.path / "at-hand"))
    assert report["counts"] == {"failed": 1, "passed": 4}
    assert "did not end within 0.3 s" in report["failures"][0]["message"]
    said = (folder.path / "said.txt").read_text()
    assert "time.sleep(60)" in said
    assert "raise TookTooLongError" not in said  # the line of the test is shown, not ours
    assert (folder.path / "at-hand").read_text() == "test_c.py::test_hangs"


@pytest.mark.slow
def test_attempts_at_one_test_share_its_limit(folder: Folder) -> None:
    tries_again = """
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call" and call.excinfo:
        for _ in range(5):
            pytest.CallInfo.from_call(lambda: item.ihook.pytest_runtest_call(item=item), when="call")
"""
    (folder.path / "conftest.py").write_text("import sys; sys.path.insert(0, '.')\n" + tries_again)
    (folder.path / "test_c.py").write_text(
        "import time\nfrom noting import note\ndef test_3():\n    note('c')\n    time.sleep(60)\n"
    )
    began = time.monotonic()
    report = told(folder, limit=4.0)
    assert report["counts"] == {"failed": 1, "passed": 4}
    assert (folder.path / "ran.txt").read_text().split().count("c") == 6
    assert time.monotonic() - began < 20  # six limits would be 24


@pytest.mark.parametrize(
    ("words", "disabled"), [((), True), (("--benchmark-enable",), False), (("--benchmark-only",), False)]
)
def test_a_benchmark_runs_once(words: tuple[str, ...], disabled: bool, folder: Folder) -> None:  # noqa: FBT001
    """Its options as pytest-benchmark names them; the plugin itself need not be here."""
    options = """
import sys; sys.path.insert(0, '.')
def pytest_addoption(parser):
    for word in ("disable", "enable", "only"):
        parser.addoption(f"--benchmark-{word}", action="store_true", default=False)
"""
    (folder.path / "conftest.py").write_text(options)
    (folder.path / "test_c.py").write_text(
        f"def test_3(pytestconfig):\n    assert pytestconfig.option.benchmark_disable is {disabled}\n"
    )
    assert folder.run(*words)[0] == 0


@pytest.mark.slow
def test_the_test_at_hand_is_stopped_before_the_budget_is_used_up(folder: Folder) -> None:
    (folder.path / "test_a.py").write_text("import time\ndef test_1():\n    time.sleep(60)\n")
    began = time.monotonic()
    report = told(folder, limit=50, go_on=True, seconds=5)
    assert "was stopped because the run had no more time" in report["failures"][0]["message"]
    assert report["deferred"] == ["test_b.py::test_1", "test_b.py::test_2"]
    assert time.monotonic() - began < 50
