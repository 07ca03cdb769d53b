"""Cutting `swift_support.swift` into parts, so that a generated file carries only those it needs."""

import re
from functools import lru_cache
from pathlib import Path

from xptasks.contracts.writing.support.chunks import Chunk, Support

_DEFINED = re.compile(r"^(?:@\w+\n)?(?:public |fileprivate |indirect )*(?:struct|enum|protocol) (\w+)", re.MULTILINE)
_EXTENDED = re.compile(r"^(?:fileprivate )?extension (\w+)", re.MULTILINE)
_MEMBER = re.compile(r"^    (?:mutating )?(?:func|var) (\w+)", re.MULTILINE)
_COMMENT = re.compile(r"//.*")
_WORD = re.compile(r"\b[A-Za-z_]\w*")


@lru_cache(maxsize=1)
def swift_support() -> Support:
    """The parts of `swift_support.swift` by name: a type with its extensions, or the functions of one extension.

    An extension of a foreign type goes by the name of its first member; it is one of a family when others use it.
    """
    text = Path(__file__).with_name("swift_support.swift").read_text(encoding="utf-8")
    _, _, body = text.partition("import Foundation\n\n")
    texts: dict[str, str] = {}
    members: dict[str, str] = {}
    for block in re.split(r"\n\n(?=\S)", body.rstrip("\n")):
        name = _name(block, texts)
        texts[name] = f"{texts[name]}\n\n{block}" if name in texts else block
        if name not in _DEFINED.findall(block):
            members.update(dict.fromkeys(_MEMBER.findall(block), name) if block.startswith("fileprivate") else {})
    return Support({name: Chunk(text, _mentions(name, text, texts, members)) for name, text in texts.items()}, {})


def _name(block: str, known: dict[str, str]) -> str:
    defined = _DEFINED.search(block)
    if defined:
        return defined[1]
    extended = _EXTENDED.search(block)
    if extended and extended[1] in known:
        return extended[1]
    return str(_MEMBER.findall(block)[0])


def _mentions(name: str, text: str, texts: dict[str, str], members: dict[str, str]) -> frozenset[str]:
    words = set(_WORD.findall(_COMMENT.sub("", text)))
    found = {word for word in words if word in texts} | {members[word] for word in words if word in members}
    return frozenset(found - {name})
