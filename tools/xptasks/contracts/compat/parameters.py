"""Compares the parameters of operations: whether they are there, and how they are written."""

from collections.abc import Mapping

from xptasks.contracts.compat.comparison import Comparison
from xptasks.contracts.compat.content import compare_content
from xptasks.contracts.compat.lifecycle import BETA, compare_lifecycle, removal
from xptasks.contracts.compat.normal import value_text
from xptasks.contracts.compat.operation import TEMPLATE, Operation
from xptasks.contracts.compat.places import inside, items, member
from xptasks.contracts.compat.schemas import Direction, types_of
from xptasks.contracts.compat.walk import Place, level_of
from xptasks.contracts.document import Document, Location

_IGNORED_HEADERS = ("accept", "content-type", "authorization")
_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_WRAPS = 5  # unions and conjunctions inside of each other that may hold a default

_Key = tuple[str, str]
_Parameters = Mapping[_Key, Location]


def compare_parameters(comparison: Comparison, old: Operation, new: Operation, at: str, direction: Direction) -> None:
    """Reports what changed in the parameters of an operation; `direction` tells who sends them."""
    before, after = _listed(comparison.base, old), _listed(comparison.head, new)
    moves = _moves(before, after)
    for key, parameter in before.items():
        if key in after:
            _parameter(comparison, parameter, after[key], at, direction)
        elif key in moves:
            _moved(comparison, parameter, after[moves[key]], at, direction)
        else:
            _removed(comparison, parameter, new, at, direction)
    for key in sorted(after.keys() - before.keys() - set(moves.values())):
        _added(comparison, after[key], old, at, direction)


def _listed(document: Document, operation: Operation) -> dict[_Key, Location]:
    """The parameters by place and name; those of a path by their position in it."""
    slots = {text[1:-1]: str(index) for index, text in enumerate(TEMPLATE.findall(operation.path))}
    free = list(slots.values())
    found: dict[_Key, Location] = {}
    for holder in (operation.item, operation.here):
        for here in items(document, holder, "parameters"):
            where, name = here.value.get("in"), here.value.get("name")
            if not isinstance(where, str) or not isinstance(name, str):
                continue
            if where == "header" and name.lower() in _IGNORED_HEADERS:
                continue
            key = name.lower() if where == "header" else name
            if where == "path":
                key = slots.get(name) or next((slot for slot in free if (where, slot) not in found), name)
            found[where, key] = here
    return found


def _moves(before: _Parameters, after: _Parameters) -> dict[_Key, _Key]:
    """Parameters that stand elsewhere now, by their name: where they were and where they are."""
    gone = {key: here for key, here in before.items() if key not in after and not here.value.get("deprecated")}
    more = {_plain(here): key for key, here in after.items() if key not in before}
    return {key: more[_plain(here)] for key, here in gone.items() if _plain(here) in more}


def _plain(parameter: Location) -> str:
    return str(parameter.value["name"]).lower()


def _label(parameter: Location) -> str:
    return f"{parameter.value['in']}:{parameter.value['name']}"


def _required(parameter: Location) -> bool:
    return parameter.value.get("required") is True or parameter.value["in"] == "path"


def _moved(comparison: Comparison, old: Location, new: Location, at: str, direction: Direction) -> None:
    message = f"the parameter `{old.value['name']}` stands in the {new.value['in']} now and stood in the "
    where = f"{at} {_label(new)}"
    needed = _required(new) or (direction == "response" and _required(old))
    comparison.report.add(
        "parameter-moved",
        where,
        message + str(old.value["in"]),
        base=old,
        head=new,
        most="error" if needed else "warning",
    )
    comparison.locations(inside(old, "schema"), inside(new, "schema"), Place(where, "parameter", text=True), direction)


def _removed(comparison: Comparison, parameter: Location, new: Operation, at: str, direction: Direction) -> None:
    name = _label(parameter)
    rule, message = "parameter-removed", "was removed"
    if direction == "response":
        rule = f"sent-{'' if _required(parameter) else 'optional-'}parameter-removed"
    elif level_of(parameter.value) < BETA:
        rule = "parameter-removed-after-deprecation"
    elif parameter.value.get("deprecated"):
        rule, message = removal("parameter", parameter.value, comparison.today)
    comparison.report.add(rule, f"{at} {name}", f"the parameter `{name}`: {message}", base=parameter, head=new.here)


