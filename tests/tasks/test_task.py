"""What Invoke makes of our functions."""

import pytest
from invoke.collection import Collection
from invoke.program import Program

from xptasks.tasks._task import task

GIVEN: list[object] = []


@task(iterable=["name"])
def collect(name: tuple[str, ...] = (), other: str = "plain") -> int:
    """Take several names."""
    GIVEN.extend([list(name), other])
    return 0


@pytest.mark.parametrize(
    ("words", "given"),
    [([], [[], "plain"]), (["--name", "one", "--name", "two", "--other", "x"], [["one", "two"], "x"])],
)
def test_an_option_may_be_given_several_times(words: list[str], given: list[object]) -> None:
    GIVEN.clear()
    Program(namespace=Collection(collect), version="1").run(["inv", "collect", *words], exit=False)
    assert given == GIVEN
