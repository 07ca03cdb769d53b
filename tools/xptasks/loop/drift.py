"""Drift: what the service serves against its contract, generated files, and the contracts against their baselines.

    python -m xptasks.loop.drift [--url URL] [--path PATH] [--json] ORDER

The step `drift` and `inv drift` run this as their process, in the environment of a tier and in the project's folder.
`ORDER` is what `xptasks.steps.drift.order` returns. Exit code 0, 1 when something drifted, 2 or 3 when nobody can tell.
"""

import argparse
import datetime as dt
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from xptasks.contracts.drift import differences, normal
from xptasks.contracts.generate.settings import GenerateSettings
from xptasks.contracts.settings import ContractsSettings
from xptasks.errors import CannotRunError, ConfigError, ExitCode, XpError
from xptasks.results import Finding
from xptasks.service.settings import ServiceSettings

_FOLDER = Path(".xp/drift")
_IMPORT = 60.0  # seconds that an application may take to be imported
_FETCH = 30.0
_LARGEST = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    Attributes:
        findings: differences and stale files; the report fails when one is an error.
        compared: how many operations the contracts have.
        judgement: the contracts against their baselines, as JSON; empty when that was not asked for.
        deferred: what could not be looked at.
        notes: what a reader should know.
    """

    findings: tuple[Finding, ...]
    compared: int = 0
    judgement: Mapping[str, Any] = field(default_factory=dict)
    broken: bool = False
    deferred: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """1 when something drifted or breaks."""
        drifted = any(finding.severity == "error" for finding in self.findings)
        return ExitCode.GATE_FAILED if drifted or self.broken else ExitCode.OK


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser("drift")
    parser.add_argument("--url", default="")
    parser.add_argument("--path", default="/openapi.json")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("order")
    options = parser.parse_args(argv)
    given = json.loads(options.order)
    contracts = ContractsSettings.model_validate_json(json.dumps(given["contracts"]))
    try:
        if options.url:
            report = look(contracts, fetch(options.url, options.path))
        else:
            generate = GenerateSettings.model_validate_json(json.dumps(given["generate"]))
            service = ServiceSettings.model_validate_json(json.dumps(given["service"]))
            report = check(contracts, generate, service)
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(asdict(report)) + "\n" if options.json else as_text(report))
    return report.exit_code


def check(contracts: ContractsSettings, generate: GenerateSettings, service: ServiceSettings) -> Report:
    """Everything: the application, the generated files, the baselines.

    Raises:
        XpError: one of them could not be looked at.
    """
    from xptasks.contracts.drift.served import of_application  # noqa: PLC0415 - not for a service by its address

    if not contracts.served:
        hint = 'say which application the contract describes: [contracts] served = "app.main:app"'
        raise ConfigError("it is not known what serves the contract", where="xpconfig.toml", hint=hint)
    os.environ.update(service.variables(os.environ, Path.cwd()))
    found = look(contracts, of_application(contracts.served, _IMPORT))
    stale = _stale(contracts, generate)
    return _judged(contracts, Report((*found.findings, *stale), found.compared, notes=found.notes))


def look(contracts: ContractsSettings, served: dict[str, Any]) -> Report:
    """The served document against the OpenAPI contracts.

    Raises:
        XpError: there is no contract, or one of the documents is none.
    """
    from xptasks.contracts.document import load  # noqa: PLC0415 - needs what only this process needs
    from xptasks.system.files import atomic_write  # noqa: PLC0415

    if not contracts.openapi:
        raise ConfigError("there is no OpenAPI contract", where="xpconfig.toml", hint="name it: [contracts] openapi")
    documents = [load(Path(path)) for path in contracts.openapi]
    findings: list[Finding] = []
    today = dt.datetime.now(tz=dt.UTC).date()
    shares = normal.shares(served, [document.value for document in documents])
    for number, (document, share) in enumerate(zip(documents, shares, strict=True)):
        path = _FOLDER / f"served-{number}.json"
        atomic_write(path, differences.written(normal.normalised(share, document.value)))
        findings += differences.find(document, load(path), today)
    operations = sum(len(item.keys() & {*normal.METHODS}) for each in documents for item in _items(each.value))
    notes = [f"{path}: nothing serves AsyncAPI; the step websocket holds messages to it" for path in contracts.asyncapi]
    return Report(tuple(findings), operations, notes=tuple(notes))


def _items(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [item for item in (document.get("paths") or {}).values() if isinstance(item, dict)]


def _stale(contracts: ContractsSettings, generate: GenerateSettings) -> tuple[Finding, ...]:
    from xptasks.contracts import generation  # noqa: PLC0415 - as above

    files = generate.files()
    paths = (*contracts.openapi, *contracts.asyncapi)
    request = generation.Request(paths, files, tolerant_enums=generate.tolerant_enums)
    return generation.check(Path(), request).findings if files else ()


def _judged(contracts: ContractsSettings, report: Report) -> Report:
    """The report with the verdict on the contracts' own changes; without a trunk there is nothing to compare with."""
    from dataclasses import replace  # noqa: PLC0415

    from xptasks.contracts.compat import formats  # noqa: PLC0415 - as above
    from xptasks.contracts.compat.baselines import MERGE_BASE  # noqa: PLC0415
    from xptasks.loop.compatibility import judge  # noqa: PLC0415
    from xptasks.system.change import merge_base  # noqa: PLC0415

    if MERGE_BASE in contracts.baseline and merge_base(Path.cwd()) is None:
        return replace(report, deferred=("the contracts' own changes: there is no trunk to compare with",))
    judgement = judge(contracts, Path.cwd(), today=dt.datetime.now(tz=dt.UTC).date())
    shown = json.loads(formats.show("json", judgement))
    return replace(report, judgement=shown, broken=judgement.exit_code() is not ExitCode.OK)


