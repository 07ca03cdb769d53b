"""What HAProxy's answers mean, by what it really says (2.6)."""

import pytest

from xptasks.delivery.haproxy.runtime import counted, slots_of, statistics
from xptasks.delivery.haproxy.slots import Slot

STATE = """\
1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_port
3 web 1 s1 127.0.0.1 2 0 90 90 16001
3 web 2 s2 127.0.0.1 0 5 10 0 16002
3 web 3 s3 127.0.0.1 2 4 10 0 16003
3 web 4 s4 127.0.0.1 2 8 10 0 16003
4 web-websockets 1 s1 127.0.0.1 2 0 90 90 16001

"""


def test_the_state_of_servers() -> None:
    assert slots_of(STATE, "web") == {
        "s1": Slot(port=16001, weight=90, ready=True),
        "s2": Slot(port=16002, weight=10, ready=False),  # in maintenance, as the configuration said
        "s3": Slot(port=16003, weight=10, ready=True),  # disabled by the configuration, and enabled later
        "s4": Slot(port=16003, weight=10, ready=False),  # draining
    }
    assert slots_of(STATE, "other") == {}


def test_tables_of_two_backends_in_one_answer() -> None:
    table = "# pxname,svname,scur,stot,\n{0},s1,1,{1},\n\n"
    rows = statistics(table.format("web", 7) + "\n" + table.format("web-websockets", 2))
    assert {name: row["stot"] for name, row in rows.items()} == {("web", "s1"): "7", ("web-websockets", "s1"): "2"}


def row(**values: int) -> dict[str, str]:
    names = ("stot", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "econ", "eresp", "wretr", "wredis")
    return {name: str(values.get(name, 0)) for name in names}


@pytest.mark.parametrize(
    ("values", "requests", "errors"),
    [
        ({}, 0, 0),
        ({"stot": 10, "hrsp_2xx": 8, "hrsp_5xx": 2}, 10, 2),
        ({"stot": 80, "hrsp_2xx": 52, "wredis": 28}, 80, 28),  # nobody listened, another one answered
        ({"stot": 5, "wretr": 5, "wredis": 5}, 5, 5),  # closed without an answer: counted twice by HAProxy, not by us
        ({"stot": 5, "eresp": 5}, 5, 5),  # the same for POST, which is not sent again
        ({"stot": 4, "hrsp_2xx": 4, "eresp": 1}, 4, 1),  # broke off in the middle of an answer
        ({"stot": 1, "econ": 1, "wredis": 1}, 1, 1),  # never more errors than requests
        ({"stot": 3, "hrsp_4xx": 3}, 3, 0),
    ],
)
def test_requests_and_errors(values: dict[str, int], requests: int, errors: int) -> None:
    found = counted(row(**values), row(), "1/s1")
    assert (found.requests, found.errors, found.websockets, found.epoch) == (requests, errors, 0, "1/s1")


@pytest.mark.parametrize(
    ("values", "errors"),
    [({"stot": 3}, 0), ({"stot": 3, "hrsp_4xx": 2}, 2), ({"stot": 3, "hrsp_2xx": 1, "hrsp_5xx": 1, "wredis": 1}, 3)],
)
def test_websockets(values: dict[str, int], errors: int) -> None:
    found = counted(row(), row(**values), "1/s1")
    assert (found.websockets, found.websocket_errors, found.requests) == (3, errors, 0)
