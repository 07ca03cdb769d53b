"""Rules whose errors have no witness: no request, answer or message shows them. Each says why."""

from collections.abc import Mapping

_DAY = "It is about a day that is announced, not about what travels."
_LEVEL = "It is about how firm a promise is, not about what travels."
_VERSION = "It is about the number of the contract, not about what travels."
_PLACE = "The same message may travel as before; what differs is where in it a reader finds"
_NAME = "It is about a name in generated code, which nobody sends."

UNSHOWN: Mapping[str, str] = {
    **{
        f"{what}-sunset-{word}": _DAY
        for what in ("operation", "parameter")
        for word in ("invalid", "missing", "removed", "earlier")
    },
    **{f"{what}-notice-short": _DAY for what in ("operation", "parameter")},
    **{f"{way}-sunset-invalid": _DAY for way in ("request", "response")},
    **{f"{what}-stability-decreased": _LEVEL for what in ("operation", "parameter")},
    **{f"{what}-stability-invalid": _LEVEL for what in ("operation", "parameter", "request", "response")},
    **{f"version-{word}-missing": _VERSION for word in ("major", "minor", "patch")},
    **dict.fromkeys(("version-decreased", "version-unreadable"), _VERSION),
    **dict.fromkeys(("operation-id-changed", "component-removed", "message-renamed"), _NAME),
    "event-operation-renamed": _NAME,
    "message-correlation-changed": f"{_PLACE} its correlation id.",
    "channel-parameter-location-changed": f"{_PLACE} a part of its address.",
    "contract-removed": "Nothing continues the contract: there is no other side that could refuse anything.",
}
"""The reason by rule; `listing` shows it."""
