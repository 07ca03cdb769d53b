"""Compiled validators of a contract's schemas: each once, when it is first needed.

Every schema is told in JSON Schema 2020-12, whose formats are all asserted: OpenAPI 3.0 and AsyncAPI's draft 7 are
translated, and the properties that may only travel the other way are taken out.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from xptasks.contracts.conform.violation import Difference, differences
from xptasks.contracts.document import Document, Location
from xptasks.contracts.positions import join_pointer
from xptasks.contracts.references import is_data, maps_names
from xptasks.contracts.source import Fault

if TYPE_CHECKING:
    import jsonschema_rs

Direction = Literal["request", "response", "both"]
_BASE = "contract:///"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ONE_WAY = {"request": "readOnly", "response": "writeOnly"}


class Schemas:
    """The schemas of one contract for one direction of travel.

    Args:
        document: the contract.
        direction: `response`: a property that is `writeOnly` must not be there; `request`: one that is `readOnly`
            need not be there, and the service ignores it; `both`: as it is written.
    """

    def __init__(self, document: Document, direction: Direction) -> None:
        self.document = document
        self._direction = direction
        self._compiled: dict[tuple[str, str], jsonschema_rs.Draft202012Validator] = {}

    def differences(self, schema: Location, instance: Any) -> list[Difference]:  # noqa: ANN401
        """Why an instance does not fit the schema; none when it does."""
        validator = self.validator(schema)
        return [] if validator.is_valid(instance) else differences(validator.iter_errors(instance), _BASE)

    def validator(self, schema: Location) -> "jsonschema_rs.Draft202012Validator":
        """The compiled validator of the schema at a place.

        Raises:
            Fault: no validator accepts the schema.
        """
        import jsonschema_rs  # noqa: PLC0415 - heavy, and a service may never need it

        key = (schema.file, schema.pointer)
        if key not in self._compiled:
            reference = {"$schema": _DIALECT, "$ref": f"{_BASE}{quote(schema.file)}#{quote(schema.pointer)}"}
            try:
                self._compiled[key] = jsonschema_rs.Draft202012Validator(
                    reference, registry=self._registry, offline=True, validate_formats=True
                )
            except (ValueError, jsonschema_rs.ReferencingError) as error:
                message = f"the schema cannot be used: {str(error).partition(chr(10))[0]}"
                raise Fault(message, "schema-unusable") from None
        return self._compiled[key]

    @cached_property
    def _registry(self) -> "jsonschema_rs.Registry":
        import jsonschema_rs  # noqa: PLC0415 - heavy

        files = [(_BASE + quote(name), self._told(name)) for name in self.document.files]
        return jsonschema_rs.Registry(files, draft=jsonschema_rs.Draft202012)

    def _told(self, file: str) -> Any:  # noqa: ANN401
        """A copy of a file in which schemas say in 2020-12 what they mean."""
        value = self.document.files[file]
        root: list[Any] = [None]
        pending: list[tuple[Any, Any, Any, bool]] = [(value, root, 0, False)]
        translate = _translation(value, self.document)
        while pending:
            item, parent, key, is_name_map = pending.pop()
            if isinstance(item, list):
                parent[key] = copy = list(item)
                pending.extend((child, copy, index, False) for index, child in enumerate(item))
            elif isinstance(item, dict):
                own = dict(item) if is_name_map else self._one_way(file, translate(item))
                parent[key] = own
                pending.extend(_children(own, is_name_map=is_name_map))
        return root[0]

    def _one_way(self, file: str, schema: dict[str, Any]) -> dict[str, Any]:
        if schema.get("additionalProperties") is False:
            schema.setdefault("properties", {})  # else jsonschema-rs does not say which key it refuses
        properties = schema.get("properties")
        if self._direction == "both" or not isinstance(properties, dict):
            return schema
        foreign = {name for name, inner in properties.items() if self._is_foreign(file, inner)}
        if not foreign:
            return schema
        if isinstance(schema.get("required"), list):
            schema["required"] = [name for name in schema["required"] if name not in foreign]
        if self._direction == "response":
            schema["properties"] = properties | dict.fromkeys(foreign, False)
        return schema

    def _is_foreign(self, file: str, schema: Any) -> bool:  # noqa: ANN401
        keyword = _ONE_WAY[self._direction]
        with suppress(Fault):
            while isinstance(schema, dict):
                if schema.get(keyword) is True:
                    return True
                if not isinstance(schema.get("$ref"), str):
                    return False
                found = self.document.resolve(schema["$ref"], file)
                schema, file = found.value, found.file
        return False


def _children(item: dict[str, Any], *, is_name_map: bool) -> Iterator[tuple[Any, Any, Any, bool]]:
    for name, child in item.items():
        if isinstance(child, dict | list) and (is_name_map or not is_data(name, child)):
            yield child, item, name, not is_name_map and maps_names(name, child)


def _translation(value: Any, document: Document) -> Any:  # noqa: ANN401
    """How the schemas of a file are translated: by what the file says it is, else by what refers to it."""
    version = value.get("openapi") if isinstance(value, dict) else None
    if isinstance(version, str):
        return _from_30 if version.startswith("3.0") else dict
    if document.kind == "openapi" and not (isinstance(value, dict) and "asyncapi" in value):
        return _from_30 if document.version[:2] == (3, 0) else dict
    return _from_draft_7


def _from_30(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("$ref"), str):
        return {"$ref": schema["$ref"]}
    told = dict(schema)
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(told.get(exclusive), bool) and told.pop(exclusive) and bound in told:
            told[exclusive] = told.pop(bound)
    return _nullable(told) if told.pop("nullable", None) is True else told


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        return schema
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema


def _from_draft_7(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("$ref"), str):
        return {"$ref": schema["$ref"]}
    told = dict(schema)
    if isinstance(told.get("items"), list):
        told["prefixItems"] = told.pop("items")
        if "additionalItems" in told:
            told["items"] = told.pop("additionalItems")
    dependencies = told.pop("dependencies", None)
    if isinstance(dependencies, dict):
        told["dependentRequired"] = {name: rule for name, rule in dependencies.items() if isinstance(rule, list)}
        told["dependentSchemas"] = {name: rule for name, rule in dependencies.items() if not isinstance(rule, list)}
    return told


def inside(here: Location, *tokens: str | int) -> Location:
    """A member of a place, which is known to exist."""
    value = here.value
    for token in tokens:
        value = value[token]
    return Location(here.file, here.pointer + join_pointer(*tokens), value)
