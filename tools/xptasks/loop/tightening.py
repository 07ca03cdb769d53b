"""`inv ratchet`: raise the floors after a landing, and show where each of them stands."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xptasks.config.settings import Config
from xptasks.errors import CannotRunError, ConfigError, UsageError
from xptasks.loop.moves import events
from xptasks.loop.ratcheting import places_of
from xptasks.loop.recording import Recorder
from xptasks.quality import floors, ratchets
from xptasks.quality.ratchets import Floor, Floors, Move
from xptasks.results import LAST_RUN, Status
from xptasks.system import change

_AGAIN = "run `nox -s pr` on the commit that landed, then tighten"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a ratchet stands.

    Attributes:
        ratchet: its name.
        floor: the worst value that is allowed.
        target: where the floor stops.
        unit: for people.
        direction: `up` or `down`.
        every: how often the floor moves.
        measured: what the last run measured, None when it did not.
        window: the window in which it last moved; empty before the first time.
        next: the floor that `--tighten` would set now, were the last run's commit to land; None when it would not move.
        loosened: the entries of `xpconfig.toml` that loosen it, in words, each with its place.
        history: how the floor moved: the day and commit of each change with the floor after it, newest first.
    """

    ratchet: str
    floor: float
    target: float
    unit: str
    direction: str
    every: str
    measured: float | None
    window: str
    next: float | None
    loosened: tuple[str, ...]
    history: tuple[tuple[str, str, float], ...]


def tighten(project: Path, config: Config, now: dt.datetime) -> list[Move]:
    """Raise the floors to what the trunk's commit measured; a second call changes nothing.

    Args:
        project: the project's folder.
        config: its configuration.
        now: the moment, aware; it decides which week or sprint it is.

    Raises:
        UsageError: this is not the trunk.
        CannotRunError: there is no green run of the very commit that is checked out.
    """
    if not change.on_trunk(project):
        raise UsageError("floors move on the trunk only", hint="land the change first; a branch never moves a floor")
    measured = _measured_on_this_commit(project)
    moves: list[Move] = []
    before: dict[str, Floor] = {}

    def move(recorded: Floors) -> Floors:
        before.update(recorded)
        moves[:] = _moves(project, config, recorded, measured, now)
        return ratchets.raised(recorded, moves)

    floors.update(project, move)
    Recorder(project)(*events(config, before, moves, change.head(project), now))
    return moves


def _moves(
    project: Path, config: Config, recorded: Floors, measured: Mapping[str, float], now: dt.datetime
) -> list[Move]:
    landed = change.last_commit(project, but=floors.NAME)
    found = []
    for name, rule in sorted(config.ratchets.items()):
        window = ratchets.window(rule.every, now, landed, config.project.sprint)
        found.append(ratchets.tighten(name, rule, recorded.get(name), measured.get(name), window))
    return [move for move in found if move]


def _measured_on_this_commit(project: Path) -> dict[str, float]:
    run = _last_run(project)
    if run is None:
        raise CannotRunError(f"there is no {LAST_RUN}", hint=_AGAIN)
    head = change.head(project)
    if not head or run.get("commit") != head:
        of = str(run.get("commit") or "")[:12] or "files that were not committed"
        raise CannotRunError(f"the last run was one of {of}, and {head[:12] or 'nothing'} is checked out", hint=_AGAIN)
    if not change.is_clean(project, but=floors.NAME):
        raise CannotRunError("the files differ from the commit that was measured", hint="commit them, or put them back")
    if run["exit_code"] != 0:
        raise CannotRunError(f"the last run was not green: {run['tier']} {run['status']}", hint=_AGAIN)
    return _measurements(run)


