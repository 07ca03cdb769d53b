"""What is intended: checked before anything is touched, written down, and read again."""

from pathlib import Path

import pytest

from xptasks.delivery.traffic import Traffic, load
from xptasks.errors import CannotRunError

BOTH = Traffic(version=3).started("a", 1, "/health").started("b", 2, "/up")


def test_another_split_has_another_version_and_the_same_one_does_not() -> None:
    split = BOTH.split({"a": 90, "b": 10, "c": 0}, sticky=False)
    assert (split.version, split.shares, split.buckets) == (4, {"a": 90, "b": 10}, ())
    assert split.split({"b": 10, "a": 90}, sticky=False) is split
    sticky = split.split({"a": 90, "b": 10}, sticky=True)
    assert (sticky.version, sticky.buckets.count("b")) == (5, 10)
    assert sticky.split({"a": 90, "b": 10}, sticky=True) is sticky
    assert sticky.split({"a": 100}, sticky=False).buckets == ()
    assert sticky.split({}, sticky=True).shares == {}


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        ({"a": 50, "c": 25, "d": 25}, "c, d gets a share of the traffic but was not started"),
        ({"a": 50, "b": 49}, "must be 100 percent in all"),
        ({"a": 150, "b": -50}, "must be 100 percent in all"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused(shares: dict[str, int], says: str) -> None:
    with pytest.raises(CannotRunError, match=says):
        BOTH.split(shares, sticky=False)


def test_a_release_with_a_share_does_not_leave() -> None:
    split = BOTH.split({"a": 100}, sticky=False)
    with pytest.raises(CannotRunError, match="a has a share of the traffic"):
        split.stopped("a")
    assert split.stopped("b").ports == {"a": 1}
    assert split.stopped("b").checks == {"a": "/health"}
    assert split.stopped("unknown") == split


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "traffic.json"
    assert load(path) == Traffic()
    for traffic in (BOTH, BOTH.split({"a": 90, "b": 10}, sticky=True)):
        path.write_text(traffic.dump())
        assert load(path) == traffic


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 9, "buckets": []}'])
def test_a_damaged_file_is_an_error_with_a_way_out(text: str, tmp_path: Path) -> None:
    path = tmp_path / "traffic.json"
    path.write_text(text)
    with pytest.raises(CannotRunError, match=r"traffic\.json: what the proxy is to do cannot be read.*\n.*deploy-down"):
        load(path)
