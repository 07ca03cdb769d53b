"""Messages made from a contract: right ones fit it, wrong ones do not."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.conform.conftest import Messages
from xptasks.contracts.conform import MessageContract, samples

PROJECT = Path(__file__).parents[3]


def test_samples_of_a_real_contract() -> None:
    contract = MessageContract.load(PROJECT / "contracts/asyncapi.yaml")
    (channel,) = contract.channels
    for message in channel.received.values():
        right = samples.valid(contract, message)
        assert len(right) >= 2
        for value in right:
            judged = contract.judge_on(channel, "received", json.dumps(value))
            assert (judged.name, judged.violations) == (message.name, ())
        wrong = list(samples.wrong(contract, channel, message))
        assert {"/type is null", "the whole has no type", "the whole has an unknown key"} <= {why for _, why in wrong}
        assert all(contract.judge_on(channel, "received", text).violations for text, _ in wrong)
    assert len(list(samples.malformed(contract, channel))) == 5


@pytest.mark.parametrize(
    ("schema", "least"),
    [
        ({"type": "string", "minLength": 2, "maxLength": 4}, 3),
        ({"type": "string", "format": "uuid"}, 1),
        ({"type": "string", "pattern": "^[a-c]{3}$"}, 1),
        ({"type": "integer", "minimum": 3, "maximum": 5}, 2),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "multipleOf": 0.25}, 2),
        ({"type": ["boolean", "null"]}, 3),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, 1),
        ({"oneOf": [{"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}}, {"type": "null"}]}, 2),
        ({"type": "object", "properties": {"deep": {"$ref": "#/components/schemas/Tree"}}}, 2),
        ({"enum": ["x", 1]}, 2),
        ({"not": {}}, 0),
    ],
)
def test_samples_of_schemas(messages: Messages, schema: Any, least: int) -> None:  # noqa: ANN401 - JSON
    tree = {"type": "object", "properties": {"deep": {"$ref": "#/components/schemas/Tree"}}}
    channels = {"c": {"address": "/c", "messages": {"m": {"payload": schema}}}}
    contract = messages(channels, components={"schemas": {"Tree": tree}})
    found = samples.valid(contract, contract.channels[0].received["m"])
    assert len(found) >= least
    assert all(contract.received("/c", json.dumps(value)) == () for value in found)
