"""May a change land by itself? Facts and the trunk's rules in, a verdict with all its reasons out. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Literal

from xptasks.landing import size, waivers
from xptasks.landing.proposal import Approval
from xptasks.landing.settings import LandingSettings
from xptasks.markup import clean
from xptasks.results import Position
from xptasks.system.change import ChangedFile
from xptasks.system.globs import matcher

Outcome = Literal["may land", "wait", "needs approval", "rejected"]
_ORDER: tuple[Outcome, ...] = ("may land", "wait", "needs approval", "rejected")
_SAID = 3  # files that one reason names
_CODE = (
    ".py",
    ".pyi",
    ".pyx",
    ".sh",
    ".js",
    ".mjs",
    ".jsx",
    ".ts",
    ".tsx",
    ".swift",
    ".go",
    ".rs",
    ".c",
    ".java",
    ".kt",
    ".rb",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that counts for or against a change.

    Attributes:
        rule: its stable name.
        outcome: what the verdict has to be at least; `may land` for what only has to be said.
        message: what is so.
        hint: what would change it.
        position: where.
    """

    rule: str
    outcome: Outcome
    message: str
    hint: str = ""
    position: Position | None = None

    def __str__(self) -> str:
        """One block, as a reader gets it: whatever files and values are called, they are one line."""
        place = f"{self.position}: " if self.position else ""
        first = _line(f"{place}{self.message} [{self.rule}]")
        return f"{first}\n  {_line(self.hint)}" if self.hint else first


