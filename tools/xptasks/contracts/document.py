"""A contract as it is written: its files, its references, its positions.

    document = load(Path("contracts/openapi.yaml"))
    document.kind, document.version            # "openapi", (3, 1, 0)
    document.value["paths"]                    # plain dicts, lists and scalars, as JSON has them; `$ref`s are left in
    schema = document.resolve("#/components/schemas/Project")
    schema.value, schema.file, schema.pointer
    document.position(schema.file, schema.pointer)   # file:line:column, computed when asked

`load` promises that every reference leads to a value below the contract's folder and that none is circular by itself;
`read` returns what is wrong instead of raising, for checks that want to go on. Values must not be changed: YAML aliases
share them.
"""

import hashlib
import re
from collections import ChainMap
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from xptasks.contracts import json_text, positions, references
from xptasks.contracts.json_text import shorten
from xptasks.contracts.positions import join_pointer, split_pointer
from xptasks.contracts.source import Fault, Limits, decode, read_bytes, real_folder
from xptasks.errors import ConfigError
from xptasks.results import Finding, Position

Kind = Literal["openapi", "asyncapi"]

_SUPPORTED: dict[Kind, tuple[tuple[int, int], ...]] = {
    "openapi": ((3, 0), (3, 1), (3, 2)),
    "asyncapi": (*((2, minor) for minor in range(7)), (3, 0), (3, 1)),
}
_VERSIONS = "OpenAPI 3.0.x to 3.2.x and AsyncAPI 2.0.0 to 2.6.0, 3.0.0 and 3.1.0 are understood."
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:-[\w.]+)?", re.ASCII)
_MAX_HOPS = 100  # references that one pointer may pass through


