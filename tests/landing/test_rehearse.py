"""Test-first, told as stories: real repositories, real pytest runs on the merge base and on the change."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.repository import WITHOUT_GIT, Repository
from xptasks.results import Outcome, Reading, Status
from xptasks.steps import _reading

pytestmark = pytest.mark.pr

TOOLS = Path(__file__).parents[2] / "tools"
PASSED, FAILED, SKIPPED = Status.PASSED, Status.FAILED, Status.SKIPPED

SHOP = "def price(count):\n    return count * 2\n\n\ndef unused():\n    return 1\n"
TEST = "from shop import pricing\n\n\ndef test_price():\n    assert pricing.price(2) == 4\n"
MANY = """
import pytest


@pytest.mark.parametrize(("n", "sum"), [(1, 2), (10, 19)])
def test_each(n, sum):
    assert pricing.price(n) == sum
"""
CASES = """
import json
from pathlib import Path


def test_cases():
    for file in (Path(__file__).parent / "cases").glob("*.json"):
        count, sum = json.loads(file.read_text())
        assert pricing.price(count) == sum
"""
PLUGIN = """
try:
    from shop.plugin import eleven
except ImportError:
    pass


def test_e(eleven):
    assert eleven == 11
"""
CONFTEST = "import pytest\n\n\n@pytest.fixture\ndef three():\n    return 3\n"


class Story(Repository):
    """A shop with one test, on a branch that has just left the trunk."""

    def begin(self) -> "Story":
        self.init()
        self.write(".gitignore", ".xp/\n__pycache__/\n")
        self.write("pyproject.toml", '[tool.pytest.ini_options]\naddopts = ["--import-mode=importlib"]\n')
        self.write("shop/__init__.py", "")
        self.write("shop/pricing.py", SHOP)
        self.write("tests/test_pricing.py", TEST)
        self.write("tests/conftest.py", CONFTEST)
        self.write("README.md", "# Shop\n")
        self.commit()
        self.git("checkout", "-q", "-b", "work")
        return self

    def base(self) -> str:
        return self.git("merge-base", "HEAD", "main").strip()

    def words(self) -> list[str]:
        scratch = self.path / ".xp" / "scratch"
        options = [f"--base={self.base()}", "--source=shop", "--tests=tests", f"--scratch={scratch}"]
        return [sys.executable, "-m", "xptasks.landing.rehearse", *options]

    def environ(self) -> dict[str, str]:
        return {**WITHOUT_GIT, "PYTHONPATH": str(TOOLS), "PYTHONDONTWRITEBYTECODE": "1"}

    def judge(self) -> Reading:
        done = subprocess.run(self.words(), cwd=self.path, env=self.environ(), capture_output=True, check=False)
        out, err = done.stdout.decode(), done.stderr.decode()
        assert not (self.path / ".xp/scratch/base").exists(), "nothing is left behind"
        return _reading.read(Outcome(done.returncode, out, err, self.path))


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "project").begin()


def verdicts(reading: Reading) -> dict[str, str]:
    """Rule by test; the name of a test is the first word of its message."""
    return {finding.message.split(" ")[0].rstrip(":"): finding.rule for finding in reading.findings}


def discount(story: Story) -> None:
    story.write("shop/pricing.py", SHOP.replace("count * 2", "count * 2 - (count > 9)"))


def with_test(text: str) -> str:
    return f"{TEST}\n\n{text}"


def red_then_green(story: Story) -> None:
    discount(story)
    story.write("tests/test_pricing.py", with_test("def test_discount():\n    assert pricing.price(10) == 19\n"))


def no_test(story: Story) -> None:
    discount(story)


def green_before(story: Story) -> None:
    discount(story)
    story.write("tests/test_pricing.py", with_test("def test_more():\n    assert pricing.price(3) == 6\n"))


def one_of_two(story: Story) -> None:
    discount(story)
    more = (
        "def test_more():\n    assert pricing.price(3) == 6\n\n\ndef test_less():\n    assert pricing.price(10) == 19\n"
    )
    story.write("tests/test_pricing.py", with_test(more))


def red_on_the_change(story: Story) -> None:
    discount(story)
    story.write("tests/test_pricing.py", with_test("def test_discount():\n    assert pricing.price(10) == 18.5\n"))


def new_module(story: Story) -> None:
    story.write("shop/tax.py", "def tax(sum):\n    return sum // 5\n")
    story.write("tests/test_tax.py", "from shop.tax import tax\n\n\ndef test_tax():\n    assert tax(10) == 2\n")


def new_function(story: Story) -> None:
    story.write("shop/pricing.py", f"{SHOP}\n\ndef gross(sum):\n    return sum + 1\n")
    story.write(
        "tests/test_gross.py", "from shop.pricing import gross\n\n\ndef test_gross():\n    assert gross(1) == 2\n"
    )


def new_attribute_of_a_module(story: Story) -> None:
    story.write("shop/pricing.py", f"{SHOP}\n\ndef gross(sum):\n    return sum + 1\n")
    story.write("tests/test_pricing.py", with_test("def test_gross():\n    assert pricing.gross(1) == 2\n"))


def missing_elsewhere(story: Story) -> None:
    """Something outside git makes the test pass here: it was not there before, and the change does not add it."""
    discount(story)
    story.write(".gitignore", ".xp/\n__pycache__/\nshop/built.py\n")
    story.git("add", ".gitignore")
    story.write("shop/built.py", "X = 1\n")
    story.write("tests/test_built.py", "from shop.built import X\n\n\ndef test_built():\n    assert X == 1\n")


def fixture_of_the_tests(story: Story) -> None:
    """A new fixture in conftest belongs to the tests, so that it is there on the merge base as well."""
    discount(story)
    story.write("tests/conftest.py", f"{CONFTEST}\n\n@pytest.fixture\ndef ten():\n    return 10\n")
    story.write("tests/test_pricing.py", with_test("def test_ten(ten):\n    assert pricing.price(ten) == 19\n"))


def fixture_of_the_sources(story: Story) -> None:
    """A fixture that a plugin in the sources adds is not there on the merge base, and that is red."""
    story.write("shop/plugin.py", "import pytest\n\n\n@pytest.fixture\ndef eleven():\n    return 11\n")
    story.write("tests/test_plugin.py", PLUGIN)


def conftest_needs_the_change(story: Story) -> None:
    story.write("shop/tax.py", "def tax(sum):\n    return sum // 5\n")
    story.write(
        "tests/conftest.py",
        f"from shop.tax import tax\n{CONFTEST}\n\n@pytest.fixture\ndef two():\n    return tax(10)\n",
    )
    story.write("tests/test_tax.py", "def test_two(two):\n    assert two == 2\n")


def one_case_of_many(story: Story) -> None:
    discount(story)
    story.write("tests/test_pricing.py", with_test(MANY))


def in_a_class(story: Story) -> None:
    discount(story)
    text = "class TestPrice:\n    def test_big(self):\n        assert pricing.price(10) == 19\n"
    story.write("tests/test_pricing.py", with_test(text))


def helper_changed(story: Story) -> None:
    discount(story)
    text = TEST.replace("pricing\n", "pricing\n\nTEN = 10\n", 1).replace("price(2) == 4", "price(TEN) == 19")
    story.write("tests/test_pricing.py", text)


def marked_slow_and_skipped(story: Story) -> None:
    discount(story)
    story.write(
        "tests/test_pricing.py",
        with_test("import pytest\n\n\n@pytest.mark.skip\ndef test_later():\n    assert pricing.price(10) == 19\n"),
    )


def data_changed(story: Story) -> None:
    discount(story)
    story.write("tests/cases/big.json", "[10, 19]")
    story.git("checkout", "-q", "main")
    story.write("tests/test_pricing.py", with_test(CASES))
    story.git("add", "tests/test_pricing.py")
    story.git("commit", "-q", "-m", "cases")
    story.git("checkout", "-q", "work")
    story.git("rebase", "-q", "--autostash", "main")


Told = tuple[Callable[[Story], None], Status, dict[str, str]]
STORIES: list[Told] = [
    (red_then_green, PASSED, {"test_discount": "red-then-green"}),
    (no_test, FAILED, {"what": "no-test-first"}),
    (green_before, FAILED, {"what": "no-test-first", "test_more": "green-before"}),
    (one_of_two, FAILED, {"test_less": "red-then-green", "test_more": "green-before"}),
    (red_on_the_change, FAILED, {"test_discount": "fails-on-the-change"}),
    (new_module, PASSED, {"test_tax": "red-then-green"}),
    (new_function, PASSED, {"test_gross": "red-then-green"}),
    (new_attribute_of_a_module, PASSED, {"test_gross": "red-then-green"}),
    (missing_elsewhere, FAILED, {"what": "no-test-first", "test_built": "broken-before"}),
    (fixture_of_the_tests, PASSED, {"test_ten": "red-then-green"}),
    (fixture_of_the_sources, PASSED, {"test_e": "red-then-green"}),
    (conftest_needs_the_change, PASSED, {"test_two": "red-then-green"}),
    (one_case_of_many, PASSED, {"test_each": "red-then-green"}),
    (in_a_class, PASSED, {"TestPrice::test_big": "red-then-green"}),
    (helper_changed, PASSED, {"test_price": "red-then-green"}),
    (marked_slow_and_skipped, FAILED, {"what": "no-test-first", "test_later": "not-run"}),
    (data_changed, PASSED, {"test_cases": "red-then-green", "test_price": "touched-green-before"}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("tell", "status", "expected"), STORIES, ids=[tell.__name__ for tell, *_ in STORIES])
def test_a_story(tell: Callable[[Story], None], status: Status, expected: dict[str, str], story: Story) -> None:
    tell(story)
    reading = story.judge()
    assert (reading.status, verdicts(reading)) == (status, expected), reading


def test_a_change_that_is_committed_and_test_first(story: Story) -> None:
    """The shortest story, for every run of the fast tier."""
    red_then_green(story)
    story.commit()
    reading = story.judge()
    assert reading.status is PASSED
    assert reading.summary == "1 of 1 tests failed before the change and pass now"
    assert reading.findings[0].message.startswith("test_discount: red then green: AssertionError")
    assert story.git("status", "--porcelain") == ""
    assert story.git("worktree", "list").count("\n") == 1


NO_BEHAVIOUR: list[tuple[str, Callable[[Story], object], str]] = [
    ("documents", lambda s: s.write("README.md", "# A shop\n"), "documents"),
    ("config", lambda s: s.write("pyproject.toml", "[tool.x]\n"), "neither sources nor documents"),
    (
        "tests only",
        lambda s: s.write("tests/test_pricing.py", with_test("def test_x():\n    pass\n")),
        "1 tests of behaviour",
    ),
    ("comments", lambda s: s.write("shop/pricing.py", '"""Prices."""\n# new\n' + SHOP), "comments, docstrings"),
    (
        "formatting",
        lambda s: s.write("shop/pricing.py", SHOP.replace("count * 2", "(\n    count *\n    2)")),
        "formatting",
    ),
    ("removal", lambda s: s.write("shop/pricing.py", SHOP.partition("\n\n\ndef unused")[0] + "\n"), "code was removed"),
    ("gone", lambda s: (s.path / "shop/pricing.py").unlink(), "code was removed"),
    ("moved", lambda s: s.git("mv", "shop/pricing.py", "shop/prices.py"), "files were moved"),
]


@pytest.mark.parametrize(("tell", "says"), [told[1:] for told in NO_BEHAVIOUR], ids=[told[0] for told in NO_BEHAVIOUR])
def test_a_change_without_behaviour_needs_no_test(tell: Callable[[Story], object], says: str, story: Story) -> None:
    tell(story)
    reading = story.judge()
    assert reading.status is PASSED
    assert reading.summary.startswith("no behaviour changed: ")
    assert says in reading.summary


def test_a_rename_is_proven_by_tests_that_are_otherwise_the_same(story: Story) -> None:
    story.write("shop/pricing.py", SHOP.replace("price", "cost"))
    story.write("tests/test_pricing.py", TEST.replace("pricing.price", "pricing.cost"))
    reading = story.judge()
    assert (reading.status, reading.findings) == (PASSED, ())
    assert reading.summary.startswith("no behaviour changed: only names did")


def test_no_change(story: Story) -> None:
    assert story.judge() == Reading(SKIPPED, "no change to judge")


@pytest.mark.parametrize(
    ("trailer", "status"),
    [
        ("Test-First: no, because the library below is only swapped", PASSED),
        ("Test-First: no", FAILED),
        ("Test-First: no, because x", FAILED),
        ("Test-First: yes, because it is a good idea", FAILED),
    ],
)
def test_a_trailer_with_a_reason_lets_a_change_pass(trailer: str, status: Status, story: Story) -> None:
    discount(story)
    story.git("commit", "-q", "-a", "-m", f"swap\n\n{trailer}")
    reading = story.judge()
    assert reading.status is status
    assert any("the library below" in finding.message for finding in reading.findings) == (status is PASSED)


@pytest.mark.slow
def test_a_trailer_excuses_no_test_that_fails(story: Story) -> None:
    red_on_the_change(story)
    story.git("commit", "-q", "-a", "-m", "swap\n\nTest-First: no, because the library below is only swapped")
    assert story.judge().status is FAILED


@pytest.mark.slow
def test_a_run_that_is_ended_leaves_nothing(story: Story) -> None:
    discount(story)
    story.write(
        "tests/test_pricing.py",
        with_test("import time\n\n\ndef test_x():\n    time.sleep('scratch' in __file__ and 60)\n"),
    )
    base = story.path / ".xp/scratch/base"
    with subprocess.Popen(
        story.words(), cwd=story.path, env=story.environ(), stdout=subprocess.DEVNULL, process_group=0
    ) as running:
        for _ in range(600):
            if (base / "tests/test_pricing.py").exists() or running.poll() is not None:
                break
            time.sleep(0.05)
        assert base.exists()
        os.killpg(running.pid, signal.SIGTERM)
        assert running.wait(30) == 143
    assert not base.exists()
