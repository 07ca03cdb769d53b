"""How large a change may be."""

import sys
from pathlib import Path

import pytest

from tests.repository import Repository
from tests.steps.conftest import outcome
from xptasks import steps
from xptasks.landing import size, waivers
from xptasks.results import Reading, Status, StepContext
from xptasks.system import change
from xptasks.system.change import ChangedFile


def file(path: str, added: int | None, deleted: int | None = 0) -> ChangedFile:
    return ChangedFile(path, path, exists=True, added=added, deleted=deleted)


@pytest.mark.parametrize(
    ("files", "trailers", "status"),
    [
        ([], [], Status.SKIPPED),
        ([file("a", 200, 99)], [], Status.PASSED),
        ([file("a", 200, 100)], [], Status.FAILED),
        ([file("a", 299), file("b", 1)], [], Status.FAILED),
        ([file("picture", None, None)], [], Status.PASSED),
        ([file("a", 900)], ["large, because a vendor's code comes in"], Status.PASSED),
        ([file("a", 900)], ["large, because"], Status.FAILED),
        ([file("a", 900)], ["small, because it is not so bad"], Status.FAILED),
    ],
)
def test_the_limit(files: list[ChangedFile], trailers: list[str], status: Status) -> None:
    assert size.judge(files, 300, trailers).status is status


def test_the_biggest_files_and_what_to_do_are_named() -> None:
    files = [file(f"f{number}.py", 100 * number) for number in range(8)]
    reading = size.judge(files, 300)
    assert reading.findings[0].message == "2800 changed lines in 8 files, allowed are fewer than 300"
    assert "Size: large, because REASON" in reading.findings[0].hint
    assert [f.position and f.position.file for f in reading.findings[1:]] == [
        "f7.py",
        "f6.py",
        "f5.py",
        "f4.py",
        "f3.py",
    ]


def test_a_waiver_is_told() -> None:
    (finding,) = size.judge([file("a", 900)], 300, ["large, because a vendor's code comes in"]).findings
    assert (finding.rule, finding.severity) == ("size-waived", "warning")
    assert finding.message.endswith("let pass, because a vendor's code comes in")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], None),
        (["no, because it is only moved"], "it is only moved"),
        (["No because it is only moved"], "it is only moved"),
        (["no, because it is one", "no, because it is another"], "it is another"),
        (["no, because it is the one", "no"], "it is the one"),
        (["because it is only moved"], None),
        (["no, because    \n "], None),
    ],
)
def test_a_waiver_needs_a_reason(values: list[str], reason: str | None) -> None:
    assert waivers.reason(values, "no") == reason


def play(context: StepContext, **options: object) -> Reading:
    step = steps.load("size")
    chosen = step.Options(**options)
    return step.read(chosen, outcome(step.command(chosen, context), context.project))


def test_the_step(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "project").init()
    repo.write("a.py", "x = 1\n" * 400)
    repo.commit()
    repo.git("checkout", "-q", "-b", "work")
    base = change.merge_base(repo.path)
    assert base
    context = StepContext(
        repo.path, sys.executable, ("app",), ("tests",), tmp_path / "scratch", tmp_path / "state", base=base
    )
    assert play(context) == Reading(Status.SKIPPED, "no change to judge")
    repo.git("mv", "a.py", "b.py")
    for name in (
        "generated/x.py",
        "requirements/fast.txt",
        "uv.lock",
        "web/package-lock.json",
        "tests/__snapshots__/a.ambr",
    ):
        repo.write(name, "x\n" * 1000)
    repo.write("docs/big.md", "x\n" * 299)
    assert play(context).summary == "299 changed lines in 2 files, allowed are fewer than 300"
    repo.write("docs/more.md", "x\n")
    assert play(context).status is Status.FAILED
    assert play(context, exclude=("docs/**",)).status is Status.PASSED
    assert play(context, max_lines=301).status is Status.PASSED


def test_no_change_widens_its_own_limit(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "project").init()
    repo.write("xpconfig.toml", "[steps.size]\nmax_lines = 50\n")
    repo.commit()
    repo.git("checkout", "-q", "-b", "work")
    base = change.merge_base(repo.path) or ""
    context = StepContext(
        repo.path, sys.executable, ("app",), ("tests",), tmp_path / "scratch", tmp_path / "state", base=base
    )
    repo.write("a.py", "x = 1\n" * 60)
    assert play(context, max_lines=70).status is Status.PASSED  # a profile or an override
    for cheat in (
        "[steps.size]\nmax_lines = 500\n",
        '[steps.size]\nmax_lines = 50\nexclude = ["a.py"]\n',
        '[steps.size]\nmax_lines = 50\n[generate]\npython = "a.py"\n',
        "[steps.size]\nmax_lines = 50\n[profiles.ci.steps.size]\nmax_lines = 500\n",
        "",
    ):
        repo.write("xpconfig.toml", cheat)
        reading = play(context, max_lines=500, exclude=("a.py",))
        assert reading.status is Status.FAILED
        assert "allowed are fewer than 50; the merge base's limits count" in reading.summary


def test_the_first_adoption_has_its_own_limit(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "project").init()
    repo.write("a.py")
    repo.commit()
    repo.git("checkout", "-q", "-b", "work")
    base = change.merge_base(repo.path) or ""
    repo.write("xpconfig.toml", "[steps.size]\nmax_lines = 5000\n")
    repo.write("b.py", "x = 1\n" * 600)
    context = StepContext(
        repo.path, sys.executable, ("app",), ("tests",), tmp_path / "scratch", tmp_path / "state", base=base
    )
    assert play(context, max_lines=5000).status is Status.PASSED
