"""How soon a bad canary is taken back, on a real Envoy at a real, low rate; and whether healthy ones are left alone.

    PYTHONPATH=tools:. python benchmarks/detection.py [--runs 20] [--at-once 5] [--healthy 20] [--simulate 1000]

Each run has a target of its own: a stable release, a canary with 10 % of ten requests a second, open-loop. Kinds of
canary: `errors` answers 500 to one request in five and is well by its health check; `outage` answers 500 to all but the
health check; `hang` answers nothing after its start, not even the health check; `healthy` is held for half a minute.
Printed are seconds from the canary's first share to the last moment that it had one.
"""

import argparse
import math
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from xptasks.delivery.analysis import Batch, Evidence, allotted
from xptasks.delivery.drivers import Setup, load
from xptasks.delivery.gauge import SIGNALS
from xptasks.delivery.journal import Journal
from xptasks.delivery.launch import Launch
from xptasks.delivery.settings import DeploySettings
from xptasks.delivery.supervisor import Supervisor
from xptasks.loop import deploy
from xptasks.loop.deploy import Target

SERVICE = """
import random, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
kind, port, started = sys.argv[1], int(sys.argv[2]), time.monotonic()
class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if kind == "hang" and time.monotonic() - started > 4:
            time.sleep(60)
        bad = self.path != "/health" and (kind == "outage" or kind == "errors" and random.random() < 0.2)
        self.send_response(500 if bad else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_):
        pass
ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""
RATE = 10.0
FALSE_ABORT = 0.001


@contextmanager
def callers(url: str, seed: int) -> Iterator[None]:
    """Ten requests a second at random moments (a Poisson process), each in a thread of its own."""
    stop = threading.Event()
    chance = random.Random(seed)  # noqa: S311 - traffic that repeats

    def call(client: httpx.Client) -> None:
        with suppress(httpx.HTTPError):
            client.get(url)

    def run() -> None:
        with httpx.Client(timeout=5, trust_env=False) as client, ThreadPoolExecutor(20) as pool:
            while not stop.wait(chance.expovariate(RATE)):
                pool.submit(call, client)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def one(kind: str, seed: int) -> tuple[str, float]:
    """The outcome of one canary, and seconds for which it had a share."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "service.py").write_text(SERVICE)

        def launch(release: str) -> Launch:
            return Launch(
                (sys.executable, str(home / "service.py"), release.split("-", maxsplit=1)[0], "{port}"), home, {}
            )

        hold = "30s" if kind == "healthy" else "3m"
        settings = DeploySettings.model_validate(
            {
                "stages": [{"weight": 10, "hold": hold}, {"weight": 100, "hold": "0s"}],
                "analysis": {"min_requests": 0},
                "drain_timeout": "1s",
            }
        )
        driver = load("local").driver(Setup(home, launch, drain_timeout=1.0, stop_timeout=1.0))
        journal = Journal(home / "journal.db")
        target = Target(home, driver, journal, settings, lambda: Supervisor(journal, driver))
        try:
            deploy.deploy(target, f"stable-{seed}", strategy="blue-green")
            with callers(driver.address(), seed):
                time.sleep(1)
                finished = deploy.deploy(target, f"{kind}-{seed}")
            latest = journal.latest()
            assert latest is not None
            shares = [entry.at for entry in latest.entries if entry.kind == "done" and "split" in entry.data["act"]]
            return finished.outcome, shares[-1] - shares[0]
        finally:
            driver.down()
            journal.close()


def simulated(seed: int) -> float:
    """Seconds until a canary with 20 % errors is failed, by the same rule without a proxy, read five times a second."""
    chance = random.Random(seed)  # noqa: S311 - a simulation that repeats
    evidence, limit, look = Evidence(), -math.log(allotted(FALSE_ABORT, SIGNALS)["errors"]), 0
    while evidence.log_ratio < limit:
        look += 1
        here = [chance.random() < 0.1 for _ in range(int(RATE)) if chance.random() < 0.2]
        bad = sum(chance.random() < 0.2 for canary in here if canary)
        evidence = evidence.after(Batch(sum(here), bad, len(here) - sum(here), 0), share=0.1)
    return look / 5


def simulations(count: int) -> str:
    """The distribution, in a line."""
    seconds = sorted(simulated(seed) for seed in range(count))
    middle, p95, p99 = (seconds[int(count * part)] for part in (0.5, 0.95, 0.99))
    late = sum(took > 60 for took in seconds)
    return (
        f"errors, {count} simulations: {middle:.1f} s (median), {p95:.1f} s (p95), {p99:.1f} s (p99), {late} above 60 s"
    )


def main() -> None:
    """Run all, print a line for each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=5)
    parser.add_argument("--healthy", type=int, default=20)
    parser.add_argument("--simulate", type=int, default=1000)
    options = parser.parse_args()
    print(simulations(options.simulate), flush=True)
    plan = {"errors": options.runs, "outage": 5, "hang": 5, "healthy": options.healthy}
    for kind, runs in plan.items():
        with ThreadPoolExecutor(options.at_once) as pool:
            results = list(pool.map(one, [kind] * runs, range(runs)))
        wanted = "promoted" if kind == "healthy" else "rolled back"
        right = sum(outcome == wanted for outcome, _ in results)
        seconds = sorted(took for _, took in results)
        print(
            f"{kind:8} {right} of {runs} {wanted}; with a share for {statistics.median(seconds):.1f} s (median), "
            f"{seconds[-1]:.1f} s (largest)",
            flush=True,
        )


if __name__ == "__main__":
    main()
