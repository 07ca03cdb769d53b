"""A pytest plugin that runs chosen tests only and writes how each case ended, as JSON.

It is copied out of this package and loaded alone, because the project under test may be another version of it: nothing
here imports more than pytest and the standard library. Its instructions are JSON in the variable `XPTASKS_OUTCOMES`:
`tests` (names by file, `*` for all of them), `report` (the file to write), `measured` (files whose lines are watched;
coverage must be installed), and `enough` (seconds after which no further test is started).
"""

import json
import os
import time
import types
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest


def _watch(text: str) -> Any:  # noqa: ANN401 - coverage need not be installed
    """Coverage of some files, begun before the first of them is imported; None when nobody asked for it."""
    measured = json.loads(text).get("measured") if text else None
    if not measured:
        return None
    import coverage  # noqa: PLC0415 - only where it is asked for

    watching = coverage.Coverage(data_file=None, config_file=False, include=measured)
    watching.start()
    return watching


# At once: no conftest, and no test that starts pytest itself, may take the instructions for its own.
_INSTRUCTIONS = os.environ.pop("XPTASKS_OUTCOMES", "")
_WATCHING = _watch(_INSTRUCTIONS)


def pytest_configure(config: pytest.Config) -> None:
    """Begin, unless nobody gave instructions."""
    if _INSTRUCTIONS:
        config.addinivalue_line("markers", "slow: left out of the tiers that run often")  # `-m` may be strict
        config.pluginmanager.register(_Recorder(json.loads(_INSTRUCTIONS)), "xptasks-outcomes")


class _Recorder:
    def __init__(self, instructions: dict[str, Any]) -> None:
        self._tests: dict[str, list[str]] = instructions["tests"]
        self._report = Path(instructions["report"])
        self._measured: list[str] = instructions.get("measured", [])
        enough = instructions.get("enough")
        self._until = None if enough is None else time.monotonic() + enough
        self._left = 0
        self._cases: dict[str, dict[str, Any]] = {}
        self._files: dict[str, dict[str, Any]] = {}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the chosen tests, whatever their markers say."""
        chosen = [item for item in items if self._is_chosen(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen

    def _is_chosen(self, item: pytest.Item) -> bool:
        file, _, name = item.nodeid.partition("::")
        wanted = self._tests.get(file, ())
        return "*" in wanted or name.partition("[")[0] in wanted

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> bool | None:
        """Leave a test when there was time enough for others."""
        if self._until is None or time.monotonic() < self._until:
            return None
        self._left += 1
        return True

    def pytest_exception_interact(
        self,
        node: pytest.Item | pytest.Collector,
        call: pytest.CallInfo[Any],
        report: pytest.TestReport | pytest.CollectReport,
    ) -> None:
        """Remember what was not there."""
        error = call.excinfo.value if call.excinfo else None
        found = {"message": _line(error, report), "missing": _missing(error)}
        if isinstance(report, pytest.CollectReport):
            self._files[node.nodeid.partition("::")[0]] = found
        else:
            self._cases.setdefault(node.nodeid, {}).update(found)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The worst of setup, call and teardown."""
        case = self._cases.setdefault(report.nodeid, {})
        if report.location[1] is not None:
            case["line"] = report.location[1] + 1
        if report.failed:
            case["outcome"] = "failed"
        elif report.skipped:
            case.setdefault("outcome", "skipped")
        elif report.when == "call":
            case.setdefault("outcome", "passed")

    def pytest_sessionfinish(self) -> None:
        """Write the report."""
        report = {"cases": self._cases, "files": self._files, "lines": _lines(self._measured), "left": self._left}
        self._report.write_text(json.dumps(report), encoding="utf-8")


def _lines(measured: list[str]) -> dict[str, list[list[int]]]:
    """Of each file the lines that can be run, and those of them that were not."""
    found: dict[str, list[list[int]]] = {}
    if _WATCHING is None:
        return found
    import coverage  # noqa: PLC0415 - it is installed, or nothing was watched

    _WATCHING.stop()
    for file in measured:
        with suppress(coverage.exceptions.CoverageException):  # a file that no test imports has no lines
            _, able, _, missing, _ = _WATCHING.analysis2(file)
            found[file] = [list(able), list(missing)]
    return found


def _line(error: BaseException | None, report: pytest.TestReport | pytest.CollectReport) -> str:
    cause = error.__cause__ if error is not None and error.__cause__ is not None else error
    text = f"{type(cause).__name__}: {cause}" if cause is not None else str(report.longrepr)
    return (text.strip().splitlines() or [""])[0][:200]


def _missing(error: BaseException | None) -> str:
    """The name that was not there: of a module, of what is imported from one, of its attribute, or of a fixture."""
    while error is not None:
        if isinstance(error, ImportError):
            wanted = str(error).partition("cannot import name ")[2].split("'")
            return wanted[1] if len(wanted) > 1 else error.name or "a module"
        if isinstance(error, AttributeError) and isinstance(error.obj, types.ModuleType):
            return error.name or "an attribute"
        if isinstance(error, NameError) and error.name:
            return error.name
        if type(error).__name__ == "FixtureLookupError":
            return str(getattr(error, "argname", "") or "a fixture")
        error = error.__cause__
    return ""
