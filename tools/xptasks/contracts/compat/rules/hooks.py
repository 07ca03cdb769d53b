"""Webhooks and callbacks: the service sends what clients otherwise send, and clients answer."""

from collections.abc import Iterator

from xptasks.contracts.compat.change import Rule
from xptasks.contracts.compat.rules.making import rule
from xptasks.contracts.compat.sample import OK, Contract, hook

_CONTENT: dict[str, object] = {"application/json": {}}
_SCHEMA = {"type": "string"}


def rules() -> Iterator[Rule]:
    """The rules of this module."""
    yield from _sent()
    yield from _answered()


def _sent() -> Iterator[Rule]:
    none, some, firm = hook(), _parameter(required=False), _parameter(required=True)
    yield rule(
        "parameter",
        "response",
        "sent-parameter-removed",
        "error",
        "A parameter that the service always sent is gone.",
        firm,
        none,
    )
    yield rule(
        "parameter",
        "response",
        "sent-optional-parameter-removed",
        {"client": "warning", "source": "warning"},
        "A parameter that the service may have sent is gone.",
        some,
        none,
    )
    yield rule(
        "parameter", "response", "sent-parameter-added", "info", "The service sends one parameter more.", none, some
    )
    yield rule(
        "parameter",
        "response",
        "sent-parameter-optional",
        "error",
        "A parameter that the service always sent may be missing.",
        firm,
        some,
    )
    yield rule(
        "parameter", "response", "sent-parameter-required", "info", "The service always sends a parameter.", some, firm
    )
    body, needed = _body(required=False), _body(required=True)
    yield rule("body", "response", "sent-body-removed", "error", "The service sends no body any more.", needed, none)
    yield rule("body", "response", "sent-body-added", "info", "The service sends a body.", none, body)
    yield rule(
        "body", "response", "sent-body-optional", "error", "The service may send no body any more.", needed, body
    )
    yield rule("body", "response", "sent-body-required", "info", "The service always sends a body.", body, needed)


def _answered() -> Iterator[Rule]:
    two = hook(responses=OK | {"202": {"description": "later"}})
    plain, firm = _header(required=False), _header(required=True)
    yield rule(
        "response",
        "request",
        "answer-status-refused",
        "error",
        "The service does not expect an answer any more that clients give.",
        two,
        hook(),
    )
    yield rule(
        "response", "request", "answer-status-accepted", "info", "Clients may give one more answer.", hook(), two
    )
    yield rule(
        "header", "request", "answer-header-needed", "error", "Clients have to answer with a header.", plain, firm
    )
    yield rule(
        "header",
        "request",
        "answer-header-not-needed",
        "info",
        "Clients may answer without a header.",
        firm,
        plain,
    )


def _parameter(*, required: bool) -> Contract:
    return hook(parameters=[{"name": "q", "in": "query", "required": required, "schema": _SCHEMA}])


def _body(*, required: bool) -> Contract:
    return hook(requestBody={"required": required, "content": _CONTENT})


def _header(*, required: bool) -> Contract:
    headers = {"X-Rest": {"required": required, "schema": _SCHEMA}}
    return hook(responses={"200": {"description": "fine", "headers": headers}})
