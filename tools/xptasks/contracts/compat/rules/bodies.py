"""Bodies and headers of messages, and the media types that they come in."""

from collections.abc import Iterator

from xptasks.contracts.compat.change import Rule
from xptasks.contracts.compat.rules.making import rule
from xptasks.contracts.compat.sample import OK, Contract, answer, body, contract, header, operation

_JSON: dict[str, object] = {"application/json": {}}
_BOTH = _JSON | {"application/xml": {}}
_FORM = {"type": "object", "properties": {"a": {"type": "string"}}}


def rules() -> Iterator[Rule]:
    """The rules of this module."""
    yield from _requests()
    yield from _responses()


def _requests() -> Iterator[Rule]:
    some, none, needed = body(), operation(), body(required=True)
    yield rule("body", "request", "request-body-removed", "error", "The service takes no body any more.", some, none)
    yield rule("body", "request", "request-body-added", "info", "The service takes a body.", none, some)
    yield rule("body", "request", "request-body-required-added", "error", "Requests need a body now.", none, needed)
    yield rule(
        "body", "request", "request-body-required", "error", "Requests without a body are refused.", some, needed
    )
    yield rule("body", "request", "request-body-optional", "info", "Requests may come without a body.", needed, some)
    yield rule(
        "body", "request", "request-media-type-removed", "error", "A media type is refused.", body(_BOTH), body(_JSON)
    )
    yield rule(
        "body", "request", "request-media-type-added", "info", "One more media type is taken.", body(_JSON), body(_BOTH)
    )
    yield rule(
        "body",
        "request",
        "request-encoding-changed",
        {"wire": "warning", "client": "warning"},
        "Parts of a form are written in another way.",
        body({"multipart/form-data": {"schema": _FORM}}),
        body({"multipart/form-data": {"schema": _FORM, "encoding": {"a": {"contentType": "image/png"}}}}),
    )


def _responses() -> Iterator[Rule]:
    two = operation(responses=OK | {"201": {"description": "made"}})
    no = operation(responses=OK | {"404": {"description": "no"}})
    rest = operation(responses=OK | {"default": {"description": "else"}})
    yield rule(
        "response",
        "response",
        "response-success-status-removed",
        "error",
        "An answer that clients wait for does not come any more.",
        two,
        operation(),
    )
    yield rule(
        "response", "response", "response-status-removed", "info", "An answer does not come any more.", no, operation()
    )
    yield rule("response", "response", "response-status-added", "info", "There is one answer more.", operation(), no)
    yield rule(
        "response",
        "response",
        "response-default-removed",
        {"client": "warning", "source": "warning"},
        "What the bodies of other answers look like is not said any more.",
        operation(responses=OK | {"default": {"description": "else", "content": _JSON}}),
        operation(),
    )
    yield rule(
        "response",
        "response",
        "response-default-replaced",
        "info",
        "Other answers are told apart by status, or had no body to begin with.",
        rest,
        operation(),
    )
    yield rule(
        "response",
        "response",
        "response-default-added",
        "info",
        "What other answers look like is said.",
        operation(),
        rest,
    )
    yield rule(
        "response",
        "response",
        "response-media-type-removed",
        "error",
        "An answer does not come in a media type any more.",
        answer(content=_BOTH),
        answer(content=_JSON),
    )
    yield rule(
        "response",
        "response",
        "response-media-type-added",
        "info",
        "An answer comes in one more media type for those who ask.",
        answer(content=_JSON),
        answer(content=_BOTH),
    )
    yield rule(
        "response",
        "response",
        "response-media-type-widened",
        "error",
        "An answer may come in media types that clients do not expect.",
        answer(content=_JSON),
        answer(content={"application/*": {}}),
    )
    yield rule(
        "response",
        "response",
        "response-media-type-narrowed",
        "info",
        "An answer comes in fewer media types than clients are prepared for.",
        answer(content={"application/*": {}}),
        answer(content=_JSON),
    )
    yield rule(
        "header",
        "response",
        "response-header-removed",
        "error",
        "A header that always came is gone.",
        header(required=True),
        answer(),
    )
    yield rule(
        "header",
        "response",
        "response-optional-header-removed",
        {"client": "warning", "source": "warning"},
        "A header that may have come is gone.",
        header(),
        answer(),
    )
    yield rule(
        "header", "response", "response-header-added", "info", "An answer has one header more.", answer(), header()
    )
    yield rule(
        "header",
        "response",
        "response-header-optional",
        "error",
        "A header that always came may be missing.",
        header(required=True),
        header(),
    )
    yield rule(
        "header",
        "response",
        "response-header-required",
        "info",
        "A header always comes.",
        header(),
        header(required=True),
    )
    yield rule(
        "header",
        "response",
        "response-header-style-changed",
        "error",
        "A header is written in another way.",
        header(schema={"type": "object"}),
        header(schema={"type": "object"}, explode=True),
    )
    yield rule(
        "response",
        "response",
        "response-link-removed",
        {"client": "warning", "source": "warning"},
        "A link from an answer to an operation is gone.",
        answer(links={"next": {"operationId": "a"}}),
        answer(),
    )
    yield rule(
        "response",
        "response",
        "response-link-added",
        "info",
        "An answer leads to one more operation.",
        answer(),
        answer(links={"next": {"operationId": "a"}}),
    )
    yield rule(
        "response",
        "response",
        "response-link-changed",
        {"client": "warning", "source": "warning"},
        "A link leads to another operation, or gives it something else.",
        _link("b"),
        _link("a"),
    )
    yield rule(
        "response",
        "response",
        "response-link-extended",
        "info",
        "A link gives one more parameter to its operation.",
        _link("a"),
        _link("a", b="$response.body#/b"),
    )


def _link(name: str, **parameters: str) -> Contract:
    links = {"next": {"operationId": name, "parameters": parameters}}
    named = {path: {"get": {"operationId": path, "responses": OK}} for path in ("a", "b")}
    first = {"post": {"responses": {"200": {"description": "fine", "links": links}}}}
    return contract(paths={"/things": first, "/a": named["a"], "/b": named["b"]})
