"""Faults planted in the reference service: a step of the tier `pr` catches each, and names operation and line."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import PROJECT
from tests.steps.conftest import outcome
from xptasks import config, steps
from xptasks.results import Reading, Status, StepContext

pytestmark = pytest.mark.slow
OPENAPI, ASYNCAPI = "contracts/openapi.yaml", "contracts/asyncapi.yaml"
Place = tuple[str, ...]


def run(step_name: str, fault: str, scratch: Path) -> Reading:
    """The step as it is configured for the tier, over the broken service."""
    loaded = config.load(PROJECT).config
    environment = loaded.service.environment | {"FAULT": fault, "PROJECTS_LOG_LEVEL": "ERROR"}
    command = ("python", "-m", "tests.app.broken_service", "--port", "{port}")
    slices: dict[str, Any] = {
        "contracts": loaded.contracts.model_copy(update={"served": "tests.app.broken_service:app"}),
        "service": loaded.service.model_copy(update={"command": command, "environment": environment}),
    }
    assert step_name in loaded.tiers["pr"].steps
    step = steps.load(step_name)
    context = StepContext(
        PROJECT,
        sys.executable,
        (),
        (),
        scratch=scratch,
        state=scratch,
        rerun=f"nox -s pr -- {step_name}",
        slices=slices,
    )
    options = loaded.steps[step_name]
    return step.read(options, outcome(step.command(options, context), PROJECT))


@pytest.mark.parametrize(
    ("fault", "step", "operation", "file", "place"),
    [
        ("wrong-type", "contract_tests", "GET /api/projects 200", OPENAPI, (" ProjectPage:", "next_cursor:", "type:")),
        ("missing-field", "contract_tests", "POST /api/projects 201", OPENAPI, ("    Project:", "required:")),
        ("wrong-enum", "contract_tests", "POST /api/projects 201", OPENAPI, ("    ProjectStatus:", "enum:")),
        ("undocumented-status", "contract_tests", "POST /api/projects 200", OPENAPI, ("createProject", "responses:")),
        ("missing-header", "contract_tests", "POST /api/projects 201", OPENAPI, ("createProject", "Location:")),
        (
            "wrong-media-type",
            "contract_tests",
            "GET /api/projects/{project_id} 404",
            OPENAPI,
            (" NotFound:", "content:"),
        ),
        ("crash", "contract_tests", "PATCH /api/projects/{project_id} 500", OPENAPI, ("updateProject", "responses:")),
        ("open-object", "contract_tests", "POST /api/projects", OPENAPI, ("/api/projects:", "post:")),
        ("ignored-auth", "contract_tests", "GET /api/projects", OPENAPI, ("/api/projects:", "get:")),
        ("bad-message", "websocket", "/ws sent pong", ASYNCAPI, ("    Pong:", "required:")),
        ("wrong-ref", "websocket", "/ws sent subscribed", ASYNCAPI, ("components:", "    subscribed:")),
        ("no-refusal", "websocket", "/ws received ping", ASYNCAPI, ("components:", "    ping:")),
        ("refusal-by-1011", "websocket", "/ws received subscribe", ASYNCAPI, ("components:", "    subscribe:")),
        ("wrong-subprotocol", "websocket", "/ws handshake", ASYNCAPI, ("x-subprotocols:",)),
        ("ignored-auth", "websocket", "/ws handshake", ASYNCAPI, ("servers:", "security:")),
    ],
)
def test_a_planted_break_is_caught(  # noqa: PLR0913, PLR0917 - a table
    fault: str, step: str, operation: str, file: str, place: Place, tmp_path: Path
) -> None:
    reading = run(step, fault, tmp_path)
    assert reading.status is Status.FAILED, reading
    found = [finding for finding in reading.findings if finding.message.startswith(f"{operation}: ")]
    text = (PROJECT / file).read_text(encoding="utf-8")
    places = [(finding.position.file, finding.position.line) for finding in found if finding.position]
    assert (file, line_of(text, *place)) in places, [(str(f.position), f.message) for f in reading.findings]
    assert all(f"nox -s pr -- {step}" in finding.hint for finding in found)


@pytest.mark.parametrize("step", ["contract_tests", "websocket"])
def test_without_a_fault_the_wrapper_changes_nothing(step: str, tmp_path: Path) -> None:
    reading = run(step, "", tmp_path)
    assert (reading.status, reading.findings) == (Status.PASSED, ())


def line_of(text: str, *words: str) -> int:
    """The line on which words stand, one after the other, from the file's beginning."""
    at = 0
    for word in words:
        at = text.index(word, at)
    return text.count("\n", 0, at + len(words[-1]) - len(words[-1].lstrip())) + 1
