"""Rules over workflows: what must not be written in one, and what ours must hold whatever generated them.

A rule is a function over a parsed file in one of the modules here, which tell it by `RULES`. Those of `SHARED` count
for every workflow of the repository, and warn where it is not ours; the others read the files that `inv generate-ci`
writes, and know what the configuration asks for. They do not compare with what would be generated: what a generator
with a mistake writes passes no rule.
"""

from collections.abc import Iterator

from xptasks.ci import delivering, github
from xptasks.ci.reading import Parsed
from xptasks.ci.request import Request
from xptasks.ci.rules import actions, commands, deliver, gate, keys, landing, permissions, reporting, shape, triggers
from xptasks.ci.rules._rule import Rule
from xptasks.results import Finding, Severity

SHARED: tuple[Rule, ...] = (
    *actions.RULES,
    *permissions.RULES,
    *triggers.RULES,
    *commands.RULES,
)
_OURS: tuple[Rule, ...] = (
    *permissions.OURS,
    *triggers.OURS,
    *gate.RULES,
    *landing.RULES,
    *reporting.RULES,
    *deliver.CALLER,
    *shape.RULES,
    *keys.RULES,
)
_BY_FILE: dict[str, tuple[Rule, ...]] = {
    github.FILE: _OURS,
    delivering.FILE: (*deliver.CALLED, *shape.RULES, *keys.RULES),
}


def names() -> list[str]:
    """The names of all rules."""
    return sorted({rule.name for rule in (*SHARED, *_OURS, *_BY_FILE[delivering.FILE])})


def check(parsed: Parsed, request: Request) -> list[Finding]:
    """Everything that is wrong with a workflow, in the order of the file.

    Args:
        parsed: the file.
        request: what the configuration asks for.
    """
    if parsed.problems:
        return list(parsed.problems)
    found = [finding for rule in (*SHARED, *_BY_FILE.get(parsed.file, ())) for finding in _found(rule, parsed, request)]
    return sorted(
        found, key=lambda finding: (finding.position.line or 0, finding.rule) if finding.position else (0, "")
    )


def _found(rule: Rule, parsed: Parsed, request: Request) -> Iterator[Finding]:
    severity: Severity = "error" if parsed.file in _BY_FILE else "warning"
    for place, message in rule.look(parsed, request):
        yield Finding(message, rule.name, severity, parsed.at(*place), rule.hint)
