"""Requests and websockets lost while traffic is switched and releases are replaced; how soon a bad release is quiet.

    PYTHONPATH=tools:. python benchmarks/delivery.py [--rate 500] [--switches 50] [--replacements 30] [--kills 10]

The load comes from a process of its own that knows nothing of deliveries. It is open-loop: requests are due at fixed
times whether or not the ones before were answered, and every one of them is accounted for. Half of them are POSTs,
which no proxy may send twice. Twenty websockets are kept open and asked once a second; one that is closed with 1001
because its release leaves is counted apart, and is opened anew. Everything is on loopback and bounded.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from xptasks.delivery.drivers import Setup, load
from xptasks.delivery.launch import Launch

CONNECTIONS = 40  # kept alive; each is given every CONNECTIONS-th request
WEBSOCKETS = 20
LATE = 10.0  # seconds after which a request without answer is lost
SERVICE = Path(__file__).resolve().parent.parent / "tests/delivery/drivers/service.py"
LONGEST = 600  # seconds after which the load ends by itself, whatever happens

# -- the load -------------------------------------------------------------------------------------------------------


@dataclass
class Account:
    """What became of everything that was sent."""

    sent: int = 0
    answered: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    behind: float = 0.0  # the most that the load itself was late
    websockets_opened: int = 0
    websockets_said_goodbye: int = 0
    websockets_dropped: int = 0
    websocket_answers: int = 0

    def report(self) -> dict[str, object]:
        """As JSON, with the durations summed up."""
        cuts = statistics.quantiles(self.seconds, n=100) if len(self.seconds) > 1 else [0.0] * 99
        shown = {name: value for name, value in vars(self).items() if name != "seconds"}
        return {**shown, "lost": dict(self.lost), "p50_ms": cuts[49] * 1000, "p99_ms": cuts[98] * 1000}


async def caller(number: int, port: int, queue: "asyncio.Queue[tuple[int, float] | None]", account: Account) -> None:
    """One connection that is kept alive; it is opened anew only after a request on it was lost."""
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while (due := await queue.get()) is not None:
        index, at = due
        try:
            async with asyncio.timeout(LATE):
                streams = streams or await asyncio.open_connection("127.0.0.1", port)
                status = await exchange(*streams, "POST" if index % 2 else "GET", f"/{number}/{index}")
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            account.lost[type(error).__name__] += 1
            if streams:
                streams[1].close()
            streams = None
            continue
        account.seconds.append(time.monotonic() - at)
        if status == 200:
            account.answered += 1
        else:
            account.lost[str(status)] += 1
    if streams:
        streams[1].close()


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, path: str) -> int:
    """Send one request and read its whole answer."""
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: load\r\nContent-Length: 0\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = next(line for line in head.split("\r\n") if line.startswith("content-length:"))
    await reader.readexactly(int(length.split(":")[1]))
    return int(head.split(" ")[1])


async def talker(url: str, account: Account, stop: asyncio.Event) -> None:
    """One websocket after the other, each asked once a second."""
    while not stop.is_set():
        try:
            async with connect(url, ping_interval=None) as websocket:
                account.websockets_opened += 1
                while not stop.is_set():
                    await websocket.send("who?")
                    await asyncio.wait_for(websocket.recv(), LATE)
                    account.websocket_answers += 1
                    waiting = asyncio.create_task(stop.wait())
                    closing = asyncio.create_task(websocket.wait_closed())
                    await asyncio.wait([waiting, closing], timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
                    for task in (waiting, closing):
                        task.cancel()
        except ConnectionClosed as closed:
            goodbye = closed.rcvd is not None and closed.rcvd.code == 1001
            account.websockets_said_goodbye += goodbye
            account.websockets_dropped += not goodbye
        except (OSError, WebSocketException, TimeoutError):
            account.websockets_dropped += 1
            await asyncio.sleep(0.1)


async def generate(url: str, rate: float) -> None:
    """Send until SIGTERM, then wait for what is under way and print the account."""
    account, stop = Account(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    port = urlsplit(url).port or 80
    queues: list[asyncio.Queue[tuple[int, float] | None]] = [asyncio.Queue() for _ in range(CONNECTIONS)]
    callers = [asyncio.create_task(caller(n, port, queue, account)) for n, queue in enumerate(queues)]
    talkers = [asyncio.create_task(talker(url.replace("http", "ws"), account, stop)) for _ in range(WEBSOCKETS)]
    began = time.monotonic()
    while not stop.is_set() and time.monotonic() - began < LONGEST:
        due = began + account.sent / rate
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        account.behind = max(account.behind, time.monotonic() - due)
        queues[account.sent % CONNECTIONS].put_nowait((account.sent, due))
        account.sent += 1
    for queue in queues:
        queue.put_nowait(None)
    await asyncio.gather(*callers, *talkers)
    print(json.dumps(account.report()))


# -- the deliveries -------------------------------------------------------------------------------------------------


class Host:
    """A driver on a home of its own, with releases that are all the same service under another name."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.driver = load("local").driver(Setup(home, self.launch, drain_timeout=10, stop_timeout=5))

    def launch(self, release: str) -> Launch:
        """The service, which writes down when it was asked last."""
        words = (sys.executable, "-S", str(SERVICE), release, "{port}", str(self.home))
        return Launch(words, self.home, dict(os.environ))

    def ready(self, release: str) -> None:
        """Start a release and wait for it."""
        self.driver.start(release)
        give_up = time.monotonic() + 30
        while self.driver.observe().condition(release) != "ready":
            assert time.monotonic() < give_up, f"{release} does not start"
            time.sleep(0.02)

    def leave(self, release: str) -> float:
        """Drain and stop a release; when it was asked last."""
        self.driver.drain(release)
        self.driver.stop(release)
        return float((self.home / f"{release}.last").read_text())

    def kill(self, name: str) -> None:
        """SIGKILL for a release, or for `envoy`."""
        folder = self.home / "local" / ("envoy" if name == "envoy" else "processes")
        os.kill(json.loads((folder / f"{name}.json").read_text())["pid"], signal.SIGKILL)

    @contextmanager
    def load(self, rate: float) -> Iterator[dict[str, object]]:
        """Load on the public entrance for the length of the block; the account is filled in at its end."""
        account: dict[str, object] = {}
        argv = [sys.executable, __file__, "--load", self.driver.address(), "--rate", str(rate)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
            try:
                time.sleep(2)
                yield account
                time.sleep(1)
            finally:
                process.terminate()
                said, _ = process.communicate(timeout=60)
        account.update(json.loads(said))


def switches(host: Host, count: int) -> list[float]:
    """Move the weights back and forth; the seconds that each switch took."""
    host.ready("b")
    splits = [{"a": 90, "b": 10}, {"a": 50, "b": 50}, {"b": 100}, {"a": 10, "b": 90}, {"a": 100}]
    taken = []
    for number in range(count):
        began = time.monotonic()
        host.driver.split(splits[number % len(splits)])
        taken.append(time.monotonic() - began)
        time.sleep(0.15)
    host.driver.split({"a": 100})
    host.leave("b")
    return taken


def replacements(host: Host, count: int) -> list[float]:
    """Replace the release that serves, again and again; the seconds that each took."""
    taken = []
    old = "a"
    for number in range(count):
        began = time.monotonic()
        new = f"r{number}"
        host.ready(new)
        host.driver.split({old: 90, new: 10})
        host.driver.split({new: 100})
        host.leave(old)
        taken.append(time.monotonic() - began)
        old = new
    host.ready("a")
    host.driver.split({"a": 100})
    host.leave(old)
    return taken


def rollbacks(host: Host, count: int) -> None:
    """Roll a canary back: how long after the decision its last request comes, and the verb ends."""
    quiet, told = [], []
    for number in range(count):
        bad = f"bad{number}"
        host.ready(bad)
        host.driver.split({"a": 50, bad: 50})
        time.sleep(0.2)
        decided = time.monotonic()
        host.driver.split({"a": 100})
        told.append(time.monotonic() - decided)
        quiet.append(max(0.0, host.leave(bad) - decided))
    show("decision to the last request at the bad release", quiet)
    show("decision to the proxy's word", told)


def killed_canaries(host: Host, count: int) -> list[float]:
    """Kill a canary with half of the traffic, and take its share away a moment later; seconds until that was so."""
    taken = []
    for number in range(count):
        bad = f"killed{number}"
        host.ready(bad)
        host.driver.split({"a": 50, bad: 50})
        host.kill(bad)
        time.sleep(0.5)
        began = time.monotonic()
        host.driver.split({"a": 100})
        taken.append(time.monotonic() - began)
        host.driver.stop(bad)
    return taken


def killed_proxies(host: Host, count: int) -> list[float]:
    """Kill the proxy and repair it; the seconds until it serves again."""
    taken = []
    for _ in range(count):
        host.kill("envoy")
        began = time.monotonic()
        while host.driver.repair() != ("the proxy",):  # it has not died yet
            pass
        taken.append(time.monotonic() - began)
        time.sleep(0.5)
    return taken


def show(name: str, seconds: list[float]) -> None:
    """The median and the largest, in milliseconds."""
    print(f"  {name}: median {statistics.median(seconds) * 1000:.0f} ms, largest {max(seconds) * 1000:.0f} ms")


def show_account(account: dict[str, object]) -> None:
    """Every request and every websocket."""
    lost = account["lost"] or 0
    print(f"  requests: {account['sent']} sent, {account['answered']} answered, lost: {lost}")
    print(f"  answers: p50 {account['p50_ms']:.1f} ms, p99 {account['p99_ms']:.1f} ms from when they were due")
    print(f"  the load itself was at most {1000 * float(str(account['behind'])):.0f} ms late")
    print(
        f"  websockets: {account['websockets_opened']} opened, {account['websocket_answers']} answers, "
        f"{account['websockets_said_goodbye']} closed with 1001, dropped: {account['websockets_dropped']}"
    )


def main() -> None:
    """Run the three parts one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rate", 500), ("switches", 50), ("replacements", 30), ("rollbacks", 20), ("kills", 10)):
        parser.add_argument(f"--{name}", type=float if name == "rate" else int, default=default)
    parser.add_argument("--load", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        asyncio.run(generate(options.load, options.rate))
        return
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder))
        try:
            measure(host, options)
        finally:
            host.driver.down()


def measure(host: Host, options: argparse.Namespace) -> None:
    """Print what each part did to the callers."""
    host.ready("a")
    host.driver.split({"a": 100})
    parts: dict[str, Callable[[], object]] = {
        f"{options.switches} switches": lambda: show("a switch", switches(host, options.switches)),
        f"{options.replacements} replacements": lambda: show("one", replacements(host, options.replacements)),
        f"{options.rollbacks} rollbacks": lambda: rollbacks(host, options.rollbacks),
        f"{options.kills} kills of a canary with half of the traffic": lambda: show(
            "taking its share away", killed_canaries(host, options.kills)
        ),
        f"{options.kills} kills of the proxy": lambda: show("repair", killed_proxies(host, options.kills)),
    }
    for name, part in parts.items():
        print(f"{name} at {options.rate:g} requests/s with {WEBSOCKETS} websockets", flush=True)
        with host.load(options.rate) as account:
            part()
        show_account(account)


if __name__ == "__main__":
    main()
