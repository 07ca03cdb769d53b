"""A pytest plugin that runs chosen tests only and writes how each case ended, as JSON.

It is copied out of this package and loaded alone, because the project under test may be another version of it: nothing
here imports more than pytest and the standard library. Its instructions are JSON in the variable `XPTASKS_OUTCOMES`:
`tests` (names by file) and `report` (the file to write).
"""

import json
import os
import types
from pathlib import Path
from typing import Any

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Begin, unless nobody gave instructions."""
    text = os.environ.pop("XPTASKS_OUTCOMES", "")  # tests that start pytest themselves must not write our report
    if text:
        config.pluginmanager.register(_Recorder(json.loads(text)), "xptasks-outcomes")


class _Recorder:
    def __init__(self, instructions: dict[str, Any]) -> None:
        self._tests: dict[str, list[str]] = instructions["tests"]
        self._report = Path(instructions["report"])
        self._cases: dict[str, dict[str, Any]] = {}
        self._files: dict[str, dict[str, Any]] = {}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the chosen tests, whatever their markers say."""
        chosen = [item for item in items if self._is_chosen(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen

    def _is_chosen(self, item: pytest.Item) -> bool:
        file, _, name = item.nodeid.partition("::")
        return name.partition("[")[0] in self._tests.get(file, ())

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
        report = {"cases": self._cases, "files": self._files}
        self._report.write_text(json.dumps(report), encoding="utf-8")


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
