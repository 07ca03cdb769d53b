"""Names in generated code: from the contract's spelling to identifiers that are valid and equal in every language.

A name depends on the schema's own path and on its direct siblings only, never on what stands elsewhere. `_` separates
the steps of a path, and the name of a component never contains it: `Project_Status`, the inline schema of a property,
cannot collide with a component `ProjectStatus`, whoever came first.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from unicodedata import normalize

from xptasks.contracts.model.words import PYTHON_MEMBER_WORDS, SWIFT_MEMBER_WORDS, TYPE_WORDS

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SIGNS = {
    "+": "plus",
    "-": "minus",
    "*": "star",
    "=": "equal",
    "<": "less",
    ">": "greater",
    "!": "not",
    "/": "slash",
    "%": "percent",
    "&": "and",
    "|": "or",
    "#": "hash",
    "@": "at",
    "$": "dollar",
    "~": "tilde",
    "^": "caret",
    "?": "question",
    ".": "dot",
    ",": "comma",
    ":": "colon",
    ";": "semicolon",
    "_": "underscore",
    " ": "space",
}


@dataclass(frozen=True, slots=True)
class MemberName:
    """A field or an enum case in the spelling of each language.

    Attributes:
        snake: `created_at`, for fields in Python; never begins with `_`, which pydantic keeps for itself.
        camel: `createdAt`, for fields and enum cases in Swift.
        upper: `CREATED_AT`, for enum members in Python.
    """

    snake: str
    camel: str
    upper: str


def digest(text: str) -> str:
    """Five characters that tell two spellings apart: what a name gets when it would collide."""
    return "x" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:4]


@lru_cache(maxsize=65536)
def parts(text: str) -> tuple[str, ...]:
    """Split at everything that is no letter or digit: `simple-user` -> simple, user.

    A sign that stands alone or before a digit is spelled out (`+1` -> plus, 1). Letters outside of ASCII stay when
    every language takes them in an identifier, otherwise they become `u` and their code point.
    """
    if text.isascii() and text.isalnum():
        return (text,)
    found = "".join(map(_letter, normalize("NFKC", text))).split()
    if text and (not found or (text[0] in "+-" and found[0][:1].isdigit())):
        signs = text if not found else text[0]
        found = [_SIGNS.get(sign, f"u{ord(sign):x}") for sign in signs] + found
    return tuple(found)


def _letter(char: str) -> str:
    if char.isascii():
        return char if char.isalnum() else " "
    if ("a" + char).isidentifier() and char.isalnum():
        return char
    return f" u{ord(char):x} " if char.isalnum() else " "


def _humps(text: str) -> Iterable[str]:
    for part in parts(text):
        yield from _HUMP.split(part)


@lru_cache(maxsize=65536)
def pascal(text: str) -> str:
    """`simple-user` -> `SimpleUser`; capitals inside a word stay: `HTTPServer`."""
    found = parts(text)
    if len(found) == 1:
        return found[0][:1].upper() + found[0][1:]
    return "".join(part.capitalize() if part.isupper() else part[:1].upper() + part[1:] for part in found)


@lru_cache(maxsize=65536)
def snake(text: str) -> str:
    """`createdAt` -> `created_at`."""
    name = ("_".join(_humps(text)) or "empty").lower()
    return f"n_{name}" if name[0].isdigit() else name


@lru_cache(maxsize=65536)
def camel(text: str) -> str:
    """`created_at` -> `createdAt`."""
    first, *rest = [*_humps(text)] or ["empty"]
    name = first.lower() + "".join(part[:1].upper() + part[1:].lower() for part in rest)
    return f"n{name}" if name[0].isdigit() else name


def spread(keys: Iterable[str], spell: Callable[[str], str]) -> dict[str, str]:
    """Spell every key, and no two alike, not even by case.

    Of keys that would collide, the one that is already spelled right keeps its name (else the first in the alphabet);
    the others get a suffix made from their own spelling. The order of the keys does not matter.
    """
    spelled = {key: spell(key) for key in keys}
    taken = {name.casefold() for name in spelled.values()}
    if len(taken) == len(spelled):
        return spelled
    first: set[str] = set()
    for key in sorted(spelled, key=lambda key: (spelled[key] != key, key)):
        folded = spelled[key].casefold()
        if folded in first:
            spelled[key] = f"{spelled[key]}_{digest(key)}"
        first.add(folded)
    return spelled


def segments(keys: Iterable[str]) -> dict[str, str]:
    """The step in a type's name for each of these siblings."""
    return spread(keys, lambda key: pascal(key) or "Empty")


def type_name(path: str) -> str:
    """A path's name, moved out of the way of reserved and shadowing words and of digits: `Result` -> `Result_`."""
    if path in TYPE_WORDS:
        return f"{path}_"
    return f"_{path}" if path[:1].isdigit() else path


def member_names(keys: Iterable[str]) -> dict[str, MemberName]:
    """The names of the fields of one object, or of the cases of one enum."""
    keys = tuple(keys)
    snakes, camels = spread(keys, snake), spread(keys, camel)
    return {
        key: MemberName(
            snake=_free(snakes[key], PYTHON_MEMBER_WORDS),
            camel=_free(camels[key], SWIFT_MEMBER_WORDS),
            upper=snakes[key].upper(),
        )
        for key in keys
    }


def _free(name: str, words: frozenset[str]) -> str:
    return f"{name}_" if name in words or name.startswith("model_") else name
