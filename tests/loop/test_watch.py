"""The watcher with probes that fail when told, a driver of numbers, a real journal and a real lock."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from tests.fakes.delivery import FakeClock, FakeDriver
from xptasks.delivery.journal import Journal
from xptasks.delivery.lock import held
from xptasks.delivery.machine import Entry
from xptasks.delivery.plan import Plan, World
from xptasks.delivery.settings import DeploySettings
from xptasks.delivery.supervisor import Supervisor
from xptasks.errors import CannotRunError
from xptasks.history.events import HistoryEvent, Kind
from xptasks.loop import deploy
from xptasks.loop.deploy import Target
from xptasks.loop.diary import Diary
from xptasks.loop.watch import Watcher, why_not_back
from xptasks.probes.alerts import Alert, Alerts, AlertSettings
from xptasks.probes.exposition import Exposition
from xptasks.probes.policy import ProbePolicySettings
from xptasks.probes.result import ProbeResult, Trouble

pytestmark = pytest.mark.pr

SETTINGS = DeploySettings.model_validate(
    {"stages": [{"weight": 100, "hold": "1s"}], "strategy": "blue-green", "analysis": {"min_requests": 0}}
)
POLICY = ProbePolicySettings.model_validate({"interval": "30ms", "canary_interval": "20ms", "window": "10s"})


@dataclass
class FakeLook:
    """Fails where a test says so; `broken` names probes of the entrance, `broken_before` those of other releases."""

    broken: set[str] = field(default_factory=set)
    broken_before: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)
    looks: list[tuple[str, bool, str]] = field(default_factory=list)

    async def __call__(self, name: str, *, fresh: bool = False, release: str = "") -> ProbeResult:
        self.looks.append((name, fresh, release))
        bad = name in (self.broken_before if release else self.broken) or (name in self.stale and not fresh)
        await anyio.lowlevel.checkpoint()
        return ProbeResult(name, "health", not bad, 0.001, Trouble.STATUS if bad else None, "503" if bad else "")


class Told(Alerts):
    """Keeps what it is told."""

    def __init__(self, folder: Path) -> None:
        super().__init__(AlertSettings(stdout=False), {}, {}, folder)
        self.alerts: list[Alert] = []

    def send(self, alert: Alert) -> list[str]:
        self.alerts.append(alert)
        return []

    def has(self, text: str) -> bool:
        return any(text in alert.summary for alert in self.alerts)


@dataclass
class Stage:
    """All that a test looks at."""

    watcher: Watcher
    look: FakeLook
    told: Told
    driver: FakeDriver
    target: Target
    recorded: list[HistoryEvent]

    def until(self, true: Callable[[], bool], change: Callable[[], None] = lambda: None) -> None:
        """Let the watcher run until something is true; fails after ten seconds."""

        async def run() -> None:
            with anyio.fail_after(10):
                async with anyio.create_task_group() as group:
                    group.start_soon(self.watcher.run)
                    change()
                    while not true():  # noqa: ASYNC110 - what is waited for is not ours
                        await anyio.sleep(0.01)
                    group.cancel_scope.cancel()

        anyio.run(run)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    clock = FakeClock()
    driver = FakeDriver(clock, conditions={}, shares={})
    journal = Journal(tmp_path / "journal.db")
    target = Target(tmp_path, driver, journal, SETTINGS, lambda: Supervisor(journal, driver, clock=clock), clock)
    look, told = FakeLook(), Told(tmp_path)
    recorded: list[HistoryEvent] = []

    def record(*events: HistoryEvent) -> None:
        recorded.extend(events)

    with Exposition() as exposition:
        watcher = Watcher(
            target, ["api", "health"], look, POLICY, told, exposition, tmp_path / "watch.json", clock_pair(clock)
        )
        watcher.diary = Diary(record, "small", "local@host", tmp_path / "incident.json", "w")
        yield Stage(watcher, look, told, driver, target, recorded)
    journal.close()


class clock_pair:  # noqa: N801 - reads like a function where it is used
    """The wall clock stands still with the fake one; the other is the machine's."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def monotonic(self) -> float:
        return anyio.current_time()

    def wall(self) -> float:
        return self._clock.time