def _added(comparison: Comparison, parameter: Location, old: Operation, at: str, direction: Direction) -> None:
    name = _label(parameter)
    word = "required" if _required(parameter) else "optional"
    rule = "parameter-required-added" if _required(parameter) else "parameter-added"
    rule = "sent-parameter-added" if direction == "response" else rule
    message = f"the {word} parameter `{name}` was added"
    comparison.report.add(rule, f"{at} {name}", message, base=old.here, head=parameter)


def _parameter(comparison: Comparison, old: Location, new: Location, at: str, direction: Direction) -> None:
    report, name = comparison.report, _label(old)
    at = f"{at} {name}"
    compare_lifecycle(report, "parameter", at, old, new)
    if old.value["name"] != new.value["name"] and old.value["in"] == "path":
        message = f"the parameter `{name}` is called `{new.value['name']}` now"
        report.add("parameter-renamed", at, message, base=old, head=new)
    if _required(old) != _required(new):
        word = "required" if _required(new) else "optional"
        rule = f"{'sent-' if direction == 'response' else ''}parameter-{word}"
        report.add(rule, at, f"the parameter `{name}` became {word}", base=old, head=new)
    _written(comparison, old, new, at, direction)


def _written(comparison: Comparison, old: Location, new: Location, at: str, direction: Direction) -> None:
    report, name = comparison.report, _label(old)
    if ("content" in old.value) != ("content" in new.value):
        message = f"the parameter `{name}` is written as another media type"
        report.add("parameter-content-changed", at, message, base=old, head=new)
        return
    if "content" in old.value:
        compare_content(comparison, old, new, at, direction, "parameter")
        return
    _way(comparison, old, new, at)
    before, after = _default(comparison.base, old), _default(comparison.head, new)
    if before != after:
        message = f"the default of the parameter `{name}` went from {before or 'none'} to {after or 'none'}"
        report.add("parameter-default-changed", at, message, base=old, head=new)
    comparison.locations(inside(old, "schema"), inside(new, "schema"), Place(at, "parameter", text=True), direction)


def _way(comparison: Comparison, old: Location, new: Location, at: str) -> None:
    """How it is written: style and explode, reserved characters, no value at all."""
    kinds = kinds_of(comparison.base, old) & kinds_of(comparison.head, new)
    if _style(old, kinds) != _style(new, kinds):
        message = f"the parameter `{_label(old)}` is written in another way (style, explode, allowReserved)"
        comparison.report.add("parameter-style-changed", at, message, base=old, head=new)
    empty = [here.value["in"] == "query" and here.value.get("allowEmptyValue") is True for here in (old, new)]
    if empty[0] != empty[1]:
        rule = f"parameter-empty-{'allowed' if empty[1] else 'refused'}"
        message = f"the parameter `{_label(old)}` may {'' if empty[1] else 'no longer '}come without a value"
        comparison.report.add(rule, at, message, base=old, head=new)


def _style(here: Location, kinds: set[str]) -> tuple[object, ...]:
    value = here.value
    style = value.get("style", _STYLES.get(value["in"], "form"))
    explode = value.get("explode", style == "form") if matters(style, kinds) else None
    return style, explode, value.get("allowReserved", False)


def matters(style: str, kinds: set[str]) -> bool:
    """Whether `explode` changes how values of these types are written."""
    return "object" in kinds or ("array" in kinds and style != "simple")


def kinds_of(document: Document, here: Location) -> set[str]:
    """The types that the schema of a parameter or a header names; object and array where it names none."""
    schema = member(document, here, "schema")
    named = types_of(schema.value) if schema is not None else set()
    return named or {"array", "object"}


def _default(document: Document, here: Location) -> str | None:
    schema = member(document, here, "schema")
    return _default_of(document, schema, _WRAPS) if schema is not None else None


def _default_of(document: Document, schema: Location, depth: int) -> str | None:
    """The default, also of what is only wrapped."""
    if "default" in schema.value or not depth:
        return value_text(schema.value["default"]) if "default" in schema.value else None
    wrapped = [one for word in ("allOf", "anyOf", "oneOf") for one in items(document, schema, word)]
    found = (_default_of(document, inner, depth - 1) for inner in wrapped)
    return next((default for default in found if default is not None), None)