def _line(text: str) -> str:
    return clean(text.replace("\n", "\\n"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a change.

    Attributes:
        outcome: the worst that a reason asks for.
        reasons: all of them, the worst first; those with the outcome `may land` are notes.
        trailers: lines that belong at the end of the message with which the change lands: who approved what.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    trailers: tuple[str, ...] = ()

    @property
    def against(self) -> tuple[Reason, ...]:
        """What keeps the change from landing."""
        return tuple(reason for reason in self.reasons if reason.outcome != "may land")

    @property
    def notes(self) -> tuple[Reason, ...]:
        """What only has to be said."""
        return tuple(reason for reason in self.reasons if reason.outcome == "may land")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the trunk says.

    Attributes:
        landing: its table `[landing]`.
        exclude: globs of files that do not count for the size, besides what nobody writes by hand.
    """

    landing: LandingSettings
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a change.

    Attributes:
        head: its commit.
        files: what differs from the merge base, by paths relative to the project.
        authors: the e-mail addresses of everybody who made a commit of it.
        people: those who have worked on it in any way: nobody approves what is his own.
        labels: the labels that it has.
        trailers: the values of the trailers of its messages, by their key.
        approvals: who said that it may land.
        found: what else was found, see `xptasks.landing.loosening`.
    """

    head: str
    files: tuple[ChangedFile, ...] = ()
    authors: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    trailers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    approvals: tuple[Approval, ...] = ()
    found: tuple[Reason, ...] = ()


def judge(facts: Facts, rules: Rules) -> Verdict:
    """The verdict on a change before anything runs."""
    reasons = [
        *(_with_way_out(reason, rules.landing) for reason in facts.found),
        *_labels(facts, rules.landing),
        *_authors(facts, rules.landing),
        *_protected(facts, rules.landing),
        *_size(facts, rules),
        *_waived(facts, rules.landing),
    ]
    return approved(reasons, facts, rules.landing)


def verdict(reasons: Iterable[Reason], trailers: Sequence[str] = ()) -> Verdict:
    """All reasons together: the worst decides, and comes first."""
    ordered = sorted(dict.fromkeys(reasons), key=lambda reason: -_ORDER.index(reason.outcome))
    return Verdict(ordered[0].outcome if ordered else "may land", tuple(ordered), tuple(trailers))


# -- each rule -------------------------------------------------------------------------------------------------------


def _labels(facts: Facts, rules: LandingSettings) -> Iterator[Reason]:
    for label in sorted(set(facts.labels) & set(rules.hold_labels)):
        yield Reason("held", "wait", f"the label {label!r} keeps the change from landing", "take the label off")
    if rules.forge == "github" and rules.label not in facts.labels:
        message = f"the label {rules.label!r} is not set: nobody has said that it may land by itself"
        yield Reason("label", "wait", message, f"set the label {rules.label!r}, as `inv land` does")


def _authors(facts: Facts, rules: LandingSettings) -> Iterator[Reason]:
    if not rules.authors:
        return
    for author in sorted({*facts.authors}):
        if not named(author, rules.authors):
            message = f"changes of {author} do not land by themselves: [landing] authors of the trunk does not name it"
            yield Reason("author", "needs approval", message, _how_to_approve(rules))


def _protected(facts: Facts, rules: LandingSettings) -> Iterator[Reason]:
    matches = matcher(rules.protected)
    for file in facts.files:
        paths = [path for path in {file.path, file.before} if path and matches(path)]
        for path in sorted(paths):
            message = "[landing] protected of the trunk names this file"
            yield Reason("protected", "needs approval", message, _how_to_approve(rules), Position(path))


def _size(facts: Facts, rules: Rules) -> Iterator[Reason]:
    counted = [file for file in facts.files if _counts(file, rules)]
    total = sum(map(size.lines, counted))
    if total < rules.landing.max_lines:
        return
    biggest = sorted(counted, key=lambda file: (-size.lines(file), file.path))[:_SAID]
    said = ", ".join(f"{file.path} ({size.lines(file)})" for file in biggest)
    limit = rules.landing.max_lines
    message = f"{total} changed lines in {len(counted)} files, fewer than {limit} land by themselves: {said}"
    reason = waivers.reason(facts.trailers.get(waivers.SIZE[0], ()), waivers.SIZE[1])
    if reason and "size" in rules.landing.waivers:
        yield Reason("size-waived", "may land", f"{message}; let pass, because {reason}")
        return
    parts = "land it in parts that each stand alone: what prepares, then what uses it"
    hint = f"{parts}; else {_how_to_approve(rules.landing)}"
    yield Reason("size", "needs approval", message, hint)


def _counts(file: ChangedFile, rules: Rules) -> bool:
    """Code counts even where nobody writes by hand, unless the trunk says that it is generated."""
    usual, own = matcher(size.EXCLUDE), matcher(rules.exclude)
    paths = [path for path in (file.path, file.before) if path]
    return not all(own(path) or (usual(path) and not path.endswith(_CODE)) for path in paths)


_WAIVERS = (("size", waivers.SIZE), ("test_first", waivers.TEST_FIRST))


def _waived(facts: Facts, rules: LandingSettings) -> Iterator[Reason]:
    """A trailer that lets a gate pass does so by itself only if the trunk says that it may."""
    for gate, (key, word) in _WAIVERS:
        reason = waivers.reason(facts.trailers.get(key, ()), word)
        if reason and gate in rules.waivers:
            yield Reason("waiver", "may land", f"the trailer {key} lets the step {gate} pass, because {reason}")
        elif reason:
            message = (
                f"the trailer {key!r} would let the step {gate} pass: [landing] waivers of the trunk does not name it"
            )
            hint = f"take the trailer out of the commit message (git rebase -i), or {_how_to_approve(rules)}"
            yield Reason("waiver", "needs approval", message, hint)


# -- approvals -------------------------------------------------------------------------------------------------------


def named(address: str, globs: Iterable[str]) -> bool:
    """Whether a glob names an e-mail address; upper and lower case are the same."""
    return any(fnmatchcase(address.lower(), glob.lower()) for glob in globs)


def _how_to_approve(rules: LandingSettings) -> str:
    if rules.approvers:
        return f"let somebody else approve this very commit: {', '.join(rules.approvers)}"
    return "nobody may approve: a human lands [landing] approvers first, straight on the trunk"


def _with_way_out(reason: Reason, rules: LandingSettings) -> Reason:
    """Who finds something knows how to undo it; who may approve stands in the rules."""
    if reason.outcome != "needs approval":
        return reason
    return replace(reason, hint="; else ".join(filter(None, (reason.hint, _how_to_approve(rules)))))


def approved(reasons: Iterable[Reason], facts: Facts, rules: LandingSettings) -> Verdict:
    """The verdict once the approvals are heard: whatever needs one becomes a note where somebody gave it."""
    heard = [(each, _why_not(each, facts, rules)) for each in facts.approvals]
    valid = sorted({each.approver for each, why in heard if not why})
    told = [
        Reason("approval", "may land", f"the approval of {each.approver} does not count: {why}")
        for each, why in heard
        if why
    ]
    if not valid:
        return verdict([*reasons, *told])
    by = ", ".join(valid)
    settled = [_settled(reason, by) for reason in reasons]
    trailers = [f"Approved-by: {' '.join(approver.split())}" for approver in valid]
    if any(reason.rule == "size" for reason in settled):
        trailers.append(f"{waivers.SIZE[0]}: {waivers.SIZE[1]}, because it was approved by {by}")
    return verdict([*settled, *told], trailers)


def _settled(reason: Reason, by: str) -> Reason:
    if reason.outcome != "needs approval":
        return reason
    return replace(reason, outcome="may land", message=f"{reason.message}; approved by {by}", hint="")


def _why_not(approval: Approval, facts: Facts, rules: LandingSettings) -> str:
    if approval.change_head != facts.head:
        return f"it was given for {approval.change_head[:12]}, and the change is {facts.head[:12]} now"
    if _person(approval.approver) in {_person(each) for each in facts.people}:
        return "nobody approves a change that is his own"
    if not named(approval.approver, rules.approvers):
        return "[landing] approvers of the trunk does not name them"
    return ""


def _person(address: str) -> str:
    """`Ann+work@example.com` is `ann@example.com`."""
    name, at, host = address.strip().lower().partition("@")
    return f"{name.partition('+')[0]}{at}{host}"
