"""For GitHub Actions: workflow commands, which annotate the lines of a pull request."""

from xptasks.contracts.compat.formats import _words
from xptasks.contracts.compat.judgement import Judged, Judgement
from xptasks.markup import workflow_command
from xptasks.results import Position

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def show(judgement: Judgement) -> str:
    """A line for each change and for each permission that is out of order; what is allowed is only a notice."""
    lines = [_change(one) for one in judgement.changes]
    for problem in judgement.problems:
        message = f"{problem.message}\n{problem.hint}"
        lines.append(_command(_LEVELS[problem.severity], message, problem.position, problem.rule))
    return "".join(f"{line}\n" for line in lines)


def _change(one: Judged) -> str:
    change = one.change
    allowed = _words.permission(one.allowed) if one.allowed else ""
    said = "\n".join(filter(None, [_words.title(one), _words.sentence(change), _words.proof(change), allowed]))
    level = "notice" if one.allowed else _LEVELS[change.severity]
    return _command(level, said, change.head or change.base, change.rule)


def _command(level: str, message: str, where: Position | None, title: str) -> str:
    if where is None:
        return workflow_command(level, message, title=title)
    path, revision = _words.path_and_revision(where)
    if revision:  # a line of another revision would mark another line here
        return workflow_command(level, message, file=path, title=title)
    return workflow_command(level, message, file=path, line=where.line, col=where.column, title=title)
