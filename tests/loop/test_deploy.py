"""Deploying, going back and asking, with a driver of numbers, a real journal and a real lock."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.delivery import FakeClock, FakeDriver
from xptasks.delivery.deployed import roles
from xptasks.delivery.journal import Journal
from xptasks.delivery.lock import held
from xptasks.delivery.machine import Entry, Finished
from xptasks.delivery.settings import DeploySettings
from xptasks.delivery.supervisor import Supervisor
from xptasks.errors import LockBusyError, OverBudgetError, UsageError
from xptasks.loop import deploy
from xptasks.loop.deploy import Target

SETTINGS = DeploySettings.model_validate(
    {
        "stages": [{"weight": 10, "hold": "1m"}, {"weight": 100, "hold": "10s"}],
        "analysis": {"min_requests": 20, "patience": "0s"},
    }
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def driver(clock: FakeClock) -> FakeDriver:
    return FakeDriver(clock, conditions={}, shares={})


@pytest.fixture
def target(tmp_path: Path, driver: FakeDriver, clock: FakeClock) -> Iterator[Target]:
    journal = Journal(tmp_path / "journal.db")

    def supervisor() -> Supervisor:
        return Supervisor(journal, driver, clock=clock)

    yield Target(tmp_path, driver, journal, SETTINGS, supervisor, clock)
    journal.close()


def opened(target: Target, new: str) -> int:
    """A deployment whose supervisor died when the canary had its share."""
    number = target.journal.open(deploy.plan_for(target, new, deploy.serving(target)), target.clock.now())
    target.driver.start(new)
    target.journal.add(number, Entry(target.clock.now(), "stage", {"stage": 0}))
    target.driver.split(target.journal.deployment(number).plan.split(0))
    return number


def test_one_release_after_the_other(target: Target, driver: FakeDriver) -> None:
    for release in ("a", "b", "c"):
        assert deploy.deploy(target, release).outcome == "promoted"
        assert deploy.serving(target) == release
    assert driver.conditions == {"b": "ready", "c": "ready"}  # the one before stays warm, older ones end


def test_a_release_that_serves_is_not_deployed_again(target: Target) -> None:
    deploy.deploy(target, "a")
    with pytest.raises(UsageError, match="a serves already"):
        deploy.deploy(target, "a")


def test_blue_green_by_request(target: Target) -> None:
    deploy.deploy(target, "a")
    deploy.deploy(target, "b", strategy="blue-green")
    latest = target.journal.latest()
    assert latest is not None
    assert [stage.weight for stage in latest.plan.stages] == [100]


def test_rollback_goes_to_the_release_before_and_not_in_circles(target: Target, clock: FakeClock) -> None:
    for release in ("a", "b"):
        deploy.deploy(target, release)
    began = clock.time
    assert deploy.rollback(target, actor="ann").outcome == "promoted"
    assert deploy.serving(target) == "a"
    assert clock.time - began < 1
    with pytest.raises(UsageError, match="no release to go back to"):
        deploy.rollback(target, actor="ann")
    deploy.deploy(target, "c")
    deploy.rollback(target, actor="ann")
    assert deploy.serving(target) == "a"


def test_where_a_rollback_would_go(target: Target) -> None:
    for release in ("a", "b", "c"):
        deploy.deploy(target, release)
    assert (deploy.goal(target), deploy.goal(target, "a")) == ("b", "a")
    opened(target, "d")
    assert deploy.goal(target) == "c"


def test_a_rollback_to_what_does_not_start_leaves_what_serves(target: Target, driver: FakeDriver) -> None:
    for release in ("a", "b"):
        deploy.deploy(target, release)
    driver.conditions.pop("a")
    driver.broken = {"start": 99}
    assert deploy.rollback(target, actor="ann").outcome == "rolled back"
    assert deploy.serving(target) == "b"


def test_rollback_to_a_release_by_name(target: Target) -> None:
    for release in ("a", "b", "c"):
        deploy.deploy(target, release)
    deploy.rollback(target, "a", actor="ann")
    assert deploy.serving(target) == "a"


@pytest.mark.parametrize(
    ("noted", "why"), [({}, "human:ann rolled back"), ({"why": "orders fail"}, "human:ann rolled back: orders fail")]
)
def test_a_rollback_says_who_did_it(target: Target, noted: dict[str, str], why: str) -> None:
    for release in ("a", "b"):
        deploy.deploy(target, release)
    assert deploy.rollback(target, actor="human:ann", noted=noted) == Finished("promoted", why)
    assert deploy.status(target)["deployment"]["why"] == why


def test_rollback_during_a_deployment_aborts_it(target: Target) -> None:
    deploy.deploy(target, "a")
    opened(target, "b")
    assert deploy.rollback(target, actor="ann").why == "ann asked for it"
    assert deploy.serving(target) == "a"


@pytest.mark.parametrize(
    ("call", "serving"),
    [
        (lambda target: deploy.ask(target, "promote", actor="ann"), "b"),
        (lambda target: deploy.abort(target, actor="ann"), "a"),
        (deploy.settle, "a"),  # on_crash = rollback
    ],
    ids=["promote", "abort", "settle"],
)
def test_a_deployment_that_nobody_drives_is_driven_by_whoever_asks(
    target: Target, call: Callable[[Target], object], serving: str
) -> None:
    deploy.deploy(target, "a")
    opened(target, "b")
    assert call(target) is not None
    assert deploy.serving(target) == serving


def test_the_next_deployment_first_ends_one_whose_supervisor_died(target: Target) -> None:
    deploy.deploy(target, "a")
    dead = opened(target, "b")
    deploy.deploy(target, "c")
    assert target.journal.deployment(dead).state.outcome == "rolled back"
    latest = target.journal.latest()
    assert latest is not None
    assert latest.plan.old == "a"


def test_while_somebody_else_drives_one_can_ask_and_wait_but_not_deploy(target: Target) -> None:
    deploy.deploy(target, "a")
    number = opened(target, "b")
    with held(target.home, "inv deploy-canary"):
        assert deploy.ask(target, "pause", actor="ann") is None
        with pytest.raises(LockBusyError, match="inv deploy-canary"):
            deploy.deploy(target, "c")
        with pytest.raises(OverBudgetError, match="has not ended after 2 s"):
            deploy.abort(target, actor="ann", wait=2.0)
        target.journal.add(number, Entry(0.0, "closed", {"outcome": "rolled back", "why": "ann asked for it"}))
    with pytest.raises(UsageError, match="no deployment is under way"):
        deploy.abort(target, actor="ann")


def test_after_the_end_of_everything_the_next_release_is_the_first(target: Target, driver: FakeDriver) -> None:
    deploy.deploy(target, "a")
    number = opened(target, "b")
    deploy.down(target)
    assert driver.conditions == {}
    driver.shares = {}
    assert target.journal.deployment(number).state.outcome == "failed"
    assert deploy.deploy(target, "c").outcome == "promoted"
    assert roles(target.journal.deployments()) == {"c": "serving"}


def test_status_tells_what_serves_and_what_is_under_way(target: Target) -> None:
    assert deploy.status(target)["serving"] is None
    deploy.deploy(target, "a")
    opened(target, "b")
    told = deploy.status(target)
    assert (told["serving"], told["split"], told["supervisor"]) == ("a", {"a": 90, "b": 10}, None)
    assert told["deployment"]["stage"] == 1
    assert told["deployment"]["left"] == 60.0


def test_what_serves_is_known_from_the_journal_when_no_proxy_answers(target: Target, driver: FakeDriver) -> None:
    deploy.deploy(target, "a")
    driver.shares = None
    assert deploy.serving(target) == "a"


def test_status_before_the_first_deployment(target: Target) -> None:
    told = deploy.status(target)
    assert (told["serving"], told["url"], told["split"], told["deployment"]) == (None, None, {}, None)
