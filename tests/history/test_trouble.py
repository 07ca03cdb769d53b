"""Everything that can happen to a delivery: nothing is lost or stored twice, and one line says what is wrong."""

import os
import random
import resource
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from tests.history.test_store import probe
from xptasks.errors import CannotRunError
from xptasks.history import database, outbox
from xptasks.history.database import url_of
from xptasks.history.events import HistoryEvent
from xptasks.history.store import Added, Store

pytestmark = pytest.mark.pr
TOOLS = Path(__file__).parents[2] / "tools"
KILLS = int(os.environ.get("XPTASKS_KILLS", "8"))
DELIVER = """
import os, signal, sys, time
from pathlib import Path
from xptasks.history import outbox
from xptasks.history.database import url_of
from xptasks.history.store import Store

url, home, point, number = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
outbox._FILES = 5

def counted(holder, name):
    real, left = getattr(holder, name), [number]
    def call(*args, **values):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **values)
    setattr(holder, name, call)

if point == "stored":
    counted(Store, "add")
if point == "deleted":
    counted(Path, "unlink")
store = Store(url_of(url, Path("/")), "projects")
print("ready", flush=True)
while True:
    outbox.deliver(home, "projects", store.add)
    if point != "any":
        break
"""
WRITE = """
import sys
from pathlib import Path
from xptasks.history import outbox
from xptasks.history.events import Kind, event
home, writer, number = Path(sys.argv[1]), sys.argv[2], 0
while True:
    problem = outbox.put(home, [event(Kind.PROBE, float(number), "projects", writer, number, part) for part in (0, 1)])
    assert not problem, problem
    number += 1
    print(number, flush=True)
"""


def start(script: str, *words: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(TOOLS)},
    )


def stored(url: str) -> Counter[str]:
    store = Store(url_of(url, Path("/")), "projects")
    engine = create_engine(url)
    with engine.connect() as connection:
        found = Counter(connection.scalars(text("SELECT id FROM xptasks_events")).all())
    engine.dispose()
    store.close()
    return found


def rest(url: str, home: Path) -> None:
    """Deliver what waits."""
    store = Store(url_of(url, Path("/")), "projects")
    assert outbox.deliver(home, "projects", store.add).left == 0
    store.close()


@pytest.mark.pr
@pytest.mark.parametrize("point", ["stored", "deleted"])
@pytest.mark.parametrize("number", [1, 7])
def test_killed_between_storing_and_deleting(url: str, tmp_path: Path, point: str, number: int) -> None:
    events = [probe(float(at)) for at in range(20)]
    for each in events:
        outbox.put(tmp_path, [each])
    with start(DELIVER, url, tmp_path, point, number) as child:
        child.communicate(timeout=60)
    killed = child.returncode == -signal.SIGKILL
    assert killed is (point == "deleted" or number < 4)
    assert bool(outbox.waiting(tmp_path, "projects")) is killed
    rest(url, tmp_path)
    assert stored(url) == Counter(each.id for each in events)


@pytest.mark.slow
def test_killed_at_random_while_others_write(url: str, tmp_path: Path) -> None:
    """Two deliverers are killed again and again, two writers are killed at the end; what was written is stored once."""
    chance = random.Random(6)  # noqa: S311 - chance, not secrecy
    writers = [start(WRITE, tmp_path, name) for name in ("a", "b")]
    for _ in range(KILLS):
        deliverers = [start(DELIVER, url, tmp_path, "any", 0) for _ in range(2)]
        for each in deliverers:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.3))
        for each in deliverers:
            each.kill()
            assert "Traceback" not in each.communicate(timeout=60)[1]
    written = 0
    for writer in writers:
        writer.kill()
        written += int((writer.communicate(timeout=60)[0].split() or ["0"])[-1])
    rest(url, tmp_path)
    found = stored(url)
    assert set(found.values()) == {1}
    assert 2 * written <= len(found) <= 2 * (written + 2), "a writer may be killed before it says what it wrote"
    assert len(found) % 2 == 0, "a file is stored whole"
    assert written > KILLS


def filled(home: Path, files: int) -> list[HistoryEvent]:
    events = [probe(float(at)) for at in range(files)]
    for each in events:
        assert outbox.put(home, [each]) == ""
    return events


def test_when_the_time_is_up_the_rest_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_FILES", 5)
    filled(tmp_path, 12)
    kept: list[HistoryEvent] = []
    assert outbox.deliver(tmp_path, "projects", kept.extend, lambda: False) == outbox.Delivered(5, 7)
    assert outbox.deliver(tmp_path, "projects", kept.extend, lambda: True) == outbox.Delivered(7, 0)
    assert [each.at for each in kept] == list(range(12))