def fetch(url: str, path: str) -> dict[str, Any]:
    """The document that a running service serves.

    Raises:
        CannotRunError: it does not answer with one.
    """
    import anyio  # noqa: PLC0415 - only for a service by its address

    from xptasks.probes.http import ask  # noqa: PLC0415
    from xptasks.probes.look import Looker  # noqa: PLC0415
    from xptasks.probes.result import ProbeError  # noqa: PLC0415
    from xptasks.probes.settings import HttpOptions  # noqa: PLC0415

    async def answer() -> Any:  # noqa: ANN401 - any JSON
        asked = HttpOptions.model_validate({"kind": "openapi", "path": path, "max_size": f"{_LARGEST // 2**20}MiB"})
        async with Looker(url, ContractsSettings(), os.environ, Path.cwd()) as looker:
            with anyio.fail_after(_FETCH):
                return (await ask(asked, looker.target())).json()

    hint = "FastAPI serves it at /openapi.json; name another place with --path"
    try:
        document = anyio.run(answer)
    except ProbeError as error:
        raise CannotRunError(f"{url}{path} serves no OpenAPI document: {error.detail}", hint=hint) from None
    except TimeoutError:
        raise CannotRunError(f"{url}{path} did not answer within {_FETCH:g} s", hint=hint) from None
    if not isinstance(document, dict):
        raise CannotRunError(f"{url}{path} serves JSON that is no OpenAPI document", hint=hint)
    return document


def as_text(report: Report) -> str:
    """A block for each finding, and a last line that sums up."""
    blocks = [_block(finding) for finding in report.findings]
    changes = [change for change in report.judgement.get("changes", ()) if change["severity"] != "info"]
    blocks += [f"{change['at']}: {change['message']} [{change['rule']}]" for change in changes]
    blocks += [f"not looked at: {words}" for words in report.deferred]
    blocks += [f"note: {words}" for words in report.notes]
    errors = sum(finding.severity == "error" for finding in report.findings)
    verdict = f"{errors} findings" if errors else "no drift"
    return "\n".join([*blocks, f"{verdict}: {report.compared} operations compared"]) + "\n"


def _block(finding: Finding) -> str:
    where = f"{finding.position}: " if finding.position else ""
    return f"{where}{finding.message} [{finding.rule}]"


if __name__ == "__main__":
    raise SystemExit(main())
