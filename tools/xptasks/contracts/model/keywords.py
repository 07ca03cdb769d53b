"""What becomes of each keyword of JSON Schema, OpenAPI and AsyncAPI schemas in each language: the published table.

expressed   the language's own types say it, and its decoder enforces it
checked     a rule that generated code runs
documented  a comment in generated code; the value passes unchecked
refused     no code is generated: the contract's owner is told where and why
"""

from typing import Final, Literal, NamedTuple

Treatment = Literal["expressed", "checked", "documented", "refused"]
LANGUAGES: Final = ("python", "swift", "typescript")


class Row(NamedTuple):
    """One keyword; `remark` says what the word of a treatment cannot."""

    python: Treatment
    swift: Treatment
    typescript: Treatment
    remark: str = ""


_EXPRESSED = Row("expressed", "expressed", "expressed")
_RULE = Row("checked", "documented", "documented")
_WORDS = Row("documented", "documented", "documented")

TABLE: Final[dict[str, Row]] = {
    "$ref": _EXPRESSED,
    "type": _EXPRESSED._replace(remark="left out, it follows from keywords such as `properties`, `items` or `pattern`"),
    "nullable": _EXPRESSED._replace(remark="OpenAPI 3.0"),
    "enum": _EXPRESSED._replace(remark="tolerant in Swift where only responses and messages use it"),
    "const": _EXPRESSED._replace(remark="objects, lists and fractions: checked in Python"),
    "properties": _EXPRESSED,
    "required": _EXPRESSED,
    "additionalProperties": _EXPRESSED._replace(remark="closed, open or typed, beside properties too"),
    "items": _EXPRESSED,
    "prefixItems": _EXPRESSED,
    "additionalItems": _EXPRESSED._replace(remark="AsyncAPI"),
    "unevaluatedItems": _EXPRESSED,
    "allOf": _EXPRESSED._replace(remark="merged into one type"),
    "oneOf": Row("checked", "expressed", "expressed", "exactly one is checked in Python where two could match"),
    "anyOf": _EXPRESSED,
    "discriminator": _EXPRESSED,
    "format": Row("expressed", "expressed", "documented", "formats have a table of their own"),
    "contentEncoding": Row("expressed", "expressed", "documented", "base64 is bytes; other encodings are documented"),
    "contentMediaType": _WORDS,
    "contentSchema": _WORDS,
    "default": Row("expressed", "expressed", "documented"),
    "readOnly": Row("expressed", "expressed", "expressed", "required does not hold in requests"),
    "writeOnly": Row("expressed", "expressed", "expressed", "required does not hold in responses"),
    "minimum": _RULE,
    "maximum": _RULE,
    "exclusiveMinimum": _RULE,
    "exclusiveMaximum": _RULE,
    "multipleOf": _RULE,
    "minLength": _RULE,
    "maxLength": _RULE,
    "pattern": _RULE,
    "minItems": _RULE,
    "maxItems": _RULE,
    "uniqueItems": _RULE,
    "contains": _RULE,
    "minContains": _RULE,
    "maxContains": _RULE,
    "minProperties": _RULE,
    "maxProperties": _RULE,
    "propertyNames": _RULE,
    "patternProperties": _RULE,
    "unevaluatedProperties": Row("checked", "expressed", "expressed", "false closes the object"),
    "dependentRequired": _RULE,
    "dependentSchemas": _RULE,
    "dependencies": _RULE._replace(remark="AsyncAPI"),
    "not": _RULE,
    "if": _RULE,
    "then": _RULE,
    "else": _RULE,
    "title": _WORDS,
    "description": _WORDS,
    "deprecated": _WORDS,
    "example": _WORDS._replace(remark="checked against the schema by the golden vectors"),
    "examples": _WORDS._replace(remark="checked against the schema by the golden vectors"),
    "externalDocs": _WORDS,
    "xml": _WORDS._replace(remark="generated code is for JSON"),
    "$comment": _WORDS,
    "$id": _EXPRESSED,
    "$schema": _WORDS,
    "$anchor": _EXPRESSED,
    "$defs": _EXPRESSED,
    "definitions": _EXPRESSED,
    "$vocabulary": _WORDS,
    "$dynamicRef": Row("refused", "refused", "refused"),
    "$dynamicAnchor": Row("refused", "refused", "refused"),
    "schemaFormat": Row("documented", "documented", "documented", "other than JSON Schema: any value"),
    "schema": _EXPRESSED._replace(remark="AsyncAPI's multi-format schema"),
}

KNOWN: Final = frozenset(TABLE)
REFUSED: Final = frozenset(keyword for keyword, row in TABLE.items() if "refused" in row[:3])
