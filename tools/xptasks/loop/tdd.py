"""`inv tdd`: looks at the working tree, runs the tests that matter, says where one is, and commits when asked."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from xptasks.errors import UsageError
from xptasks.landing import at_hand, impact, tdd, trial
from xptasks.landing.at_hand import AtHand, Chosen, Scope
from xptasks.landing.tdd import Case, Facts, State
from xptasks.landing.trial import Also, Bench, Report
from xptasks.quality import patch
from xptasks.system import change, git
from xptasks.system.commands import Done, run
from xptasks.system.plumbing import Git
from xptasks.system.processes import Ended, Exit, Signalled, Spec, Supervisor
from xptasks.system.snapshot import snapshot

_NEAR = 1  # imports between a test and the code, for the first look
_ENOUGH = 10.0  # seconds for tests near a change that has a test of its own
_FIRST = 12  # files of tests that are run at most in the first look
_HOOKS = 1800.0  # seconds that the hooks of a commit may take
_IDENTITY = tuple(f"GIT_{role}_{part}" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL", "DATE"))
_LONG = 3600.0  # seconds: nothing is due
_SHOWN = 8  # tests or places in words; JSON has all
_SAID = 2000  # characters of what git says


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for.

    Attributes:
        scope: the project's folders.
        python: the interpreter that runs the tests.
        seconds: how long one run of them may take.
    """

    scope: Scope
    python: str
    seconds: float


def look(asked: Asked, project: Path) -> State:
    """The state of the working tree of the project, which is the current folder.

    Raises:
        UsageError: there is no commit yet.
        CannotRunError: git or pytest does not run.
    """
    head = change.head(project)
    if not head:
        raise UsageError("there is no commit yet", hint="`git commit` something first")
    found = at_hand.look(head, asked.scope)
    if not found.files:
        return tdd.state(Facts(differs=False))
    with Supervisor(f"tdd-{os.getpid()}", project / ".xp" / "runs") as supervisor:
        start = _Supervised(supervisor)
        bench = Bench(asked.scope, project / ".xp" / "tdd", asked.python, asked.seconds, start)
        return tdd.state(_Observer(found, head, bench).facts())


class _Supervised:
    """Runs one command after the other; whatever ends us, nothing of them is left."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._count = 0

    def __call__(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str], seconds: float) -> Done:
        """How it ended.

        Raises:
            SystemExit: a signal came meanwhile.
        """
        self._count += 1
        self._supervisor.start(Spec(f"tests-{self._count}", tuple(argv), cwd, env, seconds))
        signum = 0
        while True:
            for happening in self._supervisor.wait(_LONG):
                if isinstance(happening, Signalled):
                    signum = happening.signum
                elif isinstance(happening, Exit):
                    return _done(happening, argv, seconds, signum)


def _done(end: Exit, argv: Sequence[str], seconds: float, signum: int) -> Done:
    if signum:
        raise SystemExit(128 + signum)
    if end.ended is Ended.EXITED:
        return Done(end.code, end.stdout, end.stderr)
    why = f"{argv[0]} did not end within {seconds:g} s" if end.ended is Ended.TIMED_OUT else end.error
    return Done(None, end.stdout, why)


class _Observer:
    """Runs no more than it takes to tell the state."""

    def __init__(self, found: AtHand, head: str, bench: Bench) -> None:
        self._found = found
        self._head = head
        self._bench = bench

    def facts(self) -> Facts:
        """What is known, as soon as it is enough."""
        found, scope = self._found, self._bench.scope
        plain = at_hand.without_behaviour(found, scope) or ""
        facts = Facts(
            differs=True,
            plain=plain,
            changing=tuple(found.changing),
            added=found.added,
            packages=_packages((*scope.sources, *scope.tests)),
        )
        here = trial.run(Path.cwd(), found.chosen, self._bench, "after") if found.chosen else {"cases": {}, "files": {}}
        facts = replace(facts, tests=tuple(trial.rehearsed(found.chosen, _NOTHING, here)))
        if tdd.failing(facts.tests, facts.packages):
            return facts
        facts = self._with_others(facts)
        own = any(test.own for test in facts.tests)
        if facts.failed or plain or not own:
            return facts
        before = trial.run_before(found.chosen, found.files, self._head, self._bench)
        return replace(facts, tests=tuple(trial.rehearsed(found.chosen, before, here)))

    def _with_others(self, facts: Facts) -> Facts:
        """The tests that use the changed code, the nearest first; the rest only to see whether any runs its lines."""
        near, far = self._others()
        if not near:
            return replace(facts, left=len(far))
        edited = self._edited()
        # With a test of its own a change is told by that; the others are a first look, and the gate runs them all.
        report = self._run(near, edited, _ENOUGH if any(test.own for test in facts.tests) else None)
        known = replace(_outcome(facts, report), unseen=_unseen(edited, report), left=len(far))
        if facts.tests or known.failed or not known.unseen or not far:
            return known
        report = self._run([*near, *far], edited)
        return replace(_outcome(facts, report), unseen=_unseen(edited, report), left=0)

    def _others(self) -> tuple[list[str], list[str]]:
        """Files with tests that use the changed code: those to run, and the others."""
        code = [path for path, kind in self._found.kinds.items() if kind != "none"]
        if not code:
            return [], []
        scope = self._bench.scope
        texts = {path: at_hand.text(path) for path in _python_files(scope)}
        gone = {path: "" for path in code if path not in texts}
        found = impact.distances({**texts, **gone}, code)
        tests = [path for path in found if at_hand.is_test_name(path) and path in texts]
        ordered = sorted(tests, key=lambda path: (found[path], path))
        direct = [path for path in ordered if found[path] <= _NEAR] or ordered
        near = direct[:_FIRST]
        return near, [path for path in ordered if path not in near]

    def _edited(self) -> dict[str, set[int]]:
        """The changed lines of the code."""
        lines = change.changed_lines(Path(), self._head)
        return {path: lines[path] for path in self._found.changing if path in lines}

    def _run(self, files: Sequence[str], edited: Mapping[str, object], enough: float | None = None) -> Report:
        chosen: Chosen = {path: {"*": False} for path in files}
        also = Also(tuple(Path(path).resolve() for path in edited), enough)
        return trial.run(Path.cwd(), chosen, self._bench, "after", also)


_NOTHING: Report = {"cases": {}, "files": {}}


def _python_files(scope: Scope) -> list[str]:
    """The project's Python files, as git knows them."""
    folders = {*scope.sources, *scope.tests}
    entries = git.list_files(".") or []
    paths = [entry[3] for entry in entries if entry[3].endswith(".py")]
    return [path for path in paths if at_hand.below(path, folders) and Path(path).is_file()]


