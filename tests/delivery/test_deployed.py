import pytest

from xptasks.delivery.deployed import roles
from xptasks.delivery.journal import Deployment
from xptasks.delivery.machine import Entry
from xptasks.delivery.plan import Plan


def deployment(new: str, old: str | None, outcome: str = "") -> Deployment:
    opened = Entry(1.0, "opened")
    closed = (Entry(2.0, "closed", {"outcome": outcome, "why": ""}),) if outcome else ()
    return Deployment(1, Plan(new, old), (opened, *closed))


FIRST = deployment("a", None, "promoted")
SECOND = deployment("b", "a", "promoted")
ENDED = Deployment(2, SECOND.plan, (*SECOND.entries, Entry(3.0, "down")))


@pytest.mark.parametrize(
    ("newest_first", "expected"),
    [
        ([], {}),
        ([FIRST], {"a": "serving"}),
        ([ENDED, FIRST], {}),  # `inv deploy-down` ended everything
        ([deployment("c", None, "promoted"), ENDED, FIRST], {"c": "serving"}),
        ([SECOND, FIRST], {"b": "serving", "a": "warm"}),
        ([deployment("a", None)], {"a": "deploying"}),
        ([deployment("a", None, "failed")], {}),
        ([deployment("c", "b"), SECOND, FIRST], {"c": "deploying", "b": "serving", "a": "warm"}),
        ([deployment("c", "b", "rolled back"), SECOND, FIRST], {"b": "serving", "a": "warm"}),
        ([deployment("c", "b", "failed"), SECOND, FIRST], {"c": "serving", "b": "serving", "a": "warm"}),
        ([deployment("a", "b", "promoted"), SECOND, FIRST], {"a": "serving", "b": "warm"}),
        (
            [deployment("c", "b"), deployment("c", "b", "rolled back"), SECOND],
            {"c": "deploying", "b": "serving", "a": "warm"},
        ),
        ([deployment("c", "a"), FIRST], {"c": "deploying", "a": "serving"}),
    ],
)
def test_roles(newest_first: list[Deployment], expected: dict[str, str]) -> None:
    assert roles(newest_first) == expected
