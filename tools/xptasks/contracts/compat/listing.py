"""Lists the rules."""

import json
from dataclasses import asdict

from xptasks.contracts.compat.rules import RULES


def as_json() -> str:
    """All rules with their examples."""
    return json.dumps({"rules": [asdict(rule) for rule in RULES.values()]}, indent=2) + "\n"


def as_text() -> str:
    """All rules: who minds, why, and an example."""
    blocks = []
    for rule in sorted(RULES.values(), key=lambda rule: (rule.area, rule.id)):
        levels = " ".join(f"{profile}={rule.severity.get(profile, 'info')}" for profile in ("wire", "client", "source"))
        lines = [
            f"{rule.id} ({rule.area}, {rule.direction}; {levels})",
            f"  {rule.sentence}",
            f"  before: {json.dumps(rule.example.before)}",
            f"  after:  {json.dumps(rule.example.after)}",
        ]
        blocks.append("\n".join(lines) + "\n")
    return "".join(blocks)
