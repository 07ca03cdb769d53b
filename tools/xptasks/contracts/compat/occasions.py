"""Shows what a change of an operation breaks, where no schema does: a request or an answer, made from the contracts.

A request is one that the old contract takes and the new one does not, an answer one that the new contract may give and
the old one does not describe. What *ended* is one that came before and never comes now. All values in them are
confirmed by the validator; where none can be made, nothing is shown.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from xptasks.contracts.compat.change import Witness
from xptasks.contracts.compat.comparison import FLIPPED, Comparison
from xptasks.contracts.compat.normal import value_text
from xptasks.contracts.compat.operation import TEMPLATE, Operation, operations
from xptasks.contracts.compat.places import inside, items, member, members, root
from xptasks.contracts.compat.report import Cause
from xptasks.contracts.compat.schemas import Direction, Side
from xptasks.contracts.compat.security import Requirement, requirements
from xptasks.contracts.document import Location
from xptasks.contracts.positions import split_pointer

_BEARER = "Bearer token"
_SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}
_OTHER = "x-other"  # stands for whatever a range of media types holds

Parts = dict[str, Any]


class Occasions:
    """Makes witnesses about the operations that are being compared."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self._operations: dict[Side, Operation] = {}
        self._direction: Direction = "request"

    def enter(self, old: Operation | None, new: Operation | None, direction: Direction) -> None:
        """Says which operations the changes that follow are about, and who sends their requests."""
        sides: tuple[tuple[Side, Operation | None], ...] = (("base", old), ("head", new))
        self._operations = {side: operation for side, operation in sides if operation is not None}
        self._direction = direction

    def show(self, cause: Cause) -> Witness | None:
        """The witness of a change; None where none can be made."""
        make = _MAKERS.get(cause.rule)
        try:
            return make(self, cause) if make is not None else None
        except (LookupError, StopIteration):
            return None

    def plain(self, _: Cause) -> Witness:
        """The smallest request that the old contract takes."""
        return Witness({"request": self.request("base")}, "refused")

    def sent(self, _: Cause) -> Witness:
        """The smallest request that the service may send now."""
        return Witness({"request": self.request("head")}, "new")

    def ended(self, _: Cause) -> Witness:
        """A request that came."""
        return Witness({"request": self.request("base")}, "ended")

    def with_parameter(self, cause: Cause) -> Witness:
        """A request with a parameter as it was."""
        return Witness({"request": self.request("base", wanted=cause.base)}, "refused")

    def with_empty(self, cause: Cause) -> Witness:
        """A request with a parameter that has no value."""
        request = self.request("base", wanted=cause.base)
        name = cause.base.value["name"] if cause.base is not None else ""
        kept = [pair for pair in request.get("query", "").split("&") if pair and pair.partition("=")[0] != quote(name)]
        return Witness({"request": request | {"query": "&".join([*kept, f"{quote(name)}="])}}, "refused")

    def with_body(self, cause: Cause) -> Witness:
        """A request with a body; of a media type, if the change is about one."""
        last = _last(cause.base)
        return Witness({"request": self.request("base", media=last if "/" in last else "")}, "refused")

    def asking_for(self, cause: Cause) -> Witness:
        """A request for an answer of a media type."""
        request = self.request("base")
        accept = _last(cause.base)
        return Witness({"request": request | {"headers": {**request.get("headers", {}), "accept": accept}}}, "refused")

    def with_credentials(self, cause: Cause) -> Witness:
        """A request with what was enough to be let in."""
        about = cause.about
        if not self._operations and isinstance(about, str):
            self._enter_one_that_asks_for(about)
            about = next(one for one in self._required("base") if about in one)
        return Witness(
            {"request": self.request("base", shown=about if isinstance(about, Mapping) else None)}, "refused"
        )

    def answer(self, cause: Cause) -> Witness:
        """The smallest answer with this status."""
        return Witness({"response": self._answer("head", _status(cause))}, "new")

    def answer_with_header(self, cause: Cause) -> Witness:
        """An answer with a header as it is now."""
        return Witness({"response": self._answer("head", _status(cause), wanted=cause.head)}, "new")

    def answer_of_type(self, cause: Cause) -> Witness:
        """An answer of a media type."""
        return Witness({"response": self._answer("head", _status(cause), media=_last(cause.head))}, "new")

    def other_status(self, cause: Cause) -> Witness:
        """An answer with a status that is new, or the one that does not come any more."""
        known = {name.upper() for name, _ in members(self._comparison.base, self._operations["base"].here, "responses")}
        for name, _ in members(self._comparison.head, self._operations["head"].here, "responses"):
            status = name.upper()
            if status[:1] in "23" and not known & {status, f"{status[:1]}XX", "DEFAULT"}:
                return Witness({"response": self._answer("head", status)}, "new")
        return Witness({"response": self._answer("base", _status(cause))}, "ended")

    def given(self, cause: Cause) -> Witness:
        """An answer that the service took."""
        return Witness({"response": self._answer("base", _status(cause))}, "refused")

    def request(
        self, side: Side, *, wanted: Location | None = None, media: str | None = None, shown: Requirement | None = None
    ) -> Parts:
        """The smallest request of a side, with this parameter, a body of this media type, these credentials."""
        operation = self._operations[side]
        made = _Request()
        for parameter in self._parameters(side, operation):
            if parameter == wanted or _required(parameter):
                self._add(made, side, parameter, full=parameter == wanted)
        body = member(self._comparison.document(side), operation.here, "requestBody")
        if body is not None and (media is not None or body.value.get("required") is True):
            self._add_content(made, side, body, self._direction, media or "")
        if self._direction == "request":
            self._show(made, side, shown)
        return {"method": operation.method.upper(), **_target(operation, made.path), **made.parts()}

    def _parameters(self, side: Side, operation: Operation) -> Iterable[Location]:
        document = self._comparison.document(side)
        listed = [here for holder in (operation.item, operation.here) for here in items(document, holder, "parameters")]
        named = (here for here in listed if {"in", "name"} <= here.value.keys())
        return {(here.value["in"], here.value["name"]): here for here in named}.values()

    def _add(self, made: "_Request", side: Side, parameter: Location, *, full: bool) -> None:
        where, name = parameter.value["in"], str(parameter.value["name"])
        content = next(members(self._comparison.document(side), parameter, "content"), None)
        holder = content[1] if content is not None else parameter
        schema = self._comparison.schema(side, inside(holder, "schema"), self._direction)
        value = self._comparison.value(schema, self._direction, full=full, text=True)
        made.add(where, name, value_text(value) if content is not None else value, parameter.value)

    def _add_content(self, made: "_Request", side: Side, holder: Location, direction: Direction, media: str) -> None:
        for name, here in members(self._comparison.document(side), holder, "content"):
            if media in ("", name):
                made.headers["content-type"] = name.replace("*", _OTHER)
                schema = self._comparison.schema(side, inside(here, "schema"), direction)
                made.body = [self._comparison.value(schema, direction)]
                return

    def _answer(self, side: Side, status: str, *, wanted: Location | None = None, media: str = "") -> Parts:
        document, direction = self._comparison.document(side), FLIPPED[self._direction]
        listed = {name.upper(): here for name, here in members(document, self._operations[side].here, "responses")}
        here = next(listed[name] for name in (status.upper(), f"{status[:1]}XX", "DEFAULT") if name in listed)
        made = _Request()
        for name, header in members(document, here, "headers"):
            if header.value.get("required") is True or header == wanted:
                schema = self._comparison.schema(side, inside(header, "schema"), direction)
                value = self._comparison.value(schema, direction, full=header == wanted, text=True)
                made.add("header", name, value, header.value)
        self._add_content(made, side, here, direction, media)
        return {"status": _number(status), **made.parts()}

    def _required(self, side: Side) -> list[Requirement]:
        document, operation = self._comparison.document(side), self._operations[side]
        holder = operation.here if "security" in operation.value else root(document)
        return requirements(holder.value.get("security"), {})

    def _show(self, made: "_Request", side: Side, shown: Requirement | None) -> None:
        """Adds the credentials that are asked for, with a word in place of each secret."""
        asked = self._required(side)
        schemes = dict(members(self._comparison.document(side), root(self._comparison.document(side)), *_SCHEMES))
        for name in shown if shown is not None else min(asked, key=len, default={}):
            scheme = schemes[name].value if name in schemes else {}
            if scheme.get("type") == "apiKey":
                made.add(str(scheme.get("in", "header")), str(scheme.get("name", "key")), "key", {})
            elif scheme.get("type") != "mutualTLS":
                basic = str(scheme.get("scheme", "")).lower() == "basic"
                made.headers["authorization"] = "Basic dTpw" if basic else _BEARER

    def _enter_one_that_asks_for(self, name: str) -> None:
        for operation in operations(self._comparison.base, "paths").values():
            self.enter(operation, None, "request")
            if any(name in one for one in self._required("base")):
                return
        raise LookupError


