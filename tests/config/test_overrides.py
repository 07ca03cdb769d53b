"""Default < file < profile < environment < command line, and what is wrong with an override."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks import config
from xptasks.config import keys
from xptasks.config.loading import Loaded
from xptasks.config.overrides import parse_value, variable
from xptasks.errors import ConfigError

FILE = """\
version = 1

[project]
name = "projects"

[tiers.fast]
budget = "2s"
steps = ["lint"]

[tiers.pr]
includes = ["fast"]

[steps.my_check]
run = ["true"]

[profiles.demo]
tiers.fast.budget = "3s"
tiers.fast.jobs = 3
[profiles.ci.tiers.fast]
budget = "4s"
steps = ["format", "types"]
"""
DEMO = {"XPTASKS_PROFILE": "demo"}
Load = Callable[..., Loaded]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    (tmp_path / "xpconfig.toml").write_text(FILE)

    def loaded(environ: dict[str, str] | None = None, *overrides: str, profile: str | None = None) -> Loaded:
        return config.load(tmp_path, profile=profile, overrides=overrides, environ=environ or {})

    return loaded


@pytest.mark.parametrize(
    ("environ", "overrides", "key", "expected"),
    [
        ({}, (), "jobs", (8, "default")),
        ({}, (), "budget", (2, "xpconfig.toml:7:1")),
        (DEMO, (), "budget", (3, "profile demo, xpconfig.toml:17:12")),
        (DEMO, (), "jobs", (3, "profile demo, xpconfig.toml:18:12")),
        (DEMO, (), "steps", (("lint",), "xpconfig.toml:8:1")),
        ({"CI": "true"}, (), "budget", (4, "profile ci, xpconfig.toml:20:1")),
        ({"CI": "true"}, (), "steps", (("format", "types"), "profile ci, xpconfig.toml:21:1")),
        ({"CI": "true", **DEMO}, (), "budget", (3, "profile demo, xpconfig.toml:17:12")),
        ({"CI": "true", "XPTASKS_PROFILE": ""}, (), "budget", (4, "profile ci, xpconfig.toml:20:1")),
        ({"CI": ""}, (), "budget", (2, "xpconfig.toml:7:1")),
        ({"CI": "false"}, (), "budget", (2, "xpconfig.toml:7:1")),
        (
            {**DEMO, "XPTASKS_TIERS__FAST__BUDGET": "5s"},
            (),
            "budget",
            (5, "environment XPTASKS_TIERS__FAST__BUDGET"),
        ),
        ({"XPTASKS_TIERS__FAST__JOBS": "5"}, (), "jobs", (5, "environment XPTASKS_TIERS__FAST__JOBS")),
        (
            {"XPTASKS_TIERS__FAST__BUDGET": "5s"},
            ("tiers.fast.budget=6s",),
            "budget",
            (6, "--set tiers.fast.budget"),
        ),
        ({}, ("tiers.fast.jobs=6", "tiers.fast.jobs=7"), "jobs", (7, "--set tiers.fast.jobs")),
        ({}, ('tiers.fast.steps=["types"]',), "steps", (("types",), "--set tiers.fast.steps")),
        ({}, ("tiers.fast.description=a = b",), "description", ("a = b", "--set tiers.fast.description")),
        ({"XPTASKS_RUN_ID": "1", "XPTASKS_OUTPUT": "x"}, (), "budget", (2, "xpconfig.toml:7:1")),
    ],
)
def test_the_strongest_value_counts_and_says_where_it_is_from(
    load: Load, environ: dict[str, str], overrides: tuple[str, ...], key: str, expected: tuple[object, str]
) -> None:
    loaded = load(environ, *overrides)
    assert (getattr(loaded.config.tiers["fast"], key), loaded.origin(("tiers", "fast", key))) == expected


def test_a_profile_asked_for_wins_over_the_variable(load: Load) -> None:
    loaded = load(DEMO, profile="ci")
    assert loaded.profile == "ci"
    assert loaded.config.tiers["fast"].budget == 4


def test_ci_without_such_a_profile_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "xpconfig.toml").write_text('version = 1\nproject.name = "x"\n')
    assert config.load(tmp_path, environ={"CI": "1"}).profile is None


def test_a_step_may_be_overridden_without_a_table_in_the_file(load: Load) -> None:
    loaded = load({"XPTASKS_STEPS__LINT__CACHE": "false"}, "steps.my_check.timeout=5s")
    assert loaded.config.steps["lint"].cache is False
    assert loaded.config.steps["my_check"].timeout == 5


def test_every_step_that_a_tier_names_has_options(load: Load) -> None:
    assert set(load().config.steps) == {"lint", "my_check"}


@pytest.mark.parametrize(
    ("environ", "overrides", "profile", "message"),
    [
        (
            {"XPTASKS_TIERS__FAST__BUDGTE": "5s"},
            (),
            None,
            (
                "environment XPTASKS_TIERS__FAST__BUDGTE: no key has this name\n"
                "  did you mean XPTASKS_TIERS__FAST__BUDGET?"
            ),
        ),
        (
            {"XPTASKS_PROFIL": "demo"},
            (),
            None,
            "environment XPTASKS_PROFIL: no key has this name\n  did you mean XPTASKS_PROFILE?",
        ),
        (
            {"XPTASKS_Q": "1"},
            (),
            None,
            "environment XPTASKS_Q: no key has this name\n  it is XPTASKS_ and the path in capitals, with '__' between",
        ),
        (
            {"XPTASKS_TIERS__FAST__budget": "5s"},
            (),
            None,
            (
                "environment XPTASKS_TIERS__FAST__budget: no key has this name\n"
                "  did you mean XPTASKS_TIERS__FAST__BUDGET?"
            ),
        ),
        (
            {"XPTASKS_TIERS__FAST__BUDGET": "5"},
            (),
            None,
            (
                "environment XPTASKS_TIERS__FAST__BUDGET: tiers.fast.budget: a duration is a number with a unit, "
                'for example "500ms", "30s", "5m", "2h" or "1h30m"'
            ),
        ),
        (
            {"XPTASKS_TIERS__FAST__JOBS": "many"},
            (),
            None,
            (
                "environment XPTASKS_TIERS__FAST__JOBS: tiers.fast.jobs cannot be read from this text\n"
                "  as in TOML: jobs = 8"
            ),
        ),
        (
            {"XPTASKS_TIERS__FAST__JOBS": "0"},
            (),
            None,
            "environment XPTASKS_TIERS__FAST__JOBS: tiers.fast.jobs must be at least 1\n  for example: jobs = 8",
        ),
        (
            {"XPTASKS_TIERS__FAST__STEPS": '["lint", "lintt"]'},
            (),
            None,
            (
                "environment XPTASKS_TIERS__FAST__STEPS: there is no step 'lintt'\n"
                "  did you mean 'lint'? A command of your own is a table [steps.NAME]."
            ),
        ),
        (
            {"XPTASKS_PROFILE": "dmo"},
            (),
            None,
            "environment XPTASKS_PROFILE: there is no profile 'dmo'\n  did you mean 'demo'?",
        ),
        ({}, (), "zzz", "--profile: there is no profile 'zzz'\n  profiles in the file: ci, demo"),
        (
            {},
            ("tiers.fats.budget=5s",),
            None,
            "--set tiers.fats.budget: there is no such key\n  did you mean 'tiers.fast.budget'?",
        ),
        ({}, ("tiers.fast=5s",), None, "--set tiers.fast: there is no such key\n  did you mean 'tiers.fast.lock'?"),
        ({}, ("q=1",), None, "--set q: there is no such key\n  `inv config` shows all keys"),
        (
            {},
            ("profiles.demo.project.name=x",),
            None,
            "--set profiles.demo.project.name: there is no such key\n  did you mean 'project.name'?",
        ),
        (
            {},
            ("tiers.fast.budget",),
            None,
            "--set tiers.fast.budget: there is no value\n  write it as: --set tiers.fast.budget=30s",
        ),
        (
            {},
            ("tiers.fast.jobs=1\nx = 2",),
            None,
            "--set tiers.fast.jobs: tiers.fast.jobs cannot be read from this text\n  as in TOML: jobs = 8",
        ),
        (
            {},
            ("project.name=a b",),
            None,
            (
                "--set project.name: project.name: a project's name has only letters, digits, '.', '_' and '-', "
                "for example 'projects'"
            ),
        ),
    ],
)
def test_a_wrong_override_names_its_variable_or_option(
    load: Load, environ: dict[str, str], overrides: tuple[str, ...], profile: str | None, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ, *overrides, profile=profile)
    assert str(caught.value) == message


def test_mistakes_of_all_layers_are_reported_together(tmp_path: Path) -> None:
    (tmp_path / "xpconfig.toml").write_text(FILE.replace("jobs = 3", "jobs = 0").replace('"2s"', "2"))
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path, overrides=["x=1"], environ={"XPTASKS_PROJECT__NAME": "a b", **DEMO})
    places = [block.split(": ")[0] for block in str(caught.value).split("\n\n")]
    assert places == ["xpconfig.toml:7:10", "xpconfig.toml:18:19", "environment XPTASKS_PROJECT__NAME", "--set x"]


def test_every_key_has_a_variable_that_reaches_it() -> None:
    names = keys.known_names({"tiers": {"fast": {}, "pr_two": {}}, "steps": {"my_check": {}}})
    variables = [variable(path) for path, _ in keys.walk(names)]
    assert len(variables) == len(set(variables)) > 30
    for path, field in keys.walk(names):
        assert keys.field(tuple(variable(path).removeprefix("XPTASKS_").lower().split("__")), names) is field


@given(st.text(max_size=30), st.sampled_from([("project", "name"), ("tiers", "fast", "jobs"), ("project", "sources")]))
def test_any_text_is_a_value_or_refused(text: str, path: tuple[str, ...]) -> None:
    field = keys.field(path, keys.known_names({"tiers": {"fast": {}}}))
    assert field is not None
    with suppress(ValueError):
        assert parse_value(text, field) is not None
