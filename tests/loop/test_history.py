"""The history at hand: a clone's file, a database by reference, and every way in which it can be away."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import Project
from xptasks import config
from xptasks.config.settings import Config
from xptasks.errors import ConfigError, XpError
from xptasks.history import outbox
from xptasks.history.events import HistoryEvent, Kind, event
from xptasks.loop import history
from xptasks.loop.recording import Recorder


def landed(number: int, name: str = "small") -> HistoryEvent:
    return event(Kind.LANDED, float(number), name, number)


def configured(project: Project, url: str = "", **environ: str) -> Config:
    return config.load(project.path, environ={"XPTASKS_HISTORY__URL": url, **environ}).config


def shown(project: Project, url: str = "", tell: list[str] | None = None, **environ: str) -> list[HistoryEvent]:
    told: list[str] = []
    with history.opened(configured(project, url), project.path, environ, told.append) as store:
        found = store.events()
    assert tell is not None or told == []
    (tell if tell is not None else told).extend(told)
    return found


def test_what_was_recorded_is_read(project: Project) -> None:
    record = Recorder(project.path)
    record(landed(1), landed(2))
    record(landed(3))
    assert shown(project) == [landed(1), landed(2), landed(3)]
    assert (project.path / ".git" / "xptasks" / "history.db").exists()
    assert shown(project) == [landed(1), landed(2), landed(3)]


def test_a_project_gets_its_own_events_only(project: Project) -> None:
    record = Recorder(project.path)
    record(landed(1))
    record(landed(2, "other"))
    assert shown(project) == [landed(1)]
    assert len(outbox.waiting(project.path / ".git" / "xptasks", "other")) == 1


def test_a_database_by_reference(project: Project) -> None:
    Recorder(project.path)(landed(1))
    assert shown(project, "env:HISTORY", HISTORY="sqlite:///kept here/?x.db") == [landed(1)]


def test_a_relative_file_is_relative_to_the_project(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    Recorder(project.path)(landed(1))
    assert shown(project, "sqlite:///.xp/kept.db") == [landed(1)]
    assert (project.path / ".xp" / "kept.db").exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("secret", "cannot be read"),
        ("mysql://ann:secret@host/x", "keeps no history: mysql"),
        ("sqlite://", "keeps no history: sqlite"),
        ("postgresql://ann:secret@host:port/x", "cannot be read"),
    ],
)
def test_what_is_no_database_is_a_mistake_that_is_not_repeated(project: Project, url: str, said: str) -> None:
    with (
        pytest.raises(ConfigError, match=said) as raised,
        history.opened(configured(project, "env:HISTORY"), project.path, {"HISTORY": url}),
    ):
        pass
    assert "secret" not in str(raised.value)


def test_a_secret_that_is_not_set(project: Project) -> None:
    with pytest.raises(XpError, match="env:HISTORY is not set"):
        shown(project, "env:HISTORY")


AWAY = "postgresql://ann:se%20cret@127.0.0.1:1/x"


def test_a_server_that_is_away_loses_nothing(project: Project) -> None:
    Recorder(project.path)(landed(1))
    with pytest.raises(XpError, match="cannot be used") as raised:
        shown(project, "env:HISTORY", HISTORY=AWAY)
    assert "se cret" not in str(raised.value)
    assert "se%20cret" not in str(raised.value)
    assert "\n  see that it runs" in str(raised.value)
    assert shown(project) == [landed(1)]


def test_a_damaged_file_is_told_and_loses_nothing(project: Project) -> None:
    Recorder(project.path)(landed(1))
    file = project.path / ".git" / "xptasks" / "history.db"
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(XpError, match="file is not a database") as raised:
        shown(project)
    assert "move the file away" in str(raised.value)
    file.rename(file.with_suffix(".old"))
    assert shown(project) == [landed(1)]


def test_a_file_that_may_only_be_read_is_shown(project: Project) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    Recorder(project.path)(landed(1))
    shown(project)
    file = project.path / ".git" / "xptasks" / "history.db"
    file.chmod(0o400)
    Recorder(project.path)(landed(2))
    told: list[str] = []
    assert shown(project, tell=told) == [landed(1)]
    assert "1 files wait" in told[0]
    file.chmod(0o600)
    assert shown(project) == [landed(1), landed(2)]


BLOCKED = """
import sys
for name in sys.argv[1:]:
    sys.modules[name] = None
from pathlib import Path
from xptasks import config
from xptasks.errors import XpError
from xptasks.loop import history
environ = {"XPTASKS_HISTORY__URL": "env:URL", "URL": "postgresql://ann@127.0.0.1:1/x"}
loaded = config.load(Path(), environ=environ).config
try:
    with history.opened(loaded, Path(), environ):
        pass
except XpError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("sqlalchemy", "the history needs sqlalchemy, which is not installed\n  install xptasks[history] where"),
        ("psycopg", "the driver of the database is not installed: "),
    ],
)
def test_what_is_not_installed_is_named(project: Project, missing: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, missing],
        cwd=project.path,
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "tools"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith(said), done.stdout + done.stderr
    assert "xptasks[" in done.stdout
