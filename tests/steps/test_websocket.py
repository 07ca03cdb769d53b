"""The step that talks to a service over its websockets."""

import shlex
from typing import Any

import pytest

from tests.steps.conftest import Play
from tests.steps.contract_project import line_of
from tests.steps.websocket_project import FILES, slices
from xptasks.results import Reading, Status

pytestmark = pytest.mark.pr

OPTIONS = {"headers": {"X-Key": "{KEY}"}, "reply_timeout": "1s"}


def conversed(play: Play, fault: str, **changes: Any) -> Reading:  # noqa: ANN401 - the context's
    return play("websocket", FILES, OPTIONS, **{"slices": slices(fault), "rerun": "nox -s pr -- websocket"} | changes)


def test_a_service_that_keeps_its_contract(play: Play) -> None:
    reading = conversed(play, "")
    assert reading.findings == ()
    assert (reading.status, reading.deferred) == (Status.PASSED, ())
    assert reading.measurements[0].value > 30


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "operation", "said", "place"),
    [
        ("type", "/squares sent square", "must be of the type integer", ('"square": {', '"area": {', '"type"')),
        ("ref", "/squares sent square", 'it answers "other", which no message', ('"square"',)),
        ("refuses", "/squares received ask", "every right message is refused", ('"ask"',)),
        ("mute", "/squares received ask", "no reply within 1 s with its correlation id", ('"ask"',)),
        ("accepts", "/squares received ask", "a wrong message is not refused", ('"ask"',)),
        ("silent", "/squares received ask", "a wrong message is not refused", ('"ask"',)),
        ("crash", "/squares received ask", "closed with 1011", ('"ask"',)),
        ("hello", "/squares sent", "none of the messages that may travel this way", ('"squares"',)),
        ("open", "/squares handshake", "to a client without any the service tells it something", ('"security"',)),
        ("subprotocol", "/squares handshake", "selected no subprotocol", ('"x-subprotocols"',)),
    ],
)
def test_a_fault_names_operation_line_and_what_shows_it_again(
    play: Play, fault: str, operation: str, said: str, place: tuple[str, ...]
) -> None:
    reading = conversed(play, fault)
    assert reading.status is Status.FAILED
    found = [finding for finding in reading.findings if said in finding.message]
    assert found, [finding.message for finding in reading.findings]
    assert found[0].message.startswith(f"{operation}: ")
    assert found[0].position is not None
    assert (found[0].position.file, found[0].position.line) == (
        "asyncapi.json",
        line_of(FILES["asyncapi.json"], *place),
    )
    assert "nox -s pr -- websocket /squares" in found[0].hint


@pytest.mark.slow
def test_one_conversation_again(play: Play) -> None:
    hint = next(finding.hint for finding in conversed(play, "type").findings if "integer" in finding.message)
    words = tuple(shlex.split(hint.partition("-- websocket ")[2]))
    again = conversed(play, "type", extra=words)
    assert again.status is Status.FAILED
    assert "must be of the type integer" in again.findings[0].message
    nowhere = conversed(play, "", extra=("/nowhere",))
    assert nowhere.status is Status.ERROR
    assert "no channel is at '/nowhere'" in nowhere.summary


@pytest.mark.slow
def test_a_service_that_does_not_start_is_no_verdict(play: Play) -> None:
    parts = slices()
    parts["service"] = parts["service"].model_copy(update={"command": ("python", "nothing.py", "{port}")})
    reading = conversed(play, "", slices=parts)
    assert reading.status is Status.ERROR
    assert "did not start" in reading.summary
