"""Values outside of JSON: parameters, headers and parts of addresses are text."""

from xptasks.contracts.compat.schemas import ANYTHING, Schema, types_of

_TEXT_LIMITS = {"pattern", "format", "enum", "const", "minLength", "maxLength"}


def reader_of_text(schema: Schema, other: Schema, *, lists: bool) -> Schema:
    """Outside of JSON everything is text: who reads any text reads a number, who reads a list reads one item."""
    mine, theirs = types_of(schema), types_of(other)
    if schema.key == other.key or not mine or not theirs or mine >= theirs:
        return schema
    wide = schema
    if "string" in mine and not _TEXT_LIMITS & schema.keys():
        wide = Schema({**schema, "type": sorted(mine | theirs)}, schema.origin)
    if lists and "array" in mine and "array" not in theirs and schema.get("minItems", 0) <= 1:
        item = reader_of_text(schema.get("items", ANYTHING), other, lists=False)
        wide = Schema({"anyOf": [wide, item]}, schema.origin)
    return wide
