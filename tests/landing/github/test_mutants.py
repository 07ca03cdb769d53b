"""Mistakes that would let something land that must not: each is made in a copy of the library, and a test sees it."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.github import description

ROOT = Path(__file__).parents[3]
FORGE, ARMING, API = "forge/github.py", "github/arming.py", "github/api.py"


@dataclass(frozen=True)
class Mutant:
    """A mistake: in a file of `landing/`, one text in place of another, and the tests of which one fails."""

    name: str
    file: str
    old: str
    new: str
    tests: str
    where: str = "test_forge"


MUTANTS = [
    Mutant(
        "merges whatever the head is",
        API,
        '{"sha": head, "merge_method": method}',
        '{"merge_method": method}',
        "moves_before_it_is_merged",
    ),
    Mutant(
        "arms whatever the head is",
        "github/queries.py",
        ", expectedHeadOid: $head, mergeMethod",
        ", mergeMethod",
        "moves_before_it_is_armed",
    ),
    Mutant(
        "queues whatever the head is",
        "github/queries.py",
        "pullRequestId: $pull, expectedHeadOid: $head}",
        "pullRequestId: $pull}",
        "moves_before_it_is_queued",
        "test_pull_requests",
    ),
    Mutant("arms without a rule", ARMING, "    yield from unguarded(rules, terms.check)\n", "", "that_nothing_guards"),
    Mutant(
        "takes any required check for ours",
        ARMING,
        "elif check not in rules.required:",
        "elif False:",
        "that_nothing_guards",
    ),
    Mutant(
        "takes a merge queue for a guard",
        ARMING,
        "if not rules.required:",
        "if not rules.required and not rules.queue:",
        "that_nothing_guards",
    ),
    Mutant(
        "takes protection that is off for a guard",
        "github/rules.py",
        'if level != "off" else _of_rulesets(checks)',
        "",
        "that_nothing_guards",
    ),
    Mutant(
        "does not look again",
        ARMING,
        "    if pull.head != terms.head:\n        return moved(pull.head, terms.head)\n",
        "",
        "moves_after_it_was_armed",
    ),
    Mutant(
        "does not read the rules again", FORGE, ' or next(arming.unguarded(guard, terms.check), "")', "", "ruleset_goes"
    ),
    Mutant(
        "leaves armed what it armed wrongly",
        FORGE,
        "            return pull, done\n        self._disarmed(pull)\n",
        "            return pull, done\n",
        "moves_after_it_was_armed",
    ),
    Mutant(
        "forgets what it did before the answer was lost",
        FORGE,
        "acted=problem is not None",
        "acted=False",
        "lost_answer_and_a_push",
        "test_pull_requests",
    ),
    Mutant(
        "does not see labels that were set meanwhile",
        ARMING,
        'return f"the label {held[0]} was set meanwhile" if held else ""',
        'return ""',
        "label_that_is_set_while",
    ),
    Mutant(
        "counts an author's approval",
        "github/reviews.py",
        ' and str(author["login"]).lower() not in involved',
        "",
        "approvals_are",
    ),
    Mutant("arms forks", ARMING, "if pull.fork:", "if False:", "fork"),
    Mutant("arms drafts", ARMING, "if pull.draft:", "if False:", "draft"),
    Mutant(
        "arms what is held",
        ARMING,
        '    if held:\n        yield f"the label {held[0]} keeps',
        '    if False:\n        yield f"the label {held[0]} keeps',
        "held_pull_request",
    ),
    Mutant("leaves armed what is held", FORGE, "if decision.disarm or (acted", "if (acted", "held_pull_request"),
    Mutant(
        "arms without the label",
        ARMING,
        "if terms.label not in pull.labels:",
        "if False:",
        "armed_without_a_push",
        "test_pull_requests",
    ),
    Mutant(
        "arms for another branch", ARMING, "if pull.base != terms.trunk:", "if False:", "what_is_done", "test_arming"
    ),
    Mutant(
        "decides about another head",
        ARMING,
        "    if pull.head != terms.head:\n        yield moved",
        "    if False:\n        yield moved",
        "what_is_done",
        "test_arming",
    ),
    Mutant("takes skipped for green", ARMING, 'if pull.check(name) == "skipped":', "if False:", "skipped_is_no_green"),
    Mutant(
        "believes GitHub that it is clean",
        ARMING,
        '"UNSTABLE"} and green and approved',
        '"UNSTABLE"} and approved',
        "what_is_done",
        "test_arming",
    ),
    Mutant(
        "does not wait for reviews",
        ARMING,
        '"UNSTABLE"} and green and approved',
        '"UNSTABLE"} and green',
        "what_is_done",
        "test_arming",
    ),
    Mutant(
        "takes the best of several checks",
        "github/pulls.py",
        '("failed", "running", "skipped", "passed")',
        '("passed", "skipped", "running", "failed")',
        "several_checks",
        "test_reading",
    ),
    Mutant(
        "takes checks of another commit",
        "github/pulls.py",
        ' if last and last["oid"] == node["headRefOid"] else ()',
        " if last else ()",
        "another_commit",
        "test_reading",
    ),
    Mutant(
        "uses a queue that waits for ever",
        ARMING,
        "and not terms.merge_groups:",
        "and False:",
        "wait_for_ever",
        "test_pull_requests",
    ),
    Mutant(
        "merges by another method",
        FORGE,
        "self.repository.arm(pull, terms.head, terms.method)",
        'self.repository.arm(pull, terms.head, "merge")',
        "lands_once_its_check_is_green",
    ),
    Mutant(
        "overwrites what others pushed",
        "github/remote.py",
        "if there and not self._had(there, commit):",
        "if False:",
        "commits_of_others",
        "test_pull_requests",
    ),
    Mutant(
        "overwrites what people wrote",
        "github/body.py",
        "(body[: found.start()], body[found.end() :]) if found",
        '("", "") if found',
        "people_wrote",
        "test_pull_requests",
    ),
    Mutant("edits comments of others", API, 'if each["viewerDidAuthor"])', ")", "one_comment", "test_pull_requests"),
    Mutant(
        "sends twice what may be sent once",
        "github/client.py",
        "again = method in _REPEATABLE if",
        "again = True if",
        "may_not_be_repeated",
        "test_client",
    ),
    Mutant(
        "sends the token elsewhere",
        "github/client.py",
        "if (there.scheme, there.netloc) != (here.scheme, here.netloc):",
        "if False:",
        "no_other_host",
        "test_client",
    ),
    Mutant(
        "shows the token",
        "github/client.py",
        "        return mask(text, (",
        "        return text or mask(text, (",
        "echoed",
        "test_client",
    ),
    Mutant(
        "takes half an answer", "github/client.py", ' or data.get("errors") or', " or", "half_an_answer", "test_client"
    ),
    Mutant(
        "does not wait for a limit",
        "github/waiting.py",
        "    if is_limited(got):\n",
        "    if False:\n",
        "limits_are_waited",
        "test_client",
    ),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library and these tests, in which a mistake may be made."""
    if not description.available():
        pytest.skip(f"GitHub's description is not installed: {description.MISSING}")
    folder = tmp_path_factory.mktemp("copy")
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tools/xptasks", folder / "tools/xptasks", ignore=leave)
    shutil.copytree(ROOT / "tests/fakes", folder / "tests/fakes", ignore=leave)
    shutil.copytree(ROOT / "tests/landing/github", folder / "tests/landing/github", ignore=leave)
    for name in ("tests/repository.py", "tests/conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / ".xp").symlink_to(ROOT / ".xp")
    return folder


def run(copy: Path, where: str, tests: str) -> int:
    argv = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", "-k", tests]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV", "XPTASKS"))}
    environ |= {"PYTHONPATH": str(copy / "tools"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*argv, f"tests/landing/github/{where}.py"], cwd=copy, env=environ, check=False, capture_output=True,
        stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip
    return done.returncode


@pytest.mark.slow
@pytest.mark.parametrize("where", sorted({mutant.where for mutant in MUTANTS}))
def test_without_a_mistake_all_is_green(where: str, copy: Path) -> None:
    names = sorted({mutant.tests for mutant in MUTANTS if mutant.where == where})
    assert run(copy, where, " or ".join(names)) == 0


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mistake_is_seen(mutant: Mutant, copy: Path) -> None:
    path = copy / "tools/xptasks/landing" / mutant.file
    text = path.read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1, "the mistake no longer fits the code"
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        assert run(copy, mutant.where, mutant.tests) == 1
    finally:
        path.write_text(text, encoding="utf-8")


def test_every_mistake_still_fits_the_code() -> None:
    """Checked before every commit, so that the slow test never tries nothing."""
    for mutant in MUTANTS:
        text = (ROOT / "tools/xptasks/landing" / mutant.file).read_text(encoding="utf-8")
        assert text.count(mutant.old) == 1, mutant.name
