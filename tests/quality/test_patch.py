"""Which changed lines count."""

import pytest

from xptasks.quality import patch

FILES: patch.Report = {
    "app/a.py": {
        "executed_lines": [1, 2, 5],
        "missing_lines": [3, 7, 8],
        "summary": {"num_statements": 6, "covered_lines": 3, "num_branches": 2, "covered_branches": 1},
    },
    "app/api/b.py": {
        "executed_lines": [1],
        "missing_lines": [],
        "summary": {"num_statements": 2, "covered_lines": 2},
    },
    "apple.py": {"executed_lines": [], "missing_lines": [], "summary": {"num_statements": 0, "covered_lines": 0}},
}


@pytest.mark.parametrize(
    ("changed", "percent", "missing"),
    [
        ({"app/a.py": {1, 2}}, 100, {}),
        ({"app/a.py": {2, 3, 4}}, 50, {"app/a.py": [3]}),
        ({"app/a.py": {7, 8}, "app/api/b.py": {1}}, pytest.approx(100 / 3), {"app/a.py": [7, 8]}),
        ({"app/a.py": {4, 6}}, None, {}),  # comments, blank lines: nothing that can be run
        ({"tests/test_a.py": {1}}, None, {}),
        ({}, None, {}),
    ],
)
def test_patch(changed: dict[str, set[int]], percent: float | None, missing: dict[str, list[int]]) -> None:
    found = patch.patch(changed, FILES)
    assert (found.percent, dict(found.missing)) == (percent, missing)


def test_ranges() -> None:
    assert patch.ranges([8, 1, 2, 3, 7]) == [(1, 3), (7, 8)]
    assert patch.ranges([]) == []


@pytest.mark.parametrize(
    ("folder", "percent"),
    [("app", 60), ("app/", 60), ("app/api", 100), ("app/a.py", 50), ("apple.py", None), ("x", None)],
)
def test_a_folder(folder: str, percent: float | None) -> None:
    assert patch.of_folder(folder, FILES) == percent
