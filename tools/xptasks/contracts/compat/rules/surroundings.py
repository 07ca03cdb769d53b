"""Servers, security, and what has a name in components."""

from collections.abc import Iterator

from xptasks.contracts.compat.change import Profile, Rule
from xptasks.contracts.compat.rules.making import rule
from xptasks.contracts.compat.sample import contract, operation
from xptasks.results import Severity

_BASIC = {"securitySchemes": {"key": {"type": "http", "scheme": "basic"}}}
_BEARER = {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
_ONE = [{"url": "https://a.example"}]
_TWO = [*_ONE, {"url": "https://b.example"}]
_ALARM: dict[Profile, Severity] = {"wire": "warning", "client": "warning"}


def rules() -> Iterator[Rule]:
    """The rules of this module."""
    yield from _variables()
    yield rule(
        "server",
        "none",
        "server-removed",
        _ALARM,
        "The service is not promised at an address any more.",
        contract(servers=_TWO),
        contract(servers=_ONE),
    )
    yield rule(
        "server",
        "none",
        "server-added",
        "info",
        "The service has one address more.",
        contract(servers=_ONE),
        contract(servers=_TWO),
    )
    yield rule(
        "security",
        "request",
        "security-tightened",
        "error",
        "Requests that were let in need more to get in.",
        operation(),
        operation(security=[{"key": []}]),
    )
    yield rule(
        "security",
        "request",
        "security-scopes-changed",
        "info",
        "Tokens need other scopes; whether they have them, the contract does not say.",
        operation(security=[{"key": ["a"]}]),
        operation(security=[{"key": ["a", "b"]}]),
    )
    yield rule(
        "security",
        "request",
        "security-relaxed",
        "info",
        "There are more ways to get in, or less is needed.",
        operation(security=[{"key": []}]),
        operation(),
    )
    yield rule(
        "security",
        "request",
        "security-scheme-changed",
        "error",
        "Who a client is gets told in another way.",
        operation(security=[{"key": []}]) | {"components": _BASIC},
        operation(security=[{"key": []}]) | {"components": _BEARER},
    )
    yield rule(
        "security",
        "request",
        "security-source-changed",
        "info",
        "Tokens come from elsewhere, or for other scopes.",
        contract(components=_open_id("a")),
        contract(components=_open_id("b")),
    )
    yield rule(
        "security",
        "request",
        "security-scheme-removed",
        "info",
        "A way to tell who a client is has gone.",
        contract(components=_BASIC),
        contract(components={}),
    )
    yield rule(
        "security",
        "request",
        "security-scheme-added",
        "info",
        "There is one more way to tell who a client is.",
        contract(components={}),
        contract(components=_BASIC),
    )
    yield rule(
        "component",
        "none",
        "component-removed",
        {"source": "error"},
        "A type with a name is gone from generated code.",
        contract(components={"schemas": {"A": {}}}),
        contract(components={}),
    )
    yield rule(
        "component",
        "none",
        "component-added",
        "info",
        "There is one more type with a name.",
        contract(components={}),
        contract(components={"schemas": {"A": {}}}),
    )


def _variables() -> Iterator[Rule]:
    yield rule(
        "server",
        "none",
        "server-variable-narrowed",
        _ALARM,
        "Some addresses of the service are not promised any more.",
        _variable("a", "b"),
        _variable("a"),
    )
    yield rule(
        "server",
        "none",
        "server-variable-widened",
        "info",
        "The service has more addresses.",
        _variable("a"),
        _variable("a", "b"),
    )
    yield rule(
        "server",
        "none",
        "server-variable-default-changed",
        {"client": "warning", "source": "warning"},
        "Clients that choose nothing go to another address.",
        _variable("a", "b"),
        _variable("b", "a"),
    )


def _variable(first: str, *others: str) -> dict[str, object]:
    values = {"default": first, "enum": [first, *others]}
    return contract(servers=[{"url": "https://{place}.example", "variables": {"place": values}}])


def _open_id(name: str) -> dict[str, object]:
    return {"securitySchemes": {"key": {"type": "openIdConnect", "openIdConnectUrl": f"https://{name}.example"}}}
