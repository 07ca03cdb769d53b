"""How a report is written: for people, as JSON with its schema, for Prometheus."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.history.metrics.storybook import FOLDER, PROJECT, read, stories
from xptasks.history.metrics.formats import json as as_json
from xptasks.history.metrics.formats import prometheus, text, words
from xptasks.history.metrics.report import FIGURES, Report, report

GOLDEN = Path(__file__).parent / "golden"
WIDE = 118


def of(name: str) -> Report:
    story = read(FOLDER / f"{name}.txt")
    return report(story.events, PROJECT, story.window)


@pytest.fixture(scope="module")
def every() -> list[Report]:
    return [of(path.stem) for path in stories()]


@pytest.mark.parametrize("name", ["world-06-a-week", "world-04-nothing", "delivery-05-rollbacks"])
def test_the_text_is_what_it_was(name: str) -> None:
    assert text.show(of(name)) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_the_text_fits_a_screen(every: list[Report]) -> None:
    for each in every:
        lines = text.show(each).splitlines()
        assert len(lines) <= 55
        assert max(map(len, lines)) <= WIDE


def test_names_from_outside_cannot_break_the_text(every: list[Report]) -> None:
    hostile = [
        replace(
            each,
            project="\x1b[31mred",
            figures=tuple(replace(one, parts={"\x1b]0;t\x07a": 1.0}) for one in each.figures),
        )
        for each in every
    ]
    assert not any(re.search(r"[\x00-\x09\x0b-\x1f]", text.show(each)) for each in hostile)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.4, "0.4 s"),
        (0.0004, "0 s"),
        (85, "85 s"),
        (119.96, "120 s"),
        (120, "2 min"),
        (345, "5.75 min"),
        (5999, "100 min"),
        (7200, "2 h"),
        (28800, "8 h"),
        (97509.286, "27.1 h"),
        (259200, "3 d"),
        (2592000, "30 d"),
        (172800000, "2,000 d"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.5, "50 %"),
        (0.98039, "98 %"),
        (0.999702, "99.97 %"),
        (0.99999, "99.999 %"),
        (0.0004, "0.04 %"),
        (0.131, "13.1 %"),
    ],
)
def test_shares_never_look_like_all_or_none_when_they_are_not(ratio: float, said: str) -> None:
    assert words.percent(ratio) == said


def test_the_json_is_as_its_schema_says(every: list[Report]) -> None:
    ((_, schema),) = as_json.generated_files().items()
    validator = jsonschema_rs.validator_for(json.loads(schema))
    for each in every:
        shown = as_json.show(each)
        assert shown.isascii()
        validator.validate(json.loads(shown))


def samples(report_text: str) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(report_text):
        yield from ((sample.name, sample.value) for sample in family.samples)


def test_prometheus_reads_it_and_it_keeps_to_its_rules(every: list[Report]) -> None:
    """What `promtool check metrics` asks for: help, a unit or `_total` at the end, no name and no series twice."""
    for each in every:
        families = list(text_string_to_metric_families(prometheus.show(each)))
        names = [family.name for family in families]
        assert len(set(names)) == len(names)
        for family in families:
            assert family.documentation
            assert family.type in {"gauge", "counter"}
            assert family.type == "counter" or re.search("_(ratio|seconds|per_day|cases|met)$", family.name)
            keys = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in family.samples]
            assert len(set(keys)) == len(keys)
            assert all(sample.labels["project"] == PROJECT for sample in family.samples)
            if family.type == "counter":
                assert all(sample.name.endswith("_total") for sample in family.samples)


def test_prometheus_gets_the_values_of_the_report() -> None:
    week = of("world-06-a-week")
    told = dict(samples(prometheus.show(week)))
    found = {figure.name: figure for figure in week.figures}
    assert told["xptasks_uptime_ratio"] == found["uptime"].value == 0.999702
    assert told["xptasks_uptime_lower_ratio"] == found["uptime"].lower
    assert told["xptasks_commit_to_canary_p95_seconds"] == 115
    assert told["xptasks_commit_to_canary_cases"] == 51
    assert told["xptasks_observed_seconds"] == 604740


def test_what_is_not_known_is_not_0_for_prometheus() -> None:
    told = dict(samples(prometheus.show(of("world-04-nothing"))))
    assert told == {
        "xptasks_window_seconds": 86400,
        "xptasks_observed_seconds": 0,
        **{
            f"xptasks_{figure.name}_cases": 0
            for figure in FIGURES
            if figure.method in {"wilson", "order statistics", "kaplan-meier"}
        },
    }


def test_counters_and_targets_of_prometheus() -> None:
    families = {each.name: each for each in text_string_to_metric_families(prometheus.show(of("world-06-a-week")))}
    counted = {
        (name, *sample.labels.values()): sample.value
        for name in (
            "xptasks_deployments",
            "xptasks_interventions",
            "xptasks_landed_changes",
            "xptasks_rejected_changes",
        )
        for sample in families[name].samples
    }
    assert {(key[0], *sorted(key[1:])): value for key, value in counted.items()} == {
        ("xptasks_deployments", "projects", "promoted"): 50,
        ("xptasks_deployments", "projects", "rolled back"): 1,
        ("xptasks_interventions", "projects", "review"): 1,
        ("xptasks_interventions", "projects", "rollback"): 1,
        ("xptasks_landed_changes", "automatic", "projects"): 50,
        ("xptasks_landed_changes", "by hand", "projects"): 1,
        ("xptasks_rejected_changes", "projects", "size"): 5,
        ("xptasks_rejected_changes", "projects", "steps"): 1,
    }
    met = {sample.labels["figure"]: sample.value for sample in families["xptasks_target_met"].samples}
    assert met == {"time_between_interventions": 1, "commit_to_canary": 1}


def test_the_guide_shows_what_is_printed() -> None:
    guide = Path(__file__).parents[3] / "docs" / "guides" / "metrics.md"
    assert (GOLDEN / "world-06-a-week.txt").read_text(encoding="utf-8") in guide.read_text(encoding="utf-8")