class ContractError(ConfigError):
    """A contract cannot be used; `findings` holds everything that is wrong with it, the message the first of them."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more: inv validate-contracts)" if len(findings) > 1 else ""
        super().__init__(first.message + more, where=str(first.position), hint=first.hint)
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Location:
    """A value of a contract and where it stands: the file (a name in `Document.files`) and the JSON Pointer in it."""

    file: str
    pointer: str
    value: Any = field(compare=False)


@dataclass(frozen=True)
class Document:
    """A contract with all files it refers to.

    Attributes:
        path: the file that was asked for, as it was given.
        kind: what it is.
        version: what it says it follows, e.g. `(3, 1, 0)`.
        files: the value of every file; names are relative to `root` with `/`, the first is the contract itself.
        texts: the same for what was read.
    """

    path: Path
    kind: Kind
    version: tuple[int, ...]
    files: Mapping[str, Any]
    texts: Mapping[str, str] = field(repr=False)
    _scans: Mapping[str, references.Scan] = field(repr=False)

    @property
    def root(self) -> Path:
        """The folder that holds all files."""
        return self.path.parent

    @property
    def name(self) -> str:
        """The contract's own name in `files`."""
        return self.path.name

    @property
    def value(self) -> dict[str, Any]:
        """The contract's own value."""
        value: dict[str, Any] = self.files[self.name]
        return value

    @cached_property
    def digest(self) -> str:
        """A hash over the names and contents of all files."""
        digest = hashlib.sha256()
        for name in sorted(self.texts):
            content = self.texts[name].encode()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()

    @cached_property
    def _finders(self) -> dict[str, positions.Finder]:
        return {}

    @property
    def reference_count(self) -> int:
        """How many references all files hold."""
        return sum(len(scan.references) for scan in self._scans.values())

    def position(self, file: str, pointer: str = "", *, value: bool = False) -> Position:
        """Where the key that `pointer` ends with is written; where its value begins with `value`.

        A pointer that leads nowhere yields its nearest parent. The file is named as in `path`, relative or not.
        """
        if file not in self._finders:
            self._finders[file] = positions.finder(self.texts[file], is_json=_is_json(file))
        line, column = self._finders[file].locate(split_pointer(pointer), value=value)
        return Position((PurePosixPath(self.root) / file).as_posix(), line, column)

    def references(self) -> list[Location]:
        """Every reference of all files: where it is written, and its text as the value."""
        return [
            Location(file, join_pointer(*reference.at), reference.text)
            for file, scan in self._scans.items()
            for reference in scan.references
        ]

    def resolve(self, ref: str, base: str | None = None) -> Location:
        """The value that the text of a `$ref` in the file `base` (the contract itself by default) leads to.

        One step: what it finds may be a `$ref` again, see `follow`. References on the way of the pointer are passed.

        Raises:
            Fault: it leads nowhere, or not to a file of this contract.
        """
        if ref.partition("#")[0] in self._ids:
            start, fragment = self._ids[ref.partition("#")[0]], ref.partition("#")[2]
        else:
            file, fragment = references.split(ref, base or self.name)
            if file not in self.files:
                raise Fault(f"{shorten(ref, 100)!r} is not a file of the contract", "ref-missing")
            start = Location(file, "", self.files[file])
        if fragment and not fragment.startswith("/"):
            return self._anchor(start.file, fragment)
        return self._walk(start, split_pointer(fragment), ref, _MAX_HOPS)

    def follow(self, location: Location) -> Location:
        """Steps from `$ref` to `$ref` until there is none.

        Raises:
            Fault: one leads nowhere, or they lead in a circle.
        """
        passed: dict[tuple[str, str], None] = {}
        while isinstance(location.value, dict) and isinstance(ref := location.value.get("$ref"), str):
            key = (location.file, location.pointer)
            end = self._ends.get(key, location)
            if end is None or key in passed:
                self._ends.update(dict.fromkeys(passed))
                raise Fault(f"{shorten(ref, 100)!r} only leads back to itself", "ref-circular")
            passed[key] = None
            location = end if end is not location else self.resolve(ref, location.file)
        self._ends.update(dict.fromkeys(passed, location))
        return location

    @cached_property
    def _ends(self) -> dict[tuple[str, str], Location | None]:
        """Where `follow` ended before (None for a circle), so that long chains are walked once."""
        return {}

    @cached_property
    def _ids(self) -> dict[str, Location]:
        return {
            name: Location(file, join_pointer(*at), value_at(self.files[file], at))
            for file, scan in self._scans.items()
            for name, at in scan.ids.items()
            if ":" in name
        }

    def _anchor(self, file: str, name: str) -> Location:
        at = self._scans[file].anchors.get(name)
        if at is None:
            raise Fault(f"no schema in {file} has the $anchor {shorten(name)!r}", "ref-missing")
        return Location(file, join_pointer(*at), value_at(self.files[file], at))

    def _walk(self, start: Location, tokens: tuple[str, ...], ref: str, hops: int) -> Location:
        here = start
        for token in tokens:
            while isinstance(here.value, dict) and token not in here.value and isinstance(here.value.get("$ref"), str):
                if not hops:
                    raise Fault(f"{shorten(ref, 100)!r} passes through a circle of references", "ref-circular")
                hops -= 1
                here = self._pass(here, hops)
            found, value = _member(here.value, token)
            if not found:
                where = f"{here.file}#{here.pointer}" if here.pointer else here.file
                raise Fault(
                    _nowhere(ref, where, token, here.value), "ref-missing", hint=partial(_nearest, here.value, token)
                )
            here = Location(here.file, f"{here.pointer}{join_pointer(token)}", value)
        return here

    def _pass(self, here: Location, hops: int) -> Location:
        file, fragment = references.split(here.value["$ref"], here.file)
        if file not in self.files:
            raise Fault(f"{shorten(here.value['$ref'], 100)!r} is not a file of the contract", "ref-missing")
        if fragment and not fragment.startswith("/"):
            return self._anchor(file, fragment)
        return self._walk(Location(file, "", self.files[file]), split_pointer(fragment), here.value["$ref"], hops)


def value_at(value: Any, at: references.At) -> Any:  # noqa: ANN401
    """The value that keys lead to, which are known to exist."""
    for key in at:
        value = value[key]
    return value


def _member(value: Any, token: str) -> tuple[bool, Any]:  # noqa: ANN401
    if isinstance(value, dict) and token in value:
        return True, value[token]
    if isinstance(value, list) and token.isascii() and token.isdigit() and len(token) < 10 and int(token) < len(value):  # noqa: PLR2004
        return True, value[int(token)]
    return False, None


