"""`inv config`: effective values, their origins, and no secret; a plugin's step brings options of its own."""

import json
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from xptasks import config, steps
from xptasks.config.layers import FILE, Layers, nested, profile_origin
from xptasks.errors import ConfigError
from xptasks.settings import SecretReference
from xptasks.tiers.settings import StepOptions

FILE_TEXT = """\
version = 1
project.name = "projects"

[tiers.fast]
budget = "90s"
steps = ["lint", "upload"]

[steps.upload]
token = "env:UPLOAD_TOKEN"
"""


class Options(StepOptions):
    token: SecretReference
    note: str = ""


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed distribution that adds the step `upload`."""
    module = ModuleType("a_plugin_for_upload")
    module.Options = Options  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(steps._registry, "_plugins", {"upload": module.__name__})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "xpconfig.toml").write_text(FILE_TEXT)
    return tmp_path


def test_the_shown_values_load_as_the_same_configuration(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    loaded = config.load(project, environ={})
    other = tmp_path_factory.mktemp("other")
    (other / "xpconfig.toml").write_text(config.show(loaded, environ={}))
    assert config.load(other, environ={}).config == loaded.config


def test_every_value_is_shown_with_its_origin(project: Path) -> None:
    environ = {"XPTASKS_TIERS__FAST__JOBS": "2"}
    loaded = config.load(project, overrides=["project.tests=checks"], environ=environ)
    lines = config.show(loaded, environ=environ, origin=True).split("\n")
    assert 'name = "projects"  # xpconfig.toml:2:9' in lines
    assert 'budget = "90s"  # xpconfig.toml:5:1' in lines
    assert "jobs = 2  # environment XPTASKS_TIERS__FAST__JOBS" in lines
    assert 'timeout = "8s"  # default' in lines
    assert lines[lines.index("tests = [") + 2] == "]  # --set project.tests"


def test_json_holds_the_values_and_on_demand_the_origins(project: Path) -> None:
    loaded = config.load(project, environ={})
    shown = json.loads(config.show(loaded, environ={}, as_json=True))
    assert set(shown) == {"file", "profile", "values"}
    assert shown["values"]["tiers"]["fast"]["budget"] == "90s"
    origins = json.loads(config.show(loaded, environ={}, as_json=True, origin=True))["origins"]
    assert origins["tiers.fast.budget"] == "xpconfig.toml:5:1"
    assert origins["contracts.memory"] == "default"


def test_the_origins_name_every_value_that_is_no_default(project: Path) -> None:
    origins = config.load(project, overrides=["project.tests=checks"], environ={}).origins
    assert origins["project.tests"] == "--set project.tests"
    assert origins["steps.upload.token"] == "xpconfig.toml:9:1"
    assert "project.sources" not in origins


def test_a_key_without_an_example_has_no_hint(project: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(project, overrides=["steps.upload=1", "steps.upload.note=a"], environ={})
    assert "--set steps.upload: there is no such key" in str(caught.value)
    (project / "xpconfig.toml").write_text(f"{FILE_TEXT}note = 3\n")
    with pytest.raises(ConfigError) as caught:
        config.load(project, environ={})
    assert str(caught.value).endswith("note = 3\n           ^")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_secret_is_shown_as_a_reference_and_masked_wherever_else_it_is(project: Path, *, as_json: bool) -> None:
    environ = {"UPLOAD_TOKEN": "hunter2", "XPTASKS_STEPS__UPLOAD__NOTE": "with hunter2 inside"}
    shown = config.show(config.load(project, environ=environ), environ=environ, as_json=as_json)
    assert "env:UPLOAD_TOKEN" in shown
    assert "with *** inside" in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    "table",
    [
        'token = "hunter2"',
        "token = 20002",
        'upload = { token = "hunter2", nte = "x" }',
        "token = '''\nhunter2\n'''",
        'token = ["hunter2", "20002"]',
    ],
)
def test_a_secret_that_is_written_out_is_not_repeated(project: Path, table: str) -> None:
    head = "steps" if table.startswith("upload") else "steps.upload"
    text = FILE_TEXT.replace('token = "env:UPLOAD_TOKEN"', table).replace("[steps.upload]", f"[{head}]")
    (project / "xpconfig.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load(project, environ={})
    assert "a secret is never written here" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "20002" not in str(caught.value)


def test_a_secret_in_a_variable_or_an_option_is_not_repeated(project: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(
            project, overrides=["steps.upload.token=hunter2"], environ={"XPTASKS_STEPS__UPLOAD__TOKEN": "hunter2"}
        )
    assert "hunter2" not in str(caught.value)
    assert "--set steps.upload.token" in str(caught.value)


def test_layers_merge_tables_and_replace_the_rest() -> None:
    below = Layers().under({"a": {"b": 1, "c": [1, 2]}, "d": 1}, FILE)
    above = below.under({"a": {"c": [3]}, "d": {"e": 1}}, profile_origin("ci"))
    assert above.values == {"a": {"b": 1, "c": (3,)}, "d": {"e": 1}}
    assert below.values == {"a": {"b": 1, "c": (1, 2)}, "d": 1}
    assert above.origins[("a", "b")] is FILE
    assert above.origins[("a", "c")] == above.origins[("d",)] == profile_origin("ci")


def test_a_layer_of_one_value() -> None:
    assert nested(("a", "b"), 1) == {"a": {"b": 1}}


def test_nothing_heavy_is_imported_before_a_mistake(project: Path) -> None:
    known = {name for name in sys.modules if name.startswith("tree_sitter")}
    for name in known:
        del sys.modules[name]
    config.load(project, environ={})
    assert not any(name.startswith("tree_sitter") for name in sys.modules)


def test_the_shown_toml_is_toml(project: Path) -> None:
    loaded = config.load(project, environ={})
    assert tomllib.loads(config.show(loaded, environ={}, origin=True)) == tomllib.loads(config.show(loaded, environ={}))