def _packages(sources: Sequence[str]) -> set[str]:
    """The names by which the project's code is imported."""
    found: set[str] = set()
    for source in map(Path, sources):
        inside = {path.stem for path in source.glob("[A-Za-z]*") if path.suffix == ".py" or path.is_dir()}
        found |= {source.name} if (source / "__init__.py").exists() else {source.name, *inside}
    return found


def _outcome(facts: Facts, report: Report) -> Facts:
    """The other tests of a report: a test of the change itself is told already."""
    own = {(test.file, test.name) for test in facts.tests if test.own}
    failed = [Case(file, "", None, broken["message"]) for file, broken in report["files"].items()]
    passed = 0
    for node, case in report["cases"].items():
        file, _, name = node.partition("::")
        if (file, name.partition("[")[0]) in own:
            continue
        if case.get("outcome") == "failed":
            failed.append(Case(file, name, case.get("line"), case.get("message", "")))
        passed += case.get("outcome") == "passed"
    return replace(facts, failed=tuple(failed), passed=passed, cut=report.get("left", 0))


def _unseen(edited: Mapping[str, set[int]], report: Report) -> dict[str, list[tuple[int, int]]] | None:
    """The changed lines that can be run and were not; None when nothing was measured."""
    lines = report.get("lines")
    if not lines:
        return None if edited else {}
    by_path = {str(Path(path).resolve()): path for path in edited}
    missing = {by_path[file]: sorted(edited[by_path[file]] & set(left)) for file, (_, left) in lines.items()}
    return {path: patch.ranges(found) for path, found in missing.items() if found}


# -- committing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of a wish to commit.

    Attributes:
        state: the state of the working tree.
        commit: the commit, with its title; empty without one.
        why: why there is none.
    """

    state: State
    commit: str = ""
    why: str = ""


def commit(asked: Asked, project: Path, message: str) -> Committed:
    """Commit everything of the project, if the state is one to commit.

    Args:
        asked: how tests are run.
        project: the current folder.
        message: of the commit.

    Raises:
        UsageError: there is no message, or no commit yet.
        CannotRunError: git or pytest does not run.
    """
    if not message.strip():
        raise UsageError("a commit needs a message", hint='inv tdd --commit "Say why in one line"')
    judged = _tree(project)
    state = look(asked, project)
    if not state.may_commit:
        return Committed(state, why=f"nothing is committed: the state is {state.name!r}")
    if _tree(project) != judged:
        return Committed(state, why="nothing is committed: files were edited while their tests ran")
    return _commit(project, message, state)


def _tree(project: Path) -> str:
    return Git(project)("rev-parse", f"{snapshot(project)}^{{tree}}")


def _commit(project: Path, message: str, state: State) -> Committed:
    """As a developer would: with the hooks, which may take their time."""
    for words in (("add", "--all", "--", "."), ("commit", "--quiet", "--message", message, "--", ".")):
        done = run(["git", *words], project, git.environment() | _identity(), _HOOKS)
        if done.code != 0:
            said = "\n".join(filter(None, (done.out.strip(), done.error)))
            return Committed(state, why=f"git {words[0]} said no: {said[-_SAID:]}")
    return Committed(state, commit=Git(project)("log", "-1", "--format=%h %s"))


def _identity() -> dict[str, str]:
    """Who commits, where variables say so."""
    return {name: os.environ[name] for name in _IDENTITY if name in os.environ}


# -- in words ----------------------------------------------------------------------------------------------------------


def as_text(state: State, committed: Committed | None = None) -> str:
    """The state, what it rests on, and the next step; or the commit that was made, or why none was."""
    lines = [f"{state.name}: {state.message}", *_first([*map(_case, state.cases), *state.places])]
    if committed and committed.commit:
        return "".join(f"{line}\n" for line in [*lines, f"committed: {committed.commit}"])
    lines += [committed.why] if committed else []
    return "".join(f"{line}\n" for line in [*lines, f"next: {state.next}"])


def _case(case: Case) -> str:
    place = f"{case.file}:{case.line}" if case.line else case.file
    name = f"{case.name}: " if case.name else ""
    return f"{place}: {name}{case.message}{'' if case.right else ' (not for want of code)'}"


def _first(lines: Sequence[str]) -> list[str]:
    """As many as anybody reads."""
    rest = len(lines) - _SHOWN
    return [*(f"  {line}" for line in lines[:_SHOWN]), *([f"  and {rest} more"] if rest > 0 else [])]


def as_json(state: State, committed: Committed | None = None) -> str:
    """The same for programs, with what became of the wish to commit."""
    told: dict[str, Any] = {"state": state.name, **asdict(state)}
    del told["name"]
    if committed:
        told |= {"commit": committed.commit, "why": committed.why}
    return json.dumps(told, indent=2) + "\n"
