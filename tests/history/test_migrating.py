"""From every schema that there was to the one that this version knows, on both databases."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from tests.history.test_store import changed, probe
from xptasks.errors import CannotRunError
from xptasks.history import migrating
from xptasks.history.database import Database, url_of
from xptasks.history.schema import HEAD, VERSIONS
from xptasks.history.store import Added, Store

PROJECT = Path(__file__).parents[2]
OPEN = """
import sys
from pathlib import Path
from xptasks.history.database import url_of
from xptasks.history.events import Kind, event
from xptasks.history.store import Store
sys.stdin.read(1)
store = Store(url_of(sys.argv[1], Path("/")), "projects")
for number in range(20):
    store.add([event(Kind.PROBE, float(number), "projects", sys.argv[2], number)])
store.close()
"""


def test_the_code_knows_the_last_step() -> None:
    config = Config()
    config.set_main_option("script_location", str(PROJECT / "tools/xptasks/history/migrations"))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == HEAD
    numbers = [script.revision for script in scripts.walk_revisions()][::-1]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


@pytest.fixture
def first(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database of the first version, with a thousand events."""
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "HEAD", "0001")
        patched.setattr(migrating, "upgrade", lambda connection: UPGRADE(connection, "0001"))
        made = Database(url_of(url, tmp_path))
    with made.writing() as connection:
        for number in range(1000):
            words = f"'{number:032x}', {number}, 'probe', 'projects', '', '', '', '', '{{}}'"
            connection.execute(text(f"INSERT INTO xptasks_events VALUES ({words})"))  # noqa: S608
    return made


UPGRADE = migrating.upgrade


def version(connection: Connection) -> str:
    return str(connection.scalar(text(f"SELECT version_num FROM {VERSIONS}")))  # noqa: S608


def test_an_old_database_is_brought_up_and_loses_nothing(first: Database, url: str, tmp_path: Path) -> None:
    with first.reading() as connection:
        assert version(connection) == "0001"
    first.close()
    store = Store(url_of(url, tmp_path), "projects")
    assert [each.at for each in store.events()] == list(range(1000))
    assert store.add([probe(5000.0)]) == Added(1)
    assert store.prune(10.0, 9000.0, really=True).events == 10
    with store._database.reading() as connection:
        assert version(connection) == HEAD
    store.close()


def test_an_upgrade_that_dies_leaves_what_was(
    first: Database, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first.close()

    def dies(connection: Connection) -> None:
        UPGRADE(connection)
        raise OSError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(migrating, "upgrade", dies)
        with pytest.raises(CannotRunError, match="the power went"):
            Store(url_of(url, tmp_path), "projects")
    engine = create_engine(url)
    with engine.connect() as connection:
        assert version(connection) == "0001"
    engine.dispose()
    store = Store(url_of(url, tmp_path), "projects")
    assert len(store.events()) == 1000
    store.close()


def test_what_a_newer_version_has_written_is_refused(store: Store, url: str, tmp_path: Path) -> None:
    store.add([probe(1.0)])
    with changed(url, f"UPDATE {VERSIONS} SET version_num = '0999'"):  # noqa: S608
        pass
    with pytest.raises(CannotRunError, match=r"newer version of xptasks \(schema 0999, this one knows 00") as refused:
        Store(url_of(url, tmp_path), "projects")
    assert "waits in the outbox" in str(refused.value)


@pytest.mark.pr
def test_several_processes_may_begin_at_once(url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, url]
    children = [
        subprocess.Popen(
            [*command, str(number)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PYTHONPATH": str(PROJECT / "tools")},
        )
        for number in range(4)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"!")
        child.stdin.flush()
    said = [child.communicate(timeout=60)[1].decode() for child in children]
    assert [child.returncode for child in children] == [0] * 4, said
    store = Store(url_of(url, tmp_path), "projects")
    assert len(store.events()) == 80
    store.close()


def test_the_wheel_holds_every_step(tmp_path: Path) -> None:
    words = ["-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run([sys.executable, *words], cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    folder = PROJECT / "tools" / "xptasks" / "history" / "migrations"
    wanted = {f"xptasks/history/migrations/{path.relative_to(folder)}" for path in folder.rglob("*.py")}
    assert len(wanted) >= 4
    assert wanted <= names
