"""Responses against an OpenAPI document: operation, status, headers, media type, body."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from xptasks.contracts.conform import media
from xptasks.contracts.conform.headers import header_differences
from xptasks.contracts.conform.routes import Routes, prefixes
from xptasks.contracts.conform.schemas import Schemas, inside
from xptasks.contracts.conform.violation import Violation, quote
from xptasks.contracts.document import Document, Location, load
from xptasks.contracts.source import Fault
from xptasks.errors import ConfigError
from xptasks.results import Position

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED})
_REFUSALS = frozenset({
    HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED,
    HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT,
})  # fmt: skip
_MOST_TYPES = 64  # spellings of one response's Content-Type that are remembered


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and the response to it.

    Attributes:
        method: in capitals.
        path: as it was sent, percent-encoded, without the query.
        status: e.g. 200.
        headers: the response's, names in lower case; what came several times is joined with `, `.
        body: the response's, content codings as gzip undone; None when it is not known (it was too large to keep).
    """

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(slots=True)
class _Response:
    """A documented response, with what its parts lead to."""

    name: str
    at: Location
    content: dict[str, Location] | None
    headers: list[tuple[str, Location]]
    chosen: dict[str, tuple[str, Location | None] | None] = field(default_factory=dict)


@dataclass(slots=True)
class Operation:
    """An operation of the contract; `name` is its method and its path template."""

    name: str
    at: Location
    responses: dict[int, _Response | None] = field(default_factory=dict)


