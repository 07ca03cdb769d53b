"""What happened since the history began, counted: these numbers only grow, as a scraper's counters do. Pure."""

from collections import Counter
from collections.abc import Iterable

from xptasks.history.events import Kind
from xptasks.history.metrics.facts import word
from xptasks.history.metrics.view import View


def totals(view: View) -> dict[str, dict[str, int]]:
    """Interventions by kind, landings by how, rejections by rule, deployments by how they ended, runs by status."""
    facts = view.facts
    return {
        "interventions": _counts(word(each.data, "intervention") for each in view.alone.everybody),
        "landings": _counts("automatic" if each.automatic else "by hand" for each in view.landings),
        "rejections": _counts(word(each.data, "rule") for each in facts.of(Kind.REJECTED)),
        "deployments": _counts(each.outcome for each in view.new_releases if each.ended),
        "runs": _counts(word(each.data, "status") for each in facts.of(Kind.RUN_FINISHED)),
    }


def _counts(names: Iterable[str]) -> dict[str, int]:
    counts = Counter(name or "unknown" for name in names)
    return {name: counts[name] for name in sorted(counts)}