_STATUS = re.compile(r"[1-5](?:[0-9]{2}|XX)|default")
_SCHEMES = ("components", "securitySchemes")


class _Request:
    """The parts of a message, as text where they travel as text."""

    def __init__(self) -> None:
        self.path: dict[str, str] = {}
        self.query: list[tuple[str, str]] = []
        self.headers: dict[str, str] = {}
        self.body: list[Any] = []

    def add(self, where: str, name: str, value: Any, said: Mapping[str, Any]) -> None:  # noqa: ANN401
        """Adds a value as a parameter writes it."""
        pairs = _written(name, value, said, where)
        if where == "path":
            start = {"label": ".", "matrix": f";{name}="}.get(said.get("style", ""), "")
            self.path[name] = start + quote(",".join(text for _, text in pairs), safe=",=")
        elif where == "header":
            self.headers[name.lower()] = ",".join(text for _, text in pairs)
        elif where == "cookie":
            told = "; ".join(f"{key}={text}" for key, text in pairs)
            self.headers["cookie"] = "; ".join(filter(None, (self.headers.get("cookie"), told)))
        else:
            self.query += pairs

    def parts(self) -> Parts:
        """What is there."""
        found: Parts = {"query": urlencode(self.query, safe=",[]", quote_via=quote), "headers": self.headers}
        return {name: part for name, part in found.items() if part} | ({"body": self.body[0]} if self.body else {})


