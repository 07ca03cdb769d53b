"""What a failed JSON Schema check means, in words: the nearest branch of a choice and not "is not valid under any"."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from xptasks.contracts.json_text import shorten
from xptasks.contracts.positions import join_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import jsonschema_rs

_CHOICES = frozenset({"anyOf", "oneOf"})
_UNKNOWN = frozenset({"additionalProperties", "unevaluatedProperties"})
_LIMITS = {
    "maximum": "must be at most {}",
    "minimum": "must be at least {}",
    "exclusiveMaximum": "must be less than {}",
    "exclusiveMinimum": "must be greater than {}",
    "multipleOf": "must be a multiple of {}",
    "maxLength": "must have at most {} characters",
    "minLength": "must have at least {} characters",
    "maxItems": "must have at most {} items",
    "minItems": "must have at least {} items",
    "maxProperties": "must have at most {} keys",
    "minProperties": "must have at least {} keys",
    "pattern": "must match the pattern {}",
    "format": "must be of the format {}",
    "const": "must be {}",
}

_LISTED = {"type": "must be of the type {}", "enum": "is not one of {}"}
_OTHER = {"not": "is what must not stand here", "oneOf": "fits more than one of the alternatives of `oneOf`"}


class Complaint(NamedTuple):
    """One reason: the JSON Pointer into the instance, the keyword that failed, and a sentence about that place."""

    pointer: str
    keyword: str
    message: str
    hint: str = ""


def complaints(error: "jsonschema_rs.ValidationError") -> "Iterator[Complaint]":
    """The reasons of one error; several when keys are unknown, and those of the nearest branch for a choice."""
    for leaf in leaves(error):
        yield from reasons(leaf)


def leaves(error: "jsonschema_rs.ValidationError") -> "Iterator[jsonschema_rs.ValidationError]":
    """The error itself; for a choice those of the branch that its author most likely meant."""
    if error.kind.name in _CHOICES and not _fits_several(error) and (branch := _nearest_branch(error)):
        for inner in branch:
            yield from leaves(inner)
    else:
        yield error


def reasons(leaf: "jsonschema_rs.ValidationError") -> "Iterator[Complaint]":
    """What one of the `leaves` says in words; several when keys are unknown."""
    keyword = leaf.kind.name
    if keyword in _UNKNOWN:
        for key in _unexpected(leaf):
            yield Complaint(_pointer(leaf, key), keyword, f"the key {shorten(key)!r} is not known here")
    elif keyword == "falseSchema":
        key = shorten(str(leaf.instance_path[-1])) if leaf.instance_path else ""
        yield Complaint(_pointer(leaf), keyword, f"the key {key!r} is not known here")
    else:
        yield Complaint(_pointer(leaf), keyword, _sentence(leaf))


def _fits_several(error: "jsonschema_rs.ValidationError") -> bool:
    return type(error.kind).__name__ == "OneOfMultipleValid"


def _pointer(error: "jsonschema_rs.ValidationError", *more: str) -> str:
    return join_pointer(*error.instance_path, *more)


def _unexpected(error: "jsonschema_rs.ValidationError") -> list[str]:
    return list(getattr(error.kind, "unexpected", ()))


def _nearest_branch(error: "jsonschema_rs.ValidationError") -> list["jsonschema_rs.ValidationError"]:
    """The branch that the author most likely meant: its mistakes lie deepest, then it has the fewest."""
    branches = [branch for branch in getattr(error.kind, "context", ()) if branch]
    return max(branches, key=lambda branch: _closeness(branch, len(error.instance_path)), default=[])


def _closeness(branch: list["jsonschema_rs.ValidationError"], depth: int) -> tuple[bool, bool, int, int]:
    return (
        not any(_is_missing_ref(error) for error in branch),
        not any(error.kind.name in ("type", "const") and len(error.instance_path) == depth for error in branch),
        min(len(error.instance_path) + (error.kind.name in _UNKNOWN) for error in branch),
        -len(branch),
    )


def _is_missing_ref(error: "jsonschema_rs.ValidationError") -> bool:
    return error.kind.name == "required" and error.kind.value == "$ref"


def _sentence(error: "jsonschema_rs.ValidationError") -> str:
    keyword, value = error.kind.name, error.kind.value
    subject = _quote(error.instance)
    if keyword == "required":
        return f"the key {value!r} is missing"
    if keyword in _LIMITS:
        return f"{subject} {_LIMITS[keyword].format(shorten(str(value), 80))}"
    if keyword in _LISTED:
        return f"{subject} {_LISTED[keyword].format(shorten(', '.join(map(str, value)), 200))}"
    return f"{subject} {_OTHER[keyword]}" if keyword in _OTHER else shorten(error.message, 200)


def _quote(value: Any) -> str:  # noqa: ANN401
    return shorten(json.dumps(value, ensure_ascii=False, default=str), 60)