def test_failures_alert_then_roll_back_then_recover(stage: Stage) -> None:
    for release in ("a", "b"):
        deploy.deploy(stage.target, release)
    stage.look.broken = {"health"}

    def heal() -> bool:
        if stage.told.has("rolled back"):
            stage.look.broken = set()
        return stage.told.has("health is well again")

    stage.until(heal)
    assert deploy.serving(stage.target) == "a"
    assert [alert.state for alert in stage.told.alerts if alert.name == "health"] == ["firing", "firing", "resolved"]
    assert stage.told.has("health failed 3 times: 503; rolled back (promoted)")
    assert diary_of(stage) == [
        ("watch-started", None),
        ("probe", "down"),
        ("incident-opened", "health failed: 503"),
        ("probe", "up"),
        ("incident-closed", "rolled back"),
        ("watch-ended", None),
    ]
    opened, closed = (each for each in stage.recorded if each.kind in {Kind.INCIDENT_OPENED, Kind.INCIDENT_CLOSED})
    assert opened.deployment == closed.deployment == "local@host/2"
    assert 0.0 <= opened.at - opened.data["began"] < 1.0


def diary_of(stage: Stage) -> list[tuple[str, str | None]]:
    words = ("state", "how", "why")
    return [
        (str(each.kind), next((each.data[word] for word in words if word in each.data), None))
        for each in stage.recorded
    ]


