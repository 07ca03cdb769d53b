"""Parameters of requests: whether they are there, and how they are written."""

from collections.abc import Iterator

from xptasks.contracts.compat.change import Rule
from xptasks.contracts.compat.rules.making import rule
from xptasks.contracts.compat.sample import OK, contract, operation, parameter

_LIST = {"type": "array", "items": {"type": "string"}}


def rules() -> Iterator[Rule]:
    """The rules of this module."""
    some, none = parameter(), operation()
    yield rule(
        "parameter",
        "request",
        "parameter-removed",
        {"client": "warning", "source": "warning"},
        "The service no longer looks at a parameter.",
        some,
        none,
    )
    yield rule(
        "parameter",
        "request",
        "parameter-removed-before-sunset",
        "error",
        "A parameter is gone before the day that was announced.",
        parameter(deprecated=True, **{"x-sunset": "9999-01-01"}),
        none,
    )
    yield rule(
        "parameter",
        "request",
        "parameter-removed-after-deprecation",
        "info",
        "A deprecated parameter is gone.",
        parameter(deprecated=True),
        none,
    )
    yield rule("parameter", "request", "parameter-added", "info", "Requests may have one parameter more.", none, some)
    yield rule(
        "parameter",
        "request",
        "parameter-required-added",
        "error",
        "Requests without a new parameter are refused.",
        none,
        parameter(required=True),
    )
    yield rule(
        "parameter",
        "request",
        "parameter-required",
        "error",
        "Requests that leave a parameter out are refused.",
        some,
        parameter(required=True),
    )
    yield rule(
        "parameter",
        "request",
        "parameter-optional",
        "info",
        "A parameter may be left out.",
        parameter(required=True),
        some,
    )
    yield rule(
        "parameter",
        "request",
        "parameter-default-changed",
        {"client": "warning", "source": "warning"},
        "Requests that leave a parameter out mean something else.",
        some,
        parameter(schema={"type": "string", "default": "x"}),
    )
    yield rule(
        "parameter",
        "request",
        "parameter-style-changed",
        "error",
        "A parameter is written in another way.",
        parameter(schema=_LIST),
        parameter(schema=_LIST, explode=False),
    )
    yield rule(
        "parameter",
        "request",
        "parameter-content-changed",
        "error",
        "A parameter is written as another media type.",
        some,
        operation(
            parameters=[{"name": "q", "in": "query", "content": {"application/json": {"schema": {"type": "string"}}}}]
        ),
    )
    yield rule(
        "parameter",
        "request",
        "parameter-renamed",
        {"source": "warning"},
        "A part of the path got another name; nothing changes on the wire.",
        _path("a"),
        _path("b"),
    )
    yield rule(
        "parameter",
        "request",
        "parameter-moved",
        "error",
        "A parameter is looked for in another place.",
        parameter(required=True),
        parameter(required=True, **{"in": "header"}),
    )
    yield rule(
        "parameter",
        "request",
        "parameter-empty-refused",
        "error",
        "A parameter may not come without a value any more.",
        parameter(allowEmptyValue=True),
        some,
    )
    yield rule(
        "parameter",
        "request",
        "parameter-empty-allowed",
        "info",
        "A parameter may come without a value.",
        some,
        parameter(allowEmptyValue=True),
    )


def _path(name: str) -> dict[str, object]:
    listed = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}}]
    return contract(paths={f"/things/{{{name}}}": {"get": {"parameters": listed, "responses": OK}}})
