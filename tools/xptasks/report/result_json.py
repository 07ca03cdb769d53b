"""`.xp/last-run.json`: the whole run for programs. Nox flattens exit codes, so this file is what counts."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from xptasks.errors import XpError
from xptasks.report.run import Run
from xptasks.results import LAST_RUN, Circumstances, Event, Status, StepResult
from xptasks.system.files import atomic_write

SCHEMA_FILE = "generated/last-run.schema.json"


@dataclass(frozen=True, slots=True)
class LastRun:
    """A finished run. `schema` grows when a reader of an older version would misread the file.

    Attributes:
        schema: the version of this shape.
        tier: the tier's name.
        run_id: the run's id.
        commit: the commit that was checked; empty when the working tree held something else.
        status: how the run ended; only `passed` is green.
        exit_code: the exit code of the run; see the table of exit codes.
        seconds: wall time of the run.
        budget: seconds that the tier may take, null without a budget.
        steps: every step, in the order in which they finished.
        notices: what the runner had to say besides.
        circumstances: under what it took place.
        edited: a file that somebody wrote to meanwhile, so that the commit may not be all that was checked.
        dirty: what the working tree held else, as `git status --porcelain` says it: `?? new.txt`, ` M old.py`.
    """

    schema: Literal[1]
    tier: str
    run_id: str
    commit: str
    status: Status
    exit_code: int
    seconds: float
    budget: float | None
    steps: tuple[StepResult, ...]
    notices: tuple[str, ...]
    circumstances: Circumstances = field(default_factory=Circumstances)
    edited: str = ""
    dirty: tuple[str, ...] = ()


def last_run(run: Run) -> LastRun:
    """A run that has finished.

    Raises:
        ValueError: it has not.
    """
    if run.status is None or run.exit_code is None:
        raise ValueError("the run has not finished")
    return LastRun(
        schema=1,
        tier=run.tier,
        run_id=run.run_id,
        commit=run.commit,
        status=run.status,
        exit_code=run.exit_code,
        seconds=run.seconds,
        budget=run.budget,
        steps=tuple(run.results),
        notices=tuple(run.notices),
        circumstances=run.circumstances,
        edited=run.edited,
        dirty=run.dirty,
    )


def text(run: Run) -> str:
    """The file's content: pure ASCII, so that half characters in file names survive."""
    return json.dumps(asdict(last_run(run)), indent=2) + "\n"


def refused(project: Path, tier: str, error: XpError) -> None:
    """Write that a run could not begin: an older run's file would say otherwise. Only time is lost if that fails."""
    outcome = LastRun(1, tier, "", "", Status.ERROR, int(error.exit_code), 0.0, None, (), (str(error),))
    with suppress(OSError):
        atomic_write(project / LAST_RUN, json.dumps(asdict(outcome), indent=2) + "\n")


def read(text: str) -> dict[str, Any]:
    """What a file holds, as `dataclasses.asdict` writes a `LastRun`; keys of later versions are left out.

    Raises:
        ValueError: it is no such file; the message names the place in it.
    """
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - no run pays for pydantic

    try:
        return asdict(TypeAdapter(LastRun).validate_json(text))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"not the result of a run: {f'{place}: ' if place else ''}{first['msg']}") from None


def result_json(project: Path) -> Callable[[Event, Run], None]:
    """A sink that writes the file at the end; until then there is none, so that nobody reads an older run's."""
    path = project / LAST_RUN

    def sink(event: Event, run: Run) -> None:
        if event.kind == "run-started":
            path.unlink(missing_ok=True)
        if event.kind == "run-finished":
            atomic_write(path, text(run))

    return sink


def generated_files() -> dict[str, str]:
    """The content of the generated file by its path in the project: the JSON Schema of `.xp/last-run.json`."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - no run pays for pydantic

    described = TypeAdapter(LastRun).json_schema(mode="serialization")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "The last run of a tier"}
    return {SCHEMA_FILE: json.dumps({**described, **head}, indent=2, sort_keys=True) + "\n"}
