"""`inv history-import`: takes what CI and other machines kept into the history."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xptasks.config import load
from xptasks.errors import ExitCode, UsageError
from xptasks.history import artifacts, runs
from xptasks.history.artifacts import Found, Problem, Text
from xptasks.history.events import HistoryEvent
from xptasks.loop import history

if TYPE_CHECKING:
    from xptasks.history.store import Store

_TOGETHER = 2000  # events that are stored in one transaction
_SAID = 20  # problems that are told one by one

Result = Callable[[str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of it.

    Attributes:
        files: that were read.
        new: events that were added.
        known: events that were there.
        followed: events that follow from new ones and older ones together: flaky tests, repeated red runs.
        expired: events that are older than the history is kept.
        others: events of other projects, which are left out.
        problems: what could not be read.
    """

    files: int
    new: int
    known: int
    followed: int
    expired: int
    others: int
    problems: tuple[Problem, ...]

    @property
    def exit_code(self) -> ExitCode:
        """That of a wrong file when there was one."""
        return ExitCode.USAGE if self.problems else ExitCode.OK

    def as_json(self) -> str:
        """For programs."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def as_text(self) -> str:
        """For people."""
        words = {
            "were there already": self.known,
            "are older than the history is kept": self.expired,
            "are of other projects": self.others,
        }
        lines = [
            f"{self.new} events were added from {self.files} files",
            *(f"{number} {what}" for what, number in words.items() if number),
        ]
        lines += [f"{self.followed} follow from them (flaky tests, repeated runs)"] if self.followed else []
        lines += [f"cannot be read: {problem}" for problem in self.problems[:_SAID]]
        more = len(self.problems) - _SAID
        return "".join(f"{line}\n" for line in [*lines, *([f"and {more} more"] if more > 0 else [])])


def bring(project: Path, environ: Mapping[str, str], paths: Sequence[Path], result: Result) -> Imported:
    """Import files, folders and zip files; doing it again changes nothing.

    Args:
        project: the project's folder.
        environ: the environment, for secrets.
        paths: what is imported.
        result: reads a result file, or raises ValueError.

    Raises:
        UsageError: nothing is named, or what is named does not exist or holds nothing.
        CannotRunError: the database cannot be used.
    """
    if not paths:
        raise UsageError("there is nothing to import", hint="name a file, a folder or a zip file with --file")
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no {path}", hint="name a file, a folder or a zip file with --file")
    config = load(project, environ=environ).config
    with history.store_of(config, project, environ) as store:
        found = _Import(store, result).bring(paths)
    if not found.files and not found.problems:
        hint = "results are called last-run.json, events end in .jsonl, both may be in zip files"
        raise UsageError("there is nothing to import in what was named", hint=hint)
    return found


class _Import:
    """One import: counts, and stores many events at once."""

    def __init__(self, store: "Store", result: Result) -> None:
        self._store = store
        self._result = result
        self._waiting: list[HistoryEvent] = []
        self._problems: list[Problem] = []
        self._counted: Counter[str] = Counter()

    def bring(self, paths: Iterable[Path]) -> Imported:
        """Take in everything."""
        for path in paths:
            for found in artifacts.texts(path):
                self._file(found)
        self._add()
        names = ("files", "new", "known", "followed", "expired", "others")
        return Imported(**{name: self._counted[name] for name in names}, problems=tuple(self._problems))

    def _file(self, found: Found) -> None:
        if isinstance(found, Problem):
            self._problems.append(found)
            return
        self._counted["files"] += 1
        for each in self._events(found):
            if isinstance(each, Problem):
                self._problems.append(each)
            elif each.project != self._store.project:
                self._counted["others"] += 1
            else:
                self._waiting.append(each)
        if len(self._waiting) >= _TOGETHER:
            self._add()

    def _events(self, file: Text) -> Iterator[HistoryEvent | Problem]:
        if not file.is_result:
            for number, line in artifacts.events(file.text):
                yield Problem(f"{file.where}:{number}", line) if isinstance(line, str) else line
            return
        try:
            yield from runs.events(self._result(file.text))
        except ValueError as error:
            yield Problem(file.where, str(error))

    def _add(self) -> None:
        self._counted.update(asdict(self._store.add(self._waiting)))
        self._waiting = []