def _written(name: str, value: Any, said: Mapping[str, Any], where: str) -> list[tuple[str, str]]:  # noqa: ANN401
    """A value as pairs of name and text, by `style` and `explode`."""
    style = said.get("style", "form" if where in ("query", "cookie") else "simple")
    explode = said.get("explode", style == "form")
    if isinstance(value, dict):
        if style == "deepObject":
            return [(f"{name}[{key}]", _text(inner)) for key, inner in value.items()]
        if explode:
            return [(key if style == "form" else name, _member(key, inner, style)) for key, inner in value.items()]
        value = [part for pair in value.items() for part in pair]
    if isinstance(value, list):
        texts = [_text(item) for item in value]
        joined = [(name, _SEPARATORS.get(style, ",").join(texts))]
        return [(name, text) for text in texts] if explode and style == "form" else joined
    return [(name, _text(value))]


def _member(key: str, value: Any, style: str) -> str:  # noqa: ANN401
    return _text(value) if style == "form" else f"{key}={_text(value)}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else value_text(value)


def _target(operation: Operation, values: Mapping[str, str]) -> dict[str, str]:
    """The path with its parts filled; webhooks and callbacks have none, but a name or an expression."""
    if not operation.path.startswith("/"):
        return {"to": operation.path}
    return {"path": TEMPLATE.sub(lambda hole: values.get(hole[0][1:-1], "a"), operation.path)}


def _required(parameter: Location) -> bool:
    return parameter.value.get("required") is True or parameter.value["in"] == "path"


def _last(here: Location | None) -> str:
    """The last name on the way to a place."""
    return split_pointer(here.pointer)[-1] if here is not None and here.pointer else ""


def _status(cause: Cause) -> str:
    """The status in the place of a change."""
    return next(word for word in cause.at.split() if _STATUS.fullmatch(word))


def _number(status: str) -> int:
    """A status of those that are meant."""
    if status.upper() == "DEFAULT":
        return 500
    return int(status.upper().replace("XX", "00")) if status[:1].isdigit() else 500


_Make = Callable[[Occasions, Cause], Witness]

_MAKERS: Mapping[str, _Make] = {
    **dict.fromkeys(("path-removed", "operation-removed", "operation-removed-before-sunset"), Occasions.plain),
    **dict.fromkeys(("parameter-required-added", "parameter-required"), Occasions.plain),
    **dict.fromkeys(("request-body-required", "request-body-required-added"), Occasions.plain),
    **dict.fromkeys(("parameter-moved", "parameter-style-changed"), Occasions.with_parameter),
    **dict.fromkeys(("parameter-content-changed", "parameter-removed-before-sunset"), Occasions.with_parameter),
    "parameter-empty-refused": Occasions.with_empty,
    **dict.fromkeys(("request-body-removed", "request-media-type-removed"), Occasions.with_body),
    **dict.fromkeys(("security-tightened", "security-scheme-changed"), Occasions.with_credentials),
    **dict.fromkeys(("webhook-removed", "callback-removed"), Occasions.ended),
    **dict.fromkeys(("sent-body-removed", "sent-body-optional"), Occasions.sent),
    **dict.fromkeys(("sent-parameter-removed", "sent-parameter-optional"), Occasions.sent),
    **dict.fromkeys(("answer-header-needed", "answer-status-refused"), Occasions.given),
    **dict.fromkeys(("response-header-optional", "response-header-removed"), Occasions.answer),
    "response-header-style-changed": Occasions.answer_with_header,
    "response-media-type-removed": Occasions.asking_for,
    "response-media-type-widened": Occasions.answer_of_type,
    "response-success-status-removed": Occasions.other_status,
}