def test_what_a_later_version_wrote_waits_for_it(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    first = outbox.waiting(tmp_path, "projects")[0]
    content = first.read_text()
    first.write_text(content.replace('"probe"', '"teleported"'))
    kept: list[HistoryEvent] = []
    assert outbox.deliver(tmp_path, "projects", kept.extend) == outbox.Delivered(1, 1)
    first.write_text(content)
    assert outbox.deliver(tmp_path, "projects", kept.extend) == outbox.Delivered(1, 0)


def test_half_written_files_of_killed_writers_are_removed_in_the_end(tmp_path: Path) -> None:
    filled(tmp_path, 1)
    folder = outbox.waiting(tmp_path, "projects")[0].parent
    old, new = folder / ".1-2-3.jsonl.abc.tmp", folder / ".4-5-6.jsonl.def.tmp"
    for path in (old, new):
        path.write_text("{")
    os.utime(old, (0, 0))
    outbox.deliver(tmp_path, "projects", lambda _: None)
    assert [path.name for path in folder.iterdir()] == [new.name]


LIMITED = """
import resource, sys
from pathlib import Path
from xptasks.errors import XpError
from xptasks.history import outbox
from xptasks.history.database import url_of
from xptasks.history.events import Kind, event
from xptasks.history.store import Store
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(url_of(sys.argv[1], Path("/")), "projects")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    print(outbox.deliver(Path(sys.argv[2]), "projects", store.add))
except XpError as error:
    print(error)
"""


def test_a_disk_that_is_full_loses_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'history.db'}"
    big = [probe(float(at), at, change="x" * 4000) for at in range(200)]
    for each in big:
        outbox.put(tmp_path, [each])
    with start(LIMITED, url, tmp_path, 300_000) as child:
        said, trouble = child.communicate(timeout=60)
    assert trouble == ""
    assert said.startswith(f"the history {tmp_path}/history.db cannot be used: ")
    assert said.count("\n") == 2
    assert len(outbox.waiting(tmp_path, "projects")) == 200
    rest(url, tmp_path)
    assert len(stored(url)) == 200
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


AS_NOBODY = """
import os, sys
from pathlib import Path
import sqlalchemy.dialects.sqlite.pysqlite
from xptasks.errors import XpError
from xptasks.history import outbox, migrating
from xptasks.history.database import url_of
from xptasks.history.store import Store
os.setegid(65534); os.seteuid(65534)
home = Path(sys.argv[2])
try:
    store = Store(url_of(sys.argv[1], Path("/")), "projects")
    print(len(store.events()))
    outbox.deliver(home, "projects", store.add)
except XpError as error:
    print(error)
"""


def test_a_file_that_may_only_be_read(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    url, home = f"sqlite:///{tmp_path / 'kept' / 'history.db'}", tmp_path / "home"
    filled(home, 1)
    rest(url, home)
    filled(home, 3)
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == 0 and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    with start(AS_NOBODY, url, home) as child:
        said, trouble = child.communicate(timeout=60)
    assert trouble == ""
    assert f"the history {tmp_path}/kept/history.db cannot be used: " in said
    assert said.splitlines()[-1].startswith("  let it be ")
    assert len(outbox.waiting(home, "projects")) == 3


@pytest.fixture
def ann(postgres: str) -> Iterator[str]:
    """A URL of somebody whose password is `right`, at a server that asks for it."""
    folder = Path(str(make_url(postgres).query.get("host", "")))
    rules = folder / "data" / "pg_hba.conf"
    if os.geteuid() != 0 or not rules.exists():
        pytest.skip("the rules of this PostgreSQL are not ours to change")
    before = rules.read_text()
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS ann"))
        connection.execute(text("CREATE ROLE ann LOGIN SUPERUSER PASSWORD 'right'"))
        rules.write_text(f"local all ann scram-sha-256\n{before}")
        connection.execute(text("SELECT pg_reload_conf()"))
        time.sleep(0.2)
        yield make_url(postgres).set(username="ann", password="hush hush").render_as_string(hide_password=False)
        rules.write_text(before)
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@pytest.mark.pr
def test_a_wrong_password_is_told_and_not_repeated(ann: str) -> None:
    with pytest.raises(CannotRunError, match="password authentication failed") as raised:
        Store(url_of(ann, Path("/")), "projects")
    assert "hush" not in str(raised.value)
    right = make_url(ann).set(password="right").render_as_string(hide_password=False)
    Store(url_of(right, Path("/")), "projects").close()


@pytest.mark.pr
def test_a_server_that_never_answers_is_waited_for_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_CONNECT", 2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"postgresql://ann@127.0.0.1:{server.getsockname()[1]}/x"
        with pytest.raises(CannotRunError, match=r"cannot be used: .*timeout"):
            Store(url_of(url, Path("/")), "projects")


@pytest.mark.pr
def test_a_connection_that_was_cut_is_made_again(url: str, tmp_path: Path) -> None:
    if url.startswith("sqlite"):
        pytest.skip("SQLite has no connections to cut")
    store = Store(url_of(url, tmp_path), "projects")
    store.add([probe(1.0)])
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = 'history'"
            )
        )
    engine.dispose()
    assert store.add([probe(2.0)]) == Added(1)
    store.close()


@pytest.mark.slow
def test_whoever_writes_waits_for_whoever_else_does(url: str, tmp_path: Path) -> None:
    """Four processes, each with events of its own and events of all."""
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from xptasks.history.database import url_of
        from xptasks.history.events import Kind, event
        from xptasks.history.store import Store
        store = Store(url_of(sys.argv[1], Path("/")), "projects")
        for number in range(15):
            own = event(Kind.PROBE, float(number), "projects", sys.argv[2], number)
            shared = event(Kind.PROBE, float(number), "projects", "shared", number)
            store.add([own, shared])
            assert len(store.events()) > number
        """)
    children = [start(script, url, name) for name in range(4)]
    assert [child.communicate(timeout=100)[1] for child in children] == [""] * 4
    found = stored(url)
    assert len(found) == 4 * 15 + 15
    assert set(found.values()) == {1}
