"""Which `$ref`s a contract's file holds, and where each may lead: decisions about values and strings only."""

import posixpath
import re
from typing import Any, NamedTuple
from urllib.parse import unquote

from xptasks.contracts.json_text import shorten
from xptasks.contracts.source import Fault

# Mappings whose keys are names that the contract's author chose: below them a key `example` is not the keyword.
NAME_MAPS = frozenset({
    "$defs", "callbacks", "channels", "content", "correlationIds", "definitions", "dependencies",
    "dependentSchemas", "encoding", "examples", "externalDocs", "headers", "links", "mediaTypes",
    "messageTraits", "messages", "operationTraits", "operations", "parameters", "pathItems", "paths",
    "patternProperties", "properties", "replies", "replyAddresses", "requestBodies", "responses", "schemas",
    "securitySchemes", "serverVariables", "servers", "tags", "variables", "webhooks",
})  # fmt: skip
# Keywords whose value is data of the contract's author: a `$ref` in there is not a reference.
DATA = frozenset({"const", "dataValue", "default", "enum", "example", "value"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_MAPPING_TO_FILE = re.compile(r"#|/|\.(?:ya?ml|json)$", re.IGNORECASE)
_LOCAL = "Only files below the contract's folder are read; copy what you need into it."

At = tuple[str | int, ...]


class Reference(NamedTuple):
    """A `$ref` (or a discriminator's mapping to one): the keys that lead to the text, and the text."""

    at: At
    text: str


class Scan(NamedTuple):
    """What one file says about references: those it holds, and where it names schemas by `$id` and `$anchor`."""

    references: list[Reference]
    ids: dict[str, At]
    anchors: dict[str, At]


def scan(value: Any) -> Scan:  # noqa: ANN401
    """Reads a file's value; text that is only data or an extension of the contract's author is left alone."""
    found = Scan([], {}, {})
    pending: list[tuple[At, Any, bool]] = [((), value, False)]
    while pending:
        at, item, is_name_map = pending.pop()
        if isinstance(item, list):
            pending.extend(
                ((*at, index), child, False) for index, child in enumerate(item) if isinstance(child, dict | list)
            )
            continue
        if not isinstance(item, dict):
            continue
        _note(at, item, found)
        for key, child in item.items():
            if isinstance(child, dict | list) and (is_name_map or not is_data(key, child)):
                pending.append(((*at, key), child, not is_name_map and maps_names(key, child)))
    return found


def _note(at: At, item: dict[str, Any], found: Scan) -> None:
    for keyword in ("$ref", "$dynamicRef"):
        if isinstance(item.get(keyword), str):
            found.references.append(Reference((*at, keyword), item[keyword]))
    for keyword in ("$anchor", "$dynamicAnchor"):
        if isinstance(item.get(keyword), str):
            found.anchors.setdefault(item[keyword], at)
    if isinstance(item.get("$id"), str):
        found.ids.setdefault(item["$id"], at)
    discriminator = item.get("discriminator")
    mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
    for name, text in mapping.items() if isinstance(mapping, dict) else ():
        if isinstance(text, str) and _MAPPING_TO_FILE.search(text):
            found.references.append(Reference((*at, "discriminator", "mapping", name), text))


def maps_names(key: str, child: object) -> bool:
    """True when the value of this keyword maps names that the contract's author chose."""
    if key == "headers" and isinstance(child, dict) and (isinstance(child.get("type"), str) or "properties" in child):
        return False  # AsyncAPI: the headers of a message are one schema
    return isinstance(child, dict) and key in NAME_MAPS


def is_data(key: str, child: object) -> bool:
    """True for a keyword whose value is data: an example, a default, an extension."""
    return key in DATA or key.startswith("x-") or (key == "examples" and isinstance(child, list))


def split(text: str, base: str) -> tuple[str, str]:
    """The file (relative to the contract's folder) and the fragment that a reference in the file `base` names.

    Raises:
        Fault: it does not name a file below the contract's folder.
    """
    path, _, fragment = text.partition("#")
    if not path:
        return base, _unquote(fragment, text)
    if _SCHEME.match(path) or path.startswith(("//", "\\\\")):
        raise Fault(
            f"{shorten(text, 100)!r} is not a file of the contract: nothing is fetched", "ref-remote", hint=_LOCAL
        )
    path = _unquote(path, text)
    if path.startswith(("/", "\\")) or _SCHEME.match(path) or "\\" in path or "\0" in path:
        raise Fault(f"{shorten(text, 100)!r} is not a relative path with /", "ref-outside", hint=_LOCAL)
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(base), path))
    if joined == ".." or joined.startswith("../"):
        raise Fault(f"{shorten(text, 100)!r} leads out of the contract's folder", "ref-outside", hint=_LOCAL)
    return joined, _unquote(fragment, text)


def _unquote(part: str, text: str) -> str:
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError:
        raise Fault(f"{shorten(text, 100)!r} is not percent-encoded UTF-8", "ref-syntax") from None
