"""Every probe looks once: what the step `smoke` and `inv probe` run, in the environment of a tier.

    python -m xptasks.probes.once [--url URL] [--json] REQUEST

Without a URL the project's service is started for it. `REQUEST` is what `request` returns; no secret is in it.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xptasks.contracts.settings import ContractsSettings
from xptasks.errors import ConfigError, ExitCode, XpError
from xptasks.probes import kinds
from xptasks.probes.result import ProbeResult
from xptasks.probes.settings import ProbeOptions
from xptasks.results import Position
from xptasks.service.launch import running
from xptasks.service.settings import ServiceSettings

LOG = Path(".xp/service/smoke.log")
_CONFIG = "xpconfig.toml"


def request(service: ServiceSettings, contracts: ContractsSettings, probes: Mapping[str, ProbeOptions]) -> str:
    """What to look at, as one word for a command line.

    Raises:
        ConfigError: there are no probes.
    """
    if not probes:
        hint = 'write one: [probes.health], then kind = "health"'
        raise ConfigError("there are no probes", where=_CONFIG, hint=hint)
    tables = {name: options.model_dump(mode="json", exclude_none=True) for name, options in probes.items()}
    settings = {name: each.model_dump(mode="json") for name, each in (("service", service), ("contracts", contracts))}
    return json.dumps(settings | {"probes": tables})


def main(argv: Sequence[str] | None = None) -> int:
    """The command line, run in the project's folder."""
    parser = argparse.ArgumentParser("once")
    parser.add_argument("--url", default="")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("request")
    options = parser.parse_args(argv)
    given = json.loads(options.request)
    try:
        results = _look(options.url, given)
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(as_json(results) if options.json else as_text(results))
    return ExitCode.OK if all(result.ok for result in results) else ExitCode.GATE_FAILED


def _look(url: str, given: Mapping[str, Any]) -> Sequence[ProbeResult]:
    from xptasks.probes.look import look_once  # noqa: PLC0415 - imports what only this process needs

    service = ServiceSettings.model_validate(given["service"])
    contracts = ContractsSettings.model_validate(given["contracts"])
    probes = {name: kinds.load(table["kind"]).Options.model_validate(table) for name, table in given["probes"].items()}
    folder = Path.cwd()
    if url:
        return look_once(url, probes, contracts, os.environ, folder)
    environ = {**os.environ, **service.variables(os.environ, folder)}
    with running(service, folder, log=folder / LOG) as started:
        return look_once(started.url, probes, contracts, environ, folder)


def as_json(results: Sequence[ProbeResult]) -> str:
    """`{"probes": [...]}`, each as a `ProbeResult` and with the `place` of its table."""
    config = Path(_CONFIG).read_text(encoding="utf-8") if Path(_CONFIG).exists() else ""
    rows = [asdict(result) | {"place": _asdict(place_of(config, result.name))} for result in results]
    return json.dumps({"probes": rows}) + "\n"


def _asdict(place: Position | None) -> dict[str, Any] | None:
    return asdict(place) if place else None


def place_of(config: str, name: str) -> Position | None:
    """The line of the table `[probes.NAME]`; None when it is written in another way."""
    found = re.search(rf"^[ \t]*\[[ \t]*probes[ \t]*\.[ \t]*{re.escape(name)}[ \t]*\]", config, re.MULTILINE)
    return Position(_CONFIG, config.count("\n", 0, found.start()) + 1, 1) if found else None


def as_text(results: Sequence[ProbeResult]) -> str:
    """A line for each probe, and one more for what a failed one saw."""
    width = max((len(result.name) for result in results), default=0)
    return "".join(_line(result, width) for result in results)


def _line(result: ProbeResult, width: int) -> str:
    head = f"{'ok    ' if result.ok else 'FAILED'}  {result.name:<{width}}  {result.latency * 1000:6.0f} ms"
    if result.ok:
        return f"{head}\n"
    evidence = f"\n        contract: {result.evidence}" if result.evidence else ""
    return f"{head}  {result.trouble}: {result.detail}{evidence}\n"


if __name__ == "__main__":
    raise SystemExit(main())
