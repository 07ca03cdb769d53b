"""Schemas told in other words: each function rewrites one that fits, and the meaning stays."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.contracts.compat.slots import Value, copied, is_old, new_name, target

Fits = Callable[[Any, bool], bool]  # a schema; whether it is one of OpenAPI 3.0
Rewrite = Callable[[Random, Value, Any], Value]

ANNOTATIONS = {
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "example",
    "examples",
    "xml",
    "externalDocs",
}
_TOGETHER = (
    ("properties", "patternProperties", "additionalProperties"),
    ("if", "then", "else"),
    ("contains", "minContains", "maxContains"),
    ("prefixItems", "items"),
    ("minimum", "exclusiveMinimum"),
    ("maximum", "exclusiveMaximum"),
    ("contentEncoding", "contentMediaType", "contentSchema"),
)
_APART = 2  # keywords that are needed to put some apart


def _plain(schema: Value) -> bool:
    return "$ref" not in schema and "discriminator" not in schema


def _inline(_: Random, contract: Value, schema: Value) -> Value:
    inner = copied(target(contract, schema["$ref"]))
    rest = {word: value for word, value in schema.items() if word != "$ref"}
    return {**rest, "allOf": [inner]} if rest and not is_old(contract) else inner


def _is_local(schema: Value) -> bool:
    return str(schema.get("$ref", "")).startswith("#/components/schemas/")


def _extract(chance: Random, contract: Value, schema: Value) -> Value:
    name = new_name(chance)
    contract.setdefault("components", {}).setdefault("schemas", {})[name] = schema
    return {"$ref": f"#/components/schemas/{name}"}


def _groups(schema: Value) -> list[list[str]]:
    """The words that have to stay together."""
    free = [word for word in schema if word not in ANNOTATIONS and not word.startswith("x-")]
    found: list[list[str]] = []
    for listed in _TOGETHER:
        group = [word for word in listed if word in free]
        if group:
            found.append(group)
            free = [word for word in free if word not in group]
    return found + [[word] for word in free]


def _may_split(schema: Value, old: bool) -> bool:  # noqa: FBT001
    nullable = old and "nullable" in schema
    return _plain(schema) and not nullable and "unevaluatedProperties" not in schema and len(_groups(schema)) >= _APART


def _split(chance: Random, _: Value, schema: Value) -> Value:
    groups = _groups(schema)
    chance.shuffle(groups)
    cut = chance.randrange(1, len(groups))
    parts = [{word: schema[word] for group in half for word in group} for half in (groups[:cut], groups[cut:])]
    if "type" in schema and chance.random() < 0.5:
        parts = [{"type": schema["type"], **part} for part in parts]
    rest = {word: value for word, value in schema.items() if not any(word in part for part in parts)}
    return {**rest, "allOf": parts}


def _split_properties(chance: Random, _: Value, schema: Value) -> Value:
    names = list(schema["properties"])
    chance.shuffle(names)
    cut = chance.randrange(1, len(names))
    parts: list[Value] = [
        {"properties": {name: schema["properties"][name] for name in half}} for half in (names[:cut], names[cut:])
    ]
    for part in parts:
        needed = [name for name in schema.get("required", []) if name in part["properties"]]
        if needed:
            part["required"] = needed
    beside = [name for name in schema.get("required", []) if name not in names]
    rest = {word: value for word, value in schema.items() if word not in ("properties", "required")}
    return {**rest, **({"required": beside} if beside else {}), "allOf": parts}


def _has_open_properties(schema: Value, old: bool) -> bool:  # noqa: FBT001
    closing = {"additionalProperties", "unevaluatedProperties", "allOf", "patternProperties", "nullable"}
    return _plain(schema) and len(schema.get("properties", ())) >= _APART and not closing & schema.keys()


def _wrap(chance: Random, _: Value, schema: Value) -> Value:
    return {chance.choice(("allOf", "anyOf", "oneOf")): [schema]}


def _unwrap(_: Random, __: Value, schema: Value) -> Value:
    word = next(word for word in ("allOf", "anyOf", "oneOf") if len(schema.get(word, ())) == 1)
    rest = {key: value for key, value in schema.items() if key != word}
    return {**schema[word][0], **rest}


def _is_wrapped(schema: Value, old: bool) -> bool:  # noqa: FBT001
    for word in ("allOf", "anyOf", "oneOf"):
        if len(schema.get(word, ())) == 1:
            inner = schema[word][0]
            rest = schema.keys() - {word}
            return isinstance(inner, dict) and rest <= ANNOTATIONS and not (rest and old and "$ref" in inner)
    return False


def _null_apart(chance: Random, _: Value, schema: Value) -> Value:
    kinds = [kind for kind in schema["type"] if kind != "null"]
    inner = {**schema, "type": kinds[0] if len(kinds) == 1 else kinds}
    if "enum" in inner:
        inner["enum"] = [value for value in inner["enum"] if value is not None]
    outer = {word: inner.pop(word) for word in list(inner) if word in ANNOTATIONS}
    branches = [inner, {"type": "null"}]
    chance.shuffle(branches)
    return {**outer, chance.choice(("anyOf", "oneOf")): branches}


def _has_null(schema: Value, old: bool) -> bool:  # noqa: FBT001
    kinds = schema.get("type")
    listed = "enum" not in schema or None in schema["enum"]
    return not old and _plain(schema) and isinstance(kinds, list) and "null" in kinds and len(kinds) > 1 and listed


def _null_inside(_: Random, __: Value, schema: Value) -> Value:
    word = "anyOf" if "anyOf" in schema else "oneOf"
    inner = next(branch for branch in schema[word] if branch.get("type") != "null")
    rest = {key: value for key, value in schema.items() if key != word}
    return {**inner, **rest, "type": [inner["type"], "null"]}


def _null_is_apart(schema: Value, old: bool) -> bool:  # noqa: FBT001
    for word in ("anyOf", "oneOf"):
        branches = schema.get(word, ())
        if len(branches) == _APART and {"type": "null"} in branches and schema.keys() - {word} <= ANNOTATIONS:
            inner: Value = next((branch for branch in branches if branch != {"type": "null"}), {})
            return not old and isinstance(inner.get("type"), str) and not {"enum", "const", "not"} & inner.keys()
    return False


def _enum_to_const(_: Random, __: Value, schema: Value) -> Value:
    return {**{word: value for word, value in schema.items() if word != "enum"}, "const": schema["enum"][0]}


def _const_to_enum(_: Random, __: Value, schema: Value) -> Value:
    return {**{word: value for word, value in schema.items() if word != "const"}, "enum": [schema["const"]]}


def _enum_apart(chance: Random, contract: Value, schema: Value) -> Value:
    rest = {word: value for word, value in schema.items() if word != "enum"}
    one = "enum" if is_old(contract) or chance.random() < 0.3 else "const"
    branches = [{one: [value] if one == "enum" else value} for value in schema["enum"]]
    return {**rest, chance.choice(("anyOf", "oneOf")): branches}


def _may_list_apart(schema: Value, old: bool) -> bool:  # noqa: FBT001
    listed = schema.get("enum", [])
    free = not {"anyOf", "oneOf", "nullable", "discriminator"} & schema.keys()
    distinct = len({json.dumps(value) for value in listed}) == len(listed)
    return len(listed) >= _APART and free and distinct and not (old and None in listed)


def _exclusive(_: Random, contract: Value, schema: Value) -> Value:
    rest = {word: value for word, value in schema.items() if word != "minimum"}
    if is_old(contract):
        return {**rest, "minimum": schema["minimum"] - 1, "exclusiveMinimum": True}
    return {**rest, "exclusiveMinimum": schema["minimum"] - 1}


def _may_exclude(schema: Value, old: bool) -> bool:  # noqa: FBT001
    whole = isinstance(schema.get("minimum"), int) and "exclusiveMinimum" not in schema
    return whole and schema.get("type") == "integer"


def _explicit(chance: Random, contract: Value, schema: Value) -> Value:
    kinds = schema.get("type")
    said: list[dict[str, Any]] = [{"deprecated": False}, {"readOnly": False}, {"writeOnly": False}]
    by_kind: dict[str, list[dict[str, Any]]] = {
        "string": [{"minLength": 0}],
        "array": [{"minItems": 0}, {"uniqueItems": False}],
        "object": [{"minProperties": 0}, {"additionalProperties": True}, {"properties": {}}],
    }
    said += by_kind.get(kinds, []) if isinstance(kinds, str) else []
    said += [{"nullable": False}] if is_old(contract) else []
    return {**chance.choice(said), **schema}


def _annotated(chance: Random, _: Value, schema: Value) -> Value:
    word = chance.choice(("title", "description", "x-note", "externalDocs"))
    if word in schema:
        return {key: value for key, value in schema.items() if key != word}
    return {**schema, word: {"url": "https://example.com"} if word == "externalDocs" else "Something."}


def _distributed(_: Random, __: Value, schema: Value) -> Value:
    word = "anyOf" if "anyOf" in schema else "oneOf"
    shared = {key: value for key, value in schema.items() if key != word and key not in ANNOTATIONS}
    rest = {key: value for key, value in schema.items() if key in ANNOTATIONS}
    return {**rest, word: [{"allOf": [copied(shared), branch]} for branch in schema[word]]}


def _may_distribute(schema: Value, old: bool) -> bool:  # noqa: FBT001
    unions = [word for word in ("anyOf", "oneOf") if word in schema]
    shared = schema.keys() - {*unions, *ANNOTATIONS}
    closing = {"unevaluatedProperties", "unevaluatedItems", "nullable"} & shared
    return len(unions) == 1 and bool(shared) and _plain(schema) and not closing


def _one_to_any(_: Random, __: Value, schema: Value) -> Value:
    word, other = ("oneOf", "anyOf") if "oneOf" in schema else ("anyOf", "oneOf")
    return {other if key == word else key: value for key, value in schema.items()}


def _has_disjoint_branches(schema: Value, old: bool) -> bool:  # noqa: FBT001
    unions = [word for word in ("anyOf", "oneOf") if word in schema]
    if len(unions) != 1 or "discriminator" in schema:
        return False
    kinds = [branch.get("type") for branch in schema[unions[0]] if isinstance(branch, dict)]
    simple = len(kinds) == len(schema[unions[0]]) and all(isinstance(kind, str) for kind in kinds)
    return simple and len(set(kinds)) == len(kinds) and not {"integer", "number"} <= set(kinds)


def _closed_otherwise(_: Random, __: Value, schema: Value) -> Value:
    return {"unevaluatedProperties" if key == "additionalProperties" else key: value for key, value in schema.items()}


def _is_closed(schema: Value, old: bool) -> bool:  # noqa: FBT001
    applied = {"allOf", "anyOf", "oneOf", "if", "not", "dependentSchemas", "$ref"}
    return not old and schema.get("additionalProperties") is False and not applied & schema.keys()


def _listed_boolean(_: Random, __: Value, schema: Value) -> Value:
    return {**schema, "enum": [True, False]}


def _by_steps(_: Random, __: Value, schema: Value) -> Value:
    return {**schema, "type": "number", "multipleOf": 1}


def told_anew(schema: Value) -> Value:
    """A schema of 3.0 in the words of 3.1."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    nullable = schema.pop("nullable", False)
    for word, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.pop(word, False) and limit in schema:
            schema[word] = schema.pop(limit)
    if nullable and "type" in schema:
        schema["type"] = [schema["type"], "null"]
        return schema
    return {"anyOf": [schema, {"type": "null"}]} if nullable and schema.keys() - ANNOTATIONS else schema