class HttpContract:
    """An OpenAPI document that answers are held against; may be used by several threads."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._schemas = Schemas(document, "response")
        self._routes: Routes[dict[str, Operation]] = Routes(_all_prefixes(document))
        self._operations: list[str] = []
        for path in _members(document, Location(document.name, "", document.value), "paths"):
            self._add(path)

    @classmethod
    def load(cls, path: Path) -> "HttpContract":
        """Read the document at `path`.

        Raises:
            ContractError: it is not a contract, or one of its references is wrong.
            ConfigError: it is not OpenAPI.
        """
        document = load(path)
        if document.kind != "openapi":
            raise ConfigError("this is AsyncAPI; responses need an OpenAPI document", where=str(path))
        return cls(document)

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of all operations, in the contract's order: `GET /api/projects`."""
        return tuple(self._operations)

    def find(self, method: str, path: str) -> Operation | None:
        """The operation that a request means; HEAD means GET where it is not documented itself."""
        for name in (method, "GET") if method == "HEAD" else (method,):
            for methods in self._routes.find(path):
                if name in methods:
                    return methods[name]
        return None

    def position(self, operation: Operation) -> Position:
        """Where the operation stands in the contract."""
        return self.document.position(operation.at.file, operation.at.pointer)

    def check(self, exchange: Exchange) -> tuple[Violation, ...]:
        """How the response breaks the contract; nothing when it does not."""
        operation = self.find(exchange.method, exchange.path)
        if operation is None:
            return tuple(self._unknown(exchange))
        response = self._response(operation, exchange.status)
        if response is None:
            return (self._undocumented(operation, exchange),)
        name = f"{operation.name} {exchange.status}"
        return (*self._headers(name, response, exchange), *self._body(name, response, exchange))

    def _add(self, path: Location) -> None:
        item = self.document.follow(path)
        methods: dict[str, Operation] = {}
        text = _last(path.pointer)
        for method, operation in item.value.items():
            if method in _METHODS and isinstance(operation, dict):
                name = f"{method.upper()} {text}"
                methods[method.upper()] = Operation(name, inside(item, method))
                self._operations.append(name)
        self._routes.add(text, methods)

    def _unknown(self, exchange: Exchange) -> Iterator[Violation]:
        """An answer that something is done although no operation says so; refusals and preflights are in order."""
        if exchange.status in _REFUSALS or exchange.method == "OPTIONS":
            return
        name = f"{exchange.method} {exchange.path} {exchange.status}"
        message = "the contract has no such operation, and the service does not answer 404 or 405"
        place = Location(self.document.name, "/paths", None)
        yield Violation(name, "operation", message, self.document, place)

    def _undocumented(self, operation: Operation, exchange: Exchange) -> Violation:
        documented = [str(status) for status in operation.at.value.get("responses", {})]
        return Violation(
            f"{operation.name} {exchange.status}",
            "status",
            "this status is not documented",
            self.document,
            inside(operation.at, "responses") if documented else operation.at,
            expected=" or ".join(documented) or "no response is documented",
            got=" ".join((str(exchange.status), _excerpt(exchange.body))).strip(),
        )

    def _response(self, operation: Operation, status: int) -> _Response | None:
        if status not in operation.responses:
            operation.responses[status] = self._resolve(operation, status)
        return operation.responses[status]

    def _resolve(self, operation: Operation, status: int) -> _Response | None:
        documented = {str(key): key for key in operation.at.value.get("responses", {})}
        for key in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
            if key in documented:
                at = self.document.follow(inside(operation.at, "responses", documented[key]))
                return self._read(key, at)
        return None

    def _read(self, name: str, at: Location) -> _Response:
        has_content = isinstance(at.value, dict) and isinstance(at.value.get("content"), dict)
        content = {_last(entry.pointer): entry for entry in _members(self.document, at, "content")}
        headers = [(_last(entry.pointer), entry) for entry in _members(self.document, at, "headers")]
        wanted = [(key, entry) for key, entry in headers if key.lower() != "content-type"]
        followed = [(key, self.document.follow(entry)) for key, entry in wanted]
        return _Response(name, at, content if has_content else None, followed)

    def _headers(self, name: str, response: _Response, exchange: Exchange) -> Iterator[Violation]:
        for header, at in response.headers:
            text = exchange.headers.get(header.lower())
            for item in header_differences(header, at, text, self._schemas):
                yield Violation(name, "header", item.message, self.document, item.place, "", item.expected, item.got)

    def _body(self, name: str, response: _Response, exchange: Exchange) -> Iterator[Violation]:
        body = exchange.body
        if exchange.method == "HEAD" or exchange.status in _BODILESS:
            if body:
                message = "there must be no body"
                yield Violation(
                    name, "body", message, self.document, response.at, expected="nothing", got=_excerpt(body)
                )
        elif response.content and body is not None:
            yield from self._content(name, response, exchange.headers.get("content-type", ""), body)

    def _content(self, name: str, response: _Response, content_type: str, body: bytes) -> Iterator[Violation]:
        found = self._media(response, content_type)
        if found is None:
            yield self._wrong_type(name, response, content_type, body)
            return
        key, schema = found
        if media.is_json(content_type):
            yield from self._json(name, schema, response.content[key] if response.content else response.at, body)
        elif schema is not None and media.is_text(content_type) and _is_string(schema.value):
            yield from self._instance(name, schema, body.decode("utf-8", "replace"))

    def _media(self, response: _Response, content_type: str) -> tuple[str, Location | None] | None:
        """The documented media type and its schema; remembered, because the same few come again and again."""
        if content_type in response.chosen:
            return response.chosen[content_type]
        key = media.choose(content_type, response.content or ())
        found = None if key is None else (key, self._schema(response, key))
        if len(response.chosen) < _MOST_TYPES:
            response.chosen[content_type] = found
        return found

    def _schema(self, response: _Response, key: str) -> Location | None:
        at = self.document.follow((response.content or {})[key])
        has_schema = isinstance(at.value, dict) and isinstance(at.value.get("schema"), dict | bool)
        return self.document.follow(inside(at, "schema")) if has_schema else None

    def _wrong_type(self, name: str, response: _Response, content_type: str, body: bytes) -> Violation:
        what = f"the media type {quote(content_type)}" if content_type else "a body without a Content-Type"
        message = f"{what} is not documented" if body or content_type else "the body is missing"
        return Violation(
            name,
            "media-type",
            message,
            self.document,
            inside(response.at, "content"),
            expected=" or ".join(response.content or ()),
            got=" ".join((content_type, _excerpt(body))).strip() or "nothing",
        )

    def _json(self, name: str, schema: Location | None, at: Location, body: bytes) -> Iterator[Violation]:
        try:
            value = media.decode_json(body)
        except ValueError as error:
            message = f"the body is not JSON: {error}"
            yield Violation(name, "body", message, self.document, at, expected="JSON", got=_excerpt(body) or "nothing")
            return
        if schema is not None:
            yield from self._instance(name, schema, value)

    def _instance(self, name: str, schema: Location, value: Any) -> Iterator[Violation]:  # noqa: ANN401
        try:
            found = self._schemas.differences(schema, value)
        except Fault as fault:
            yield Violation(name, "body", fault.message, self.document, schema)
            return
        for item in found:
            yield Violation(
                name, "body", item.message, self.document, item.place, item.pointer, item.expected, item.got
            )


def _members(document: Document, here: Location, key: str) -> Iterator[Location]:
    """The members of a collection that are mappings, extensions left out."""
    held = here.value.get(key) if isinstance(here.value, dict) else None
    if not isinstance(held, dict):
        return
    collection = document.follow(inside(here, key)) if "$ref" in held else inside(here, key)
    for name, value in collection.value.items():
        if isinstance(value, dict) and (key != "paths" or not str(name).startswith("x-")):
            yield inside(collection, name)


def _last(pointer: str) -> str:
    return pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def _all_prefixes(document: Document) -> Iterator[str]:
    yield from prefixes(document.value.get("servers"))
    paths = document.value.get("paths")
    for item in paths.values() if isinstance(paths, dict) else ():
        if isinstance(item, dict):
            yield from prefixes(item.get("servers"))
            for method in _METHODS:
                yield from prefixes((item.get(method) or {}).get("servers"))


def _is_string(schema: Any) -> bool:  # noqa: ANN401
    named = schema.get("type") if isinstance(schema, dict) else None
    return named == "string" or (isinstance(named, list) and "string" in named)


def _excerpt(body: bytes | None) -> str:
    text = (body or b"")[:200].decode("utf-8", "replace").strip()
    return text if len(text) <= 100 else text[:97] + "..."  # noqa: PLR2004 - as long as `quote`
