"""What Envoy is told: weights, stand-ins, sticky callers; and how its own description is read back."""

import re
from typing import Any

import pytest

from xptasks.delivery.envoy import resources
from xptasks.delivery.traffic import Traffic

THREE = Traffic().started("a", 1, "/").started("b.1", 2, "/").started("c-2", 3, "/")


def split(shares: dict[str, int], *, sticky: bool = False) -> Traffic:
    return THREE.split(shares, sticky=sticky)


def routes(traffic: Traffic) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = resources.routes(traffic)["resources"][0]["virtual_hosts"][0]["routes"]
    return found


def weights(traffic: Traffic) -> dict[str, int]:
    last = routes(traffic)[-1]["route"]["weighted_clusters"]["clusters"]
    return {target["name"]: target["weight"] for target in last}


def test_the_largest_other_release_stands_in_and_one_without_a_share_never() -> None:
    assert weights(split({"a": 100})) == {"http/a": 100}
    assert weights(split({"a": 90, "b.1": 10})) == {"http/a/b.1": 90, "http/b.1/a": 10}
    three = weights(split({"a": 30, "b.1": 60, "c-2": 10}))
    assert three == {"http/a/b.1": 30, "http/b.1/a": 60, "http/c-2/b.1": 10}


@pytest.mark.parametrize("sticky", [False, True])
@pytest.mark.parametrize("shares", [{"a": 100}, {"a": 90, "b.1": 10}, {"a": 30, "b.1": 60, "c-2": 10}, {}])
def test_every_target_exists_and_the_split_is_read_back(shares: dict[str, int], sticky: bool) -> None:  # noqa: FBT001
    traffic = split(shares, sticky=sticky)
    known = {cluster["name"] for cluster in resources.clusters(traffic)["resources"]}
    dump = {"configs": [{"route_config": resources.routes(traffic)["resources"][0]}]}
    assert resources.split_of(dump) == shares
    assert set(re.findall(r"'(?:name|cluster)': '((?:http|ws)/[^']*)'", str(dump))) <= known


def test_only_what_is_safe_is_sent_again_once_a_service_has_seen_it() -> None:
    retries = [route["route"]["retry_policy"]["retry_on"] for route in routes(split({"a": 90, "b.1": 10}))]
    websocket, safe, other = retries
    assert "reset" in safe.split(",")
    assert "reset" not in websocket.split(",")
    assert "reset" not in other.split(",")


def test_each_bucket_of_a_cookie_leads_to_one_release() -> None:
    traffic = split({"a": 90, "b.1": 10}, sticky=True)
    found = [route for route in routes(traffic) if len(route["match"]["headers"]) == 1 and "cluster" in route["route"]]
    patterns = {
        route["route"]["cluster"]: route["match"]["headers"][0]["string_match"]["safe_regex"]["regex"]
        for route in found
    }
    for bucket, release in enumerate(traffic.buckets):
        for cookie in (f"xptasks-bucket={bucket}", f"x=1; xptasks-bucket={bucket}", f"xptasks-bucket={bucket}; x=1"):
            hits = [name for name, pattern in patterns.items() if re.fullmatch(pattern, cookie)]
            assert [name.split("/")[1] for name in hits] == [release]
    for cookie in ("", "xptasks-bucket=100", "xptasks-bucket=1x", "my-xptasks-bucket=1", "x=xptasks-bucket=1"):
        assert not [name for name, pattern in patterns.items() if re.fullmatch(pattern, cookie)]


def test_a_switch_leaves_the_clusters_alone() -> None:
    assert resources.clusters(split({"a": 90, "b.1": 10})) == resources.clusters(split({"a": 100}))
