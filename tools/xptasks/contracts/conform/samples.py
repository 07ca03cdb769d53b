"""Messages to send: valid ones made from the contract, and wrong ones made from those; the same in every run.

Nothing is trusted: what is called valid fits its schema, and what is called wrong fits no message of its channel.
"""

import copy
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from xptasks.contracts.compat.witness import FORMATS, texts_of
from xptasks.contracts.conform.channels import Channel, Message
from xptasks.contracts.conform.messages import MessageContract
from xptasks.contracts.conform.schemas import inside
from xptasks.contracts.document import Document, Location

_DEEPEST = 6
_MOST = 8  # valid samples of one message
_OTHERS: tuple[Any, ...] = (None, True, 1.5, -1, "", "x" * 5_000, [], {})


class Wrong(NamedTuple):
    """A message that the contract does not allow, and what is wrong with it."""

    text: str | bytes
    why: str


def valid(contract: MessageContract, message: Message) -> list[Any]:
    """Payloads of a message: the contract's examples, the smallest, the fullest, and those at the limits."""
    if message.payload is None:
        return []
    made = [*_examples(message), *_made(message.payload, contract.document, 0)]
    unique = {json.dumps(value, sort_keys=True): value for value in made}
    return list(islice((value for value in unique.values() if contract.fits(message, value)), _MOST))


def wrong(contract: MessageContract, channel: Channel, message: Message) -> Iterator[Wrong]:
    """Messages that are nearly that message, each with one fault, and that no message of the channel allows."""
    bases = valid(contract, message)
    if not bases:
        return
    base = max(bases, key=lambda value: len(json.dumps(value)))
    for value, why in _mutations(base):
        text = json.dumps(value)
        if contract.judge_on(channel, "received", text).violations:
            yield Wrong(text, why)


def malformed(contract: MessageContract, channel: Channel) -> Iterator[Wrong]:
    """Frames that are no message at all."""
    for text, why in (("", "empty"), ("{", "no JSON"), ("[]", "an array"), (b"\x00\xff", "bytes"), ("1", "a number")):
        if contract.judge_on(channel, "received", text).violations:
            yield Wrong(text, why)


def _examples(message: Message) -> Iterator[Any]:
    listed = message.at.value.get("examples")
    for example in listed if isinstance(listed, list) else ():
        if isinstance(example, dict) and "payload" in example:
            yield example["payload"]


def _made(schema: Location, document: Document, depth: int) -> Iterator[Any]:
    """Values that may fit a schema; a choice of them, the plainest first."""
    here = document.follow(schema)
    value = here.value
    if not isinstance(value, dict) or depth > _DEEPEST:
        yield None
        return
    if "const" in value:
        yield value["const"]
        return
    if isinstance(value.get("enum"), list):
        yield from value["enum"]
        return
    for keyword in ("oneOf", "anyOf"):
        for index in range(len(value.get(keyword, ()))):
            yield from _made(inside(here, keyword, index), document, depth + 1)
    yield from (value["examples"] if isinstance(value.get("examples"), list) else ())
    yield from _of_type(here, document, depth)


def _of_type(here: Location, document: Document, depth: int) -> Iterator[Any]:
    named = here.value.get("type", "object" if "properties" in here.value else ())
    makers: dict[str, Callable[[], Iterator[Any]]] = {
        "object": lambda: _objects(here, document, depth),
        "array": lambda: _arrays(here, document, depth),
        "string": lambda: _texts(here.value),
        "integer": lambda: _numbers(here.value),
        "number": lambda: _numbers(here.value),
        "boolean": lambda: iter((True, False)),
        "null": lambda: iter((None,)),
    }
    for name in [named] if isinstance(named, str) else named:
        if name in makers:
            yield from makers[name]()


def _objects(here: Location, document: Document, depth: int) -> Iterator[dict[str, Any]]:
    properties = here.value.get("properties", {})
    choices = {
        name: list(islice(_made(inside(here, "properties", name), document, depth + 1), 4)) for name in properties
    }
    first = {name: values[0] for name, values in choices.items() if values}
    yield {name: first[name] for name in here.value.get("required", ()) if name in first}
    yield first
    for name, values in choices.items():
        for value in values[1:]:
            yield first | {name: value}


def _arrays(here: Location, document: Document, depth: int) -> Iterator[list[Any]]:
    items = here.value.get("items")
    item = next(_made(inside(here, "items"), document, depth + 1), None) if isinstance(items, dict) else 0
    least = int(here.value.get("minItems", 0))
    yield [item] * least
    yield [item] * max(1, least)


def _texts(schema: dict[str, Any]) -> Iterator[str]:
    if schema.get("format") in FORMATS:
        yield FORMATS[schema["format"]]
    if isinstance(schema.get("pattern"), str):
        yield from islice(texts_of(schema["pattern"]), 4)
    longest = min(int(schema.get("maxLength", 10)), 1_000)
    yield "a" * max(int(schema.get("minLength", 0)), min(3, longest))
    yield "a" * longest
    yield "a" * int(schema.get("minLength", 0))


def _numbers(schema: dict[str, Any]) -> Iterator[float]:
    step = schema.get("multipleOf", 1)
    for limit in ("minimum", "maximum"):
        if limit in schema:
            yield schema[limit]
    if "exclusiveMinimum" in schema:
        yield schema["exclusiveMinimum"] + step
    if "exclusiveMaximum" in schema:
        yield schema["exclusiveMaximum"] - step
    yield from (0, step)


def _mutations(base: Any) -> Iterator[tuple[Any, str]]:  # noqa: ANN401
    """Values that differ from the base in one place."""
    for path in _paths(base):
        where = "/" + "/".join(map(str, path)) if path else "the whole"
        for other in _OTHERS:
            yield _with(base, path, other), f"{where} is {json.dumps(other)[:20]}"
        held = _at(base, path)
        if isinstance(held, dict):
            for key in held:
                rest = {name: value for name, value in held.items() if name != key}
                yield _with(base, path, rest), f"{where} has no {key}"
            yield _with(base, path, held | {"unknown_key": 1}), f"{where} has an unknown key"
        if isinstance(held, str):
            yield _with(base, path, held + "\u0000~"), f"{where} ends in what does not belong there"


def _paths(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:  # noqa: ANN401
    yield above
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        yield from _paths(inner, (*above, key))


def _at(value: Any, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401
    for key in path:
        value = value[key]
    return value


def _with(base: Any, path: tuple[str | int, ...], new: Any) -> Any:  # noqa: ANN401
    if not path:
        return new
    changed = copy.deepcopy(base)
    _at(changed, path[:-1])[path[-1]] = new
    return changed
