"""YAML text to the values that JSON has, by the rules of YAML 1.2's core schema.

libyaml (through PyYAML) splits the text into events; what they mean is decided here, because PyYAML's own loader
follows YAML 1.1 (`on` is true, dates are objects, `017` is 15) and lets duplicate keys pass.
See `docs/decisions/004-yaml.md`.
Depth and aliases are counted while events arrive, so that nothing is built from a bomb.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from xptasks.contracts.json_text import bounded_int, duplicate_key, finite_float, shorten, too_deep, too_many
from xptasks.contracts.source import Fault, Limits

_INT = re.compile(r"[-+]?[0-9]+")
_OTHER_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS = {"": None, "~": None} | {
    form: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for form in (word, word.capitalize(), word.upper())
}
_NUMBER_STARTS = frozenset("-+.0123456789")
_TAG = "tag:yaml.org,2002:"
_COLLECTION_TAGS = frozenset({None, "!", _TAG + "map", _TAG + "seq"})
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    _TAG + "null": ((type(None),), "null"),
    _TAG + "bool": ((bool,), "true or false"),
    _TAG + "int": ((int,), "an integer"),
    _TAG + "float": ((int, float), "a number"),
}
MERGE = "<<"


def parse(text: str, limits: Limits) -> tuple[Any, int]:
    """The value of a YAML text with one document, and how many values it holds with aliases expanded.

    Keys are the text of their scalar (`200` is `"200"`), merge keys (`<<`) are applied, a repeated alias yields the
    same object again.

    Raises:
        Fault: the text is not YAML, or uses what JSON cannot hold or what other readers understand differently.
    """
    builder = _Builder(limits)
    for event in events(text):
        builder.take(event)
    return builder.root, builder.total


def events(text: str) -> Iterator[Any]:
    """The events (`yaml.Event`) of the only document of a text.

    Raises:
        Fault: the text is not YAML, or holds several documents.
    """
    parser = yaml.CSafeLoader(text)
    documents = 0
    try:
        while not isinstance(event := parser.get_event(), yaml.StreamEndEvent):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise Fault(
                    "holds more than one document",
                    "contract-syntax",
                    *mark(event),
                    hint="Put each into a file of its own.",
                )
            yield event
    except yaml.MarkedYAMLError as error:
        raise _syntax_fault(error) from None
    except yaml.reader.ReaderError as error:
        raise _character_fault(text, error) from None
    finally:
        parser.dispose()


def mark(event: Any) -> tuple[int, int]:  # noqa: ANN401 - PyYAML types events as optional
    """Line and column of an event, counted from 1."""
    return _place(event.start_mark)


def _place(place: Any) -> tuple[int, int]:  # noqa: ANN401 - PyYAML has two classes of marks
    return place.line + 1, place.column + 1


def _syntax_fault(error: yaml.MarkedYAMLError) -> Fault:
    what = " ".join(part for part in (error.context, error.problem) if part)
    line, column = _place(error.problem_mark or error.context_mark)
    return Fault(f"is not YAML: {what}", "contract-syntax", line, column)


def _character_fault(text: str, error: yaml.reader.ReaderError) -> Fault:
    code = error.character if isinstance(error.character, int) else ord(error.character)
    offset = text.find(chr(code))
    line = text.count("\n", 0, offset) + 1
    message = f"the control character U+{code:04X} must not stand in a text file"
    return Fault(message, "contract-syntax", line, offset - text.rfind("\n", 0, offset))


def scalar(event: yaml.ScalarEvent) -> Any:  # noqa: ANN401
    """The value of a scalar: null, boolean, number or string.

    Raises:
        Fault: its tag is unknown, or JSON cannot hold its value.
    """
    text, tag = event.value, event.tag
    try:
        if tag is None:
            return _plain(text) if event.implicit[0] else text
        return _tagged(text, tag)
    except ValueError as error:
        raise Fault(str(error), "contract-number", *mark(event)) from None
    except KeyError:
        raise _unknown_tag(tag, event) from None


def _plain(text: str) -> Any:  # noqa: ANN401
    if text in _WORDS:
        return _WORDS[text]
    return _number(text) if text[0] in _NUMBER_STARTS else text


def _number(text: str) -> int | float | str:
    if _INT.fullmatch(text):
        return bounded_int(text)
    if _OTHER_INT.fullmatch(text):
        return bounded_int(str(int(text, 0)) if len(text) < 256 else text * 2)  # noqa: PLR2004
    if _FLOAT.fullmatch(text):
        return finite_float(text)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is a number that JSON does not have")
    return text


def _tagged(text: str, tag: str) -> Any:  # noqa: ANN401
    if tag in ("!", _TAG + "str"):
        return text
    kinds, name = _KINDS[tag]
    value = _plain(text)
    if type(value) not in kinds:  # not isinstance: a boolean is an int to Python
        raise ValueError(f"{shorten(text)!r} is not {name}, as its tag says")
    return value


def _unknown_tag(tag: str | None, event: yaml.Event) -> Fault:
    tag = tag or ""
    written = "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag
    return Fault(
        f"the tag {shorten(written)} has no meaning in a contract",
        "contract-tag",
        *mark(event),
        hint="A contract holds what JSON holds; remove the tag, or quote the text.",
    )


class _Frame:
    """A collection that is being built."""

    __slots__ = ("anchor", "before", "key", "merge_mark", "merged", "merging", "value")

    def __init__(self, value: Any, anchor: str | None, before: int) -> None:  # noqa: ANN401
        self.value = value
        self.anchor = anchor
        self.before = before  # how many values there were in front of it
        self.key: str | None = None
        self.merging = False  # the key just read is a merge key
        self.merged: Any = None
        self.merge_mark: tuple[int, int] | None = None

    def put(self, value: Any) -> None:  # noqa: ANN401
        """Adds the next value; a merge key's waits until the collection ends, because it may not be complete yet."""
        if self.key is None:
            self.value.append(value)
        elif self.merging:
            self.merged, self.merging = value, False
        else:
            self.value[self.key] = value
        self.key = None

    def merge(self) -> None:
        """Adds what the merge key brings; keys that stand here win, then those of earlier mappings."""
        if self.merge_mark is None:
            return
        mappings = self.merged if isinstance(self.merged, list) else [self.merged]
        if not all(isinstance(mapping, dict) for mapping in mappings):
            raise Fault("the merge key << takes a mapping or a list of mappings", "contract-key", *self.merge_mark)
        for mapping in mappings:
            for key, value in mapping.items():
                self.value.setdefault(key, value)


