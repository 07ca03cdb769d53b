"""oasdiff's ignore files, for projects that come from there: each line allows what it describes.

Such a line holds an operation and the sentence that oasdiff says about a change, in any order and with words around:

    GET /projects removed the success response with the status `200`

The sentence is taken for what it means: its words say which of our rules it is about, its quoted names where; from what
to what a value went does not count. A line allows a change only when all its names belong to that change, so a line
that is not understood allows nothing, and `problems` says which lines those are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from xptasks.contracts.compat.change import Change
from xptasks.contracts.compat.judgement import Permission
from xptasks.results import Finding, Position

# Words that a sentence has (`&`: all of them, `|`: or these) and the rules that it may be about; `{}` is the direction.
# The first row that fits counts.
_MEANINGS: tuple[tuple[str, str], ...] = (
    ("sunset date&is missing|without sunset date", "*-sunset-missing"),
    ("sunset date&too small", "*-notice-short *-sunset-earlier"),
    ("failed to parse sunset|invalid sunset", "*-sunset-invalid"),
    ("sunset date deleted", "*-sunset-removed"),
    ("parse stability level", "*-stability-invalid"),
    ("stability level decreased", "*-stability-decreased"),
    ("before the sunset date", "*-removed-before-sunset"),
    ("api path removed|api removed", "path-removed operation-removed operation-removed-*"),
    ("api operation id", "operation-id-changed"),
    ("removed the schema", "component-removed"),
    ("success response|non-success response", "response-success-status-removed response-status-removed"),
    ("response header&deleted|response header&removed", "response-header-removed response-optional-header-removed"),
    ("response header&became optional", "response-header-optional"),
    ("media type&removed", "{}-media-type-removed"),
    ("media type&added", "{}-media-type-added response-media-type-widened"),
    ("required request body", "request-body-required-added"),
    ("request body became required", "request-body-required"),
    ("removed the request body", "request-body-removed"),
    ("request parameter&deleted", "parameter-removed parameter-removed-*"),
    ("new required&request parameter|new path request parameter", "parameter-required-added"),
    ("request parameter&became required", "parameter-required"),
    ("request parameter&default value", "parameter-default-changed"),
    ("security", "security-*"),
    ("read-only|write-only", "{}-visibility-* {}-required-*"),
    ("new required&property", "request-required-narrowed request-property-added"),
    ("became required", "{}-required-narrowed"),
    ("became optional", "{}-required-widened"),
    ("removed the&property", "{}-property-removed {}-required-widened"),
    ("nullable", "{}-nullable-*"),
    ("discriminator", "{}-discriminator-changed"),
    ("anyof|oneof|allof", "{}-union-* {}-exclusive-* {}-schema-* {}-type-*"),
    ("enum", "{}-enum-* {}-extensible-enum-*"),
    ("contentencoding|contentmediatype|contentschema", "{}-content-*"),
    ("const value", "{}-enum-*"),
    ("pattern", "{}-pattern-*"),
    ("exclusivemaximum|max was|the max ", "{}-maximum-* {}-ignored-limit-changed"),
    ("exclusiveminimum|min was|the min ", "{}-minimum-* {}-ignored-limit-changed"),
    ("maxlength", "{}-max-length-* {}-ignored-limit-changed"),
    ("minlength", "{}-min-length-* {}-ignored-limit-changed"),
    ("maxitems", "{}-max-items-* {}-ignored-limit-changed"),
    ("minitems", "{}-min-items-* {}-ignored-limit-changed"),
    ("uniqueitems", "{}-unique-items-*"),
    ("multipleof", "{}-multiple-of-* {}-ignored-limit-changed"),
    (
        "type/format|type`|type was|format was|type changed|list-of-types",
        "{}-type-* {}-format-* {}-integer-* {}-nullable-* {}-minimum-* {}-maximum-*",
    ),
    ("default value", "{}-default-changed"),
    ("additionalproperties", "{}-additional-*"),
)
_METHODS = "get|put|post|delete|options|head|patch|trace"
_OPERATION = re.compile(rf"\b({_METHODS}) (/\S*)")
_VALUES = re.compile(r"\b(?:from|to|types|media type of) (?:media type )?`[^`]*`(?:/`[^`]*`)?|\bfailed to parse.*")
_QUOTED = re.compile(r"`([^`]*)`|'([^']*)'")
_SCHEMA = re.compile(r"#|subschema ")  # the alternatives of a union: it is told as a whole here
_FILLERS = {"type", "format", "type/format", "none", "any", "anyof", "oneof", "allof"}
_STEPS = {"items", "properties", "additionalproperties"}
_ALARMS = ("error", "warning")


@dataclass(frozen=True, slots=True)
class _Line:
    position: Position
    text: str
    place: str
    rules: tuple[str, ...]
    names: tuple[str, ...]

    def is_about(self, change: Change) -> bool:
        """Whether the rule, the operation and every name fit."""
        at, said = change.at.lower(), f"{change.at} {change.message}".lower()
        here = not self.place or at == self.place or at.startswith(f"{self.place} ")
        known = here and any(fnmatchcase(change.rule, rule) for rule in self.rules)
        return known and all(name in said for name in self.names)


class IgnoreFile:
    """One ignore file. Text that names neither an operation nor components is prose, as oasdiff sees it."""

    def __init__(self, name: str, text: str) -> None:
        lines = enumerate(text.lower().splitlines(), 1)
        self._lines = [line for number, one in lines if (line := _parsed(Position(name, number, 1), one))]
        self._used: set[Position] = set()

    def permission(self, change: Change) -> Permission | None:
        """The first line that describes the change."""
        if change.severity not in _ALARMS:
            return None
        fitting = [line for line in self._lines if line.is_about(change)]
        self._used.update(line.position for line in fitting)
        return Permission("in an ignore file of oasdiff", None, fitting[0].position) if fitting else None

    def problems(self) -> Sequence[Finding]:
        """The lines that allowed nothing: warnings, since the file is on its way out."""
        found = []
        for line in self._lines:
            if line.position not in self._used:
                why = "describes no change that was found" if line.rules else "says nothing that has a rule here"
                hint = "Remove the line, or write a `[[contracts.allow]]` in `xpconfig.toml` in its place."
                found.append(
                    Finding(f"the line {line.text!r} {why}", "oasdiff-line-unused", "warning", line.position, hint)
                )
        return found


def _parsed(position: Position, text: str) -> _Line | None:
    operation = _OPERATION.search(text)
    if operation is None and "components" not in text:
        return None
    rest = text.replace(operation[0], " ") if operation else text
    names = (match[1] if match[1] is not None else match[2] for match in _QUOTED.finditer(_VALUES.sub("", rest)))
    direction = "response" if "response" in rest else "request"
    parts = tuple(part for name in names if not _SCHEMA.match(name) and (part := _last(name)) not in _FILLERS)
    place = operation[0] if operation else ""
    return _Line(position, text.strip(), place, _rules(rest, direction), parts)


def _last(name: str) -> str:
    """The last step of a path of properties; other names as they are."""
    steps = [step for step in name.split("/") if step and step not in _STEPS]
    return steps[-1] if steps else "none"


def _rules(text: str, direction: str) -> tuple[str, ...]:
    for words, rules in _MEANINGS:
        if any(all(part in text for part in choice.split("&")) for choice in words.split("|")):
            return tuple(rules.format(*[direction] * rules.count("{}")).split())
    return ()
