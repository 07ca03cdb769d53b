"""Compares two OpenAPI documents: what their operations take and give, part by part."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from xptasks.contracts.compat.change import Change, Profile
from xptasks.contracts.compat.normal import value_text
from xptasks.contracts.compat.places import inside, items, member, members, root
from xptasks.contracts.compat.relation import Relation
from xptasks.contracts.compat.report import Report
from xptasks.contracts.compat.schemas import ANYTHING, Direction, Schema, Side, Table, types_of
from xptasks.contracts.compat.security import compare_requirements, compare_schemes
from xptasks.contracts.compat.twins import Twins
from xptasks.contracts.compat.walk import Place, Walk, day_of, level_of
from xptasks.contracts.document import Document, Location

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_LEVELS = ("draft", "alpha", "beta", "stable")
_BETA = 2
_TEMPLATE = re.compile(r"\{[^}]*\}")
_IGNORED_HEADERS = ("accept", "content-type", "authorization")
_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_FLIPPED: dict[Direction, Direction] = {"request": "response", "response": "request"}
_TEXT_LIMITS = {"pattern", "format", "enum", "const", "minLength", "maxLength"}
_WRAPS = 5  # unions and conjunctions inside of each other that may hold a default
_NO_SERVERS = [{"url": "/"}]


@dataclass(frozen=True, slots=True)
class _Operation:
    """An operation with what its path item adds; `path` is as it is written."""

    path: str
    method: str
    here: Location
    item: Location

    @property
    def value(self) -> dict[str, Any]:
        value: dict[str, Any] = self.here.value
        return value

    @property
    def shared(self) -> Location:
        """What the path item says for all its operations."""
        value = {word: inner for word, inner in self.item.value.items() if word not in _METHODS}
        return Location(self.item.file, self.item.pointer, value)


def compare(base: Document, head: Document, profiles: Collection[Profile], today: date) -> list[Change]:
    """Everything that changed between two documents."""
    comparison = _Comparison(base, head, Report(base, head, profiles), today)
    comparison.documents()
    return comparison.report.changes


class _Comparison:
    def __init__(self, base: Document, head: Document, report: Report, today: date) -> None:
        self.base = base
        self.head = head
        self.report = report
        self._today = today
        self._documents: dict[Side, Document] = {"base": base, "head": head}
        directions: tuple[Direction, ...] = ("request", "response")
        self._twins = Twins(base, head)
        tables = {direction: Table(base, head, direction, self._twins) for direction in directions}
        self._tables = tables
        self._walks = {direction: Walk(Relation(tables[direction]), report) for direction in directions}

    def documents(self) -> None:
        """Compares all parts."""
        self._paths()
        self._hooks()
        self._servers(root(self.base), root(self.head), "")
        compare_schemes(
            self.report,
            self._named(self.base, "securitySchemes"),
            self._named(self.head, "securitySchemes"),
            self._asked(),
        )
        self._components()

    def _asked(self) -> set[str]:
        """The security schemes that the base asks for."""
        holders = [
            root(self.base).value,
            *(operation.value for operation in self._operations(self.base, "paths").values()),
        ]
        return {name for holder in holders for one in holder.get("security") or () for name in one}

    def _named(self, document: Document, kind: str) -> dict[str, Location]:
        return dict(members(document, root(document), "components", kind))

    def _components(self) -> None:
        old, new = self._named(self.base, "schemas"), self._named(self.head, "schemas")
        for name in sorted(old.keys() - new.keys()):
            self.report.add("component-removed", name, f"the schema `{name}` was removed", base=old[name])
        for name in sorted(new.keys() - old.keys()):
            self.report.add("component-added", name, f"the schema `{name}` was added", head=new[name])

    def _paths(self) -> None:
        old, new = self._operations(self.base, "paths"), self._operations(self.head, "paths")
        known = {key[0] for key in new}
        for key, operation in old.items():
            if key in new:
                self._operation(operation, new[key], f"{operation.method.upper()} {operation.path}", "request")
            else:
                self._removed(operation, whole=key[0] not in known)
        for key in sorted(new.keys() - old.keys()):
            operation = new[key]
            at = f"{operation.method.upper()} {operation.path}"
            self.report.add("operation-added", at, "the operation was added", head=operation.here)
            self._announced_wrongly("operation", at, {}, operation.here)

    def _operations(self, document: Document, *keys: str) -> dict[tuple[str, str], _Operation]:
        found = {}
        for path, item in members(document, root(document), *keys):
            for method in _METHODS:
                if isinstance(item.value, dict) and isinstance(item.value.get(method), dict):
                    operation = _Operation(path, method, inside(item, method), item)
                    found[_TEMPLATE.sub("{}", path), method] = operation
        return found

    def _removed(self, operation: _Operation, *, whole: bool) -> None:
        at = f"{operation.method.upper()} {operation.path}"
        value = operation.value
        if level_of(value) < _BETA:
            rule, message = "operation-removed-after-deprecation", "the operation was removed; it was no firm promise"
        elif not value.get("deprecated"):
            rule = "path-removed" if whole else "operation-removed"
            message = f"the {rule.partition('-')[0]} was removed without deprecation"
        else:
            rule, message = self._sunset("operation", value)
        self.report.add(rule, at, message, base=operation.here)

    def _sunset(self, what: str, value: Mapping[str, Any]) -> tuple[str, str]:
        """How the removal of something deprecated is to be told."""
        if "x-sunset" not in value:
            return f"{what}-removed-after-deprecation", f"the deprecated {what} was removed"
        day = day_of(value["x-sunset"])
        if day is None:
            return f"{what}-sunset-invalid", f"the {what} was removed, and its `x-sunset` is no date"
        if day > self._today:
            return f"{what}-removed-before-sunset", f"the {what} was removed before {day}"
        return f"{what}-removed-after-deprecation", f"the {what} was removed after {day}, as announced"

    def _operation(self, old: _Operation, new: _Operation, at: str, direction: Direction) -> None:
        if self._untouched(old, new):
            self._security(old, new, at)
            return
        start = len(self.report.changes)
        self._lifecycle("operation", at, old.here, new.here)
        if level_of(old.value) < _BETA:
            start = len(self.report.changes) if level_of(new.value) < level_of(old.value) else start
        self._names(old, new, at)
        self._parameters(old, new, at, direction)
        self._body(old.here, new.here, at, direction)
        self._responses(old.here, new.here, at, _FLIPPED[direction])
        self._callbacks(old.here, new.here, at, direction)
        self._security(old, new, at)
        for level in ("item", "here"):
            before, after = getattr(old, level), getattr(new, level)
            if "servers" in before.value or "servers" in after.value:
                self._servers(before, after, at)
        if level_of(old.value) < _BETA:
            self.report.soften(start)

    def _untouched(self, old: _Operation, new: _Operation) -> bool:
        """Whether nothing that an operation says itself changed; what the whole contract says for it may have."""
        firm = level_of(old.value) >= _BETA
        return (
            firm
            and old.path == new.path
            and self._twins.same(old.here, new.here)
            and self._twins.same(old.shared, new.shared)
        )

    def _names(self, old: _Operation, new: _Operation, at: str) -> None:
        before, after = old.value.get("operationId"), new.value.get("operationId")
        if before != after:
            message = f"the operationId went from {before or 'none'} to {after or 'none'}"
            self.report.add("operation-id-changed", at, message, base=old.here, head=new.here)
        if sorted(map(str, old.value.get("tags", ()))) != sorted(map(str, new.value.get("tags", ()))):
            self.report.add("operation-tags-changed", at, "the tags changed", base=old.here, head=new.here)

    def _lifecycle(self, what: str, at: str, old: Location, new: Location) -> None:
        before, after = old.value, new.value
        if bool(before.get("deprecated")) != bool(after.get("deprecated")):
            name = "deprecated" if after.get("deprecated") else "reactivated"
            self.report.add(f"{what}-{name}", at, f"the {what} was {name}", base=old, head=new)
        self._announced_wrongly(what, at, before, new)
        if before.get("deprecated") and after.get("deprecated"):
            self._dates(what, at, old, new)
        if level_of(after) < level_of(before):
            message = (
                f"the {what} was {before.get('x-stability-level', 'stable')} and is {after['x-stability-level']} now"
            )
            self.report.add(f"{what}-stability-decreased", at, message, base=old, head=new)

    def _announced_wrongly(self, what: str, at: str, before: Mapping[str, Any], new: Location) -> None:
        after = new.value
        if all(before.get(word) == after.get(word) for word in ("deprecated", "x-sunset", "x-stability-level")):
            return
        if after.get("deprecated") and "x-sunset" in after and day_of(after["x-sunset"]) is None:
            self.report.add(f"{what}-sunset-invalid", at, f"the `x-sunset` of the {what} is no date", head=new)
        for value in (before, after):
            if value.get("x-stability-level", "stable") not in _LEVELS:
                message = f"the {what} has an `x-stability-level` that does not exist"
                self.report.add(f"{what}-stability-invalid", at, message, head=new)
                return

    def _dates(self, what: str, at: str, old: Location, new: Location) -> None:
        before, after = day_of(old.value.get("x-sunset")), day_of(new.value.get("x-sunset"))
        if "x-sunset" in old.value and "x-sunset" not in new.value:
            message = f"the {what} was to go on {old.value['x-sunset']}; now no day is named"
            self.report.add(f"{what}-sunset-removed", at, message, base=old, head=new)
        elif before is not None and after is not None and after < before:
            message = f"the {what} goes on {after}, and {before} was announced"
            self.report.add(f"{what}-sunset-earlier", at, message, base=old, head=new)
        elif "x-sunset" in old.value and before is None and old.value["x-sunset"] != new.value["x-sunset"]:
            message = f"the `x-sunset` of the {what} was no date"
            self.report.add(f"{what}-sunset-invalid", at, message, base=old, head=new)

    def _parameters(self, old: _Operation, new: _Operation, at: str, direction: Direction) -> None:
        before, after = self._listed(self.base, old), self._listed(self.head, new)
        for key, parameter in before.items():
            name = f"{parameter.value['in']}:{parameter.value['name']}"
            if key in after:
                self._parameter(parameter, after[key], at, name, direction)
                continue
            rule, message = "parameter-removed", "was removed"
            if level_of(parameter.value) < _BETA:
                rule = "parameter-removed-after-deprecation"
            elif parameter.value.get("deprecated"):
                rule, message = self._sunset("parameter", parameter.value)
            self.report.add(rule, f"{at} {name}", f"the parameter `{name}`: {message}", base=parameter, head=new.here)
        for key in sorted(after.keys() - before.keys()):
            self._added_parameter(after[key], old, at)

    def _added_parameter(self, parameter: Location, old: _Operation, at: str) -> None:
        name = f"{parameter.value['in']}:{parameter.value['name']}"
        required = parameter.value.get("required") is True or parameter.value["in"] == "path"
        rule = "parameter-required-added" if required else "parameter-added"
        word = "required" if required else "optional"
        message = f"the {word} parameter `{name}` was added"
        self.report.add(rule, f"{at} {name}", message, base=old.here, head=parameter)

    def _listed(self, document: Document, operation: _Operation) -> dict[tuple[str, str], Location]:
        """The parameters by place and name; those of a path by their position in it."""
        slots = {text[1:-1]: str(index) for index, text in enumerate(_TEMPLATE.findall(operation.path))}
        free = list(slots.values())
        found: dict[tuple[str, str], Location] = {}
        for holder in (operation.item, operation.here):
            for here in items(document, holder, "parameters"):
                where, name = here.value.get("in"), here.value.get("name")
                if not isinstance(where, str) or not isinstance(name, str):
                    continue
                if where == "header" and name.lower() in _IGNORED_HEADERS:
                    continue
                key = _folded(where, name)
                if where == "path":
                    key = slots.get(name) or next((slot for slot in free if (where, slot) not in found), name)
                found[where, key] = here
        return found

    def _parameter(self, old: Location, new: Location, at: str, name: str, direction: Direction) -> None:
        at = f"{at} {name}"
        self._lifecycle("parameter", at, old, new)
        if old.value["name"] != new.value["name"] and old.value["in"] == "path":
            message = f"the parameter `{name}` is called `{new.value['name']}` now"
            self.report.add("parameter-renamed", at, message, base=old, head=new)
        needed = [here.value.get("required") is True or here.value["in"] == "path" for here in (old, new)]
        if needed[0] != needed[1]:
            word = "required" if needed[1] else "optional"
            self.report.add(f"parameter-{word}", at, f"the parameter `{name}` became {word}", base=old, head=new)
        self._written_as(old, new, at, name, direction)

    def _written_as(self, old: Location, new: Location, at: str, name: str, direction: Direction) -> None:
        if ("content" in old.value) != ("content" in new.value):
            message = f"the parameter `{name}` is written as another media type"
            self.report.add("parameter-content-changed", at, message, base=old, head=new)
            return
        if "content" in old.value:
            self._content(old, new, at, direction, "parameter")
            return
        if _style(self.base, old, self.head, new) != _style(self.head, new, self.base, old):
            message = f"the parameter `{name}` is written in another way (style, explode, allowReserved)"
            self.report.add("parameter-style-changed", at, message, base=old, head=new)
        before, after = _default(self.base, old), _default(self.head, new)
        if before != after:
            message = f"the default of the parameter `{name}` went from {before or 'none'} to {after or 'none'}"
            self.report.add("parameter-default-changed", at, message, base=old, head=new)
        self._schemas(inside(old, "schema"), inside(new, "schema"), Place(at, "parameter", text=True), direction)

    def _schemas(self, old: Location, new: Location, place: Place, direction: Direction) -> None:
        if self._twins.same(old, new):
            return
        base, head = self._schema(direction, "base", old), self._schema(direction, "head", new)
        if place.text and direction == "request":
            head = _reader_of_text(head, base, lists=" query:" in place.before)
        elif place.text:
            base = _reader_of_text(base, head, lists=False)
        self._walks[direction].compare(base, head, place)

    def _schema(self, direction: Direction, side: Side, here: Location) -> Schema:
        return self._tables[direction].schema(side, here)

    def _body(self, old: Location, new: Location, at: str, direction: Direction) -> None:
        before, after = member(self.base, old, "requestBody"), member(self.head, new, "requestBody")
        if before is None and after is None:
            return
        if before is None or after is None:
            self._body_appeared(before, after, at, old, new)
            return
        needed = [here.value.get("required") is True for here in (before, after)]
        if needed[0] != needed[1]:
            word = "required" if needed[1] else "optional"
            self.report.add(f"request-body-{word}", at, f"the body became {word}", base=before, head=after)
        self._content(before, after, at, direction, "body")

    def _body_appeared(
        self, before: Location | None, after: Location | None, at: str, old: Location, new: Location
    ) -> None:
        if after is None:
            self.report.add("request-body-removed", at, "the body was removed", base=before, head=new)
            return
        required = after.value.get("required") is True
        rule = "request-body-required-added" if required else "request-body-added"
        word = "a required" if required else "an optional"
        self.report.add(rule, at, f"{word} body was added", base=old, head=after)

    def _content(self, old: Location, new: Location, at: str, direction: Direction, area: str) -> None:
        before = dict(members(self.base, old, "content"))
        after = dict(members(self.head, new, "content"))
        pairs = _media_pairs(before, after)
        for one, two in pairs:
            where = at if len(before) == len(after) == 1 else f"{at} {one}"
            place = Place(where, area, text=not _is_json(one))
            if direction == "response" and one != two:
                self._media_changed(one, two, before[one], after[two], where)
            self._schemas(inside(before[one], "schema"), inside(after[two], "schema"), place, direction)
            self._encoding(before[one], after[two], where)
        self._media_gone(before, after, pairs, at, direction, old, new)

    def _media_changed(self, one: str, two: str, old: Location, new: Location, at: str) -> None:
        word = "narrowed" if _covers(one, two) else "widened"
        message = f"the media type went from {one} to {two}"
        self.report.add(f"response-media-type-{word}", at, message, base=old, head=new)

    def _media_gone(  # noqa: PLR0913, PLR0917 - both sides, and what was matched
        self,
        before: Mapping[str, Location],
        after: Mapping[str, Location],
        pairs: list[tuple[str, str]],
        at: str,
        direction: Direction,
        old: Location,
        new: Location,
    ) -> None:
        matched = {one for one, two in pairs if direction == "response" or _covers(two, one)}
        for name in before:
            if name not in matched:
                message = f"the media type {name} was removed"
                self.report.add(f"{direction}-media-type-removed", at, message, base=before[name], head=new)
        for name in sorted(after.keys() - {two for _, two in pairs}):
            message = f"the media type {name} was added"
            self.report.add(f"{direction}-media-type-added", at, message, base=old, head=after[name])

    def _encoding(self, old: Location, new: Location, at: str) -> None:
        before, after = ((here.value or {}).get("encoding") for here in (old, new))
        if value_text(before or {}) != value_text(after or {}):
            self.report.add("request-encoding-changed", at, "the encoding of parts changed", base=old, head=new)

    def _responses(self, old: Location, new: Location, at: str, direction: Direction) -> None:
        before, after = dict(members(self.base, old, "responses")), dict(members(self.head, new, "responses"))
        pairs = [(status, other) for status in before if (other := _covering(status, after)) is not None]
        seen = {two for _, two in pairs}
        pairs += [(other, status) for status in after if status not in seen and (other := _covering(status, before))]
        for one, two in dict.fromkeys(pairs):
            self._response(before[one], after[two], f"{at} {two if one == 'default' else one}", direction)
        for status, here in before.items():
            if status not in after and not (status[:1] in "123" and _range(status) in after):
                self._status(status, "removed", at, here, new)
        for status, here in after.items():
            if status not in before:
                self._status(status, "added", at, old, here)

    def _status(self, status: str, word: str, at: str, old: Location, new: Location) -> None:
        rule = f"response-status-{word}"
        if status == "default":
            rule = f"response-default-{word}"
        elif word == "removed" and status[:1] in "23":
            rule = "response-success-status-removed"
        self.report.add(rule, f"{at} {status}", f"the answer {status} was {word}", base=old, head=new)

    def _response(self, old: Location, new: Location, at: str, direction: Direction) -> None:
        self._content(old, new, at, direction, "body")
        self._headers(old, new, at, direction)
        before, after = dict(members(self.base, old, "links")), dict(members(self.head, new, "links"))
        for name in sorted(before.keys() | after.keys()):
            if name not in after:
                self.report.add(
                    "response-link-removed", at, f"the link {name} was removed", base=before[name], head=new
                )
            elif name not in before:
                self.report.add("response-link-added", at, f"the link {name} was added", base=old, head=after[name])
            elif _without_words(before[name].value) != _without_words(after[name].value):
                message = f"the link {name} changed"
                self.report.add("response-link-changed", at, message, base=before[name], head=after[name])

    def _headers(self, old: Location, new: Location, at: str, direction: Direction) -> None:
        before = {name.lower(): here for name, here in members(self.base, old, "headers")}
        after = {name.lower(): here for name, here in members(self.head, new, "headers")}
        for name in sorted((before.keys() | after.keys()) - {"content-type"}):
            where = f"{at} header:{name}"
            if name not in after:
                optional = "" if before[name].value.get("required") is True else "optional-"
                rule = f"response-{optional}header-removed"
                self.report.add(rule, where, f"the header {name} was removed", base=before[name], head=new)
            elif name not in before:
                self.report.add(
                    "response-header-added", where, f"the header {name} was added", base=old, head=after[name]
                )
            else:
                self._header(before[name], after[name], where, name, direction)

    def _header(self, old: Location, new: Location, at: str, name: str, direction: Direction) -> None:
        needed = [here.value.get("required") is True for here in (old, new)]
        if needed[0] != needed[1]:
            word = "required" if needed[1] else "optional"
            self.report.add(f"response-header-{word}", at, f"the header {name} became {word}", base=old, head=new)
        if old.value.get("explode", False) != new.value.get("explode", False):
            message = f"the header {name} is written in another way"
            self.report.add("response-header-style-changed", at, message, base=old, head=new)
        if "content" in old.value or "content" in new.value:
            self._content(old, new, at, direction, "header")
        else:
            self._schemas(inside(old, "schema"), inside(new, "schema"), Place(at, "header", text=True), direction)

    def _callbacks(self, old: Location, new: Location, at: str, direction: Direction) -> None:
        before, after = self._called_back(self.base, old), self._called_back(self.head, new)
        for key in sorted(before.keys() | after.keys()):
            where = f"{at} callback:{key[0]} {key[2].upper()}"
            if key not in after:
                self.report.add("callback-removed", where, "the callback was removed", base=before[key].here, head=new)
            elif key not in before:
                self.report.add("callback-added", where, "the callback was added", base=old, head=after[key].here)
            else:
                self._operation(before[key], after[key], where, _FLIPPED[direction])

    def _called_back(self, document: Document, here: Location) -> dict[tuple[str, str, str], _Operation]:
        found = {}
        for name, callback in members(document, here, "callbacks"):
            for expression, item in members(document, callback):
                for method in _METHODS:
                    if isinstance(item.value, dict) and isinstance(item.value.get(method), dict):
                        operation = _Operation(expression, method, inside(item, method), item)
                        found[name, expression, method] = operation
        return found

    def _hooks(self) -> None:
        old, new = (
            {**self._operations(d, "webhooks"), **self._operations(d, "x-webhooks")} for d in (self.base, self.head)
        )
        for key in sorted(old.keys() | new.keys()):
            at = f"webhook {key[0]} {key[1].upper()}"
            if key not in new:
                self.report.add("webhook-removed", at, "the webhook was removed", base=old[key].here)
            elif key not in old:
                self.report.add("webhook-added", at, "the webhook was added", head=new[key].here)
            else:
                self._operation(old[key], new[key], at, "response")

    def _security(self, old: _Operation, new: _Operation, at: str) -> None:
        sides = []
        for document, operation in ((self.base, old), (self.head, new)):
            own = "security" in operation.value
            holder = operation.here if own else root(document)
            sides.append(
                (
                    holder.value.get("security", []),
                    inside(holder, "security") if "security" in holder.value else holder,
                    own,
                )
            )
        shared = not any(own for *_, own in sides)
        compare_requirements(self.report, sides[0][:2], sides[1][:2], "all operations" if shared else at)

    def _servers(self, old: Location, new: Location, at: str) -> None:
        before, after = (_addresses(here) for here in (old, new))
        for address in sorted(before - after):
            self.report.add("server-removed", at, f"the server {address} was removed", base=old, head=new)
        for address in sorted(after - before):
            self.report.add("server-added", at, f"the server {address} was added", base=old, head=new)


def _folded(where: str, name: str) -> str:
    return name.lower() if where == "header" else name


def _style(document: Document, here: Location, others: Document, other: Location) -> tuple[object, ...]:
    """How a parameter is written; for plain values only the style counts."""
    value = here.value
    style = value.get("style", _STYLES.get(value["in"], "form"))
    simple = _simple(document, here) or _simple(others, other)
    explode = None if simple else value.get("explode", style == "form")
    return style, explode, value.get("allowReserved", False)


def _simple(document: Document, here: Location) -> bool:
    schema = member(document, here, "schema")
    named = schema.value.get("type") if schema is not None else None
    names = {named} if isinstance(named, str) else set(named) if isinstance(named, list) else {"object"}
    return not names & {"array", "object"}


def _default(document: Document, here: Location) -> str | None:
    schema = member(document, here, "schema")
    return _default_of(document, schema, _WRAPS) if schema is not None else None


def _default_of(document: Document, schema: Location, depth: int) -> str | None:
    """The default, also of what is only wrapped."""
    if "default" in schema.value or not depth:
        return value_text(schema.value["default"]) if "default" in schema.value else None
    wrapped = [*items(document, schema, "allOf"), *items(document, schema, "anyOf")]
    found = (_default_of(document, inner, depth - 1) for inner in wrapped)
    return next((default for default in found if default is not None), None)


def _is_json(name: str) -> bool:
    media = _media(name)
    return media.endswith(("/json", "+json", "/*")) or "json" in media


def _reader_of_text(schema: Schema, other: Schema, *, lists: bool) -> Schema:
    """Outside of JSON everything is text: who reads any text reads a number, who reads a list reads one item."""
    mine, theirs = types_of(schema), types_of(other)
    if schema.key == other.key or not mine or not theirs or mine >= theirs:
        return schema
    wide = schema
    if "string" in mine and not _TEXT_LIMITS & schema.keys():
        wide = Schema({**schema, "type": sorted(mine | theirs)}, schema.origin)
    if lists and "array" in mine and "array" not in theirs and schema.get("minItems", 0) <= 1:
        item = _reader_of_text(schema.get("items", ANYTHING), other, lists=False)
        wide = Schema({"anyOf": [wide, item]}, schema.origin)
    return wide


def _media(name: str) -> str:
    return name.partition(";")[0].strip().lower()


def _covers(wide: str, narrow: str) -> bool:
    """Whether a media type or a range of them holds another one."""
    one, two = _media(wide), _media(narrow)
    if one in ("*/*", two):
        return True
    if one.endswith("/*"):
        return two.startswith(one[:-1])
    plain = one.rpartition("/")
    return two.startswith(plain[0] + "/") and two.endswith("+" + plain[2])


def _media_pairs(before: Mapping[str, Location], after: Mapping[str, Location]) -> list[tuple[str, str]]:
    """Which media types belong together: the same name first, then one that holds the other."""
    pairs = [(name, name) for name in before if name in after]
    free = [name for name in after if name not in before]
    for one in before:
        if one not in after:
            two = next((name for name in free if _covers(name, one) or _covers(one, name)), None)
            if two is not None:
                pairs.append((one, two))
                free.remove(two)
    return pairs


def _range(status: str) -> str:
    return f"{status[:1]}XX"


def _covering(status: str, others: Mapping[str, Location]) -> str | None:
    names = {name.upper(): name for name in others}
    for wanted in (status.upper(), _range(status), "DEFAULT"):
        if wanted in names:
            return names[wanted]
    return None


def _without_words(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: inner for key, inner in value.items() if key != "description"}


def _addresses(here: Location) -> set[str]:
    listed = here.value.get("servers") if isinstance(here.value, dict) else None
    servers = listed if isinstance(listed, list) and listed else _NO_SERVERS
    return {str(server.get("url", "/")).rstrip("/") or "/" for server in servers if isinstance(server, dict)}
