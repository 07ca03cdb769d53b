"""What is announced before it happens: deprecation, the day of removal, how firm a promise is."""

from collections.abc import Iterator

from xptasks.contracts.compat.change import Policy, Rule
from xptasks.contracts.compat.rules.making import rule
from xptasks.contracts.compat.sample import operation, parameter

_FAR = "9999-01-01"
_NOTICE = Policy(notice={"stable": 30})


def rules() -> Iterator[Rule]:
    """The rules of this module, for operations and for parameters."""
    for area, make in (("operation", operation), ("parameter", parameter)):
        plain, old = make(), make(deprecated=True)
        dated = make(deprecated=True, **{"x-sunset": _FAR})
        yield rule(area, "none", f"{area}-deprecated", "info", "It is announced to go.", plain, dated)
        yield rule(area, "none", f"{area}-reactivated", "info", "It is here to stay.", old, plain)
        yield rule(
            area,
            "none",
            f"{area}-sunset-invalid",
            "error",
            "The day on which it goes away cannot be read.",
            plain,
            make(deprecated=True, **{"x-sunset": "soon"}),
        )
        yield rule(
            area,
            "none",
            f"{area}-sunset-removed",
            "error",
            "The day on which it goes away was known and is not any more.",
            dated,
            old,
        )
        yield rule(
            area,
            "none",
            f"{area}-sunset-earlier",
            "error",
            "It goes away earlier than was announced.",
            dated,
            make(deprecated=True, **{"x-sunset": "9998-01-01"}),
        )
        yield rule(
            area,
            "none",
            f"{area}-sunset-missing",
            "error",
            "It is announced to go, and no day is named although a time of notice was promised.",
            plain,
            old,
            _NOTICE,
        )
        yield rule(
            area,
            "none",
            f"{area}-notice-short",
            "error",
            "It goes away sooner than the time of notice that was promised.",
            plain,
            make(deprecated=True, **{"x-sunset": "2001-01-01"}),
            _NOTICE,
        )
        yield rule(
            area,
            "none",
            f"{area}-stability-decreased",
            "error",
            "It is promised less firmly than before.",
            make(**{"x-stability-level": "stable"}),
            make(**{"x-stability-level": "beta"}),
        )
        yield rule(
            area,
            "none",
            f"{area}-stability-invalid",
            "error",
            "`x-stability-level` is draft, alpha, beta or stable.",
            plain,
            make(**{"x-stability-level": "firm"}),
        )