def _nowhere(ref: str, where: str, token: str, value: object) -> str:
    holds = "no member" if isinstance(value, dict) else "no item" if isinstance(value, list) else "a scalar and no"
    return f"{shorten(ref, 100)!r} leads nowhere: {shorten(where, 100)} has {holds} {shorten(token)!r}"


def _nearest(value: object, token: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    close = get_close_matches(token, list(value)[:5_000], n=1) if isinstance(value, dict) else []
    return f"Did you mean {close[0]!r}?" if close else ""


def _is_json(name: str) -> bool:
    return name.lower().endswith(".json")


def load(path: Path, limits: Limits = Limits()) -> Document:  # noqa: B008 - frozen
    """The contract at `path` with every file it refers to.

    Raises:
        ContractError: something is wrong with how it is written or with one of its references.
    """
    document, findings = read(path, limits)
    if findings or document is None:
        raise ContractError(tuple(findings))
    return document


def read(path: Path, limits: Limits = Limits()) -> tuple[Document | None, list[Finding]]:  # noqa: B008 - frozen
    """The contract as far as it can be read, and everything that is wrong with its text and its references.

    The document is None when its first file is of no use.
    """
    reader = _Reader(path, limits)
    reader.read_all()
    document = reader.document()
    if document is None:
        return None, reader.findings
    findings = [*reader.findings, *_broken_references(document, reader.unreadable)]
    return document, sorted(findings, key=by_place)


def by_place(finding: Finding) -> tuple[str, int, int]:
    """Sorts findings by where they are."""
    place = finding.position or Position("")
    return place.file, place.line or 0, place.column or 0


def _identify(value: object) -> tuple[Kind, tuple[int, ...]]:
    if not isinstance(value, dict):
        raise Fault("is not a contract: it is not a mapping", "contract-kind", 1, 1, hint=_VERSIONS)
    kind = next((kind for kind in _SUPPORTED if kind in value), None)
    if kind is None:
        what = "is Swagger 2.0" if "swagger" in value else "has neither the key `openapi` nor `asyncapi`"
        raise Fault(f"is not a contract that is understood: it {what}", "contract-kind", 1, 1, hint=_VERSIONS)
    match = _VERSION.fullmatch(value[kind]) if isinstance(value[kind], str) else None
    version = tuple(int(part) for part in match.groups()) if match else ()
    if version[:2] not in _SUPPORTED[kind]:
        message = f"the version {shorten(repr(value[kind]))} of `{kind}` is not one that is understood"
        raise Fault(message, "contract-version", hint=_VERSIONS)
    return kind, version


class _Reader:
    """Reads a contract's files, one after the other, as their references ask for them."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.findings: list[Finding] = []
        self.unreadable: dict[str, Fault] = {}
        self._files: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        self._scans: dict[str, references.Scan] = {}
        self._path = path
        self._limits = limits
        self._bytes = 0
        self._nodes = 0

    def document(self) -> Document | None:
        """What was read, or None when the first file is not a contract."""
        name = self._path.name
        if name not in self._files:
            return None
        try:
            kind, version = _identify(self._files[name])
        except Fault as fault:
            self._report(fault, name)
            return None
        return Document(self._path, kind, version, self._files, self._texts, self._scans)

    def read_all(self) -> None:
        """Reads the contract and what it refers to."""
        pending = [self._path.name]
        while pending:
            file = pending.pop()
            if file in self._files or file in self.unreadable:
                continue
            try:
                self._read(file)
            except Fault as fault:
                self.unreadable[file] = fault
                if fault.line is not None or file == self._path.name:
                    self._report(fault, file)
            else:
                pending.extend(sorted(self._neighbours(file)))

    def _neighbours(self, base: str) -> set[str]:
        found = set()
        for reference in self._scans[base].references:
            if not reference.text.startswith("#"):
                with suppress(Fault):  # _broken_references says so, unless an $id explains it
                    found.add(references.split(reference.text, base)[0])
        return found

    def _read(self, file: str) -> None:
        if len(self._files) >= self._limits.files:
            raise Fault(f"is one file too many: a contract has at most {self._limits.files:,}", "contract-too-large")
        root = real_folder(self._path.parent)
        content = read_bytes(root / file, root, self._limits.file_bytes)
        self._bytes += len(content)
        if self._bytes > self._limits.total_bytes:
            message = f"is too much: all files together are larger than {self._limits.total_bytes:,} bytes"
            raise Fault(message, "contract-too-large")
        text = decode(content)
        value, nodes = _parse(file, text, self._limits)
        self._nodes += nodes
        if self._nodes > self._limits.nodes:
            raise json_text.too_many(self._limits)
        self._files[file], self._texts[file], self._scans[file] = value, text, references.scan(value)

    def _report(self, fault: Fault, file: str) -> None:
        line, column = fault.line, fault.column
        if fault.rule == "contract-version":
            kind = "openapi" if "openapi" in self._files[file] else "asyncapi"
            finder = positions.finder(self._texts[file], is_json=_is_json(file))
            line, column = finder.locate((kind,), value=True)
        where = Position((PurePosixPath(self._path.parent) / file).as_posix(), line, column)
        self.findings.append(Finding(fault.message, fault.rule, position=where, hint=fault.hint))


def _parse(name: str, text: str, limits: Limits) -> tuple[Any, int]:
    """Reads `.json` as JSON and everything else as YAML; returns the value and how many values it holds."""
    if _is_json(name):
        return json_text.parse(text, limits)
    from xptasks.contracts import yaml_text  # noqa: PLC0415 - JSON does not need PyYAML

    return yaml_text.parse(text, limits)


def _broken_references(document: Document, unreadable: Mapping[str, Fault]) -> list[Finding]:
    """A finding for each reference that leads nowhere, out of the folder, into a file of no use, or only to itself."""
    findings = []
    verdicts: dict[tuple[str, str], Fault | None] = {}
    circles = _Circles(document)
    for reference in document.references():
        key = (reference.file, reference.value)
        if key not in verdicts:
            verdicts[key] = _fault_of(document, reference, unreadable)
        fault = verdicts[key] or circles.fault_of(reference)
        if fault is not None and fault.line is None:
            where = document.position(reference.file, reference.pointer, value=True)
            findings.append(Finding(fault.message, fault.rule, position=where, hint=fault.hint))
    return findings


def _fault_of(document: Document, reference: Location, unreadable: Mapping[str, Fault]) -> Fault | None:
    try:
        document.resolve(reference.value, reference.file)
    except Fault as fault:
        with suppress(Fault):
            file = references.split(reference.value, reference.file)[0]
            if file in unreadable:
                inner = unreadable[file]
                return Fault(
                    f"{shorten(file, 100)!r} {inner.message}", inner.rule, inner.line, inner.column, hint=inner.hint
                )
        return fault
    return None


class _Circles:
    """Finds the `$ref`s from which only further `$ref`s lead back to them, walking each once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._lengths: dict[tuple[str, str], int] = {}  # of the circle that a `$ref` is part of; 0 for none

    def fault_of(self, reference: Location) -> Fault | None:
        """The fault of a reference that is part of a circle."""
        holder, _, keyword = reference.pointer.rpartition("/")
        if keyword != "$ref":
            return None
        self._walk(Location(reference.file, holder, {"$ref": reference.value}))
        steps = self._lengths[reference.file, holder]
        if not steps:
            return None
        message = f"{shorten(reference.value, 100)!r} only leads back to itself, in {steps} steps"
        return Fault(message, "ref-circular", hint="One of them must be a definition and not a `$ref`.")

    def _walk(self, start: Location) -> None:
        passed: dict[tuple[str, str], int] = {}
        here: Location | None = start
        while here is not None and (here.file, here.pointer) not in ChainMap(self._lengths, passed):
            passed[here.file, here.pointer] = len(passed)
            here = self._next(here)
        entry = passed.get((here.file, here.pointer)) if here is not None else None
        for key, index in passed.items():
            self._lengths[key] = len(passed) - entry if entry is not None and index >= entry else 0

    def _next(self, here: Location) -> Location | None:
        ref = here.value.get("$ref") if isinstance(here.value, dict) else None
        try:
            return self._document.resolve(ref, here.file) if isinstance(ref, str) else None
        except Fault:
            return None
