"""Lists the rules: for people, for programs, and as the reference page."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import asdict

from xptasks.contracts.compat.change import PROFILES, Policy, Rule
from xptasks.contracts.compat.rules import RULES
from xptasks.contracts.compat.rules.unshown import UNSHOWN
from xptasks.errors import UsageError

PAGE = "docs/reference/contract-rules.md"
_INTRODUCTION = """\
# Rules of contract changes

Every kind of change that `inv diff-contracts` and `xptasks diff` can name, with its severity for each profile. This
page is made from the rules: `inv reference` writes it anew, and `inv contract-rules --rule RULE` shows a rule with two
contracts between which it is found.

A severity is the worst that the rule can be: a change of a schema that is proven to break nobody is information, and
one that could not be proven either way is a warning.

An error has a witness: an instance, a request, an answer or a message that shows what breaks. The rules at the end of
this page have none, and say why.
"""


def rules(name: str = "") -> list[Rule]:
    """All rules by area, or the one with this name.

    Raises:
        UsageError: there is none with this name.
    """
    if name and name not in RULES:
        close = difflib.get_close_matches(name, RULES, n=3)
        hint = f"Did you mean {' or '.join(close)}?" if close else "`inv contract-rules` lists them."
        raise UsageError(f"there is no rule {name!r}", hint=hint)
    chosen = [RULES[name]] if name else RULES.values()
    return sorted(chosen, key=lambda rule: (rule.area, rule.id))


def as_json(listed: Iterable[Rule]) -> str:
    """The rules with their examples."""
    return json.dumps({"rules": [asdict(rule) for rule in listed]}, indent=2) + "\n"


def as_text(listed: Iterable[Rule]) -> str:
    """The rules: who minds, why, and an example."""
    return "".join(f"{_block(rule)}\n" for rule in listed)


def _block(rule: Rule) -> str:
    levels = " ".join(f"{profile}={rule.severity.get(profile, 'info')}" for profile in PROFILES)
    lines = [
        f"{rule.id} ({rule.area}, {rule.direction}; {levels})",
        f"  {rule.sentence}",
        f"  before: {json.dumps(rule.example.before)}",
        f"  after:  {json.dumps(rule.example.after)}",
    ]
    if rule.id in UNSHOWN:
        lines.append(f"  no witness: {UNSHOWN[rule.id]}")
    if rule.example.policy != Policy():
        lines.append("  found where xpconfig.toml asks for it: `version_policy`, `deprecation_days_stable`")
    return "\n".join(lines)


def page() -> str:
    """The reference page: a table for each area."""
    parts = [_INTRODUCTION]
    area = ""
    for rule in rules():
        if rule.area != area:
            area = rule.area
            parts.append(f"\n## {area.capitalize()}\n\n| rule | direction | wire | client | source | what it means |\n")
            parts.append("|---|---|---|---|---|---|\n")
        levels = " | ".join(rule.severity.get(profile, "info") for profile in PROFILES)
        parts.append(f"| `{rule.id}` | {rule.direction} | {levels} | {rule.sentence.replace('|', '&#124;')} |\n")
    parts.append("\n## Without a witness\n\n")
    parts += [f"- `{name}`: {why}\n" for name, why in sorted(UNSHOWN.items())]
    return "".join(parts)
