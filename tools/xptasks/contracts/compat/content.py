"""Compares bodies: whether they are there, their media types, their schemas, the encoding of their parts."""

from collections.abc import Mapping

from xptasks.contracts.compat.comparison import Comparison
from xptasks.contracts.compat.places import inside, member, members
from xptasks.contracts.compat.schemas import Direction, types_of
from xptasks.contracts.compat.walk import Place
from xptasks.contracts.document import Document, Location

_PARTS = {"object": "application/json", "binary": "application/octet-stream"}

_Contents = Mapping[str, Location]


def compare_bodies(comparison: Comparison, old: Location, new: Location, at: str, direction: Direction) -> None:
    """Reports what changed in the `requestBody` of an operation; `direction` tells who sends it."""
    before = member(comparison.base, old, "requestBody")
    after = member(comparison.head, new, "requestBody")
    prefix = "request" if direction == "request" else "sent"
    report = comparison.report
    if before is None and after is None:
        return
    if after is None:
        report.add(f"{prefix}-body-removed", at, "the body was removed", base=before, head=new)
        return
    required = after.value.get("required") is True
    if before is None:
        rule = "request-body-required-added" if required and prefix == "request" else f"{prefix}-body-added"
        word = "a required" if required else "an optional"
        report.add(rule, at, f"{word} body was added", base=old, head=after)
        return
    if required != (before.value.get("required") is True):
        word = "required" if required else "optional"
        report.add(f"{prefix}-body-{word}", at, f"the body became {word}", base=before, head=after)
    compare_content(comparison, before, after, at, direction, "body")


def compare_content(  # noqa: PLR0913, PLR0917 - both sides, where and what
    comparison: Comparison, old: Location, new: Location, at: str, direction: Direction, area: str
) -> None:
    """Reports what changed in the `content` of two bodies, parameters or headers."""
    before = dict(members(comparison.base, old, "content"))
    after = dict(members(comparison.head, new, "content"))
    pairs = _pairs(before, after)
    for one, two in pairs:
        where = at if len(before) == len(after) == 1 else f"{at} {one}"
        place = Place(where, area, text=not _is_json(one))
        if direction == "response" and one != two:
            _changed(comparison, (one, before[one]), (two, after[two]), where)
        for word in ("schema", "itemSchema"):  # one of all items of a stream, in OpenAPI 3.2
            if word == "schema" or word in before[one].value or word in after[two].value:
                comparison.locations(inside(before[one], word), inside(after[two], word), place, direction)
        if _is_form(one) and _is_form(two):
            _encoding(comparison, before[one], after[two], where)
    matched = {one for one, two in pairs if direction == "response" or _covers(two, one)}
    for name, here in before.items():
        if name not in matched:
            message = f"the media type {name} was removed"
            comparison.report.add(f"{direction}-media-type-removed", at, message, base=here, head=new)
    for name in sorted(after.keys() - {two for _, two in pairs}):
        message = f"the media type {name} was added"
        comparison.report.add(f"{direction}-media-type-added", at, message, base=old, head=after[name])


def _changed(comparison: Comparison, old: tuple[str, Location], new: tuple[str, Location], at: str) -> None:
    word = "narrowed" if _covers(old[0], new[0]) else "widened"
    message = f"the media type went from {old[0]} to {new[0]}"
    comparison.report.add(f"response-media-type-{word}", at, message, base=old[1], head=new[1])


def _encoding(comparison: Comparison, old: Location, new: Location, at: str) -> None:
    before, after = _parts(comparison.base, old), _parts(comparison.head, new)
    named = {name for here in (old, new) for name in here.value.get("encoding") or ()}
    for name in sorted(before.keys() & after.keys() & named):
        if before[name] != after[name]:
            message = f"the part `{name}` is written in another way"
            comparison.report.add("request-encoding-changed", at, message, base=old, head=new)


def _parts(document: Document, here: Location) -> dict[str, dict[str, object]]:
    """How each part of a form is written, said or not."""
    schema = member(document, here, "schema")
    if schema is None:
        return {}
    given = member(document, here, "encoding")
    return {
        name: _part(document, part, None if given is None else member(document, given, name))
        for name, part in members(document, schema, "properties")
    }


def _part(document: Document, schema: Location, given: Location | None) -> dict[str, object]:
    said = given.value if given is not None else {}
    style = said.get("style", "form")
    headers = sorted(
        name.lower()
        for name, header in (members(document, given, "headers") if given is not None else ())
        if header.value.get("required") is True
    )
    return {
        "contentType": str(said.get("contentType", _kind(document, schema))).replace(" ", ""),
        "style": style,
        "explode": said.get("explode", style == "form") if _several(schema) else None,
        "allowReserved": said.get("allowReserved", False),
        "headers": headers,
    }


def _several(schema: Location) -> bool:
    return not types_of(schema.value) or bool(types_of(schema.value) & {"array", "object"})


def _kind(document: Document, schema: Location) -> str:
    """The media type of a part about which nothing is said."""
    named = types_of(schema.value)
    if "array" in named:
        inner = member(document, schema, "items")
        return _kind(document, inner) if inner is not None else _PARTS["binary"]
    if "object" in named:
        return _PARTS["object"]
    raw = schema.value.get("format") == "binary" or "contentEncoding" in schema.value or not named
    return _PARTS["binary"] if raw else "text/plain"


def _is_json(name: str) -> bool:
    media = _media(name)
    return media.endswith(("/json", "+json", "/*")) or "json" in media


def _is_form(name: str) -> bool:
    return _media(name).startswith("multipart/") or _media(name) == "application/x-www-form-urlencoded"


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


def _pairs(before: _Contents, after: _Contents) -> list[tuple[str, str]]:
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
