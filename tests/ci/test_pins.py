"""The record of actions: what is in it, and how it is looked up again, in repositories that stand in for GitHub's."""

import datetime as dt
import os
from pathlib import Path

import pytest

from tests.repository import Repository
from xptasks.ci import pins
from xptasks.errors import CannotRunError, ConfigError
from xptasks.loop import action_pins

SHIPPED = pins.load(Path("/nowhere"))
A, B, C = "a" * 40, "b" * 40, "c" * 40


def test_the_record_holds_actions_of_github_alone_and_says_where_they_were_seen() -> None:
    for action, pin in SHIPPED.items():
        assert action.split("/")[0] in {"actions", "github"}
        assert pin.where.startswith(f"refs/tags/{pin.tag} of github.com/{action}")
        assert isinstance(pin.seen, dt.date)


@pytest.mark.parametrize(
    ("refs", "expected"),
    [
        ("", None),
        (f"{A}\trefs/tags/v1\n{B}\trefs/tags/nightly\n", None),
        (f"{A}\trefs/tags/v1.2.3\n", ("v1.2.3", A)),
        (f"{A}\trefs/tags/v9.0.0\n{B}\trefs/tags/v10.0.0\n{C}\trefs/tags/v10.0.0-beta\n", ("v10.0.0", B)),
        (f"{A}\trefs/tags/v1.0.0\n{B}\trefs/tags/v1.0.0^{{}}\n", ("v1.0.0", B)),
        (f"{B}\trefs/tags/v1.0.0^{{}}\n", ("v1.0.0", B)),
        ("evil\trefs/tags/v1.0.0\n", None),
    ],
)
def test_the_newest_version(refs: str, expected: tuple[str, str] | None) -> None:
    assert pins.newest(refs) == expected


def test_what_is_written_is_read_back() -> None:
    assert pins.read(pins.as_toml(SHIPPED.values()), "x") == SHIPPED


@pytest.mark.parametrize(
    "text",
    [
        "pin = 1",
        "[[pin]]\naction = 'a/b'",
        "[[pin]]\naction = 'a/b'\ntag = 'v1'\ncommit = 'v1'\nseen = 2026-01-01\nwhere = ''",
        f"[[pin]]\naction = '../x'\ntag = 'v1'\ncommit = '{A}'\nseen = 2026-01-01\nwhere = ''",
        "no TOML",
    ],
)
def test_a_record_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="not a record of actions"):
        pins.read(text, ".github/pins.toml")


def test_a_projects_own_record_goes_before_ours(tmp_path: Path) -> None:
    own = tmp_path / pins.OWN
    own.parent.mkdir()
    own.write_text(
        f"[[pin]]\naction = 'actions/cache'\ntag = 'v6.0.0'\ncommit = '{A}'\nseen = 2027-01-01\nwhere = 'x'\n"
    )
    found = pins.load(tmp_path)
    assert found["actions/cache"].commit == A
    assert found["actions/checkout"] == SHIPPED["actions/checkout"]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Repository]:
    """Repositories in place of github.com, with the recorded tag at a commit of their own."""
    made = {}
    for action in SHIPPED:
        repository = Repository(tmp_path / "host" / action).init()
        repository.commit()
        made[action] = repository
    monkeypatch.setattr(action_pins, "_HOST", str(tmp_path / "host"))
    for name, value in {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}.items():
        monkeypatch.setenv(name, value)
    return made


def record(project: Path, host: dict[str, Repository]) -> None:
    """A record in which every action is at the commit that its repository has."""
    known = [
        pins.Pin(action, "v1.0.0", repository.git("rev-parse", "HEAD").strip(), dt.date(2026, 1, 1), "here")
        for action, repository in host.items()
    ]
    (project / ".github").mkdir()
    (project / pins.OWN).write_text(pins.as_toml(known), encoding="utf-8")


@pytest.mark.pr
def test_what_is_new_is_written_and_the_rest_stays(
    tmp_path: Path, host: dict[str, Repository], capsys: pytest.CaptureFixture[str]
) -> None:
    for repository in host.values():
        repository.git("tag", "v1.0.0")
    record(tmp_path, host)
    assert action_pins.refresh(tmp_path) == 0
    assert capsys.readouterr().out == "no news\n"
    newer = host["actions/checkout"]
    newer.git("commit", "-q", "--allow-empty", "-m", "two")
    newer.git("tag", "-a", "-m", "annotated", "v1.1.0")
    assert action_pins.refresh(tmp_path) == 0
    assert capsys.readouterr().out.startswith("actions/checkout: v1.0.0 -> v1.1.0\n")
    found = pins.load(tmp_path)
    assert found["actions/checkout"].commit == newer.git("rev-parse", "HEAD").strip()
    assert found["actions/cache"].seen == dt.date(2026, 1, 1)


@pytest.mark.pr
def test_a_tag_that_moved_is_an_alarm_and_nothing_is_written(tmp_path: Path, host: dict[str, Repository]) -> None:
    for repository in host.values():
        repository.git("tag", "v1.0.0")
    record(tmp_path, host)
    moved = host["actions/cache"]
    moved.git("commit", "-q", "--allow-empty", "-m", "two")
    moved.git("tag", "-f", "v1.0.0")
    before = (tmp_path / pins.OWN).read_text(encoding="utf-8")
    with pytest.raises(CannotRunError, match=r"actions/cache: v1\.0\.0 names"):
        action_pins.refresh(tmp_path)
    assert (tmp_path / pins.OWN).read_text(encoding="utf-8") == before


def test_a_repository_that_does_not_answer_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action_pins, "_HOST", str(tmp_path / "gone"))
    with pytest.raises(CannotRunError, match="cannot be looked at"):
        action_pins.refresh(tmp_path)
    assert not (tmp_path / pins.OWN).exists()


@pytest.mark.parametrize("as_json", [False, True])
def test_show(as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: FBT001
    assert action_pins.show(tmp_path, as_json=as_json) == 0
    assert SHIPPED["actions/checkout"].commit in capsys.readouterr().out
