"""What was written to a project's files while its steps ran: nothing that was, is vouched for."""

from collections.abc import Iterable

from xptasks.tiers import fingerprint
from xptasks.tiers.fingerprint import Tree


class Meanwhile:
    """Remembers when each file was written last, from the moment at which it is made.

    Args:
        project: the project's folder.
        files: those to remember; None where nothing runs, and nothing is ever said.
    """

    def __init__(self, project: str, files: Iterable[str] | None) -> None:
        self._project = project
        self._before = None if files is None else fingerprint.written(project, files)

    @property
    def idle(self) -> bool:
        """Whether nothing runs."""
        return self._before is None

    def wrote(self, files: Tree) -> str:
        """A file among these that was written meanwhile; empty when none was."""
        if self._before is None:
            return ""
        now = fingerprint.written(self._project, files)
        return min((path for path, moment in now.items() if self._before.get(path) != moment), default="")

    def edited(self, before: Tree, now: Tree) -> str:
        """A file that is not what it was, or was something else in between; empty when there is none."""
        if self._before is None:
            return ""
        others = (path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
        return self.wrote(before) or min(others, default="")
