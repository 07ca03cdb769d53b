"""What the forge `local` keeps at a remote: names of refs, and texts of annotated tags. Plain values, pure.

    refs/xp/queue/CHANGE       what is to land: a commit, or an annotated tag of one that says more
    refs/xp/approved/CHANGE    an annotated tag of the commit that somebody approved
    refs/xp/rejected/CHANGE    an annotated tag of what was rejected, and why; also `landed`, `withdrawn`, `held`
    refs/xp/gated/TRUNK        the last commit of the trunk that is known to be green
    refs/xp/red/TRUNK          an annotated tag of a commit of the trunk that is red
    refs/xp/proposed/NAME      an annotated tag of a commit that would mend it
    refs/xp/runner/HOST        JSON: what a runner tests now
    refs/xp/log                the ledger

A message is a sentence, then text for people, then a line of JSON for programs: `git cat-file -p` shows all of it.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, cast, get_args

from xptasks.markup import clean
from xptasks.system.plumbing import Object

ROOT = "refs/xp/"
QUEUE = f"{ROOT}queue/"
PROPOSED = f"{ROOT}proposed/"
RUNNER = f"{ROOT}runner/"
Kind = Literal["landed", "rejected", "withdrawn", "held", "approved", "red", "proposed"]
ENDINGS: tuple[Kind, ...] = ("landed", "rejected", "withdrawn")
_KINDS: tuple[str, ...] = get_args(Kind)
_OURS = "xptasks"
_LONGEST = 150  # bytes of a change's name; the file system of the remote and its lock file need the rest
_TAGGER = re.compile(r"^tagger (.*?) ?<([^<>]*)> (\d{1,12}) [+-]\d{4}$", re.MULTILINE)
_SIGNATURE = re.compile(r"^-----BEGIN (PGP|SSH|SIGNED).*", re.DOTALL | re.MULTILINE)


def gated(trunk: str) -> str:
    """The ref of the last commit of a trunk that is known to be green."""
    return f"{ROOT}gated/{trunk}"


def mark(kind: Kind, change: str) -> str:
    """The ref of a mark. A name is one part of it, whatever it holds, so that `a` and `a/b` get on with each other."""
    return f"{ROOT}{kind}/{_part(change)}"


def _part(change: str) -> str:
    quoted = change.replace("%", "%25").replace("/", "%2F")
    size = len(quoted.encode("utf-8", "surrogateescape"))
    return quoted if size <= _LONGEST + 30 else f"sha256-{_digest(change)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:40]


def change_of(ref: str) -> str:
    """The name of the change that a ref of the queue or a mark belongs to."""
    kind, _, name = ref.removeprefix(ROOT).partition("/")
    return name if kind == "queue" else name.replace("%2F", "/").replace("%25", "%")


def what_is_wrong_with(change: str) -> str:
    """Why a change may not be called so; empty when it may. Git itself has refused what no ref can be called."""
    if not change.isprintable() or any("\ud800" <= letter <= "\udfff" for letter in change):
        return "its name holds characters that cannot be shown"
    if len(change.encode()) > _LONGEST:
        return f"its name is longer than {_LONGEST} bytes"
    return ""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who wrote a tag or a commit, and when: name, e-mail address, seconds since the epoch."""

    name: str
    address: str
    at: float

    @classmethod
    def of(cls, identity: str, at: float) -> Self:
        """From `Name <address>`."""
        name, _, rest = identity.partition("<")
        return cls(name.strip(), rest.partition(">")[0], at)

    def __str__(self) -> str:
        return f"{self.name or 'somebody'} <{self.address}> {max(0, int(self.at))} +0000"


