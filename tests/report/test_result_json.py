import json
from dataclasses import asdict
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.conftest import CACHED, DEFERRED, RED, events, results, run_of
from xptasks.report.result_json import SCHEMA_FILE, generated_files, result_json, text
from xptasks.report.run import Run
from xptasks.results import LAST_RUN, Circumstances, Event, Status, StepResult

PROJECT = Path(__file__).parents[2]
[(PATH, SCHEMA)] = generated_files().items()
VALIDATOR = jsonschema_rs.Draft202012Validator(json.loads(SCHEMA))


def test_committed_schema_is_fresh() -> None:
    assert PATH == SCHEMA_FILE
    assert (PROJECT / PATH).read_text(encoding="utf-8") == SCHEMA, f"{PATH} is stale; run `inv reference` and commit it"


def test_file_says_what_the_events_said(tmp_path: Path) -> None:
    sink, run = result_json(tmp_path), Run()
    told = events(CACHED, RED)
    for event in [*told[:1], Event("notice", 0.1, data={"message": "hello"}), *told[1:]]:
        run.add(event)
        sink(event, run)
    written = json.loads((tmp_path / LAST_RUN).read_text(encoding="utf-8"))
    VALIDATOR.validate(written)
    assert written | {"steps": []} == {
        "schema": 1,
        "tier": "fast",
        "commit": "",
        "run_id": "r1",
        "status": "failed",
        "exit_code": 1,
        "seconds": 6.5,
        "budget": 60.0,
        "steps": [],
        "notices": ["hello"],
        "circumstances": json.loads(json.dumps(asdict(Circumstances()))),
        "edited": "",
        "dirty": [],
    }
    assert [(step["step"], step["cached"]) for step in written["steps"]] == [("lint", True), ("unit", False)]
    assert written["steps"][1]["reading"]["findings"][1]["position"] == {
        "file": "tests/test_a.py",
        "line": 12,
        "column": 5,
    }


def test_a_killed_run_leaves_no_older_verdict(tmp_path: Path) -> None:
    sink = result_json(tmp_path)
    told = events(DEFERRED)
    sink(told[-1], run_of(told))
    assert (tmp_path / LAST_RUN).exists()
    result_json(tmp_path)(told[0], run_of(told[:1]))
    assert not (tmp_path / LAST_RUN).exists()


def test_a_run_that_lasts_has_no_result() -> None:
    with pytest.raises(ValueError, match="not finished"):
        text(run_of(events(RED)[:-1]))


@settings(deadline=None)
@given(st.lists(results, max_size=3), st.sampled_from(Status))
def test_every_run_fits_the_schema(some: list[StepResult], status: Status) -> None:
    written = text(run_of(events(*some, status=status)))
    assert written.isascii()
    # A half character is a fact about a file's name, and the schema's engine refuses to read one.
    VALIDATOR.validate(json.loads(written.replace("\\ud", "\\\\ud")))
