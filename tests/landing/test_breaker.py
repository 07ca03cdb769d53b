import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.landing import breaker
from xptasks.landing.breaker import Trip
from xptasks.landing.ledger import Entry, What
from xptasks.landing.settings import BreakerSettings

NOW = 1_000_000.0
LIMITS = BreakerSettings(equal_failures=3, deploys_per_hour=2, rollbacks_per_day=2)


def rejected(fingerprint: str = "unit", at: float = NOW) -> Entry:
    return Entry(What.REJECTED, at, f"change-{at:.0f}", data={"fingerprint": fingerprint, "rule": "gate"})


def landed(at: float = NOW) -> Entry:
    return Entry(What.LANDED, at, "good")


def deployed(at: float) -> Entry:
    return Entry(What.DEPLOYED, at)


def back(at: float) -> Entry:
    return Entry(What.ROLLED_BACK, at, data={"why": "5xx"})


CLOSED = Entry(What.BREAKER_CLOSED, NOW)
OPENED = Entry(What.BREAKER_OPENED, NOW, data={"rule": "equal_failures", "why": "so", "decide": "what"})


@pytest.mark.parametrize(
    ("entries", "rule"),
    [
        ([], None),
        ([rejected(), rejected()], None),
        ([rejected(), rejected(), rejected()], "equal_failures"),
        ([rejected("a"), rejected(), rejected(), rejected()], "equal_failures"),
        ([rejected(), rejected(), rejected("other")], None),
        ([rejected(), landed(), rejected(), rejected()], None),
        ([landed(), rejected(), rejected(), rejected()], "equal_failures"),
        ([rejected(), rejected(), Entry(What.WITHDRAWN, NOW), rejected()], "equal_failures"),
        ([rejected(), rejected(), rejected(), landed()], None),
        ([rejected(), rejected(), CLOSED, rejected()], None),
        ([deployed(NOW - 10), deployed(NOW - 5)], None),
        ([deployed(NOW - 10), deployed(NOW - 5), deployed(NOW)], "deploys_per_hour"),
        ([deployed(NOW - 3601), deployed(NOW - 5), deployed(NOW)], None),
        ([deployed(NOW - 10), deployed(NOW - 5), CLOSED, deployed(NOW)], None),
        ([back(NOW - 86_000)], None),
        ([back(NOW - 86_000), back(NOW)], "rollbacks_per_day"),
        ([back(NOW - 86_401), back(NOW)], None),
        ([back(NOW), back(NOW), CLOSED], None),
    ],
)
def test_when_it_opens(entries: list[Entry], rule: str | None) -> None:
    found = breaker.tripped(entries, LIMITS, NOW)
    assert (found and found.rule) == rule
    if found:
        assert found.why
        assert found.decide


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], None),
        ([OPENED], Trip("equal_failures", "so", "what", NOW)),
        ([OPENED, landed()], Trip("equal_failures", "so", "what", NOW)),
        ([OPENED, CLOSED], None),
        ([OPENED, CLOSED, OPENED], Trip("equal_failures", "so", "what", NOW)),
    ],
)
def test_open_until_somebody_closes_it(entries: list[Entry], expected: Trip | None) -> None:
    assert breaker.opened(entries) == expected


def test_it_names_who_failed_and_why_it_came_back() -> None:
    failures = breaker.tripped([rejected(at=1), rejected(at=2), rejected(at=2)], LIMITS, NOW)
    assert failures
    assert failures.why == "3 rejections in a row for the same reason (change-1, change-2): gate"
    backs = breaker.tripped([back(NOW), back(NOW)], LIMITS, NOW)
    assert backs
    assert backs.why == "2 rollbacks within a day, the last: 5xx"


entry = st.builds(
    Entry,
    st.sampled_from(What),
    st.floats(NOW - 90_000, NOW),
    st.sampled_from(["a", "b"]),
    data=st.fixed_dictionaries({"fingerprint": st.sampled_from(["x", "y"])}),
)


@given(st.lists(entry, max_size=20))
def test_what_was_before_a_human_closed_it_never_counts(entries: list[Entry]) -> None:
    assert breaker.tripped([*entries, CLOSED], LIMITS, NOW) is None
    assert breaker.opened([*entries, CLOSED]) is None


@given(st.lists(entry, max_size=20))
def test_stricter_limits_open_it_no_later(entries: list[Entry]) -> None:
    strict = BreakerSettings(equal_failures=1, deploys_per_hour=1, rollbacks_per_day=1)
    if breaker.tripped(entries, LIMITS, NOW):
        assert breaker.tripped(entries, strict, NOW)