REWRITES: dict[str, tuple[Fits, Rewrite]] = {
    "inline a reference": (lambda schema, _: _is_local(schema), _inline),
    "extract a component": (lambda schema, _: "$ref" not in schema, _extract),
    "split into allOf": (_may_split, _split),
    "split properties into allOf": (_has_open_properties, _split_properties),
    "wrap in a union or a conjunction of one": (lambda schema, _: "discriminator" not in schema, _wrap),
    "unwrap": (_is_wrapped, _unwrap),
    "null apart": (_has_null, _null_apart),
    "null inside": (_null_is_apart, _null_inside),
    "enum of one to const": (lambda schema, old: not old and len(schema.get("enum", ())) == 1, _enum_to_const),
    "const to enum of one": (lambda schema, old: not old and "const" in schema, _const_to_enum),
    "enum apart": (_may_list_apart, _enum_apart),
    "limit excluded": (_may_exclude, _exclusive),
    "defaults of a schema": (lambda schema, old: not (old and "$ref" in schema), _explicit),
    "words of a schema": (lambda schema, old: not (old and "$ref" in schema), _annotated),
    "shared words into the branches": (_may_distribute, _distributed),
    "oneOf and anyOf of what is disjoint": (_has_disjoint_branches, _one_to_any),
    "closed in another way": (_is_closed, _closed_otherwise),
    "booleans listed": (
        lambda schema, _: schema.get("type") == "boolean" and not {"enum", "const", "nullable"} & schema.keys(),
        _listed_boolean,
    ),
    "whole by steps": (
        lambda schema, _: schema.get("type") == "integer" and not {"multipleOf", "format"} & schema.keys(),
        _by_steps,
    ),
}
