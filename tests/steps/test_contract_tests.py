"""The steps that let Schemathesis loose on a service."""

import json
import shlex
from typing import Any

import pytest

from tests.steps.conftest import Play
from tests.steps.contract_project import FILES, line_of, slices
from xptasks.errors import UsageError
from xptasks.results import Reading, Status
from xptasks.steps import _replay

pytestmark = pytest.mark.pr

HEADERS = {"headers": {"X-Key": "{KEY}"}}


def exercised(play: Play, fault: str = "", step: str = "contract_tests", **options: Any) -> Reading:  # noqa: ANN401
    return play(step, FILES, HEADERS | options, slices=slices(fault), rerun="nox -s pr -- contract_tests")


@pytest.mark.slow
def test_a_service_that_keeps_its_contract_and_is_as_lenient_as_frameworks_are(play: Play) -> None:
    reading = exercised(play)
    assert reading.findings == ()
    assert (reading.status, reading.deferred) == (Status.PASSED, ())
    assert reading.measurements[0].value > 20


@pytest.mark.parametrize(
    ("fault", "rule", "said", "place"),
    [
        ("type", "contract", 'must be of the type integer\n  expected  integer\n  got       "', ('"200"', '"type"')),
        pytest.param("extra", "negative_data_rejection", "POST /square: ", ('"post"',), marks=pytest.mark.slow),
        pytest.param("crash", "contract", "POST /square 500: status", ('"responses"',), marks=pytest.mark.slow),
        pytest.param("open", "ignored_auth", "POST /square: ", ('"post"',), marks=pytest.mark.slow),
    ],
)
def test_a_fault_is_told_with_a_command_that_shows_it_again(
    play: Play, fault: str, rule: str, said: str, place: tuple[str, ...]
) -> None:
    reading = exercised(play, fault)
    assert reading.status is Status.FAILED
    finding = next(finding for finding in reading.findings if finding.rule == rule)
    assert said in finding.message
    assert finding.position is not None
    assert (finding.position.file, finding.position.line) == ("openapi.json", line_of(FILES["openapi.json"], *place))
    assert "nox -s pr -- contract_tests 'POST /square'" in finding.hint
    words = tuple(shlex.split(finding.hint.partition("-- contract_tests ")[2]))
    again = play("contract_tests", FILES, HEADERS, slices=slices(fault), extra=words)
    assert again.summary.startswith(("1 faults in 1 requests", "1 requests to 1 operations"))
    if rule == "contract":
        assert again.status is Status.FAILED
        assert again.findings[0].message == finding.message.partition("\n  request")[0]


@pytest.mark.slow
def test_chance_finds_the_same_faults_and_says_its_seed(play: Play) -> None:
    reading = exercised(play, "type", step="contract_fuzz", max_time="2s", seed=7)
    assert reading.status is Status.FAILED
    assert "seed 7" in reading.summary
    assert {finding.rule for finding in reading.findings} == {"contract"}
    assert exercised(play, step="contract_fuzz", max_time="2s").status is Status.PASSED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"served": "service_app:nothing"}, "has no attribute 'nothing'"),
        ({"openapi": ()}, "there is no OpenAPI document"),
        ({"served": ""}, "there is no service to start"),
    ],
)
def test_mistakes_of_the_configuration_are_one_block(play: Play, changes: dict[str, Any], said: str) -> None:
    parts = slices()
    parts["contracts"] = parts["contracts"].model_copy(update=changes)
    reading = play("contract_tests", FILES, HEADERS, slices=parts)
    assert reading.status is Status.ERROR
    assert said in reading.summary
    assert "Traceback" not in reading.summary


@pytest.mark.slow
def test_a_secret_is_named_by_reference_and_never_printed(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = slices("type", key="env:XP_TEST_KEY")
    monkeypatch.setenv("XP_TEST_KEY", "hush-hush")
    reading = play("contract_tests", FILES, {"headers": {"X-Key": "{KEY}"}}, slices=parts)
    assert reading.status is Status.ERROR, "the step's child sees only what it is given"
    assert "the secret env:XP_TEST_KEY is not set" in reading.summary


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["GET /a?b=1"], ("GET", "/a?b=1", {"A": "1"}, None)),
        (["post /", "--header=a: 2", "--body=x=y"], ("POST", "/", {"a": "2"}, b"x=y")),
        (["PUT /", "--without=a", "--hex=00ff"], ("PUT", "/", {}, b"\x00\xff")),
    ],
)
def test_the_words_of_a_request(words: list[str], expected: tuple[Any, ...]) -> None:
    request = _replay.parse(words, {"A": "1"})
    assert (request.method, request.url, request.headers, request.body) == expected


@pytest.mark.parametrize("words", [["x"], ["GET"], ["GET /", "body"]])
def test_words_that_are_no_request(words: list[str]) -> None:
    with pytest.raises(UsageError):
        _replay.parse(words, {})


def test_a_report_is_found_among_the_service_s_own_lines() -> None:
    from xptasks.steps._contract_tests import report_in  # noqa: PLC0415

    assert report_in('log\n{"findings": [], "requests": 1}\nstopped\n') == {"findings": [], "requests": 1}
    with pytest.raises(json.JSONDecodeError):
        report_in('{"findings"\n')
