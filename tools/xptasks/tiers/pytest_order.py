"""The pytest plugin of the test steps: orders the tests, stops at the deadline, and writes what happened as JSON.

Loaded with `-p xptasks.tiers.pytest_order`; its instructions come as JSON in the variable `XPTASKS_TESTS`:
`state` (a file kept from run to run), `report` (this run's), `changed` (paths) and `seconds` (until no further test is
started). Where some failures are known: `left_out` (tests that are not run) and `go_on` (whether the other tests run
although a module cannot be imported). Where a project is measured for the first time: `limit` (seconds that one phase
of a test may take) and `journal` (a file with the test at hand). With pytest-xdist the workers order and defer, and
the controller writes the report.

Nothing here needs more than Python 3.10 and pytest 6.2: outside of its own environment it runs with the project's.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from xptasks.tiers.select import NO_TIME, TOO_LONG, ordered

VARIABLE = "XPTASKS_TESTS"
_STARTED = time.monotonic()  # a clock that all processes of a machine share
_WORKER_KEY = "xptasks"
_INSTANT = 0.01  # seconds for one more attempt at a test whose time is up; 0 would be no limit
_LAST = 1.2  # times the seconds until which tests may begin: then the last one is stopped
_SLOW = 1.0  # seconds from which on the report names a test


class TookTooLongError(BaseException):
    """A test was stopped at its limit; no `except Exception` of the test may swallow that."""


def pytest_configure(config: pytest.Config) -> None:
    """Register what this process has to do, unless nobody gave instructions."""
    # The steps say `-m "not slow"`, which pytest with strict markers refuses where a project does not know the marker.
    config.addinivalue_line("markers", "slow: left out of the tiers that run often")
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        if _WORKER_KEY in worker:
            _prepare(worker[_WORKER_KEY], config)
            config.pluginmanager.register(Chooser(worker[_WORKER_KEY], config), "xptasks-chooser")
        return
    text = os.environ.pop(VARIABLE, "")  # tests that start pytest themselves must not write our report
    if text:
        instructions = json.loads(text)
        seconds = instructions.pop("seconds")
        instructions["deadline"] = None if seconds is None else _STARTED + seconds
        instructions["end"] = None if seconds is None else _STARTED + seconds * _LAST
        _prepare(instructions, config)
        chooser = Chooser(instructions, config)
        config.pluginmanager.register(chooser, "xptasks-chooser")
        config.pluginmanager.register(Recorder(instructions, config, chooser), "xptasks-recorder")


def _prepare(instructions: dict[str, Any], config: pytest.Config) -> None:
    option = config.option  # a benchmark is a test, too: it runs once, unless somebody asks for its figures
    if hasattr(option, "benchmark_disable") and not (option.benchmark_enable or option.benchmark_only):
        option.benchmark_disable = True
    if instructions.get("go_on"):
        config.option.continue_on_collection_errors = True
    if instructions.get("limit") and hasattr(signal, "setitimer"):
        # Where all is known, a test that ends late has its verdict, and one that does not is a finding.
        end = instructions.get("end") if instructions.get("go_on") else None
        limit = Limit(instructions["limit"], instructions.get("journal", ""), end)
        config.pluginmanager.register(limit, "xptasks-limit")


class Limit:
    """Stops a test that takes too long, and notes which test is at hand, in case that nothing can stop it.

    What tries a test again gets no more time for it: the attempts share one limit, else a test that a plugin tries five
    times would outlast the whole run. Shortly before the budget is used up the test at hand is stopped as well: a run
    that is ended from outside tells nothing of all the tests before.
    """

    def __init__(self, seconds: float, journal: str, end: float | None) -> None:
        self._seconds = seconds
        self._end = end
        self._journal = Path(journal) if journal else None
        self._test = ""
        self._left: dict[str, float] = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Note the test, and limit what prepares it."""
        if self._journal is not None:
            self._journal.parent.mkdir(parents=True, exist_ok=True)
            self._journal.write_text(item.nodeid, encoding="utf-8")
        yield from self._limited(item, "setup")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Limit the test."""
        yield from self._limited(item, "call")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """Limit what cleans up."""
        yield from self._limited(item, "teardown")

    def _limited(self, item: pytest.Item, phase: str) -> Generator[None, None, None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        if item.nodeid != self._test:
            self._test, self._left = item.nodeid, {}
        left = self._left.get(phase, self._seconds)
        began = time.monotonic()
        until_end = left if self._end is None else max(_INSTANT if phase != "teardown" else 1.0, self._end - began)
        before = signal.signal(signal.SIGALRM, self._stop if left <= until_end else self._no_time)
        signal.setitimer(signal.ITIMER_REAL, min(left, until_end))
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._left[phase] = max(_INSTANT, left - (time.monotonic() - began))
            signal.signal(signal.SIGALRM, before)

    def _stop(self, *_: object) -> None:
        __tracebackhide__ = True  # the line of the test is what counts
        raise TookTooLongError(f"{TOO_LONG} {self._seconds:g} s")

    def _no_time(self, *_: object) -> None:
        __tracebackhide__ = True
        raise TookTooLongError(NO_TIME)


class Chooser:
    """Orders the tests and stops at the deadline, in the process that runs them."""

    def __init__(self, instructions: dict[str, Any], config: pytest.Config) -> None:
        self._remembered = _load(Path(instructions["state"]))
        self._changed = set(instructions["changed"])
        self._deadline = instructions["deadline"]
        self._config = config
        self._left_out = frozenset(instructions.get("left_out", ()))
        self.deferred: list[str] = []
        self.left_out: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put likely failures first, after every other plugin has had its way; leave out what must not run."""
        if self._left_out:
            gone = [item for item in items if not self._left_out.isdisjoint(_names(item.nodeid))]
            self.left_out += [item.nodeid for item in gone]
            items[:] = [item for item in items if self._left_out.isdisjoint(_names(item.nodeid))]
            self._config.hook.pytest_deselected(items=gone)
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
            output[_WORKER_KEY] = [self.deferred, self.left_out]


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
        self._left_out = chooser.left_out
        self._seconds: dict[str, float] = {}
        self._remembered = _load(self._state)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - pytest-xdist need not be installed
        """Hand the instructions to a worker of pytest-xdist."""
        node.workerinput[_WORKER_KEY] = self._instructions

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - as above
        """Hear from a worker what it left."""
        deferred, left_out = getattr(node, "workeroutput", {}).get(_WORKER_KEY, ((), ()))
        self._deferred.extend(deferred)
        self._left_out.extend(test for test in left_out if test not in self._left_out)  # each worker collects all

    def pytest_runtest_logreport(self, report: "pytest.TestReport") -> None:
        """Remember the worst that happened in setup, call and teardown."""
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self._outcomes[report.nodeid] = "failed"
            self._failures.append(self._failure(report))
        elif report.skipped:
            self._outcomes.setdefault(report.nodeid, "xfailed" if hasattr(report, "wasxfail") else "skipped")
        elif report.when == "call":
            self._outcomes.setdefault(report.nodeid, "passed")

    def pytest_collectreport(self, report: "pytest.CollectReport") -> None:
        """A module that cannot be imported is a failure too."""
        if report.failed:
            self._failures.append(self._failure(report))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        """Write the report and the state, after all teardowns."""
        yield
        counts: dict[str, int] = {}
        for outcome in self._outcomes.values():
            counts[outcome] = counts.get(outcome, 0) + 1
        slow = {test: round(seconds, 1) for test, seconds in self._seconds.items() if seconds >= _SLOW}
        report = {
            "counts": counts,
            "failures": self._failures,
            "deferred": self._deferred,
            "left_out": self._left_out,
            "slow": slow,
        }
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

    def _failure(self, report: "pytest.TestReport | pytest.CollectReport") -> dict[str, Any]:
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


def _names(test: str) -> list[str]:
    """All by which a test may be called: its node id, that without its parameters, its class, its file."""
    parts = test.split("::")
    whole = ["::".join(parts[: count + 1]) for count in range(len(parts))]
    return [*whole, test.partition("[")[0]]


def _load(path: Path) -> dict[str, set[str]]:
    """What earlier runs left; nothing when the file is missing or damaged, which costs order only."""
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
        return {kind: {str(test) for test in loaded[kind]} for kind in ("failed", "deferred")}
    except (OSError, ValueError, KeyError, TypeError):
        return {"failed": set(), "deferred": set()}
