"""Operations that come, go, or get another name."""

from collections.abc import Iterator

from xptasks.contracts.compat.change import Rule
from xptasks.contracts.compat.rules.making import rule
from xptasks.contracts.compat.sample import OK, contract, operation

_GET = {"get": {"responses": OK}}
_POST = {"post": {"responses": OK}}
_ONE = contract(paths={"/a": _GET})
_TWO = contract(paths={"/a": _GET, "/b": _GET})
_OLD = contract(paths={"/a": _GET, "/b": {"get": {"responses": OK, "deprecated": True}}})
_SUNSET = contract(paths={"/a": _GET, "/b": {"get": {"responses": OK, "deprecated": True, "x-sunset": "9999-01-01"}}})
_HOOKS = contract(webhooks={"made": _POST})


def rules() -> Iterator[Rule]:
    """The rules of this module."""
    yield rule(
        "operation", "none", "path-removed", "error", "A path is gone without having been deprecated.", _TWO, _ONE
    )
    yield rule(
        "operation",
        "none",
        "operation-removed",
        "error",
        "An operation is gone without having been deprecated.",
        contract(paths={"/a": _GET | _POST}),
        _ONE,
    )
    yield rule(
        "operation",
        "none",
        "operation-removed-before-sunset",
        "error",
        "An operation is gone before the day that was announced.",
        _SUNSET,
        _ONE,
    )
    yield rule(
        "operation",
        "none",
        "operation-removed-after-deprecation",
        "info",
        "A deprecated operation is gone.",
        _OLD,
        _ONE,
    )
    yield rule("operation", "none", "operation-added", "info", "There is one operation more.", _ONE, _TWO)
    yield rule(
        "operation",
        "none",
        "operation-id-changed",
        {"source": "error"},
        "Generated code calls the operation by another name.",
        operation(operationId="a"),
        operation(operationId="b"),
    )
    yield rule(
        "operation",
        "none",
        "operation-tags-changed",
        {"source": "warning"},
        "Generated code may move to another class.",
        operation(tags=["a"]),
        operation(tags=["b"]),
    )
    yield rule(
        "operation",
        "none",
        "webhook-removed",
        "error",
        "The service no longer calls its clients about something.",
        _HOOKS,
        contract(webhooks={}),
    )
    yield rule(
        "operation",
        "none",
        "webhook-added",
        "info",
        "The service calls its clients about one thing more.",
        contract(webhooks={}),
        _HOOKS,
    )
    yield rule(
        "operation",
        "none",
        "callback-removed",
        "error",
        "The service no longer calls back.",
        _callback("done"),
        operation(),
    )
    yield rule(
        "operation",
        "none",
        "callback-added",
        "info",
        "The service calls back about one thing more.",
        operation(),
        _callback("done"),
    )


def _callback(name: str) -> dict[str, object]:
    return operation(callbacks={name: {"{$request.query.url}": _POST}})
