"""`inv ci-pins`: the record of actions, and a look into their repositories by git."""

import datetime as dt
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

from xptasks.ci import pins
from xptasks.ci.pins import Pin
from xptasks.errors import CannotRunError, ExitCode
from xptasks.system.commands import run
from xptasks.system.files import atomic_write

_PATIENCE = 60.0
_HOST = "https://github.com"


def show(project: Path, *, as_json: bool) -> int:
    """Print the record."""
    found = pins.load(project).values()
    entries = [asdict(pin) | {"seen": str(pin.seen)} for pin in found]
    sys.stdout.write(json.dumps(entries, indent=2) + "\n" if as_json else pins.as_text(found))
    return ExitCode.OK


def refresh(project: Path) -> int:
    """Look up the newest version of every action, and write the project's record if anything is new.

    Raises:
        CannotRunError: a repository does not answer; nothing is written then.
    """
    known = pins.load(project)
    looked = {action: _look(pin) for action, pin in known.items()}
    moved = [f"{pin.action}: {known[action].tag} names {pin.commit} now, {known[action].commit} when it was recorded"
             for action, pin in looked.items() if _moved(known[action], pin)]  # fmt: skip
    changed = [pin for action, pin in looked.items() if pin.commit != known[action].commit]
    if moved:
        hint = "tags of versions do not move: find out why before you trust the new commit"
        raise CannotRunError("; ".join(moved), hint=hint)
    if changed:
        atomic_write(project / pins.OWN, pins.as_toml(looked.values()))
    sys.stdout.write("".join(f"{pin.action}: {known[pin.action].tag} -> {pin.tag}\n" for pin in changed) or "no news\n")
    sys.stdout.write(f"wrote {pins.OWN}; now `inv generate-ci`\n" if changed else "")
    return ExitCode.OK


def _moved(before: Pin, now: Pin) -> bool:
    return before.tag == now.tag and before.commit != now.commit


def _look(pin: Pin) -> Pin:
    address = f"{_HOST}/{pin.action}"
    environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    done = run(("git", "ls-remote", "--tags", address), Path.cwd(), environ, _PATIENCE)
    found = pins.newest(done.out) if done.code == 0 else None
    if found is None:
        said = done.error or "it has no tag of a version"
        raise CannotRunError(f"{address} cannot be looked at: {said}", hint="see whether the network is there")
    tag, commit = found
    seen = dt.datetime.now(dt.UTC).date()
    where = f"refs/tags/{tag} of {address.removeprefix('https://')}"
    return replace(pin, tag=tag, commit=commit, seen=seen, where=where) if commit != pin.commit else pin
