"""`inv history-status`, `-deliver` and `-prune`: where the history is, what waits for it, what leaves it."""

import datetime as dt
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xptasks.config import load
from xptasks.errors import CannotRunError, ExitCode
from xptasks.history import outbox
from xptasks.loop import history
from xptasks.settings import format_duration, given_duration


def delivered(project: Path, environ: Mapping[str, str]) -> str:
    """Deliver what waits in the outbox; says how much that was.

    Raises:
        CannotRunError: the database cannot be used; what was not delivered waits.
    """
    with history.store_of(load(project, environ=environ).config, project, environ) as store:
        done = history.delivered(store, project)
        left = f", {done.left} files wait" if done.left else ""
        return f"{done.events} events were taken to {store.name}{left}\n"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the history stands; times are seconds since the epoch, None where there is none.

    Attributes:
        database: its name without a password; empty when it cannot be used.
        problem: why it cannot be used; empty when it can.
        size: bytes of its file; None of a server.
        history: the events: how many, from when to when, of which kinds, what was deleted.
        home: the folder of the outbox.
        waiting: files that wait for delivery.
        oldest: since when the first of them waits.
        damaged: files that were put aside because they cannot be read.
    """

    database: str
    problem: str
    size: int | None
    history: Mapping[str, Any]
    home: str
    waiting: int
    oldest: float | None
    damaged: int

    @property
    def exit_code(self) -> ExitCode:
        """Whether the database can be used."""
        return ExitCode.CANNOT_RUN if self.problem else ExitCode.OK

    def as_json(self) -> str:
        """For programs."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def as_text(self) -> str:
        """For people."""
        lines = [f"database  {self.problem or self.database}{f', {_size(self.size)}' if self.size else ''}"]
        if not self.problem:
            lines += _lines(self.history)
        since = f", the oldest since {_time(self.oldest)}" if self.oldest else ""
        lines.append(f"outbox    {self.waiting} files wait{since}")
        if self.damaged:
            lines.append(f"          {self.damaged} cannot be read: see {self.home}/damaged")
        return "".join(f"{line}\n" for line in lines)


def standing(project: Path, environ: Mapping[str, str]) -> Standing:
    """How the history stands; nothing is delivered."""
    config = load(project, environ=environ).config
    home, name = outbox.folder(project), config.project.name
    files = outbox.waiting(home, name)
    waits: dict[str, Any] = {
        "home": str(home / "outbox" / name),
        "waiting": len(files),
        "oldest": int(files[0].name.partition("-")[0]) / 1e9 if files else None,
        "damaged": len(list((home / "outbox" / name / "damaged").glob("*"))),
    }
    try:
        with history.store_of(config, project, environ) as store:
            file = Path(store.name)
            size = file.stat().st_size if file.is_absolute() else None
            return Standing(store.name, "", size, asdict(store.summary()), **waits)
    except CannotRunError as error:
        return Standing("", str(error), None, {}, **waits)


def pruned(project: Path, environ: Mapping[str, str], older_than: str, *, really: bool, as_json: bool) -> str:
    """Delete what is older than the history is kept, or say what that would be.

    Raises:
        UsageError: `older_than` is no duration.
        CannotRunError: the database cannot be used.
    """
    config = load(project, environ=environ).config
    now = time.time()
    kept = given_duration(older_than, "--older-than") if older_than else config.history.retention
    with history.opened(config, project, environ) as store:
        found = store.prune(now - kept, now, really=really)
    if as_json:
        return json.dumps({**asdict(found), "deleted": really}, indent=2) + "\n"
    if not found.events:
        return f"nothing is older than {format_duration(kept)}\n"
    verb = "were deleted" if really else "would be deleted; with --yes they are"
    lines = [
        f"{found.events} events from before {_time(found.until)} {verb}",
        f"windows that begin at {_time(found.exact)} or later keep their figures",
    ]
    if found.alone:
        lines.append(
            "but for the time without an intervention that goes on now: it counts from the first of these dates"
        )
    return "".join(f"{line}\n" for line in lines)


def _lines(found: Mapping[str, Any]) -> list[str]:
    if not found["events"]:
        return ["events    none"]
    lines = [f"events    {found['events']}, from {_time(found['first'])} to {_time(found['last'])}"]
    lines += [f"          {number:>7} {kind}" for kind, number in found["kinds"].items()]
    if found["kept_since"] is not None:
        exact = f"windows from {_time(found['exact_since'])} on have the figures that they had"
        lines.append(f"deleted   what was before {_time(found['kept_since'])}; {exact}")
    return lines


def _time(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _size(size: int) -> str:
    return f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size / 2**10:.0f} KiB"
