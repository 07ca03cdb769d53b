"""AsyncAPI: who sends what decides what breaks, in 2.x and 3.x and from one to the other."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from xptasks.contracts.compat import compare
from xptasks.contracts.compat.sample import events
from xptasks.contracts.document import load

Contract = dict[str, Any]
Rules = Callable[[Contract, Contract], list[tuple[str, str]]]

TEXT = {"type": "string"}


def _payload(*required: str) -> Contract:
    return {"payload": {"type": "object", "properties": {"a": TEXT}, "required": list(required)}}


def _second(word: str, message: Contract) -> Contract:
    """An AsyncAPI 2.6 document; `word` is `publish` or `subscribe`."""
    channels = {"/events": {word: {"message": message | {"name": "m"}}}}
    return {"asyncapi": "2.6.0", "info": {"title": "t", "version": "1"}, "channels": channels}


def _third(word: str, message: Contract) -> Contract:
    return events("receive" if word == "publish" else "send", {"m": message})


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    def find(before: Contract, after: Contract) -> list[tuple[str, str]]:
        for name, value in (("before.json", before), ("after.json", after)):
            (tmp_path / name).write_text(json.dumps(value), encoding="utf-8")
        documents = [load(tmp_path / name) for name in ("before.json", "after.json")]
        changes = compare(*documents, profiles=("wire", "client"), today=date(2026, 1, 1))
        assert all(change.witness for change in changes if change.severity == "error" and change.area == "payload")
        return [(change.rule, change.severity) for change in changes]

    return find


@pytest.mark.parametrize("before", [_second, _third])
@pytest.mark.parametrize("after", [_second, _third])
@pytest.mark.parametrize(
    ("word", "old", "new", "expected"),
    [
        ("publish", [], ["a"], [("request-required-narrowed", "error")]),
        ("publish", ["a"], [], [("request-required-widened", "info")]),
        ("subscribe", ["a"], [], [("response-required-widened", "error")]),
        ("subscribe", [], ["a"], [("response-required-narrowed", "info")]),
        ("subscribe", ["a"], ["a"], []),
    ],
)
def test_the_direction_decides(  # noqa: PLR0913, PLR0917 - a grid
    rules: Rules,
    before: Callable[[str, Contract], Contract],
    after: Callable[[str, Contract], Contract],
    word: str,
    old: list[str],
    new: list[str],
    expected: list[tuple[str, str]],
) -> None:
    assert rules(before(word, _payload(*old)), after(word, _payload(*new))) == expected


def test_a_reply_goes_the_other_way(rules: Rules) -> None:
    def replying(message: Contract) -> Contract:
        contract = events("receive", {"ask": {"payload": TEXT}})
        contract["channels"]["r"] = {"address": "/replies", "messages": {"answer": message}}
        contract["operations"]["o"]["reply"] = {"channel": {"$ref": "#/channels/r"}}
        return contract

    assert rules(replying(_payload("a")), replying(_payload())) == [("response-required-widened", "error")]


def test_a_message_that_looks_like_a_known_one_is_no_proven_break(rules: Rules) -> None:
    one, two = {"m": _payload()}, {"m": _payload(), "n": _payload("a")}
    assert rules(events("send", one), events("send", two)) == [("sent-message-added", "warning")]


def test_headers_are_compared_with_those_of_traits(rules: Rules) -> None:
    narrow = {"headers": {"type": "object", "required": ["id"]}}
    before = events("receive", {"m": _payload()})
    after = events("receive", {"m": _payload() | {"traits": [narrow]}})
    assert ("request-required-narrowed", "error") in rules(before, after)
    assert rules(events("receive", {"m": _payload() | narrow}), after) == []


def test_the_opening_of_a_websocket_is_a_request(rules: Rules) -> None:
    def opened(**binding: object) -> Contract:
        return events("send", {"m": _payload()}, bindings={"ws": binding})

    query = {"type": "object", "properties": {"token": TEXT}, "required": ["token"]}
    assert ("request-required-narrowed", "error") in rules(opened(query={"type": "object"}), opened(query=query))
    assert rules(opened(method="GET"), opened()) == []


def test_names_in_an_address_do_not_count(rules: Rules) -> None:
    before, after = (events("send", {"m": _payload()}, address=f"/{{{name}}}/events") for name in ("a", "b"))
    assert rules(before, after) == []


def _in_files(folder: Path, trace: Contract) -> Path:
    """A message in another file, whose trait is in a third one, which says its header with a fourth one."""
    message = {
        "payload": {"$ref": "../types/types.json#/Text"},
        "headers": {"type": "object", "properties": {"own": TEXT}},
        "traits": [{"$ref": "../traits.json#/traced"}],
    }
    traced = {"headers": {"required": ["trace"], "properties": {"trace": {"$ref": "types/types.json#/Trace"}}}}
    files = {
        "main.json": events("receive", {"m": {"$ref": "parts/messages.json#/m"}}),
        "parts/messages.json": {"m": message},
        "traits.json": {"traced": traced},
        "types/types.json": {"Text": TEXT, "Trace": trace},
    }
    for name, value in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(value), encoding="utf-8")
    return folder / "main.json"


def test_messages_and_their_traits_may_be_in_other_files(tmp_path: Path) -> None:
    headers = {"type": "object", "required": ["trace"], "properties": {"own": TEXT, "trace": TEXT}}
    whole = tmp_path / "whole.json"
    whole.write_text(json.dumps(events("receive", {"m": {"payload": TEXT, "headers": headers}})), encoding="utf-8")

    def alarms(before: Path, after: Path) -> list[tuple[str, str]]:
        changes = compare(load(before), load(after), profiles=("wire", "client"), today=date(2026, 1, 1))
        return [(change.rule, change.at) for change in changes if change.severity != "info"]

    same = _in_files(tmp_path / "same", TEXT)
    assert alarms(whole, same) == alarms(same, whole) == []
    narrow = _in_files(tmp_path / "narrow", {"type": "string", "enum": ["a"]})
    assert alarms(same, narrow) == [("request-enum-narrowed", "receive /events m /trace")]
