"""Run pytest under coverage in this process: `python -m xptasks.steps._measure DATA_FILE JSON_FILE PYTEST_WORDS...`.

Measuring starts before pytest and its plugins are imported, so that the lines which run at import count. Child
processes are measured when `[tool.coverage.run]` says `patch = ["subprocess"]`.
"""

import sys
from pathlib import Path

import coverage


def main(data_file: str, json_file: str, *words: str) -> int:
    """Pytest's exit code; the report is written even when tests fail."""
    Path(data_file).parent.mkdir(parents=True, exist_ok=True)
    measured = coverage.Coverage(data_file=data_file, data_suffix=True)
    measured.start()
    import pytest  # noqa: PLC0415 - after measuring has begun

    code = int(pytest.main(list(words)))
    measured.stop()
    measured.save()
    measured.combine()
    measured.json_report(outfile=json_file)
    return code


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
