"""What waits, what is tested, how it ended; and the few words that people say to the queue."""

import json
import sys
import time
from dataclasses import asdict
from typing import Any

from xptasks.errors import CannotRunError
from xptasks.landing.forge.local import LocalForge, runners
from xptasks.landing.ledger import Entry, What
from xptasks.landing.proposal import Standing
from xptasks.loop.landing.acts import Acts
from xptasks.loop.landing.desk import Desk, shown, tell
from xptasks.markup import clean


def status(name: str, *, as_json: bool) -> int:
    """What waits, what is tested, how the last changes ended; or one change."""
    desk = Desk.here()
    forge = desk.forge()
    if name:
        tell(forge.standing(name), (), as_json=as_json)
        return 0
    standings = forge.standings()
    told: dict[str, Any] = {"changes": [asdict(each) for each in standings]}
    lines = [line for each in standings for line in _short(each)] or ["nothing waits, and nothing has ended"]
    if isinstance(forge, LocalForge):
        more, about = _about_the_queue(desk, forge)
        told, lines = told | more, [*about, *lines]
    sys.stdout.write(json.dumps(told, indent=2) + "\n" if as_json else "".join(f"{line}\n" for line in lines))
    return 0


def _short(standing: Standing) -> list[str]:
    return shown(standing)[:2]


def _about_the_queue(desk: Desk, forge: LocalForge) -> tuple[dict[str, Any], list[str]]:
    """Whether it runs, what it tests, and what stops it."""
    view = forge.remote.look()
    trip, here = desk.trip(), desk.place()
    red = forge.remote.mark(view, "red", forge.remote.trunk)
    testing = runners(forge.remote, view)
    told: dict[str, Any] = {
        "runner": here.holder() or None,
        "log": str(here.home / "queue.log"),
        "testing": testing,
        "breaker": asdict(trip) if trip else None,
        "red": red.target if red and red.target == view.trunk else None,
    }
    lines = [f"queue     {here.holder() or 'none runs on this machine (`inv land-queue --detach`)'}"]
    lines += [
        f"testing   {clean(str(each.get('what', '')))} on {clean(str(each.get('runner', '')))}" for each in testing
    ]
    lines += [f"stopped   {trip.why}; {trip.decide}: `inv land-resume`"] if trip else []
    lines += [f"trunk     red at {told['red'][:12]}"] if told["red"] else []
    return told, lines


def approve(name: str, *, as_json: bool) -> int:
    """Approve a change as it is now; whether that counts is for the trunk's rules to say."""
    desk = Desk.here()
    forge = desk.local("inv land-approve")
    tell(forge.approve(name, desk.human("approves")), (), as_json=as_json)
    return 0


def withdraw(name: str, *, as_json: bool) -> int:
    """Take a change out of the queue."""
    desk = Desk.here()
    tell(desk.forge().withdraw(name, desk.actor), (), as_json=as_json)
    return 0


def resume(*, as_json: bool) -> int:
    """Close the breaker: the queue may go on."""
    desk = Desk.here()
    remote = desk.local("inv land-resume").remote
    trip = desk.trip()
    if trip is None:
        sys.stdout.write("{}\n" if as_json else "the queue has not stopped itself; there is nothing to resume\n")
        return 0
    told = {"rule": trip.rule, "why": trip.why}
    entry = Entry(What.BREAKER_CLOSED, time.time(), actor=desk.human("lets the queue go on"), data=told)
    pushed = Acts(remote, remote.git.identity(), time.time).note(remote.look(), entry)
    if pushed.outcome != "done":
        raise CannotRunError(f"the remote {remote.address} did not take it: {pushed.why}", hint="try again")
    sys.stdout.write(
        json.dumps(told) + "\n" if as_json else f"the queue may go on; it had stopped because of {trip.why}\n"
    )
    return 0
