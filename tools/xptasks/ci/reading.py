"""A workflow as plain values with the place of each, read as GitHub reads it: keys are text, `on` is no boolean."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xptasks.results import Finding, Position

if TYPE_CHECKING:
    import yaml

Path = tuple[str | int, ...]
_MOST = 20_000  # values of a file, aliases expanded
_INT = re.compile(r"[-+]?[0-9]+")
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}
SYNTAX = "workflow-syntax"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file.

    Attributes:
        file: its path, relative to the project.
        data: its values; an empty mapping when it cannot be read.
        lines: its text.
        problems: why it cannot be read, and keys that stand in it twice.
    """

    file: str
    data: Mapping[str, Any]
    lines: tuple[str, ...] = ()
    places: Mapping[Path, tuple[int, int]] = field(default_factory=dict)
    problems: tuple[Finding, ...] = ()

    def at(self, *path: str | int) -> Position:
        """The place of a value, or of what is nearest around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return Position(self.file, *self.places[path[:length]])
        return Position(self.file, 1, 1)

    def line(self, position: Position) -> str:
        """The text of a place's line."""
        return self.lines[(position.line or 1) - 1] if self.lines else ""

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """Its jobs by id."""
        found = self.data.get("jobs")
        return {name: job for name, job in found.items() if isinstance(job, dict)} if isinstance(found, dict) else {}

    @property
    def events(self) -> dict[str, Any]:
        """What starts it: each event with its settings."""
        match self.data.get("on"):
            case str() as one:
                return {one: None}
            case list() as several:
                return {str(name): None for name in several}
            case dict() as table:
                return table
        return {}

    def steps(self, job: str) -> list[tuple[int, dict[str, Any]]]:
        """The steps of a job, with their numbers."""
        found = self.jobs[job].get("steps")
        listed = found if isinstance(found, list) else []
        return [(number, step) for number, step in enumerate(listed) if isinstance(step, dict)]


def parse(text: str, file: str) -> Parsed:
    """Read a workflow. What cannot be read is a finding, no error."""
    from yaml import CSafeLoader, YAMLError, compose  # noqa: PLC0415 - `inv --list` does not wait for it

    lines = tuple(text.splitlines())
    builder = _Builder(file)
    try:
        root = compose(text, CSafeLoader)
        data = builder.value(root, ()) if root is not None else {}
    except (YAMLError, RecursionError, OverflowError) as error:
        what = str(getattr(error, "problem", None) or error)
        mark = getattr(error, "problem_mark", None)
        place = Position(file, mark.line + 1, mark.column + 1) if mark else Position(file, 1, 1)
        return Parsed(file, {}, lines, problems=(_unreadable(what, place),))
    if not isinstance(data, dict):
        return Parsed(file, {}, lines, problems=(_unreadable("it is no mapping", Position(file, 1, 1)),))
    return Parsed(file, data, lines, builder.places, tuple(builder.twice))


def _unreadable(what: str, place: Position) -> Finding:
    return Finding(f"the workflow cannot be read: {what}", SYNTAX, position=place, hint="write it as YAML")


class _Builder:
    """Turns nodes into values; `places` has line and column of each."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[Path, tuple[int, int]] = {}
        self.twice: list[Finding] = []
        self._count = 0

    def value(self, node: "yaml.Node", path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
        """A node's value.

        Raises:
            OverflowError: there are too many.
        """
        self._count += 1
        if self._count > _MOST:
            raise OverflowError("it holds too many values")
        self.places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node.value, str):
            return _scalar(node.value, quoted=bool(getattr(node, "style", None)))
        if node.value and isinstance(node.value[0], tuple):
            return dict(self._pairs(node, path))
        if not node.value:
            return {} if node.tag.endswith(":map") else []
        return [self.value(each, (*path, number)) for number, each in enumerate(node.value)]

    def _pairs(self, node: "yaml.Node", path: Path) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            here = (key.start_mark.line + 1, key.start_mark.column + 1)
            if name in seen:
                hint = "delete one of the two"
                self.twice.append(
                    Finding(f"{name!r} stands here twice", SYNTAX, "error", Position(self.file, *here), hint)
                )
            seen.add(name)
            self.places[*path, name] = here
            yield name, self.value(value, (*path, name))


def _scalar(text: str, *, quoted: bool) -> object:
    if quoted:
        return text
    if text.lower() in _CONSTANTS:
        return _CONSTANTS[text.lower()]
    return int(text) if _INT.fullmatch(text) else text
