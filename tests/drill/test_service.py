"""The reference service as a repository of its own: complete, and in order by the library's own rules."""

import tomllib
from pathlib import Path

import pytest
import tomli_w

from xptasks import config
from xptasks.drill import service
from xptasks.drill.changes import ALL
from xptasks.errors import CannotRunError

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("projects")
    service.copy(PROJECT, target)
    return target


def test_its_configuration_loads_and_closes_the_loop(copied: Path) -> None:
    loaded = config.load(copied, environ={}, profile="demo").config
    assert loaded.project.sources == ("app",)
    assert set(loaded.tiers) == {"fast", "pr"}
    assert loaded.landing.after.deploy == "canary"
    assert loaded.landing.after.revert
    assert loaded.deploy.stages[0].hold == 10


def test_nothing_of_the_library_is_left_in_it(copied: Path) -> None:
    names = {path.relative_to(copied).as_posix() for path in copied.rglob("*") if path.is_file()}
    assert {"app/main.py", "tests/app/conftest.py", "contracts/openapi.yaml", "requirements/pr.txt"} <= names
    assert not {name for name in names if "xptasks" in name or "planted" in name or "ratchets" in name}
    sources = (path.read_text(encoding="utf-8") for path in copied.rglob("*.py"))
    assert not [text for text in sources if "import xptasks" in text or "from xptasks" in text]


def test_its_tests_import_nothing_that_is_not_there(copied: Path) -> None:
    for path in (copied / "tests").rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("from tests."):
                module = line.split()[1].replace(".", "/")
                assert (copied / f"{module}.py").exists(), line


@pytest.mark.parametrize("change", ALL, ids=lambda change: change.branch)
def test_every_change_fits_the_service(copied: Path, change: object) -> None:
    assert isinstance(change, type(ALL[0]))
    for edit in change.edits:
        text = (copied / edit.file).read_text(encoding="utf-8")
        assert text.count(edit.before) == 1, edit.file
        compile(text.replace(edit.before, edit.after), edit.file, "exec")
    for name, content in change.files:
        assert not (copied / name).exists()
        compile(content, name, "exec")


def test_the_fates_are_all_that_there_are() -> None:
    assert {change.fate for change in ALL} == {"promoted", "rejected", "rolled back"}
    assert all(bool(change.why) == (change.fate != "promoted") for change in ALL)


def test_an_installed_library_has_no_service(tmp_path: Path) -> None:
    with pytest.raises(CannotRunError, match="needs the reference service"):
        service.copy(tmp_path, tmp_path / "target")


def test_settings_of_tools_are_the_librarys(copied: Path) -> None:
    own = tomllib.loads((copied / "pyproject.toml").read_text(encoding="utf-8"))
    library = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    assert own["tool"]["ruff"]["lint"] == library["tool"]["ruff"]["lint"]
    assert own["tool"]["mypy"]["strict"] is True
    assert tomllib.loads(tomli_w.dumps(service.metadata(library))) == own
