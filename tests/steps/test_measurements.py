"""What the test steps measure beside their verdict."""

import json
from pathlib import Path

import pytest

from xptasks.results import Measurement, Outcome
from xptasks.steps import unit


@pytest.mark.parametrize(
    ("deferred", "expected"),
    [
        ([], (Measurement("contract_operations_covered", 75.0, "percent"),)),
        (["test_a.py::test_b"], ()),
    ],
)
def test_how_much_of_the_contracts_was_touched(
    tmp_path: Path, deferred: list[str], expected: tuple[Measurement, ...]
) -> None:
    report = tmp_path / "tests.json"
    report.write_text(json.dumps({"counts": {"passed": 3}, "failures": [], "deferred": deferred}), encoding="utf-8")
    outcome = Outcome(0, "3 passed in 0.1s\n", "", tmp_path, (report,))
    assert unit.read(unit.Options(), outcome).measurements == ()
    found = {"operations": {"percent": 75.0}, "violations": 0}
    (tmp_path / "conformance.json").write_text(json.dumps(found), encoding="utf-8")
    assert unit.read(unit.Options(), outcome).measurements == expected
