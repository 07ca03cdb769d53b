"""Properties that come and go, and what the relation cannot see in them."""

from collections.abc import Iterator
from typing import Any

from xptasks.contracts.compat.change import Direction, Example, Rule
from xptasks.results import Severity

_TEXT = {"type": "string"}


def _object(**properties: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"type": "object", "properties": properties}


_ONE = _object(a=_TEXT)
_TWO = _object(a=_TEXT, b=_TEXT)
_OLD = _object(a=_TEXT, b=_TEXT | {"deprecated": True})
_NEEDED = {"required": ["a"]}
_DEFAULT = _object(a=_TEXT | {"default": "x"})


def rules() -> Iterator[Rule]:
    """The rules of this module, in both directions."""
    yield _rule(
        "request",
        "property-removed",
        "warning",
        "The service no longer knows a property; what clients send in it is lost.",
        _TWO,
        _ONE,
    )
    yield _rule(
        "response", "property-removed", "warning", "A property is gone; clients that read it find nothing.", _TWO, _ONE
    )
    yield _rule("request", "property-added", "info", "The service understands one property more.", _ONE, _TWO)
    yield _rule("response", "property-added", "info", "Clients get one property more.", _ONE, _TWO)
    for direction in _BOTH:
        yield _rule(direction, "property-deprecated", "info", "A property is announced to go.", _TWO, _OLD)
        yield _rule(direction, "property-reactivated", "info", "A property is here to stay.", _OLD, _TWO)
        yield _rule(direction, "default-changed", "info", "What a missing value means changed.", _ONE, _DEFAULT)
        yield _rule(
            direction,
            "sunset-invalid",
            "error",
            "The day on which a property goes away cannot be read.",
            _TWO,
            _object(a=_TEXT, b=_TEXT | {"deprecated": True, "x-sunset": "soon"}),
        )
        yield _rule(
            direction,
            "stability-decreased",
            "warning",
            "A property is promised less firmly than before.",
            _object(a=_TEXT | {"x-stability-level": "stable"}),
            _object(a=_TEXT | {"x-stability-level": "alpha"}),
        )
        yield _rule(
            direction,
            "stability-invalid",
            "error",
            "`x-stability-level` is draft, alpha, beta or stable.",
            _ONE,
            _object(a=_TEXT | {"x-stability-level": "firm"}),
        )
        yield _rule(
            direction,
            "discriminator-changed",
            "info",
            "Another property tells the alternatives apart.",
            _ONE,
            _ONE | {"discriminator": {"propertyName": "a"}},
        )
        yield _rule(
            direction,
            "extensible-enum-value-removed",
            "warning" if direction == "request" else "info",
            "A value that was known is no longer listed.",
            _object(a=_TEXT | {"x-extensible-enum": ["u", "v"]}),
            _object(a=_TEXT | {"x-extensible-enum": ["u"]}),
        )
        yield _rule(
            direction,
            "extensible-enum-value-added",
            "info",
            "One more value is listed; clients were told to expect that.",
            _object(a=_TEXT | {"x-extensible-enum": ["u"]}),
            _object(a=_TEXT | {"x-extensible-enum": ["u", "v"]}),
        )
        narrow, wide = {"type": "integer", "maxLength": 2}, {"type": "integer", "maxLength": 3}
        if direction == "request":
            narrow, wide = wide, narrow
        yield _rule(
            direction,
            "ignored-limit-changed",
            "warning",
            "A limit changed that does not apply to the type; nothing changes in JSON, but the type may be a mistake.",
            narrow,
            wide,
        )
        word = "readOnly" if direction == "request" else "writeOnly"
        here, away = _object(a=_TEXT), _object(a=_TEXT | {word: True})
        yield _rule(
            direction, "visibility-changed", "info", "A property travels in another direction than before.", away, here
        )
        yield _rule(
            direction,
            "visibility-required",
            "warning" if direction == "response" else "info",
            "A property that must be there did not travel in this direction before.",
            away | _NEEDED,
            here | _NEEDED,
        )


_BOTH: tuple[Direction, ...] = ("request", "response")


def _rule(direction: Direction, name: str, level: Severity, sentence: str, before: Any, after: Any) -> Rule:  # noqa: ANN401, PLR0913, PLR0917
    wire: Severity = "info" if level == "warning" else level
    severity: dict[Any, Severity] = {"wire": wire, "client": level, "source": level}
    return Rule(f"{direction}-{name}", "schema", name, direction, severity, sentence, Example(before, after))
