"""The document of an application: made in a child that may do anything, within a time."""

from pathlib import Path

import pytest

from tests.contracts.drift.conftest import PROJECT
from xptasks.contracts.drift.served import of_application
from xptasks.errors import CannotRunError

GOOD = """
print("hello")
class App:
    def openapi(self): return {"openapi": "3.1.0", "paths": {}}
class holder: app = App()
app = App()
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(PROJECT / "tools"))
    return tmp_path / "service.py"


@pytest.mark.parametrize("name", ["service:app", "service:holder.app"])
def test_an_application_tells_its_document_whatever_it_prints(module: Path, name: str) -> None:
    module.write_text(GOOD)
    assert of_application(name, 20) == {"openapi": "3.1.0", "paths": {}}


def test_a_factory_makes_the_application(module: Path) -> None:
    module.write_text(f"{GOOD}\nmade = app\ndel app\ndef create_app():\n    return made\n")
    assert of_application("service:create_app", 20) == {"openapi": "3.1.0", "paths": {}}


@pytest.mark.parametrize(
    ("text", "seconds", "says"),
    [
        ("import no_such_module", 20, "No module named 'no_such_module'"),
        ("app = 3", 20, "no attribute 'openapi'"),
        ("raise SystemExit('PORT is not set')", 20, "PORT is not set"),
        ("import os; os._exit(0)", 20, "its last words"),
        ("import time; time.sleep(60)", 0.5, "it took longer than 0.5 s"),
    ],
)
def test_an_application_that_gives_none(module: Path, text: str, seconds: float, says: str) -> None:
    module.write_text(text)
    with pytest.raises(CannotRunError) as caught:
        of_application("service:app", seconds)
    assert says in str(caught.value)
    assert "[contracts] served" in str(caught.value)
