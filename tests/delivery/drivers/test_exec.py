"""The target `exec` with real programs: a small one that keeps its world in a file."""

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from xptasks.delivery import drivers
from xptasks.delivery.driver import Capability, Counters, Driver
from xptasks.delivery.journal import Journal
from xptasks.delivery.launch import Launch
from xptasks.delivery.plan import Plan, Stage, World
from xptasks.delivery.settings import ExecSettings
from xptasks.delivery.supervisor import Supervisor
from xptasks.errors import CannotRunError

pytestmark = pytest.mark.pr

PROGRAM = """
import json, os, sys
verb, *words = sys.argv[1:]
with open("calls", "a") as calls:
    print(verb, *words, file=calls)
try:
    world = json.load(open("world.json"))
except FileNotFoundError:
    world = {"releases": {"old": "ready"}, "split": {"old": 100}}
if verb == "observe":
    print(json.dumps(world))
elif verb == "start":
    world["releases"][words[0]] = "ready"
elif verb == "split":
    world["split"] = {name: int(share) for name, share in (word.split("=") for word in words)}
elif verb == "stop":
    world["releases"].pop(words[0], None)
elif verb == "counters":
    print(os.environ["COUNTED"])
elif verb == "repair":
    print("the proxy\\nold")
json.dump(world, open("world.json", "w"))
"""


