"""What generated code says about a type or a field, the same in every language.

First the contract's words, then what no type expresses.
"""

import json
from collections.abc import Iterator

from xptasks.contracts.model.types import MISSING, Check, Declaration, Doc, Field, Limits, ObjectType

_LIMIT_WORDS = (
    ("minimum", "minimum"),
    ("maximum", "maximum"),
    ("exclusive_minimum", "exclusiveMinimum"),
    ("exclusive_maximum", "exclusiveMaximum"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("min_items", "minItems"),
    ("max_items", "maxItems"),
    ("min_properties", "minProperties"),
    ("max_properties", "maxProperties"),
)


def shown(value: object) -> str:
    """A JSON value in a comment."""
    return json.dumps(value, ensure_ascii=False, default=str)


def limit_words(limits: Limits) -> Iterator[str]:
    """`minLength 1`, `pattern "^a"`: each constraint in the contract's words."""
    for name, word in _LIMIT_WORDS:
        value = getattr(limits, name)
        if value is not None:
            yield f"{word} {value}"
    if limits.unique:
        yield "uniqueItems"
    yield from (f"multipleOf {value}" for value in limits.multiples)
    yield from (f"pattern {shown(pattern)}" for pattern in limits.patterns)


def check_words(check: Check) -> str:
    """A rule as a sentence for languages that only document it."""
    match check.keyword:
        case "dependentRequired":
            rules = (
                f"{name} needs {', '.join(needs)}" for name, needs in zip(check.names, check.required, strict=True)
            )
            return f"Rule dependentRequired: {'; '.join(rules)}."
        case "contains":
            most = f" and at most {check.most}" if check.most is not None else ""
            return f"Rule contains: at least {check.least}{most} of the items match."
        case "patternProperties" | "dependentSchemas":
            return f"Rule {check.keyword}: {', '.join(map(shown, check.names))}."
        case _:
            return f"Rule {check.keyword}: see the contract."


def declaration_text(declaration: Declaration) -> str:
    """Title and description of a declaration, and where it comes from."""
    doc = declaration.doc
    return "\n\n".join(part for part in (_headline(doc), *doc.notes, _warning(doc)) if part)


def field_text(field: Field, *, with_default: bool = False) -> str:
    """Title and description of a property, and what else its reader should know."""
    doc = field.doc
    facts = [_headline(doc), *doc.notes, _warning(doc)]
    if field.read_only:
        facts.append("Read-only: only the server sets it.")
    if field.write_only:
        facts.append("Write-only: the server does not return it.")
    if with_default and field.default is not MISSING:
        facts.append(f"Default: {shown(field.default)}")
    return "\n\n".join(fact for fact in facts if fact)


def object_limit_words(declaration: ObjectType) -> str:
    """The constraints of an object as one line; empty without any."""
    return ", ".join(limit_words(declaration.limits))


def _headline(doc: Doc) -> str:
    title, description = doc.title.strip(), doc.description.strip()
    if not title or description.casefold().startswith(title.casefold()):
        return description
    ended = title if title.endswith((".", "!", "?", ":")) else f"{title}."
    return f"{ended}\n\n{description}" if description else ended


def _warning(doc: Doc) -> str:
    return "Deprecated." if doc.deprecated else ""