class _Builder:
    """Builds the value from events with a stack of its own, so that depth is a number and not a crash."""

    def __init__(self, limits: Limits) -> None:
        self.root: Any = None
        self.total = 0
        self._limits = limits
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int] | None] = {}
        self._from_aliases = 0

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)

    def _expects_key(self) -> bool:
        return bool(self._stack) and self._stack[-1].key is None and isinstance(self._stack[-1].value, dict)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        is_key = self._expects_key()
        value = event.value if is_key else scalar(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        if is_key:
            self._key(value, event, plain=event.implicit[0])
        else:
            self._put(value, 1)

    def _key(self, key: str, event: yaml.Event, *, plain: bool) -> None:
        frame = self._stack[-1]
        merging = plain and key == MERGE
        if key in frame.value or (merging and frame.merge_mark):
            raise duplicate_key(key, *mark(event))
        frame.key, frame.merging = key, merging
        if merging:
            frame.merge_mark = mark(event)

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        if self._expects_key():
            raise Fault("a key must be text, not a collection", "contract-key", *mark(event))
        if event.tag not in _COLLECTION_TAGS:
            raise _unknown_tag(event.tag, event)
        if len(self._stack) >= self._limits.depth:
            raise too_deep(self._limits, *mark(event))
        if event.anchor is not None:
            self._anchors[event.anchor] = None  # not known until it ends: an alias inside would be a cycle
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._put(value, 1)
        self._stack.append(_Frame(value, event.anchor, self.total - 1))

    def _end(self) -> None:
        frame = self._stack.pop()
        frame.merge()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (frame.value, self.total - frame.before)

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = shorten(str(event.anchor))
        if event.anchor is None or event.anchor not in self._anchors:
            raise Fault(f"the alias *{name} has no anchor", "contract-alias", *mark(event))
        known = self._anchors[event.anchor]
        if known is None:
            raise Fault(f"the alias *{name} contains itself", "contract-alias", *mark(event))
        value, size = known
        if self._expects_key():
            if not isinstance(value, str):
                raise Fault("a key must be text, not a collection", "contract-key", *mark(event))
            self._key(value, event, plain=False)
            return
        self._count_alias(size, event)
        self._put(value, size)

    def _count_alias(self, size: int, event: yaml.Event) -> None:
        self._from_aliases += size
        if self._from_aliases > self._limits.alias_nodes:
            message = f"aliases expand to more than {self._limits.alias_nodes:,} values"
            raise Fault(message, "contract-alias", *mark(event), hint="Use $ref instead of YAML aliases.")

    def _put(self, value: Any, size: int) -> None:  # noqa: ANN401
        self.total += size
        if self.total > self._limits.nodes:
            raise too_many(self._limits)
        if self._stack:
            self._stack[-1].put(value)
        else:
            self.root = value