def test_signs_of_life_and_chores(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xptasks.loop.watch.EVERY", 0.0)
    done: list[int] = []
    stage.watcher.chores = lambda: done.append(1)
    stage.until(lambda: len([each for each in stage.recorded if each.kind is Kind.WATCH_ALIVE]) > 1)
    alive = [each for each in stage.recorded if each.kind is Kind.WATCH_ALIVE]
    assert alive[-1].data == {
        "target": "local@host",
        "process": "w",
        "every": 60.0,
        "probes": {"api": "up", "health": "up"},
    }
    assert len({each.id for each in stage.recorded}) == len(stage.recorded)
    assert done


def test_a_connection_that_broke_is_no_failure(stage: Stage) -> None:
    stage.look.stale = {"api"}
    stage.until(lambda: len(stage.look.looks) > 20)
    assert ("api", True, "") in stage.look.looks
    assert stage.told.alerts == []


def test_what_the_release_before_fails_too_is_not_rolled_back(stage: Stage) -> None:
    for release in ("a", "b"):
        deploy.deploy(stage.target, release)
    stage.look.broken = stage.look.broken_before = {"api"}
    stage.until(lambda: stage.told.has("not rolled back: the release before, a, fails it too (503)"))
    assert deploy.serving(stage.target) == "b"


def test_nothing_goes_in_circles(stage: Stage) -> None:
    for release in ("a", "b"):
        deploy.deploy(stage.target, release)
    stage.look.broken = {"api", "health"}
    stage.until(lambda: stage.told.has("not rolled back: the last deployment was rolled back already"))
    looks = len(stage.look.looks)
    stage.until(lambda: len(stage.look.looks) > looks + 20)
    assert deploy.serving(stage.target) == "a"
    assert sum("; rolled back" in alert.summary for alert in stage.told.alerts) == 1


def test_what_died_is_started_again_and_said(stage: Stage) -> None:
    stage.until(lambda: stage.told.has("proxy had died and was started again"), lambda: stage.driver.died.add("proxy"))


def test_while_a_deployment_is_driven_only_the_proxy_is_started_again(stage: Stage) -> None:
    stage.driver.died = {"proxy", "b"}
    with held(stage.target.home, "inv deploy-canary"):
        stage.until(lambda: stage.told.has("proxy had died"))
    assert stage.driver.died == {"b"}


def test_a_deployment_whose_supervisor_died_is_ended(stage: Stage) -> None:
    deploy.deploy(stage.target, "a")
    number = stage.target.journal.open(Plan("b", "a"), 1000.0)
    stage.driver.start("b")
    stage.target.journal.add(number, Entry(1000.0, "stage", {"stage": 0}))
    stage.driver.split({"a": 90, "b": 10})
    stage.until(lambda: stage.told.has(f"the supervisor of deployment {number} died: rolled back"))
    assert deploy.serving(stage.target) == "a"


def test_it_looks_more_often_while_a_new_release_gets_its_share(stage: Stage) -> None:
    stage.watcher.policy = ProbePolicySettings.model_validate({"interval": "1h", "canary_interval": "20ms"})
    number = stage.target.journal.open(Plan("b", "a"), 1000.0)
    stage.target.journal.add(number, Entry(1000.0, "stage", {"stage": 0}))
    with held(stage.target.home, "inv deploy-canary"):
        stage.until(lambda: len(stage.look.looks) > 10)


def test_a_mistake_that_stays_is_told_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def broken(*, releases: bool = True) -> tuple[str, ...]:
        calls.append(1)
        raise CannotRunError("the disk is full")

    monkeypatch.setattr(stage.driver, "repair", broken)
    stage.until(lambda: len(calls) >= 3)
    assert [alert.summary for alert in stage.told.alerts] == ["the watcher cannot put it right: the disk is full"]


def test_a_journal_that_is_damaged_meanwhile_ends_no_watch(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for release in ("a", "b"):
        deploy.deploy(stage.target, release)

    def damaged() -> None:
        raise CannotRunError("the journal cannot be used: file is not a database")

    monkeypatch.setattr(stage.target.journal, "latest", damaged)
    stage.look.broken = {"api"}
    stage.until(lambda: stage.told.has("api failed 3 times: 503; not rolled back: the journal cannot be used"))
    assert stage.told.has("the watcher cannot put it right: the journal cannot be used")
    assert deploy.serving(stage.target) == "b"


def test_who_takes_a_dead_deployment_over_first_is_no_mistake(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy.deploy(stage.target, "a")
    stage.target.journal.open(Plan("b", "a"), 1000.0)
    monkeypatch.setattr("xptasks.loop.watch.lock.is_free", lambda _home: True)
    with held(stage.target.home, "inv abort"):
        looks = len(stage.look.looks)
        stage.until(lambda: len(stage.look.looks) > looks + 60)
    assert stage.told.alerts == []


def test_whoever_hangs_while_he_is_told_holds_up_nothing_else(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    hung, release = threading.Event(), threading.Event()

    def hang(_alert: Alert) -> list[str]:
        hung.set()
        release.wait(10)
        return []

    def looks() -> int:
        return sum(name == "health" for name, *_ in stage.look.looks)

    monkeypatch.setattr(stage.told, "send", hang)
    stage.look.broken = {"api"}
    seen: list[int] = []

    def went_on() -> bool:
        if hung.is_set() and not seen:
            seen.append(looks())
            stage.driver.died.add("proxy")
        if seen and looks() > seen[0] + 5 and not stage.driver.died:
            release.set()
        return release.is_set()

    stage.until(went_on)


def test_a_restart_of_the_watcher_forgets_nothing(stage: Stage) -> None:
    stage.look.broken = {"api"}
    stage.until(lambda: stage.told.has("api failed"))
    stage.told.alerts.clear()
    stage.look.broken = set()
    stage.until(lambda: stage.told.has("api is well again"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"old": None}, "there is no release to go back to"),
        ({"outcome": "rolled back"}, "rolled back already"),
        ({"rollback": True}, "rolled back already"),
        ({"now": 10_000.0}, "ended 150 minutes ago"),
        ({"condition": "dead"}, "the release before, a, is dead"),
    ],
)
def test_when_a_rollback_is_allowed(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    given = {"old": "a", "outcome": "promoted", "rollback": False, "now": 1500.0, "condition": "ready", **changes}
    journal = Journal(tmp_path / "journal.db")
    number = journal.open(Plan("b", given["old"]), 900.0, rollback=given["rollback"])  # type: ignore[arg-type]
    journal.add(number, Entry(1000.0, "closed", {"outcome": given["outcome"], "why": ""}))
    world = World({"a": given["condition"], "b": "ready"}, {"b": 100})  # type: ignore[dict-item]
    assert reason in why_not_back(journal.latest(), world, given["now"], 3600.0) or not reason  # type: ignore[arg-type]
    assert bool(why_not_back(journal.latest(), world, given["now"], 3600.0)) is bool(reason)  # type: ignore[arg-type]
    journal.close()