class Place:
    """A project with the program, and a driver that is configured to call it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "program.py").write_text(PROGRAM)

    def command(self, verb: str, *words: str) -> tuple[str, ...]:
        return (sys.executable, "program.py", verb, *words)

    def driver(self, **changes: Any) -> Driver:  # noqa: ANN401 - any key of the table
        commands = {
            "observe": self.command("observe"),
            "start": self.command("start", "{release}", "{path}", "{python}"),
            "split": self.command("split", "{release}={weight}"),
            "stop": self.command("stop", "{release}"),
            **changes,
        }
        environ = {"PATH": os.environ["PATH"], "COUNTED": '{"old": {"requests": 3}}'}
        setup = drivers.Setup(
            self.folder, self.launch, commands=ExecSettings(**commands), project=self.folder, environ=environ
        )
        return drivers.load("exec").driver(setup)

    def launch(self, release: str) -> Launch:
        return Launch(("python",), Path("/releases") / release, {"VIRTUAL_ENV": "/environments/one"})

    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return [line for line in path.read_text().splitlines() if line != "observe"] if path.exists() else []

    def says(self, text: str) -> tuple[str, ...]:
        return (sys.executable, "-c", f"print({text!r})")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_verbs_call_the_commands(place: Place) -> None:
    driver = place.driver(drain=place.command("drain", "{release}"), down=place.command("down"))
    driver.start("new")
    driver.split({"new": 10, "old": 90})
    driver.split({"new": 100})
    driver.drain("old")
    driver.stop("old")
    driver.down()
    assert place.calls() == [
        "start new /releases/new /environments/one/bin/python",
        "split new=10 old=90",
        "split new=100",
        "drain old",
        "stop old",
        "down",
    ]
    assert driver.observe() == World({"new": "ready"}, {"new": 100})


def test_a_deployment_from_start_to_end(place: Place) -> None:
    journal = Journal(place.folder / "journal.db")
    driver = place.driver()
    plan = Plan("new", "old", stages=(Stage(10, 0.0), Stage(100, 0.0)), on_inconclusive="promote")
    finished = Supervisor(journal, driver).run(journal.open(plan, time.time()))
    assert finished.outcome == "promoted"
    assert driver.observe().split == {"new": 100}


def test_a_release_that_is_rolled_back_is_stopped(place: Place) -> None:
    journal = Journal(place.folder / "journal.db")
    driver = place.driver()
    plan = Plan("new", "old", stages=(Stage(10, 0.0), Stage(100, 0.0)), on_inconclusive="rollback")
    finished = Supervisor(journal, driver).run(journal.open(plan, time.time()))
    assert finished.outcome == "rolled back"
    assert driver.observe() == World({"old": "ready"}, {"old": 100})
    assert place.calls()[-2:] == ["split old=100", "stop new"]


def test_drained_is_what_was_drained_until_it_serves_again(place: Place) -> None:
    driver = place.driver(drain=place.command("drain", "{release}"))
    driver.start("new")
    assert driver.observe().drained == frozenset()
    driver.drain("new")
    assert driver.observe().drained == {"new"}
    driver.split({"new": 100})
    driver.split({"old": 100})
    assert driver.observe().drained == frozenset()


def test_without_a_drain_whatever_has_no_share_counts_as_drained(place: Place) -> None:
    driver = place.driver()
    driver.start("new")
    assert driver.observe().drained == {"new"}


def test_without_a_down_each_release_is_stopped(place: Place) -> None:
    driver = place.driver()
    driver.start("new")
    driver.down()
    assert place.calls()[1:] == ["stop old", "stop new"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {Capability.WEIGHTS}),
        ({"weights": False}, set()),
        ({"split": ("x", "{release}={weight}", "{sticky}")}, {Capability.WEIGHTS, Capability.STICKY}),
        ({"counters": ("x",)}, {Capability.WEIGHTS, Capability.COUNTERS}),
        ({"release_address": "http://{release}"}, {Capability.WEIGHTS, Capability.DIRECT}),
        ({"websockets": True}, {Capability.WEIGHTS, Capability.WEBSOCKETS}),
    ],
)
def test_it_can_what_is_configured(changes: Mapping[str, Any], expected: set[Capability], place: Place) -> None:
    assert place.driver(**changes).capabilities == expected


def test_sticky_is_told(place: Place) -> None:
    echo = (sys.executable, "-c", "import sys; open('told', 'a').write(' '.join(sys.argv[1:]) + ';')")
    driver = place.driver(split=(*echo, "--sticky={sticky}", "{release}:{weight}"))
    driver.split({"a": 40, "b": 60}, sticky=True)
    driver.split({"a": 100})
    assert (place.folder / "told").read_text() == "--sticky=true a:40 b:60;--sticky=false a:100;"


def test_addresses(place: Place) -> None:
    driver = place.driver(address="http://all", release_address="http://{release}.all")
    assert (driver.address(), driver.address("a")) == ("http://all", "http://a.all")
    with pytest.raises(CannotRunError, match=r"\[deploy.exec\] release_address"):
        place.driver().address("a")


def test_counters_and_repair(place: Place) -> None:
    driver = place.driver(counters=place.command("counters"), repair=place.command("repair"))
    assert driver.counters() == {"old": Counters(requests=3)}
    assert driver.repair() == ("the proxy", "old")
    assert (place.driver().counters(), place.driver().repair()) == ({}, ())


def test_all_counters(place: Place) -> None:
    given = {
        "requests": 9, "errors": 1, "websockets": 2, "websocket_errors": 1,
        "bounds": [0.1, 1], "durations": [4, 8, 9], "epoch": "7",
    }  # fmt: skip
    driver = place.driver(counters=place.says(json.dumps({"a": given})))
    assert driver.counters() == {"a": Counters(9, 1, 2, 1, (0.1, 1.0), (4, 8, 9), "7")}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("", "prints what is not understood: .*: nothing"),
        ("[]", "not understood"),
        ('{"releases": {}}', "split is missing"),
        ('{"split": {}}', "releases is missing"),
        ('{"releases": {"a": "fine"}, "split": {}}', "a condition is one of absent, starting, ready"),
        ('{"releases": {}, "split": {"a": 50}}', "add up to 100"),
        ('{"releases": {}, "split": {"a": 100.0}}', "is no whole number"),
        ('{"releases": {}, "split": {}, "drained": 1}', "not iterable"),
    ],
)
def test_a_world_that_is_not_understood(said: str, message: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xptasks.delivery.drivers.exec._BETWEEN", 0)
    with pytest.raises(CannotRunError, match=f"(?s)the command `observe` .*{message}.*docs/guides/releases.md"):
        place.driver(observe=place.says(said)).observe()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ('{"a": {"request": 1}}', "there is no counter request"),
        ('{"a": {"requests": -1}}', "-1 is no whole number"),
        ('{"a": {"requests": true}}', "True is no whole number"),
        ('{"a": {"bounds": [1]}}', "durations has one number for each of bounds"),
        ('{"a": 1}', "not understood"),
    ],
)
def test_counters_that_are_not_understood(said: str, message: str, place: Place) -> None:
    with pytest.raises(CannotRunError, match=f"(?s)the command `counters` .*{message}"):
        place.driver(counters=place.says(said)).counters()


def test_no_proxy_answers(place: Place) -> None:
    world = place.driver(observe=place.says('{"releases": {}, "split": null, "drained": ["a"]}')).observe()
    assert world == World({}, None, frozenset({"a"}))


def test_one_look_that_fails_is_no_reason_to_give_up(place: Place) -> None:
    code = "import os, sys; os.path.exists('again') and print('{\"releases\": {}, \"split\": {}}'); open('again', 'w')"
    assert place.driver(observe=(sys.executable, "-c", code)).observe() == World()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("no-such-program",), "the command `stop`: no-such-program cannot be started: No such file"),
        (("sh", "-c", "echo because >&2; exit 7"), r"the command `stop` \(exit code 7\): because\n.*by hand: sh -c"),
        (("sh", "-c", "exit 7"), "it said nothing on standard error"),
        (("sleep", "60"), r"the command `stop`: sleep did not end within 0.2 s"),
    ],
)
def test_a_command_that_fails(command: tuple[str, ...], message: str, place: Place) -> None:
    with pytest.raises(CannotRunError, match=message):
        place.driver(stop=command, timeout="200ms").stop("a")
