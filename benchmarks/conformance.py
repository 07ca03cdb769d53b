"""What holding answers against a contract costs: a page of 100 items, and pytest in a project that has no contract.

    python benchmarks/conformance.py [--rounds 15]

The peer for validation is jsonschema with the same schema; the base for pytest is pytest without the plugin. The pairs
take turns, and the least CPU time counts.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from xptasks.contracts.conform import Exchange, HttpContract

PROJECT = Path(__file__).resolve().parent.parent
CONTRACT = PROJECT / "contracts/openapi.yaml"
ITEM = {
    "id": "3f2b8c9e-5d1a-4c7b-9e2f-6a8d0b1c2d3e",
    "name": "Apollo",
    "description": "Land on the moon and come back.",
    "status": "active",
    "created_at": "2026-01-31T09:30:00Z",
    "updated_at": "2026-02-01T10:00:00.250000Z",
}
BODY = json.dumps({"items": [ITEM] * 100, "next_cursor": None}).encode()
TESTS = "import pytest\n\n\n@pytest.mark.parametrize('number', range(100))\ndef test_it(number):\n    pass\n"


def microseconds(work: Callable[[], object], times: int) -> float:
    """The CPU time of one call."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times * 1e6


def validation(rounds: int) -> None:
    """Print what judging adds to decoding."""
    contract = HttpContract.load(CONTRACT)
    exchange = Exchange("GET", "/api/projects", 200, {"content-type": "application/json"}, BODY)
    assert contract.check(exchange) == ()
    schemas = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))["components"]["schemas"]
    schema = {"$ref": "#/components/schemas/ProjectPage", "components": {"schemas": schemas}}
    peer = jsonschema.Draft202012Validator(schema)
    value = json.loads(BODY)
    works: dict[str, tuple[Callable[[], object], int]] = {
        "decode": (lambda: json.loads(BODY), 500),
        "decode and judge": (lambda: contract.check(exchange), 500),
        "jsonschema alone": (lambda: peer.is_valid(value), 3),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, (work, count) in works.items():
            times[name].append(microseconds(work, count))
    least = {name: min(found) for name, found in times.items()}
    added = least["decode and judge"] - least["decode"]
    for name, time_ in least.items():
        print(f"{name:30} {time_:10.1f} us")
    print(f"{'judging adds':30} {added:10.1f} us, jsonschema {least['jsonschema alone'] / added:.0f} times as much")


def startup(rounds: int) -> None:
    """Print what the plugin costs a pytest that has nothing to judge."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_it.py").write_text(TESTS, encoding="utf-8")
        plain = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider"]
        commands = {
            "pytest --collect-only": plain,
            "with the plugin": [*plain, "-p", "xptasks.contracts.pytest_conform"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        environ: dict[str, Any] = {**os.environ, "PYTHONPATH": str(PROJECT / "tools")}
        for _ in range(rounds):
            for name, argv in commands.items():
                began = _children()
                subprocess.run(argv, cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)
                seconds[name].append(_children() - began)
    least = [min(found) * 1000 for found in seconds.values()]
    for name, milliseconds in zip(commands, least, strict=True):
        print(f"{name:30} {milliseconds:10.1f} ms")
    print(f"{'ratio':30} {least[1] / least[0]:10.2f}")


def _children() -> float:
    """The CPU seconds of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    validation(options.rounds)
    startup(options.rounds)
