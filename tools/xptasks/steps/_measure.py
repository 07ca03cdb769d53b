"""Run pytest under coverage in this process: `python -m xptasks.steps._measure INSTRUCTIONS PYTEST_WORDS...`.

Measuring starts before pytest and its plugins are imported, so that the lines which run at import count. Child
processes are measured when `[tool.coverage.run]` says `patch = ["subprocess"]`. The instructions are JSON: `data` and
`report` (files to write), `base` (a commit, or empty) and `folders` (whose coverage is asked for).
"""

import json
import sys
from pathlib import Path
from typing import Any

import coverage


def main(instructions: str, *words: str) -> int:
    """Pytest's exit code; the report is written even when tests fail."""
    wanted = json.loads(instructions)
    Path(wanted["data"]).parent.mkdir(parents=True, exist_ok=True)
    measured = coverage.Coverage(data_file=wanted["data"], data_suffix=True)
    measured.start()
    import pytest  # noqa: PLC0415 - after measuring has begun

    code = int(pytest.main(list(words)))
    measured.stop()
    measured.save()
    measured.combine()
    report = Path(wanted["report"])
    # A child may have measured a file that is gone by now: that is warned of, and no reason to lose all the rest.
    measured.json_report(outfile=str(report), ignore_errors=True)
    report.write_text(json.dumps(_summary(json.loads(report.read_text("utf-8")), wanted)), encoding="utf-8")
    return code


def _summary(report: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """What the step reads: the totals, the folders that were asked for, and the part of the change."""
    from xptasks.quality import patch  # noqa: PLC0415 - after measuring has ended
    from xptasks.system import change  # noqa: PLC0415 - as above

    files = report["files"]
    summary = {
        "totals": report["totals"],
        "folders": {name: patch.of_folder(name, files) for name in wanted["folders"]},
    }
    if not wanted["base"]:
        return summary
    found = patch.patch(change.changed_lines(Path(), wanted["base"]), files)
    missing = {name: patch.ranges(lines) for name, lines in found.missing.items()}
    return {**summary, "patch": {"percent": found.percent, "missing": missing}}


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
