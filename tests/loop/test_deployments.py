"""What deployments say to the history: stories with a driver of numbers and a real journal, replayed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.delivery import FakeClock, FakeDriver
from xptasks.delivery.journal import Journal
from xptasks.delivery.lock import held
from xptasks.delivery.machine import Entry
from xptasks.delivery.plan import Plan, Stage
from xptasks.delivery.settings import DeploySettings
from xptasks.delivery.supervisor import Supervisor
from xptasks.errors import XpError
from xptasks.history import outbox
from xptasks.history.events import HistoryEvent, Kind, event
from xptasks.loop import chronicle, deploy
from xptasks.loop.deploy import Target
from xptasks.loop.deployments import WATCHER, told
from xptasks.loop.recording import Recorder

SETTINGS = DeploySettings.model_validate(
    {
        "stages": [{"weight": 10, "hold": "1m"}, {"weight": 100, "hold": "10s"}],
        "analysis": {"min_requests": 20, "patience": "0s"},
    }
)
AT = "local@host"


@dataclass
class Place:
    target: Target
    driver: FakeDriver
    clock: FakeClock
    probe: list[str]

    def deploy(self, release: str, **noted: object) -> float:
        """Deploy, and say when that began."""
        began = self.clock.time
        self.clock.time += 1
        deploy.deploy(self.target, release, noted={"actor": "machine:queue", "commit": f"{release}{release}", **noted})
        return began + 1

    def told(self, *kinds: Kind) -> list[HistoryEvent]:
        found = told("small", AT, self.target.journal.deployments()[::-1])
        return [each.event for each in found if not kinds or each.event.kind in kinds]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    clock, probe = FakeClock(), [""]
    driver, journal = FakeDriver(clock, conditions={}, shares={}), Journal(tmp_path / "journal.db")

    def supervisor() -> Supervisor:
        return Supervisor(journal, driver, probe=lambda _plan, _now: probe[0], clock=clock)

    yield Place(Target(tmp_path, driver, journal, SETTINGS, supervisor, clock), driver, clock, probe)
    journal.close()


def kinds(found: list[HistoryEvent]) -> list[str]:
    return [str(each.kind) for each in found]


def said(found: HistoryEvent, *names: str) -> dict[str, Any]:
    return {name: found.data.get(name) for name in names}


INCIDENTS = (Kind.INCIDENT_OPENED, Kind.INCIDENT_CLOSED)


def test_a_first_release_and_a_canary_that_is_promoted(place: Place) -> None:
    place.deploy("a")
    began = place.deploy("b", committed=900.0)
    started, canary, all_of_it, full = place.told()[3:]
    first, second = ["deploy-started", "deploy-canary", "deploy-full"], ["deploy-started", *["deploy-canary"] * 2]
    assert kinds(place.told()) == [*first, *second, "deploy-full"]
    assert {(each.deployment, each.commit) for each in (started, canary, full)} == {("local@host/2", "bb")}
    assert (started.at, started.actor) == (began, "machine:queue")
    assert started.data == {
        "release": "b",
        "old": "a",
        "strategy": "canary",
        "rollback": False,
        "committed": 900.0,
    }
    assert said(canary, "release", "weight", "stage") == {"release": "b", "weight": 10, "stage": 1}
    assert said(all_of_it, "release", "weight", "stage") == {"release": "b", "weight": 100, "stage": 2}
    assert began <= canary.at < began + 1
    assert began + 60 <= all_of_it.at < began + 62
    assert began + 70 <= full.at < began + 72
    assert full.data["why"].startswith("nothing spoke against b")


def test_a_canary_that_answers_worse_is_given_up_by_itself(place: Place) -> None:
    place.deploy("a")
    place.driver.bad = {"b": 5}
    place.deploy("b")
    back, opened, closed = place.told(Kind.ROLLBACK, *INCIDENTS)
    assert said(back, "release", "to", "trigger", "automatic") == {
        "release": "b",
        "to": "a",
        "trigger": "analysis",
        "automatic": True,
    }
    assert (back.deployment, back.commit, back.actor) == ("local@host/2", "bb", "")
    assert back.data["detected"] <= back.at < back.data["detected"] + 1
    (canary,) = [each for each in place.told(Kind.DEPLOY_CANARY) if each.deployment == "local@host/2"]
    assert (opened.at, opened.data["began"]) == (back.data["detected"], canary.at)
    assert (closed.at, closed.data) == (back.at, {"incident": "local@host/2", "how": "rolled back"})
    assert opened.data["incident"] == "local@host/2"


def probing(place: Place) -> None:
    place.probe[0] = "the probe health failed"


def dying(place: Place) -> None:
    place.driver.start = lambda release: place.driver.conditions.update({release: "dead"})  # type: ignore[method-assign]


def late(place: Place) -> None:
    place.driver.start = lambda release: place.driver.conditions.update({release: "starting"})  # type: ignore[method-assign]


def refused(place: Place) -> None:
    place.driver.broken = {"start": 99}


@pytest.mark.parametrize(
    ("fault", "trigger", "incident"),
    [
        (probing, "probe", True),
        (dying, "crash", False),  # it never had traffic
        (late, "start", False),
        (refused, "driver", False),
    ],
)
def test_other_reasons_to_give_up(
    place: Place,
    fault: Callable[[Place], None],
    trigger: str,
    incident: bool,  # noqa: FBT001
) -> None:
    place.deploy("a")
    fault(place)
    place.deploy("b")
    (back,) = place.told(Kind.ROLLBACK)
    assert said(back, "trigger", "automatic") == {"trigger": trigger, "automatic": True}
    assert len(place.told(*INCIDENTS)) == (2 if incident else 0)
    assert place.told(Kind.INTERVENTION) == []
    if not incident:
        assert back.at == back.data["detected"]


def under_way(place: Place, release: str = "b") -> int:
    """A deployment that nobody drives, whose canary has its share."""
    target = place.target
    number = target.journal.open(deploy.plan_for(target, release, deploy.serving(target)), place.clock.now())
    target.driver.start(release)
    target.journal.add(number, Entry(place.clock.now(), "stage", {"stage": 0}))
    target.driver.split(target.journal.deployment(number).plan.split(0))
    target.journal.add(number, Entry(place.clock.now(), "done", {"act": "split a 90 %, b 10 %"}))
    return number


@pytest.mark.parametrize(("actor", "automatic"), [("human:ann", False), ("ann", False), ("agent:coder", True)])
def test_whoever_aborts_is_named_and_a_person_steps_in(place: Place, actor: str, automatic: bool) -> None:  # noqa: FBT001
    place.deploy("a")
    under_way(place)
    deploy.abort(place.target, actor=actor)
    (back,) = place.told(Kind.ROLLBACK)
    assert said(back, "trigger", "automatic") == {"trigger": "operator", "automatic": automatic}
    stepped = [("human:ann", "abort")] if not automatic else []
    assert [(each.actor, each.data["intervention"]) for each in place.told(Kind.INTERVENTION)] == stepped
    assert place.told(*INCIDENTS) == []


def test_what_people_ask_for_on_the_way(place: Place) -> None:
    place.deploy("a")
    under_way(place)
    with held(place.target.home, "inv deploy-canary"):
        deploy.ask(place.target, "pause", actor="human:ann")
        deploy.ask(place.target, "resume", actor="human:bob")
    deploy.ask(place.target, "promote", actor="human:cid")
    found = [(each.actor, each.data["intervention"], each.deployment) for each in place.told(Kind.INTERVENTION)]
    assert found == [
        ("human:ann", "pause", "local@host/2"),
        ("human:bob", "resume", "local@host/2"),
        ("human:cid", "promote", "local@host/2"),
    ]


def test_the_plan_is_no_person(place: Place) -> None:
    settings = {"stages": [{"weight": 10, "hold": "1s"}, {"weight": 100, "hold": "1s"}]}
    thin = {"analysis": {"min_requests": 10_000, "patience": "0s", "on_inconclusive": "promote"}}
    place.target.settings = DeploySettings.model_validate(settings | thin)
    place.deploy("a")
    place.deploy("b")
    assert "asked" in [entry.kind for entry in place.target.journal.deployment(2).entries]
    assert place.told(Kind.INTERVENTION) == []


def test_a_person_who_goes_back_ends_an_incident_of_the_release_that_is_given_up(place: Place) -> None:
    for release in ("a", "b"):
        place.deploy(release)
    place.clock.time += 100
    asked = place.clock.time
    deploy.rollback(place.target, actor="human:ann", noted={"why": "orders fail"})
    back, opened, closed = place.told(Kind.ROLLBACK, *INCIDENTS)
    assert said(back, "release", "to", "trigger", "automatic", "why") == {
        "release": "b",
        "to": "a",
        "trigger": "operator",
        "automatic": False,
        "why": "orders fail",
    }
    assert {(each.deployment, each.commit) for each in (back, opened, closed)} == {("local@host/2", "bb")}
    assert (back.actor, back.data["detected"], opened.at) == ("human:ann", asked, asked)
    assert asked <= closed.at == back.at
    assert [(each.actor, each.data["intervention"]) for each in place.told(Kind.INTERVENTION)] == [
        ("human:ann", "rollback")
    ]
    started = place.told(Kind.DEPLOY_STARTED)[-1]
    assert (started.deployment, started.data["rollback"]) == ("local@host/3", True)
    assert len(place.told(Kind.DEPLOY_FULL)) == 2


def test_a_person_who_goes_back_without_a_word_is_the_reason(place: Place) -> None:
    for release in ("a", "b"):
        place.deploy(release)
    deploy.rollback(place.target, actor="human:ann")
    back, opened = place.told(Kind.ROLLBACK, Kind.INCIDENT_OPENED)
    assert back.data["why"] == "human:ann rolled back"
    assert opened.data["why"] == "b: human:ann rolled back"


def test_of_what_the_watcher_found_only_the_rollback_is_told(place: Place) -> None:
    for release in ("a", "b"):
        place.deploy(release)
    deploy.rollback(place.target, actor=WATCHER, noted={"why": "health failed 3 times", "trigger": "probe"})
    (back,) = place.told(Kind.ROLLBACK, *INCIDENTS, Kind.INTERVENTION)
    assert said(back, "trigger", "automatic") == {"trigger": "probe", "automatic": True}
    assert back.deployment == "local@host/2"


def test_a_rollback_that_cannot_take_over_has_failed(place: Place) -> None:
    for release in ("a", "b"):
        place.deploy(release)
    place.driver.conditions.pop("a")
    place.driver.broken = {"start": 99}
    deploy.rollback(place.target, actor="human:ann")
    assert kinds(place.told())[-3:] == ["deploy-started", "intervention", "deploy-failed"]


def test_what_neither_serves_nor_goes_back_is_an_incident_until_something_serves(place: Place) -> None:
    place.deploy("a")
    under_way(place)
    place.driver.conditions["a"] = "dead"
    place.driver.broken = {"start": 99}
    deploy.abort(place.target, actor="human:ann")
    (opened,) = place.told(*INCIDENTS)
    assert (opened.deployment, opened.data["incident"]) == ("local@host/2", "local@host/2")
    assert kinds(place.told())[-2:] == ["deploy-failed", "incident-opened"]
    place.driver.broken = {}
    place.deploy("c")
    (_, closed) = place.told(*INCIDENTS)
    assert (closed.deployment, closed.data) == ("local@host/2", {"incident": "local@host/2", "how": "c serves"})


def test_a_journal_of_an_older_version_says_what_it_knows(place: Place) -> None:
    journal = place.target.journal
    number = journal.open(Plan("a", None, "canary", (Stage(100, 1.0),)), 1.0)
    journal.add(number, Entry(2.0, "closed", {"outcome": "promoted", "why": "x"}))
    number = journal.open(Plan("b", "a", "canary", (Stage(10, 1.0), Stage(100, 1.0))), 3.0)
    journal.add(number, Entry(3.5, "stage", {"stage": 0}))
    journal.add(number, Entry(3.6, "done", {"act": "split a 90 %, b 10 %"}))
    journal.add(number, Entry(4.0, "asked", {"what": "promote", "actor": "the plan (nothing was measured)"}))
    journal.add(number, Entry(5.0, "back", {"why": "bad"}))
    journal.add(number, Entry(6.0, "closed", {"outcome": "rolled back", "why": "bad"}))
    number = journal.open(Plan("a", "b", "blue-green"), 7.0, rollback=True, actor="the watcher (health failed)")
    journal.add(number, Entry(8.0, "closed", {"outcome": "promoted", "why": "x"}))
    backs = place.told(Kind.ROLLBACK)
    assert [(each.at, each.data["trigger"], each.actor, each.data["why"]) for each in backs] == [
        (6.0, "unknown", "", "bad"),
        (8.0, "operator", WATCHER, "the watcher (health failed) rolled back"),
    ]
    assert place.told(Kind.INTERVENTION, *INCIDENTS) == []


def test_a_journal_that_has_grown_says_what_it_said_before_and_more(place: Place) -> None:
    place.deploy("a")
    place.driver.bad = {"b": 5}
    for release in ("b", "c"):
        place.deploy(release)
    deploy.rollback(place.target, actor="human:ann")
    deployments = place.target.journal.deployments()[::-1]
    whole = [each.event for each in told("small", AT, deployments)]
    assert len({each.id for each in whole}) == len(whole) > 10
    for last in range(len(deployments)):
        for length in range(1, len(deployments[last].entries) + 1):
            cut = [
                *deployments[:last],
                deployments[last].__class__(
                    deployments[last].number, deployments[last].plan, deployments[last].entries[:length]
                ),
            ]
            part = [each.event for each in told("small", AT, cut)]
            assert part == whole[: len(part)]


def waiting(record: Recorder) -> list[HistoryEvent]:
    return [event for path in outbox.waiting(record.home, "small") for event in outbox.read(path)]


def test_each_entry_is_carried_once_and_all_of_them_where_nobody_remembers(place: Place, tmp_path: Path) -> None:
    record, journal = Recorder(tmp_path), place.target.journal
    chronicle.carry(record, "small", AT, journal)
    assert waiting(record) == []
    place.deploy("a")
    chronicle.carry(record, "small", AT, journal)
    chronicle.carry(record, "small", AT, journal)
    assert kinds(waiting(record)) == ["deploy-started", "deploy-canary", "deploy-full"]
    under_way(place)
    chronicle.carry(record, "small", AT, journal)
    deploy.abort(place.target, actor="human:ann")
    chronicle.carry(record, "small", AT, journal)
    once = waiting(record)
    assert once == place.told()
    for mark in (record.home / "journals").iterdir():
        mark.write_text("damaged")
    chronicle.carry(record, "small", AT, journal)
    assert waiting(record) == once * 2


def test_a_journal_that_began_anew_is_carried_from_its_beginning(place: Place, tmp_path: Path) -> None:
    record = Recorder(tmp_path)
    for release in ("a", "b"):
        place.deploy(release)
    chronicle.carry(record, "small", AT, place.target.journal)
    before = waiting(record)
    other = Journal(tmp_path / "other.db")
    for at in (5.0, 6.0, 7.0):
        other.open(Plan("x", None), at)
    chronicle.carry(record, "small", AT, other)
    other.close()
    assert kinds(waiting(record)[len(before) :]) == ["deploy-started"] * 3
    assert len({each.id for each in waiting(record)}) == len(before) + 3


def test_what_cannot_be_read_or_written_is_carried_next_time(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    place.deploy("a")
    (folder / ".xp").write_text("a file where a folder should be")
    said: list[str] = []
    chronicle.carry(Recorder(folder, said.append), "small", AT, place.target.journal)
    assert len(said) == 1
    (folder / ".xp").unlink()
    chronicle.carry(Recorder(folder), "small", AT, place.target.journal)
    assert kinds(waiting(Recorder(folder))) == ["deploy-started", "deploy-canary", "deploy-full"]


def test_a_damaged_journal_is_none_of_our_business(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged() -> None:
        raise XpError("file is not a database")

    monkeypatch.setattr(place.target.journal, "latest", damaged)
    said: list[str] = []
    chronicle.carry(Recorder(tmp_path, said.append), "small", AT, place.target.journal)
    assert said == ["what the journal says is not recorded: file is not a database"]


def test_a_mistake_of_ours_ends_nothing(place: Place, tmp_path: Path) -> None:
    place.deploy("a")
    place.target.journal.add(1, Entry(1.0, "asked", {"what": "dance", "actor": "human:ann"}))
    said: list[str] = []
    record = Recorder(tmp_path, said.append)
    for _ in range(3):
        chronicle.carry(record, "small", AT, place.target.journal)
    assert said == ["what the journal says is not recorded: ValueError: 'dance' is not a valid Intervention"]


def test_a_log_that_cannot_be_written_ends_nothing_either(tmp_path: Path) -> None:
    def full(_: str) -> None:
        raise OSError("no space left on device")

    (tmp_path / ".xp").write_text("a file where a folder should be")
    assert Recorder(tmp_path, full)(event(Kind.PROBE, 1.0, "small")) is False


@pytest.mark.parametrize(("actor", "count"), [("human:ann", 1), ("agent:coder", 0)])
def test_a_person_who_deploys_with_another_profile_steps_in(place: Place, actor: str, count: int) -> None:
    place.deploy("a", actor=actor, profile="demo")
    found = [(each.actor, each.data["intervention"], each.data["why"]) for each in place.told(Kind.INTERVENTION)]
    assert found == [("human:ann", "override", "profile demo")] * count
