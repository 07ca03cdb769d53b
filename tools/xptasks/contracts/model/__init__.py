"""One model of all contracts of a project: operations, messages, and types with names.

model = build_model([load(Path("contracts/openapi.yaml")), load(Path("contracts/asyncapi.yaml"))])
model.types["contracts/openapi.yaml#/components/schemas/Project"]   # an ObjectType
model.operations, model.channels, model.exchanges                   # what uses them
model.troubles                                                      # what its owner should know, with places
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from xptasks.contracts.document import Document
from xptasks.contracts.model.asyncapi import AsyncReader
from xptasks.contracts.model.build import TypeBuilder
from xptasks.contracts.model.finish import discriminate, mark_uses, settle_defaults, settle_names, split_directions
from xptasks.contracts.model.interface import Channel, Content, Exchange, Model, Operation
from xptasks.contracts.model.openapi import declare_components, operations
from xptasks.contracts.model.source import Source
from xptasks.contracts.model.types import Type, Use
from xptasks.contracts.model.walk import exchange, references

__all__ = ["Model", "build_model"]


def build_model(documents: Iterable[Document]) -> Model:
    """Read all contracts into one model. Names and order do not depend on the order within the documents."""
    source = Source(documents)
    builder = TypeBuilder(source)
    found: list[Operation] = []
    channels: list[Channel] = []
    exchanges: list[Exchange] = []
    for root in source.roots().values():
        if root.document.kind == "openapi":
            declare_components(root, builder)
            found.extend(operations(root, builder))
        else:
            reader = AsyncReader(root, builder)
            reader.declare_components()
            channels.extend(reader.channels())
            exchanges.extend(reader.exchanges())
    builder.finish()
    return _finished(builder, found, channels, exchanges)


def _finished(
    builder: TypeBuilder, found: list[Operation], channels: list[Channel], exchanges: list[Exchange]
) -> Model:
    declared = builder.declared
    discriminate(builder)
    written: dict[Use, set[str]] = {use: set() for use in Use}
    for operation in found:
        for use, content in _travelling(operation):
            written[use].update(_keys(content.type))
    for one in _with_replies(exchanges):
        written[Use.SENT if one.action == "send" else Use.RECEIVED].update(_keys(one.type))
        for message in one.messages:
            use = Use.SENT if one.action == "send" else Use.RECEIVED
            written[use].update(key for part in (message.payload, message.headers) if part for key in _keys(part.type))
    in_request = split_directions(declared, written[Use.REQUEST], written[Use.RESPONSE])
    found = [_with_input(operation, in_request) for operation in found]
    written[Use.REQUEST] = {in_request(key) for key in written[Use.REQUEST]}
    mark_uses(declared, written)
    troubles = (*builder.troubles, *settle_defaults(declared), *settle_names(declared))
    types = dict(sorted(declared.items(), key=lambda item: item[1].name))
    return Model(types, tuple(found), tuple(channels), tuple(exchanges), troubles)


def _travelling(operation: Operation) -> Iterator[tuple[Use, Content]]:
    """What an operation carries, and which way: a callback's request is written by the service."""
    request, response = (Use.RESPONSE, Use.REQUEST) if operation.reverse else (Use.REQUEST, Use.RESPONSE)
    for parameter in operation.parameters:
        yield request, parameter.content
    for content in operation.body.contents if operation.body else ():
        yield request, content
    for answer in operation.responses:
        for content in (*answer.contents, *(header.content for header in answer.headers)):
            yield response, content


def _keys(kind: Type | None) -> Iterator[str]:
    return references(kind) if kind is not None else iter(())


def _with_replies(exchanges: list[Exchange]) -> Iterator[Exchange]:
    for one in exchanges:
        yield one
        if one.reply is not None:
            yield one.reply


def _with_input(operation: Operation, in_request: object) -> Operation:
    """The operation with the input types in what its client writes."""

    def turned(content: Content) -> Content:
        if content.type is None or not callable(in_request):
            return content
        return replace(content, type=exchange(content.type, in_request))

    if operation.reverse:
        answers = tuple(replace(answer, contents=tuple(map(turned, answer.contents))) for answer in operation.responses)
        return replace(operation, responses=answers)
    parameters = tuple(replace(item, content=turned(item.content)) for item in operation.parameters)
    body = operation.body and replace(operation.body, contents=tuple(map(turned, operation.body.contents)))
    return replace(operation, parameters=parameters, body=body)
