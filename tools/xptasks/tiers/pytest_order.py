"""The pytest plugin of the test steps: orders the tests, stops at the deadline, and writes what happened as JSON.

Loaded with `-p xptasks.tiers.pytest_order`; its instructions come as JSON in the variable `XPTASKS_TESTS`:
`state` (a file kept from run to run), `report` (this run's), `changed` (paths) and `seconds` (until no further test is
started). With pytest-xdist the workers order and defer, and the controller writes the report.
"""

import json
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from xptasks.tiers.select import ordered

VARIABLE = "XPTASKS_TESTS"
_STARTED = time.monotonic()  # a clock that all processes of a machine share
_WORKER_KEY = "xptasks"


def pytest_configure(config: pytest.Config) -> None:
    """Register what this process has to do, unless nobody gave instructions."""
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        if _WORKER_KEY in worker:
            config.pluginmanager.register(Chooser(worker[_WORKER_KEY], config), "xptasks-chooser")
        return
    text = os.environ.pop(VARIABLE, "")  # tests that start pytest themselves must not write our report
    if text:
        instructions = json.loads(text)
        seconds = instructions.pop("seconds")
        instructions["deadline"] = None if seconds is None else _STARTED + seconds
        chooser = Chooser(instructions, config)
        config.pluginmanager.register(chooser, "xptasks-chooser")
        config.pluginmanager.register(Recorder(instructions, config, chooser), "xptasks-recorder")


class Chooser:
    """Orders the tests and stops at the deadline, in the process that runs them."""

    def __init__(self, instructions: dict[str, Any], config: pytest.Config) -> None:
        self._remembered = _load(Path(instructions["state"]))
        self._changed = set(instructions["changed"])
        self._deadline = instructions["deadline"]
        self._config = config
        self.deferred: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put likely failures first, after every other plugin has had its way."""
        remembered = self._remembered
        indices = ordered(
            [item.nodeid for item in items],
            deferred=remembered["deferred"],
            failed=remembered["failed"],
            changed=self._changed,
        )
        items[:] = [items[index] for index in indices]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Past the deadline: leave the test for the next run."""
        if self._deadline is None or time.monotonic() < self._deadline:
            return None
        self.deferred.append(item.nodeid)
        return True

    def pytest_sessionfinish(self) -> None:
        """A worker tells its controller what it left."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_WORKER_KEY] = self.deferred


class Recorder:
    """Records what happened, wherever it ran."""

    def __init__(self, instructions: dict[str, Any], config: pytest.Config, chooser: Chooser) -> None:
        self._instructions = instructions
        self._state = Path(instructions["state"])
        self._report = Path(instructions["report"])
        self._root = config.rootpath
        self._outcomes: dict[str, str] = {}
        self._failures: list[dict[str, Any]] = []
        self._deferred = chooser.deferred
        self._remembered = _load(self._state)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - pytest-xdist need not be installed
        """Hand the instructions to a worker of pytest-xdist."""
        node.workerinput[_WORKER_KEY] = self._instructions

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - as above
        """Hear from a worker what it left."""
        self._deferred.extend(getattr(node, "workeroutput", {}).get(_WORKER_KEY, ()))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the worst that happened in setup, call and teardown."""
        if report.failed:
            self._outcomes[report.nodeid] = "failed"
            self._failures.append(self._failure(report))
        elif report.skipped:
            self._outcomes.setdefault(report.nodeid, "xfailed" if hasattr(report, "wasxfail") else "skipped")
        elif report.when == "call":
            self._outcomes.setdefault(report.nodeid, "passed")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be imported is a failure too."""
        if report.failed:
            self._failures.append(self._failure(report))

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        """Write the report and the state, after all teardowns."""
        yield
        counts: dict[str, int] = {}
        for outcome in self._outcomes.values():
            counts[outcome] = counts.get(outcome, 0) + 1
        report = {"counts": counts, "failures": self._failures, "deferred": self._deferred}
        self._report.parent.mkdir(parents=True, exist_ok=True)
        self._report.write_text(json.dumps(report), encoding="utf-8")
        self._remember()

    def _remember(self) -> None:
        """Keep what this run says; of a test that it did not reach, or was not asked for, what was known before."""
        known = {kind: tests - self._outcomes.keys() for kind, tests in self._remembered.items()}
        failed = known["failed"] | {test for test, outcome in self._outcomes.items() if outcome == "failed"}
        state = {"failed": sorted(failed), "deferred": sorted(known["deferred"].union(self._deferred))}
        self._state.parent.mkdir(parents=True, exist_ok=True)
        self._state.write_text(json.dumps(state), encoding="utf-8")

    def _failure(self, report: pytest.TestReport | pytest.CollectReport) -> dict[str, Any]:
        crash = getattr(report.longrepr, "reprcrash", None)
        path, line = report.nodeid.partition("::")[0], None
        location = getattr(report, "location", None)
        if location is not None and location[1] is not None:
            path, line = location[0], location[1] + 1
        if crash is not None and (inside := self._inside(crash.path)):
            path, line = inside, crash.lineno
        said = crash.message if crash is not None else str(report.longrepr).strip()
        return {"test": report.nodeid, "file": path, "line": line, "message": said[:2000]}

    def _inside(self, path: str) -> str | None:
        """A crash in a dependency is shown at the test; one in the project's own code where it happened."""
        file = Path(path)
        if not file.is_relative_to(self._root) or "site-packages" in file.parts:
            return None
        return str(file.relative_to(self._root))


def _load(path: Path) -> dict[str, set[str]]:
    """What earlier runs left; nothing when the file is missing or damaged, which costs order only."""
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
        return {kind: {str(test) for test in loaded[kind]} for kind in ("failed", "deferred")}
    except (OSError, ValueError, KeyError, TypeError):
        return {"failed": set(), "deferred": set()}
