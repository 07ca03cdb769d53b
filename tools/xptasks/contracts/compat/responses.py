"""Compares answers: their statuses, bodies, headers and links."""

from collections.abc import Mapping

from xptasks.contracts.compat.comparison import Comparison
from xptasks.contracts.compat.content import compare_content
from xptasks.contracts.compat.links import compare_links
from xptasks.contracts.compat.parameters import kinds_of, matters
from xptasks.contracts.compat.places import inside, members
from xptasks.contracts.compat.schemas import Direction
from xptasks.contracts.compat.walk import Place
from xptasks.contracts.document import Document, Location

_Responses = Mapping[str, Location]


def compare_responses(comparison: Comparison, old: Location, new: Location, at: str, direction: Direction) -> None:
    """Reports what changed in the answers of an operation; `direction` is request where clients answer."""
    before, after = _listed(comparison.base, old), _listed(comparison.head, new)
    pairs = [(status, other) for status in before if (other := _covering(status, after)) is not None]
    seen = {two for _, two in pairs}
    pairs += [(other, status) for status in after if status not in seen and (other := _covering(status, before))]
    for one, two in dict.fromkeys(pairs):
        where = f"{at} {two if one == 'default' else one}"
        compare_content(comparison, before[one], after[two], where, direction, "body")
        _headers(comparison, before[one], after[two], where, direction)
        compare_links(comparison, before[one], after[two], where)
    for status, here in before.items():
        if status not in after and not (status[:1] in "123" and _range(status) in after):
            rule = _removed(status, after, direction)
            if status == "default" and ("content" not in here.value or {"4XX", "5XX"} <= after.keys()):
                rule = "response-default-replaced" if direction == "response" else rule
            _status(comparison, rule, "removed", f"{at} {status}", (here, new))
    for status, here in after.items():
        if status not in before:
            rule = "answer-status-accepted" if direction == "request" else f"response-{_sort(status)}-added"
            _status(comparison, rule, "added", f"{at} {status}", (old, here))


def _listed(document: Document, here: Location) -> dict[str, Location]:
    """The answers by status; `2xx` is `2XX`."""
    found = members(document, here, "responses")
    return {status if status == "default" else status.upper(): response for status, response in found}


def _sort(status: str) -> str:
    return "default" if status == "default" else "status"


def _removed(status: str, after: _Responses, direction: Direction) -> str:
    if direction == "request":
        return "answer-status-refused"
    narrowed = status.endswith("XX") and any(other[:1] == status[:1] for other in after)
    firm = status[:1] in "23" and not narrowed
    return "response-success-status-removed" if firm else f"response-{_sort(status)}-removed"


def _status(comparison: Comparison, rule: str, word: str, at: str, sides: tuple[Location, Location]) -> None:
    message = f"the answer {at.rpartition(' ')[2]} was {word}"
    comparison.report.add(rule, at, message, base=sides[0], head=sides[1])


def _range(status: str) -> str:
    return f"{status[:1]}XX"


def _covering(status: str, others: _Responses) -> str | None:
    return next((wanted for wanted in (status, _range(status), "default") if wanted in others), None)


def _headers(comparison: Comparison, old: Location, new: Location, at: str, direction: Direction) -> None:
    before = {name.lower(): here for name, here in members(comparison.base, old, "headers")}
    after = {name.lower(): here for name, here in members(comparison.head, new, "headers")}
    for name in sorted((before.keys() | after.keys()) - {"content-type"}):
        where = f"{at} header:{name}"
        if name not in after:
            _header_came_or_went(comparison, (before[name], new), "removed", where, direction)
        elif name not in before:
            _header_came_or_went(comparison, (old, after[name]), "added", where, direction)
        else:
            _header(comparison, before[name], after[name], where, direction)


def _header_came_or_went(
    comparison: Comparison, sides: tuple[Location, Location], word: str, at: str, direction: Direction
) -> None:
    required = sides[0 if word == "removed" else 1].value.get("required") is True
    rule = f"response-{'' if required or word == 'added' else 'optional-'}header-{word}"
    if direction == "request":
        rule = f"answer-header-{'needed' if required and word == 'added' else 'not-needed'}"
    message = f"the header {at.rpartition(':')[2]} was {word}"
    comparison.report.add(rule, at, message, base=sides[0], head=sides[1])


def _header(comparison: Comparison, old: Location, new: Location, at: str, direction: Direction) -> None:
    report, name = comparison.report, at.rpartition(":")[2]
    needed = [here.value.get("required") is True for here in (old, new)]
    if needed[0] != needed[1]:
        word = "required" if needed[1] else "optional"
        rule = f"response-header-{word}"
        if direction == "request":
            rule = f"answer-header-{'needed' if needed[1] else 'not-needed'}"
        report.add(rule, at, f"the header {name} became {word}", base=old, head=new)
    if ("content" in old.value) != ("content" in new.value):
        message = f"the header {name} is written as another media type"
        report.add("response-header-style-changed", at, message, base=old, head=new)
        return
    if "content" in old.value:
        compare_content(comparison, old, new, at, direction, "header")
        return
    kinds = kinds_of(comparison.base, old) & kinds_of(comparison.head, new)
    exploded = [here.value.get("explode", False) for here in (old, new)]
    if exploded[0] != exploded[1] and matters("simple", kinds):
        message = f"the header {name} is written in another way"
        report.add("response-header-style-changed", at, message, base=old, head=new)
    comparison.locations(inside(old, "schema"), inside(new, "schema"), Place(at, "header", text=True), direction)
