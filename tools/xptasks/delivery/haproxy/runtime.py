"""HAProxy's runtime socket: an edge. See its Management Guide, 9.3 (Unix Socket commands)."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from xptasks.delivery.driver import Counters
from xptasks.delivery.haproxy.configuration import BUCKETS_FILE, buckets, websockets
from xptasks.delivery.haproxy.slots import Slot, changes, owners, placed, shares
from xptasks.delivery.traffic import Traffic
from xptasks.errors import CannotRunError
from xptasks.system import unix

_ANSWER = 5.0  # seconds that it may take to answer
_BY_CONFIGURATION = 4  # a server that was disabled in the configuration says so for ever, whatever it does now
_AT_ONCE = 100  # commands in one line; it takes 16 KiB


@dataclass(frozen=True, slots=True)
class Runtime:
    """What can be asked of HAProxy, and told.

    Attributes:
        socket: the path of its runtime socket.
        backend: the backend with the slots of releases.
    """

    socket: Path
    backend: str

    def pid(self) -> str:
        """The process that answers; empty when none does."""
        try:
            lines = self._ask("show info").splitlines()
        except CannotRunError:
            return ""
        return next((line.removeprefix("Pid: ") for line in lines if line.startswith("Pid: ")), "")

    def slots(self) -> dict[str, dict[str, Slot]]:
        """What the slots do, for each of both backends.

        Raises:
            CannotRunError: it does not answer, or has not both backends with the same servers.
        """
        answer = self._ask("show servers state")
        both = {name: slots_of(answer, name) for name in (self.backend, websockets(self.backend))}
        names = [list(slots) for slots in both.values()]
        if not names[0] or names[0] != names[1]:
            problem = f"HAProxy has no backends `{'` and `'.join(both)}` with the same servers"
            raise CannotRunError(problem, where=str(self.socket), hint="see docs/guides/haproxy.md for what it needs")
        return both

    def shares(self, traffic: Traffic) -> dict[str, int]:
        """The percentages that it follows; those for websockets are the same, or it follows none.

        Raises:
            CannotRunError: it does not answer.
        """
        requests, upgrades = (shares(slots, traffic.ports) for slots in self.slots().values())
        return requests if requests == upgrades else {}

    def follow(self, traffic: Traffic) -> None:
        """Make it do what is intended, by as few changes as possible.

        Raises:
            CannotRunError: it does not answer, or not do it.
        """
        now = self.slots()
        wanted, slot_of = placed(now[self.backend], traffic)
        dealt = buckets(traffic.buckets, slot_of)
        commands = [command for backend, slots in now.items() for command in changes(backend, slots, wanted)]
        opening = [command for command in commands if not command.endswith((" maint", " weight 0"))]
        said = self._tell(opening)
        if dealt != self._buckets():
            self._deal(dealt)  # between the two: nobody is to stick to what does not serve
        said += self._tell(command for command in commands if command not in opening)
        if self.slots() != dict.fromkeys(now, wanted):
            raise CannotRunError(f"HAProxy does not do as it was told: {said}", where=str(self.socket))

    def retire(self) -> None:
        """Close all slots."""
        for backend, slots in self.slots().items():
            self._tell(changes(backend, slots, {name: Slot(slot.address, slot.port) for name, slot in slots.items()}))

    def counters(self, traffic: Traffic) -> dict[str, Counters]:
        """What it counted, by release.

        A slot goes on counting when it gets another release. Only what grows is compared, so that does not matter.

        Raises:
            CannotRunError: it does not answer.
        """
        own = owners(self.slots()[self.backend], traffic.ports)
        epoch = self.pid()
        rows = self._statistics()
        return {
            release: counted(rows[self.backend, slot], rows[websockets(self.backend), slot], f"{epoch}/{slot}")
            for release, slot in own.items()
        }

    def active(self, traffic: Traffic, release: str) -> tuple[int, int]:
        """How many requests and how many websockets a release has now.

        Raises:
            CannotRunError: it does not answer.
        """
        slot = owners(self.slots()[self.backend], traffic.ports).get(release)
        if slot is None:
            return 0, 0
        rows = self._statistics()
        requests, upgrades = (rows[name, slot]["scur"] for name in (self.backend, websockets(self.backend)))
        return int(requests), int(upgrades)

    # -- the socket ---------------------------------------------------------------------------------------------

    def _statistics(self) -> dict[tuple[str, str], Mapping[str, str]]:
        answer = self._ask(f"show stat {self.backend} 4 -1; show stat {websockets(self.backend)} 4 -1")
        return statistics(answer)

    def _buckets(self) -> dict[str, str]:
        """Which slot each bucket has."""
        name = self._map()
        lines = self._ask(f"show map {name}").split("\n") if name else []
        return {words[1]: words[2] for words in map(str.split, lines) if words}

    def _deal(self, dealt: Mapping[str, str]) -> None:
        """Replace all buckets at once."""
        name = self._map()
        if not name:
            hint = "see docs/guides/haproxy.md, or set [deploy] sticky = false"
            raise CannotRunError(f"HAProxy has no map {BUCKETS_FILE}, so nobody can stick", hint=hint)
        version = self._ask(f"prepare map {name}").rpartition(":")[2].strip()
        additions = [f"add map @{version} {name} {bucket} {slot}" for bucket, slot in dealt.items()]
        self._tell([*additions, f"commit map @{version} {name}"])

    def _map(self) -> str:
        """How it calls its file of buckets; empty when none is configured."""
        names = (line.partition("(")[2].partition(")")[0] for line in self._ask("show map").splitlines())
        return next((name for name in names if name.rpartition("/")[2] == BUCKETS_FILE), "")

    def _tell(self, commands: Iterable[str]) -> str:
        """Give commands; what it said to them."""
        given = list(commands)
        lines = ["; ".join(given[start : start + _AT_ONCE]) for start in range(0, len(given), _AT_ONCE)]
        said = "\n".join(map(self._ask, lines)).split("\n")
        return " ".join(line for line in said if line.strip())

    def _ask(self, line: str) -> str:
        try:
            return unix.ask(self.socket, line, _ANSWER)
        except OSError as error:
            raise CannotRunError(
                f"HAProxy does not answer: {error.strerror or error}",
                where=str(self.socket),
                hint="see that it runs, that its configuration has this `stats socket` with `level admin`, and that "
                "you may use it",
            ) from error


def slots_of(answer: str, backend: str) -> dict[str, Slot]:
    """What `show servers state` says of one backend."""
    lines = [line.removeprefix("# ") for line in answer.splitlines()[1:] if line.strip()]
    rows = [row for row in csv.DictReader(lines, delimiter=" ") if row["be_name"] == backend]
    return {
        row["srv_name"]: Slot(
            row["srv_addr"],
            int(row["srv_port"]),
            int(row["srv_uweight"]),
            not int(row["srv_admin_state"]) & ~_BY_CONFIGURATION,
        )
        for row in rows
    }


def statistics(answer: str) -> dict[tuple[str, str], Mapping[str, str]]:
    """The rows of one or more answers of `show stat`, by backend and server."""
    found: dict[tuple[str, str], Mapping[str, str]] = {}
    for table in answer.split("# pxname,")[1:]:
        lines = [line for line in f"pxname,{table}".splitlines() if line.strip()]
        found |= {(row["pxname"], row["svname"]): row for row in csv.DictReader(lines)}
    return found


def counted(requests: Mapping[str, str], upgrades: Mapping[str, str], epoch: str) -> Counters:
    """What the rows of one slot in both backends mean. HAProxy has no histogram of durations."""
    asked, upgraded = int(requests["stot"]), int(upgrades["stot"])
    refused = sum(int(upgrades[name]) for name in ("hrsp_2xx", "hrsp_3xx", "hrsp_4xx"))
    return Counters(
        requests=asked,
        errors=min(asked, _failed(requests)),
        websockets=upgraded,
        websocket_errors=min(upgraded, _failed(upgrades) + refused),
        epoch=epoch,
    )


def _failed(row: Mapping[str, str]) -> int:
    """Answers 5xx; answers that broke off or never came; and what was sent elsewhere because it failed here.

    HAProxy counts twice what was reset and sent elsewhere, and nothing else it says tells that from two failures.
    """
    return sum(int(row[name]) for name in ("hrsp_5xx", "econ", "eresp", "wredis"))
