"""What is missing among the rules: a grid of what may change, how, and for whose messages.

Every rule has its cell, and every cell has a rule or stands in `GAPS` with the reason why there is none.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import pytest

from xptasks.contracts.compat.change import Rule
from xptasks.contracts.compat.rules import RULES
from xptasks.contracts.compat.rules.schemas import KINDS

Cell = tuple[str, str, str]
BOTH, ONE, NONE = ("request", "response"), ("request",), ("none",)

# Whatever can be there or not, the directions it travels in, and the rules about it: pattern, then kind of change.
PARTS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "contract": (NONE, {"contract-removed": "removed"}),
    "path": (NONE, {"path-removed": "removed"}),
    "operation": (
        NONE,
        {
            "operation-removed*": "removed",
            "operation-added": "added",
            "operation-id-changed": "changed",
            "operation-tags-changed": "changed",
        },
    ),
    "webhook": (NONE, {"webhook-removed": "removed", "webhook-added": "added"}),
    "callback": (NONE, {"callback-removed": "removed", "callback-added": "added"}),
    "parameter": (
        BOTH,
        {
            "parameter-removed*|sent-parameter-removed|sent-optional-parameter-removed": "removed",
            "parameter-added|parameter-required-added|sent-parameter-added": "added",
            "parameter-required|sent-parameter-required|parameter-empty-refused": "narrowed",
            "parameter-optional|sent-parameter-optional|parameter-empty-allowed": "widened",
            "parameter-default-changed|parameter-style-changed|parameter-content-changed": "changed",
            "parameter-renamed|parameter-moved": "changed",
        },
    ),
    "body": (
        BOTH,
        {
            "request-body-removed|sent-body-removed": "removed",
            "request-body-added|request-body-required-added|sent-body-added": "added",
            "request-body-required|sent-body-required": "narrowed",
            "request-body-optional|sent-body-optional": "widened",
            "request-encoding-changed": "changed",
        },
    ),
    "media type": (
        BOTH,
        {
            "*-media-type-removed": "removed",
            "*-media-type-added": "added",
            "*-media-type-narrowed": "narrowed",
            "*-media-type-widened": "widened",
        },
    ),
    "status": (
        BOTH,
        {
            "response-*status-removed|response-default-removed|answer-status-refused": "removed",
            "response-status-added|response-default-added|answer-status-accepted": "added",
            "response-default-replaced": "changed",
        },
    ),
    "header": (
        BOTH,
        {
            "response-header-removed|response-optional-header-removed|answer-header-not-needed": "removed",
            "response-header-added|answer-header-needed": "added",
            "response-header-optional": "widened",
            "response-header-required": "narrowed",
            "response-header-style-changed": "changed",
        },
    ),
    "link": (
        ("response",),
        {
            "response-link-removed": "removed",
            "response-link-added": "added",
            "response-link-changed|response-link-extended": "changed",
        },
    ),
    "server": (NONE, {"server-removed": "removed", "server-added": "added", "server-protocol-*": "changed"}),
    "server variable": (
        NONE,
        {
            "server-variable-narrowed": "narrowed",
            "server-variable-widened": "widened",
            "server-variable-default-changed": "changed",
        },
    ),
    "security requirement": (
        ONE,
        {"security-tightened": "narrowed", "security-relaxed": "widened", "security-scopes-changed": "changed"},
    ),
    "security scheme": (
        ONE,
        {
            "security-scheme-removed": "removed",
            "security-scheme-added": "added",
            "security-scheme-changed|security-source-changed": "changed",
        },
    ),
    "component": (NONE, {"component-removed": "removed", "component-added": "added"}),
    "channel": (
        NONE,
        {
            "channel-removed": "removed",
            "channel-added": "added",
            "channel-address-changed|channel-renamed|channel-server-*": "changed",
        },
    ),
    "channel parameter": (NONE, {"channel-parameter-location-changed": "changed"}),
    "channel parameter's default": (ONE, {"channel-parameter-default-changed": "changed"}),
    "binding": (NONE, {"binding-changed": "changed"}),
    "handshake": (ONE, {"handshake-changed": "changed"}),
    "event operation": (
        NONE,
        {
            "event-operation-removed": "removed",
            "event-operation-added": "added",
            "event-operation-turned|event-operation-renamed|event-scopes-changed": "changed",
        },
    ),
    "reply": (
        NONE,
        {"reply-removed": "removed", "reply-address-changed": "changed"},
    ),
    "new reply": (BOTH, {"reply-added|reply-expected": "added"}),
    "message": (BOTH, {"received-message-removed|sent-message-removed": "removed", "*-message-added": "added"}),
    "message's form": (
        NONE,
        {
            "message-content-type-changed|message-renamed|message-format-changed": "changed",
            "message-correlation-*": "changed",
        },
    ),
    "property": (
        BOTH,
        {
            "*-property-removed": "removed",
            "*-property-added": "added",
            "*-visibility-*|request-default-changed|response-default-changed": "changed",
        },
    ),
    "discriminator": (BOTH, {"*-discriminator-changed": "changed"}),
    "extensible enum": (
        BOTH,
        {"*-extensible-enum-value-removed": "removed", "*-extensible-enum-value-added": "added"},
    ),
    "ignored limit": (BOTH, {"*-ignored-limit-changed": "changed"}),
}
EXISTENCE = ("added", "removed", "changed")

LIFECYCLE = (
    "deprecated",
    "reactivated",
    "sunset-invalid",
    "sunset-removed",
    "sunset-earlier",
    "sunset-missing",
    "notice-short",
    "stability-decreased",
    "stability-invalid",
)
PROMISES = {
    "operation's promise": (NONE, "operation-{}"),
    "parameter's promise": (NONE, "parameter-{}"),
    "property's promise": (BOTH, "{direction}-property-{}|{direction}-{}"),
}
VERSION = ("decreased", "unreadable", "major-missing", "minor-missing", "patch-missing")
WIDTHS = ("narrowed", "widened", "changed")

_ALONE = "two bounds can only be tighter or looser, never neither"
_PLAIN = "it holds or it does not: there is no third way"
_STRUCTURE = "what is neither narrower nor wider is told where it differs, below this place"
GAPS: dict[Cell, str] = {
    ("contract", "added", "none"): "it is compared with nothing; a note says so",
    ("contract", "changed", "none"): "that is what all the other rules are about",
    ("path", "added", "none"): "told as the operations that it has",
    ("path", "changed", "none"): "a path with another text is another path; other names in it are no change",
    ("webhook", "changed", "none"): "told by the rules for its parts",
    ("callback", "changed", "none"): "told by the rules for its parts",
    ("parameter", "changed", "response"): "how a hook writes its parameters is told as a change of the schema",
    ("body", "changed", "response"): "told by the rules for media types and schemas",
    ("media type", "changed", "*"): "a media type with another name is another one; the schema has rules of its own",
    ("status", "changed", "request"): "told by the rules for what the answer holds",
    ("header", "changed", "request"): "what a hook's answer needs is told as a change of the schema",
    ("server variable", "added", "none"): "told as narrowed or widened addresses",
    ("server variable", "removed", "none"): "told as narrowed or widened addresses",
    ("security requirement", "added", "request"): "an alternative more is told as relaxed, a condition as tightened",
    ("security requirement", "removed", "request"): "as above",
    ("component", "changed", "none"): "told where it is used; unused, it concerns nobody",
    ("channel parameter", "added", "none"): "it is part of the address, which is another one then",
    ("channel parameter", "removed", "none"): "as above",
    ("channel parameter's default", "added", "request"): "told as changed",
    ("channel parameter's default", "removed", "request"): "told as changed",
    ("binding", "added", "none"): "told as changed, since what is not said has a default",
    ("binding", "removed", "none"): "as above",
    ("handshake", "added", "request"): "as above",
    ("handshake", "removed", "request"): "as above",
    ("reply", "added", "none"): "told by direction: the service answers, or it expects an answer",
    ("new reply", "removed", "*"): "told as `reply-removed`",
    ("new reply", "changed", "*"): "told by the rules for the messages of the reply",
    ("message", "changed", "*"): "told by the rules for payload and headers",
    ("message's form", "added", "none"): "every message has one, if only by default",
    ("message's form", "removed", "none"): "as above",
    ("discriminator", "added", "*"): "told as changed: it says nothing that instances show",
    ("discriminator", "removed", "*"): "as above",
    ("extensible enum", "changed", "*"): "told as values that came and went",
    ("ignored limit", "added", "*"): "told as changed: it says nothing that instances show",
    ("ignored limit", "removed", "*"): "as above",
    ("property's promise", "sunset-removed", "*"): "a day of a property is checked for being one, no more",
    ("property's promise", "sunset-earlier", "*"): "as above",
    ("property's promise", "sunset-missing", "*"): "times of notice are asked for operations and parameters",
    ("property's promise", "notice-short", "*"): "as above",
    **{
        (f"schema: {name}", "changed", "*"): _ALONE
        for name in (
            *("minimum", "maximum", "min-length", "max-length"),
            *("min-items", "max-items", "min-properties", "max-properties"),
        )
    },
    **{(f"schema: {name}", "changed", "*"): _PLAIN for name in ("integer", "nullable", "unique-items", "exclusive")},
    **{
        (f"schema: {name}", "changed", "*"): _STRUCTURE
        for name in (
            *("prefix-items", "items", "required", "additional", "pattern-properties"),
            *("union", "unevaluated", "schema"),
        )
    },
}


def _matches(rule: Rule, pattern: str) -> bool:
    return any(fnmatchcase(rule.id, one) for one in pattern.split("|"))


def cells(rule: Rule) -> Iterator[Cell]:
    """Where a rule has its place; exactly one for a rule that is named as the others are."""
    keyword = _keyword(rule)
    if keyword:
        yield (f"schema: {keyword[0]}", keyword[1], rule.direction)
        return
    promised = [
        (name, kind)
        for name, (_, pattern) in PROMISES.items()
        for kind in LIFECYCLE
        if _matches(rule, pattern.format(kind, kind, direction=rule.direction))
    ]
    if promised:
        yield (*promised[0], rule.direction)
    elif rule.area == "version":
        yield ("version", rule.id.removeprefix("version-"), "none")
    else:
        for name, (_, patterns) in PARTS.items():
            for pattern, kind in patterns.items():
                if _matches(rule, pattern):
                    yield (name, kind, rule.direction)


def _keyword(rule: Rule) -> tuple[str, str] | None:
    if rule.area != "schema":
        return None
    match = re.fullmatch(rf"{rule.direction}-(.+)-({'|'.join(WIDTHS)})", rule.id)
    return (match[1], match[2]) if match and match[1] in {kind.name for kind in KINDS} else None


def grid() -> Iterator[Cell]:
    """Every cell that somebody may ask about."""
    for name, (directions, _) in PARTS.items():
        yield from ((name, kind, direction) for kind in EXISTENCE for direction in directions)
    for name, (directions, _) in PROMISES.items():
        yield from ((name, kind, direction) for kind in LIFECYCLE for direction in directions)
    for each in KINDS:
        yield from ((f"schema: {each.name}", kind, direction) for kind in WIDTHS for direction in BOTH)
    yield from (("version", kind, "none") for kind in VERSION)


def explained(cell: Cell) -> bool:
    return cell in GAPS or (*cell[:2], "*") in GAPS


FILLED = {cell: rule for rule in RULES.values() for cell in cells(rule)}


def _named(cell: Cell) -> str:
    return " / ".join(cell)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_rule_has_one_cell(rule: Rule) -> None:
    assert len(list(cells(rule))) == 1


@pytest.mark.parametrize("cell", list(grid()), ids=_named)
def test_every_cell_has_a_rule_or_a_reason(cell: Cell) -> None:
    assert (cell in FILLED) != explained(cell), "filled and explained, or neither"


@pytest.mark.parametrize("gap", GAPS, ids=_named)
def test_every_reason_is_about_a_cell(gap: Cell) -> None:
    assert GAPS[gap]
    assert [cell for cell in grid() if cell[:2] == gap[:2] and gap[2] in {"*", cell[2]}]


def test_the_grid_is_no_smaller_than_it_was() -> None:
    """A grid that somebody empties would have no gaps."""
    assert len(list(grid())) > 300
    assert len(FILLED) > 200