@dataclass(frozen=True, slots=True)
class Queued:
    """A change that is to land.

    Attributes:
        change: its name.
        value: what the ref of the queue holds: a commit, or an annotated tag of one.
        head: the commit; empty when the ref holds something else.
        signed: who queued it, and when: its place in the queue.
        title: one line.
        body: the text below.
        labels: of the change.
        branch: the branch it was made on.
        actor: who proposes, as `str(Actor)`; empty when nobody said.
        reverts: the commits of the trunk that it takes back, the newest last; for changes that the loop makes itself.
        place: the clone that it was queued from; empty when nobody said.
    """

    change: str
    value: str
    head: str
    signed: Signature
    title: str = ""
    body: str = ""
    labels: tuple[str, ...] = ()
    branch: str = ""
    actor: str = ""
    reverts: tuple[str, ...] = ()
    place: str = ""

    def content(self) -> str:
        """The annotated tag that queues it."""
        told = {
            "labels": self.labels,
            "branch": self.branch,
            "actor": self.actor,
            "reverts": self.reverts,
            "place": self.place,
        }
        text = "\n\n".join(filter(None, (clean(self.title).replace("\n", " "), clean(self.body).strip())))
        return tag(self.head, self.change, self.signed, text, told)

    @classmethod
    def of_tag(cls, change: str, value: str, tagged: "Tag") -> Self:
        """From an annotated tag: ours, or one that somebody made with `git tag`."""
        title, _, body = tagged.text.partition("\n")
        told = tagged.data
        return cls(
            change,
            value,
            tagged.target if tagged.kind == "commit" else "",
            tagged.signed,
            title.strip(),
            body.strip(),
            _words(told.get("labels")),
            str(told.get("branch", "")),
            str(told.get("actor", "")),
            _words(told.get("reverts")),
            str(told.get("place", "")),
        )

    @classmethod
    def of_commit(cls, change: str, value: str, content: bytes) -> Self:
        """From a commit that was pushed as it is: its own message speaks for it."""
        head, _, message = content.decode("utf-8", "replace").partition("\n\n")
        found = re.search(r"^committer (.*?) ?<([^<>]*)> (\d{1,12}) [+-]\d{4}$", head, re.MULTILINE)
        signed = Signature(found[1], found[2], float(found[3])) if found else Signature("", "", 0.0)
        title, _, body = message.partition("\n")
        return cls(change, value, value, signed, title.strip(), body.strip())


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of a change, or what somebody said about it: an annotated tag.

    Attributes:
        kind: what it says.
        change: the change's name.
        target: the commit that is meant: the change's head, or what has landed.
        signed: who says so, and when.
        text: for people.
        data: for programs.
        value: the id of the tag, once it is written.
    """

    kind: Kind
    change: str
    target: str
    signed: Signature
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    value: str = ""

    @property
    def ref(self) -> str:
        """Where it is kept."""
        return mark(self.kind, self.change)

    def content(self) -> str:
        """The annotated tag."""
        told = {"kind": self.kind, "change": self.change, **self.data}
        return tag(self.target, f"{self.kind}-{self.change}", self.signed, self.text, told)

    @classmethod
    def parse(cls, ref: str, value: str, found: Object | None) -> Self | None:
        """Read the tag of a ref; None for what is none of ours."""
        kind = ref.removeprefix(ROOT).partition("/")[0]
        tagged = Tag.parse(found) if found and kind in _KINDS else None
        if tagged is None or tagged.kind != "commit":
            return None
        change = str(tagged.data.get("change") or change_of(ref))
        return cls(cast("Kind", kind), change, tagged.target, tagged.signed, tagged.text, tagged.data, value)


@dataclass(frozen=True, slots=True)
class Tag:
    """An annotated tag: what it points to, who made it, its text, and the line of JSON if it has one of ours."""

    target: str
    kind: str
    signed: Signature
    text: str
    data: Mapping[str, Any]

    @classmethod
    def parse(cls, found: Object) -> Self | None:
        """Read a tag; None for another object."""
        if found.kind != "tag":
            return None
        head, _, message = found.content.decode("utf-8", "replace").partition("\n\n")
        fields = dict(line.partition(" ")[::2] for line in head.splitlines())
        tagger = _TAGGER.search(head)
        signed = Signature(tagger[1], tagger[2], float(tagger[3])) if tagger else Signature("", "", 0.0)
        text, data = _split(_SIGNATURE.sub("", message).strip())
        return cls(fields.get("object", ""), fields.get("type", ""), signed, text, data)


def tag(target: str, name: str, signed: Signature, text: str, data: Mapping[str, Any]) -> str:
    """The content of an annotated tag of a commit; its text is clean, its JSON pure ASCII."""
    safe = re.sub(r"[^A-Za-z0-9._/-]+|\.\.+|^-+", "_", name)[:100].strip("./") or "x"
    told = json.dumps({_OURS: 1, **data}, sort_keys=True)
    return f"object {target}\ntype commit\ntag {safe}\ntagger {signed}\n\n{clean(text).strip()}\n\n{told}\n"


def _split(message: str) -> tuple[str, Mapping[str, Any]]:
    """The text, and the line of JSON at its end if it is one of ours."""
    text, _, last = message.rpartition("\n")
    try:
        data = json.loads(last)
    except ValueError:
        return message, {}
    return (text.strip(), data) if isinstance(data, dict) and data.get(_OURS) == 1 else (message, {})


def _words(found: object) -> tuple[str, ...]:
    return tuple(str(word) for word in found) if isinstance(found, list) else ()
