"""Stories with answers that were computed by hand: every number of the report is exactly what it has to be."""

import random
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.history.metrics.storybook import PROJECT, Story, read, stories
from xptasks.history.metrics.report import FIGURES, Measured, Report, report

ALL = stories()


def measured(story: Story) -> tuple[Report, dict[str, Measured]]:
    found = report(story.events, PROJECT, story.window)
    return found, {figure.name: figure for figure in found.figures}


def _number(text: str | None) -> float | None:
    return None if text is None or text == "-" else float(text)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_the_answers_are_exact(path: Path) -> None:
    story = read(path)
    head, figures = measured(story)
    for name, answer in story.answers.items():
        found = figures[name]
        assert (name, found.numerator, found.denominator) == (
            name,
            _number(answer["numerator"]),
            _number(answer["denominator"]),
        )
        assert (name, found.value) == (name, _number(answer["value"]))
        assert (name, found.lower, found.upper) == (name, _number(answer["lower"]), _number(answer["upper"]))
        assert (name, found.verdict) == (name, answer["verdict"] or "")
    for (kind, name), expected in story.numbers.items():
        assert (kind, name, dict(getattr(figures[name], kind))) == (kind, name, expected)
    for name, notes in story.notes.items():
        assert (name, list(figures[name].notes)) == (name, notes)
    for name, said in story.head.items():
        assert f"{name} {getattr(head, name)}" == f"{name} {said}"


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_the_order_of_events_and_their_repetition_change_nothing(path: Path) -> None:
    story = read(path)
    shuffled = [*story.events, *story.events]
    random.Random(1).shuffle(shuffled)  # noqa: S311 - a shuffle that repeats
    assert asdict(report(shuffled, PROJECT, story.window)) == asdict(report(story.events, PROJECT, story.window))


def test_there_are_stories_about_every_figure() -> None:
    valued: Counter[str] = Counter()
    for path in ALL:
        valued.update(name for name, answer in read(path).answers.items() if answer["value"] is not None)
    assert len(ALL) >= 30
    assert [figure.name for figure in FIGURES if not valued[figure.name]] == []
