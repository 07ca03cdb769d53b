"""Which wrong requests a service may take without a fault: those where only the kind of a scalar is off.

Pydantic, and so FastAPI, reads `"1"`, `1.0` and `true` as the number 1 unless it is told to be strict. The contract
does not promise that, and nobody is hurt by it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from xptasks.contracts.conform import media
from xptasks.contracts.conform.http import Operation
from xptasks.contracts.conform.schemas import Schemas, inside
from xptasks.contracts.document import Document, Location

_SCALAR = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|true|false|on|off|yes|no|null", re.IGNORECASE)
_KINDS = frozenset({"type", "format"})


class Lenience:
    """Judges requests to the operations of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._schemas = Schemas(document, "request")

    def only_scalars_are_off(
        self,
        operation: Operation,
        parameters: Mapping[tuple[str, str], Any],
        body: Any,  # noqa: ANN401 - JSON
        media_type: str,
    ) -> bool:
        """Whether a request breaks the contract, and only by scalars of another kind.

        Args:
            operation: what is asked for.
            parameters: the values by place (`query`, `path`, `header`, `cookie`) and name, before they become text.
            body: the value; anything when there is no `media_type`.
            media_type: the body's; empty without one.
        """
        faults = [*self._of_parameters(operation, parameters), *self._of_body(operation, body, media_type)]
        return bool(faults) and all(kind in _KINDS and _is_scalar(value) for kind, value in faults)

    def _of_parameters(
        self, operation: Operation, parameters: Mapping[tuple[str, str], Any]
    ) -> Iterator[tuple[str, Any]]:
        for place, name, schema in self._parameters(operation):
            if (place, name.lower()) in parameters:
                yield from self._faults(schema, parameters[place, name.lower()])

    def _parameters(self, operation: Operation) -> Iterator[tuple[str, str, Location]]:
        above = operation.at.pointer.rpartition("/")[0]
        path_item = self._document.resolve(f"#{above}", operation.at.file)
        for holder in (path_item, operation.at):
            for index in range(len(holder.value.get("parameters", ()))):
                at = self._document.follow(inside(holder, "parameters", index))
                if isinstance(at.value.get("schema"), dict):
                    yield at.value["in"], at.value["name"], self._document.follow(inside(at, "schema"))

    def _of_body(self, operation: Operation, body: Any, media_type: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
        if not media.is_json(media_type) or not isinstance(operation.at.value.get("requestBody"), dict):
            return
        at = self._document.follow(inside(operation.at, "requestBody"))
        key = media.choose(media_type, at.value.get("content", ()))
        if key is not None and isinstance(at.value["content"][key].get("schema"), dict):
            yield from self._faults(inside(at, "content", key, "schema"), body)

    def _faults(self, schema: Location, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
        for found in self._schemas.differences(schema, value):
            yield found.place.pointer.rpartition("/")[2], _at(value, found.pointer)


def _at(value: Any, pointer: str) -> Any:  # noqa: ANN401
    for token in pointer.split("/")[1:]:
        if isinstance(value, list):
            value = value[int(token)]
        elif isinstance(value, dict):
            value = value.get(token.replace("~1", "/").replace("~0", "~"))
    return value


def _is_scalar(value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, str):
        return _SCALAR.fullmatch(value.strip()) is not None
    return value is None or isinstance(value, bool | int | float)
