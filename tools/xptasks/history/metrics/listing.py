"""The reference page of all figures, made from their definitions."""

from itertools import groupby

from xptasks.history.metrics.figure import METHODS, Figure
from xptasks.history.metrics.formats import prometheus, words
from xptasks.history.metrics.report import FIGURES
from xptasks.history.metrics.view import Targets

PAGE = "docs/reference/metrics.md"
_INTRODUCTION = """\
# Figures

What `inv metrics` shows. This page is made from the definitions: `inv reference` writes it anew.
[The guide](../guides/metrics.md) says how to read the figures.

A window has its begin and not its end: what happens at its end belongs to the next one. *Name* is what JSON calls a
figure, *for Prometheus* what a scraper sees; its bounds have `lower` and `upper`, its 95th percentile `p95` before the
unit.
"""
_SIDES = {"above": "at least", "below": "less than"}


def page() -> str:
    """The page: a section a group, then how values and intervals are computed."""
    parts = [_INTRODUCTION]
    for group, figures in groupby(FIGURES, key=lambda figure: figure.group):
        parts.append(f"\n## {group}\n")
        parts += [_section(figure) for figure in figures]
    parts.append("\n## How values and intervals are computed\n\n")
    parts.append("Every interval is a two-sided one at 95 %.\n\n")
    parts += [f"- **{name}**: {text}.\n" for name, text in METHODS.items()]
    return "".join(parts)


def _section(figure: Figure) -> str:
    lines = [
        f"\n### {figure.title}\n\n{figure.meaning}\n\n",
        "| | |\n|---|---|\n",
        f"| name | `{figure.name}` |\n",
        f"| made of | {figure.numerator} |\n",
        f"| over | {figure.denominator} |\n",
        f"| computed by | {figure.method} |\n",
        f"| target | {_target(figure)} |\n" if figure.goal else "",
        f"| for Prometheus | `{prometheus.name_of(figure.name, figure.unit)}` |\n",
        f"\nMind: {figure.limits}\n" if figure.limits else "",
    ]
    return "".join(lines)


def _target(figure: Figure) -> str:
    if not figure.goal:
        return ""
    value = getattr(Targets(), figure.goal)
    said = words.percent(value) if figure.unit == "ratio" else words.duration(value)
    return f"{_SIDES[figure.better]} {said} (`[history.targets] {figure.goal}`)"
