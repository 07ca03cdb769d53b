"""The schema, the reference page and the starter file say what the models say."""

import copy
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import tomli_w

from xptasks import config, steps
from xptasks.config.loading import Loaded

PROJECT = Path(__file__).parents[2]
GENERATED = config.generated_files()
SCHEMA = json.loads(GENERATED["generated/xpconfig.schema.json"])
PAGE = GENERATED["docs/reference/configuration.md"]
SAMPLES = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", GENERATED)
def test_the_committed_file_is_fresh(path: str) -> None:
    committed = (PROJECT / path).read_text("utf-8")
    assert committed == GENERATED[path], f"{path} is not what the models say; run `inv reference` and commit it"


def load(text: str, folder: Path) -> Loaded:
    (folder / "xpconfig.toml").write_text(text, "utf-8")
    return config.load(folder, environ={})


def merged(below: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(below)
    for name, value in top.items():
        both = isinstance(value, dict) and isinstance(below.get(name), dict)
        result[name] = merged(below[name], value) if both else value
    return result


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_of_the_page_loads_beside_the_smallest_file(sample: str, tmp_path: Path) -> None:
    smallest = tomllib.loads(SAMPLES[0])
    load(tomli_w.dumps(merged(smallest, tomllib.loads(sample))), tmp_path)


def test_the_page_has_samples_of_every_step_with_keys_of_its_own() -> None:
    assert len(SAMPLES) >= 8
    assert all(f"`{name}`" in PAGE or f"[steps.{name}]" in PAGE for name in steps.builtin())


def test_the_starter_file_loads_and_the_schema_accepts_it(tmp_path: Path) -> None:
    text = config.starter("shop")
    assert load(text, tmp_path).config.project.name == "shop"
    assert jsonschema_rs.validator_for(SCHEMA).is_valid(tomllib.loads(text))


def test_every_key_of_the_starter_file_may_be_switched_on(tmp_path: Path) -> None:
    switched = re.sub(r"^# (?=\w+ = |\[)", "", config.starter("shop"), flags=re.MULTILINE)
    loaded = load(switched.replace('includes = ["fast"]\n# What', "includes = []\n# What"), tmp_path)
    assert loaded.config.tiers["fast"].jobs == 8
    assert "my_check" in loaded.config.steps


def test_the_schema_is_a_valid_schema() -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    assert SCHEMA["$schema"].endswith("2020-12/schema")


def test_the_schema_accepts_this_projects_file() -> None:
    values = tomllib.loads((PROJECT / "xpconfig.toml").read_text("utf-8"))
    assert [str(error) for error in jsonschema_rs.validator_for(SCHEMA).iter_errors(values)] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 2),
        (("colour",), "red"),
        (("project", "name"), 3),
        (("tiers", "Fast"), {"steps": ["lint"]}),
        (("tiers", "fast", "budget"), "60 seconds"),
        (("tiers", "fast", "jobs"), 0),
        (("steps", "lint"), {"run": ["ruff"]}),
        (("steps", "my_check"), {"inputs": ["**"]}),
        (("profiles", "ci"), {"tiers": {"fast": {"budgte": "5s"}}}),
        (("profiles", "ci"), {"profiles": {}}),
    ],
    ids=str,
)
def test_the_schema_refuses_what_loading_refuses(path: tuple[str, ...], value: object) -> None:
    values = tomllib.loads(SAMPLES[0])
    validator = jsonschema_rs.validator_for(SCHEMA)
    assert validator.is_valid(values)
    table = values
    for name in path[:-1]:
        table = table.setdefault(name, {})
    table[path[-1]] = value
    assert not validator.is_valid(values)


def test_a_profile_needs_no_required_key() -> None:
    values = tomllib.loads(SAMPLES[0]) | {"profiles": {"ci": {"project": {"env": ["CI"]}}}}
    assert jsonschema_rs.validator_for(SCHEMA).is_valid(values)


def test_every_key_has_title_description_and_example() -> None:
    tables = [each for name, each in SCHEMA["$defs"].items() if not name.endswith("Partial")]
    keys = [key for table in tables for key in table["properties"].values() if not _holds_tables(key)]
    assert keys
    assert [key for key in keys if not (key["title"] and key["description"] and key["examples"])] == []


def _holds_tables(key: dict[str, Any]) -> bool:
    return "$ref" in key or "$ref" in key.get("items", {})
