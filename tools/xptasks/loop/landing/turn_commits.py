"""Commits of the queue's own, straight to the trunk: floors that rise, permissions that nothing needs any more.

Each changes one file in a way that cannot turn anything red, is made of what the gate has measured on the very commit
below it, and gets to the trunk by compare-and-swap.
"""

import datetime as dt
import difflib
import json
import sys
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from xptasks import config
from xptasks.config import document
from xptasks.errors import CannotRunError, XpError
from xptasks.landing.ledger import What
from xptasks.landing.marks import Signature
from xptasks.landing.remote import View, signing
from xptasks.loop import tightening
from xptasks.loop.landing.acts import ACTOR
from xptasks.loop.landing.gate import environment
from xptasks.loop.landing.line import Scene
from xptasks.loop.landing.shop import BUSY, Shop, Turn, must
from xptasks.quality import floors
from xptasks.results import LAST_RUN
from xptasks.system import commands
from xptasks.system.commits import Objects
from xptasks.system.files import atomic_write

if TYPE_CHECKING:
    from tomlkit.items import AoT

_COMPARING = 300.0  # seconds that a comparison of contracts may take
_UNUSED = "allow-unused"
_NONE = "0" * 40  # the id of no object


@dataclass
class OwnCommits:
    """Makes them.

    Args:
        shop: the queue's workshop.
    """

    shop: Shop
    _seen: set[tuple[str, ...]] = field(default_factory=set)

    def step(self, scene: Scene) -> Turn | None:
        """The next of them, None when the trunk needs none; the trunk is known to be green."""
        return self._once(scene, "allow", self._tidy) or self._once(scene, "tighten", self._tighten)

    def _once(self, scene: Scene, what: str, act: Callable[[Scene], Turn | None]) -> Turn | None:
        """Looking takes time: each commit is looked at once, and again when what is deployed has changed."""
        deployed = [entry.at for entry in scene.entries if entry.what in {What.PROMOTED, What.ROLLED_BACK}]
        key = (what, scene.rules.tip, str(deployed[-1:] if what == "allow" else ""))
        if key in self._seen:
            return None
        try:
            turn = act(scene)
        except XpError as error:
            self.shop.say(f"{what}: {error}", kind="trouble")
            turn = None
        if turn is None:
            self._seen.add(key)
        return turn

    # -- permissions -------------------------------------------------------------------------------------------------

    def _tidy(self, scene: Scene) -> Turn | None:
        """Once an allowed break has landed, nothing needs its permission any more, and the gate would say so to all."""
        if not scene.rules.config.contracts.allow:
            return None
        project = self.shop.place.check_out(scene.rules.tip, scene.rules.tip)
        text = (project / document.NAME).read_text(encoding="utf-8")
        unused = self._unused(project, text)
        if not unused:
            return None
        tidied = without_permissions(text, unused)
        atomic_write(project / document.NAME, tidied)
        if self._unused(project, tidied):
            raise CannotRunError("permissions that nothing needs cannot be taken out", where=document.NAME)
        diff = "".join(
            difflib.unified_diff(
                text.splitlines(keepends=True), tidied.splitlines(keepends=True), document.NAME, document.NAME
            )
        )
        title = f"Take out {len(unused)} permissions that nothing needs any more"
        return self.push(scene.view, scene.rules.tip, {document.NAME: tidied.encode()}, title, diff)

    def _unused(self, project: Path, text: str) -> list[int]:
        """The numbers of the entries `[[contracts.allow]]` that nothing needs."""
        settings = config.load(project, environ={}).config.contracts
        if not settings.allow:
            return []
        argv = (sys.executable, "-P", "-m", "xptasks.loop.compatibility", settings.model_dump_json())
        done = commands.run(argv, project, environment(self.shop.operator.environ), _COMPARING)
        if done.code not in {0, 1}:
            raise CannotRunError(f"the contracts cannot be compared: {done.error or done.out}")
        problems = json.loads(done.out)["problems"]
        return _entries_at({each["at"] for each in problems if each["rule"] == _UNUSED}, text)

    # -- ratchets ----------------------------------------------------------------------------------------------------

    def _tighten(self, scene: Scene) -> Turn | None:
        """Floors rise to what the gate measured on the trunk's commit; a second time changes nothing."""
        if not scene.rules.running.after.tighten or not scene.rules.config.ratchets:
            return None
        tip = scene.rules.tip
        said = self.shop.memory.last(tip, "green")
        run = said.run if said else {}
        if run.get("commit") != tip:
            return None
        project = self.shop.place.check_out(tip, tip)
        atomic_write(project / LAST_RUN, json.dumps(run))
        own = config.load(project, environ={}).config
        moves = tightening.tighten(project, own, dt.datetime.fromtimestamp(self.shop.now(), dt.UTC))
        moved = [move for move in moves if move.moved]
        if not moved:
            return None
        content = (project / floors.NAME).read_bytes()
        said_moves = ", ".join(f"{move.ratchet} {move.before:g} -> {move.floor.value:g}" for move in moved)
        return self.push(scene.view, tip, {floors.NAME: content}, f"Tighten ratchets: {said_moves}", "")

    # -- commits -----------------------------------------------------------------------------------------------------

    def push(self, view: View, tip: str, files: dict[str, bytes | None], title: str, detail: str) -> Turn:
        """A commit of these files on the trunk."""
        commit = self.commit(tip, files, title)
        if must(self.shop.acts.advance(view, commit, title)):
            self.shop.say(f"{title} ({commit[:12]})\n{detail}".rstrip(), kind="moved", commit=commit)
        return BUSY

    def commit(self, tip: str, files: dict[str, bytes | None], title: str) -> str:
        """A commit on top of another that only changes some files of the project; None removes one."""
        git, prefix = self.shop.remote.git, self.shop.place.origin.prefix
        index = {"GIT_INDEX_FILE": str(self.shop.place.home / "commit.index")}
        git("read-tree", tip, environ=index)
        for name, content in files.items():
            blob = _NONE if content is None else git("hash-object", "-w", "--stdin", stdin=content)
            mode = "0" if content is None else "100644"
            git("update-index", "--index-info", stdin=f"{mode} {blob}\t{prefix}{name}\n", environ=index)
        tree = git("write-tree", environ=index)
        message = f"{title}\n\nLanded-By: {ACTOR}\n"
        signed = Signature.of(self.shop.acts.by, self.shop.now())
        return git("commit-tree", tree, "-p", tip, stdin=message, environ=signing(signed))

    def floors_of(self, commit: str) -> bytes | None:
        """The floors as a commit has them."""
        return Objects(self.shop.place.git.folder, self.shop.place.origin.prefix).blob(commit, floors.NAME)


def without_permissions(text: str, unused: Sequence[int]) -> str:
    """`xpconfig.toml` without some entries of `[[contracts.allow]]`; nothing else of it changes.

    Args:
        text: the file.
        unused: the numbers of the entries, from 0.
    """
    import tomlkit  # noqa: PLC0415 - only who allows something pays for it

    whole = tomlkit.parse(text)
    contracts = cast("Any", whole["contracts"])
    entries = cast("AoT", contracts["allow"])
    for number in sorted(unused, reverse=True):
        del entries[number]
    if not entries:
        del contracts["allow"]
    return tomlkit.dumps(whole)


def _entries_at(places: set[str], text: str) -> list[int]:
    """The numbers of the entries that stand at these places, as `file:line:column`."""
    from xptasks.config.positions import locate  # noqa: PLC0415 - as above

    found = locate(text)
    count = len(tomllib.loads(text).get("contracts", {}).get("allow", []))
    spans = [found.value(("contracts", "allow", number)) for number in range(count)]
    return [number for number, span in enumerate(spans) if f"{document.NAME}:{span.line}:{span.column}" in places]