def _last_run(project: Path) -> dict[str, Any] | None:
    try:
        loaded = json.loads((project / LAST_RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return loaded if isinstance(loaded, dict) and loaded.get("schema") == 1 else None


def _measurements(run: Mapping[str, Any]) -> dict[str, float]:
    """What the steps that passed have measured."""
    readings = (step["reading"] for step in run["steps"])
    green = (reading for reading in readings if reading["status"] == Status.PASSED)
    return {item["name"]: item["value"] for reading in green for item in reading["measurements"]}


def standings(project: Path, config: Config, now: dt.datetime) -> list[Standing]:
    """Where every ratchet stands.

    Raises:
        ConfigError: the floors cannot be read.
    """
    recorded, run = floors.read(project), _last_run(project)
    measured = _measurements(run) if run else {}
    moves = {move.ratchet: move for move in _moves(project, config, recorded, measured, now)}
    entries = list(ratchets.exemptions(config.ratchets, now.date()))
    places = places_of(project, entries)
    history = _history(project)
    found = []
    for name, rule in sorted(config.ratchets.items()):
        move = moves.get(name)
        mine = [(item, place) for item, place in zip(entries, places, strict=True) if item.ratchet == name]
        found.append(
            Standing(
                ratchet=name,
                floor=ratchets.floor_of(rule, recorded.get(name)),
                target=rule.target,
                unit=rule.unit,
                direction="up" if rule.sign > 0 else "down",
                every=rule.every,
                measured=measured.get(name),
                window=recorded[name].window if name in recorded else "",
                next=move.floor.value if move and move.moved else None,
                loosened=tuple(_said(item, str(place)) for item, place in mine),
                history=_of(name, history),
            )
        )
    return found


def _said(item: ratchets.Exemption, place: str) -> str:
    entry = item.entry
    ends = "expired on" if item.expired else "until"
    return f"{place}: {entry.value:g} {ends} {entry.expires}: {entry.reason} ({entry.owner})"


def _history(project: Path) -> list[tuple[str, str, dict[str, Floor]]]:
    """The floors of the last commits that changed them, newest first."""
    found = []
    for day, commit in change.commits_of(project, floors.NAME):
        content = change.file_at(project, commit, floors.NAME)
        try:
            found.append((day, commit[:12], floors.parse(content.decode()) if content is not None else {}))
        except ConfigError:  # an older commit may hold anything
            continue
    return found


def _of(name: str, history: list[tuple[str, str, dict[str, Floor]]]) -> tuple[tuple[str, str, float], ...]:
    values = [(day, commit, known[name].value) for day, commit, known in history if name in known]
    older = [value for _, _, value in values[1:]] + [None]
    return tuple(each for each, before in zip(values, older, strict=False) if each[2] != before)


def as_json(found: list[Standing]) -> str:
    """For programs."""
    return json.dumps({"ratchets": [asdict(each) for each in found]}, indent=2) + "\n"


def as_text(found: list[Standing]) -> str:
    """For people: one block a ratchet."""
    return "\n".join(_block(each) for each in found) or "xpconfig.toml has no ratchets\n"


def _block(each: Standing) -> str:
    unit = f" {each.unit}" if each.unit else ""
    measured = "not measured by the last run" if each.measured is None else f"measured {each.measured:g}{unit}"
    following = "does not move now" if each.next is None else f"next {each.next:g}"
    arrow = {"up": ">=", "down": "<="}[each.direction]
    lines = [
        f"{each.ratchet} {arrow} {each.floor:g}{unit}, target {each.target:g}; {measured}",
        f"  once a {each.every}: {following}{f'; moved in {each.window}' if each.window else ''}",
        *(f"  loosened: {entry}" for entry in each.loosened),
        *(f"  {day} {commit} {value:g}" for day, commit, value in each.history),
    ]
    return "\n".join(lines) + "\n"


def moves_as_json(moves: list[Move]) -> str:
    """For programs."""
    said = [{**asdict(move), "floor": move.floor.value} for move in moves]
    return json.dumps({"moves": said}, indent=2) + "\n"


def moves_as_text(moves: list[Move]) -> str:
    """For people: what moved, and why the rest did not."""
    lines = [
        f"{move.ratchet} {move.before:g} -> {move.floor.value:g} ({move.why})"
        if move.moved
        else f"{move.ratchet} stays at {move.before:g}: {move.why}"
        for move in moves
    ]
    if any(move.moved for move in moves):
        lines.append(f"commit {floors.NAME}")
    return "\n".join([*lines, ""]) if lines else "the last run measured nothing that a ratchet names\n"
