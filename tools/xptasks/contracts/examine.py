"""The inside of a check: one contract after the other, in a process that may die of it.

    python -m xptasks.contracts.examine MEMORY CPU FOLDER THOROUGH FILE...

prints one line of JSON a file. `validate` starts it and explains what its death means.
"""

import gc
import json
import mimetypes
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xptasks.contracts import rules
from xptasks.contracts.document import Document, by_place, read
from xptasks.contracts.positions import join_pointer
from xptasks.results import Finding, Position

if TYPE_CHECKING:
    from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

SECOND_OPINION = "openapi-spec-validator"
_BEARABLE = 5_000  # objects: openapi-spec-validator needs up to half a millisecond for each
_NOT_ITS_BUSINESS = "Unknown JSON Schema dialect"  # it need not know every dialect
_BASE = "file:///contract/"  # where it believes the files to be; nothing is opened there


def examine(path: Path, verdicts: Path | None, *, thorough: bool) -> tuple[list[Finding], list[str]]:
    """What is wrong with one contract, and which checks were left out.

    Args:
        path: the contract.
        verdicts: the folder where contracts that openapi-spec-validator accepted are remembered.
        thorough: run that check however long it takes.
    """
    document, findings = read(path)
    if document is None or any(finding.severity == "error" for finding in findings):
        return findings + ([] if document is None else _own_rules(document)), []
    findings = _own_rules(document)
    deferred: list[str] = []
    if document.kind == "openapi" and not any(finding.severity == "error" for finding in findings):
        more, deferred = _second_opinion(document, verdicts, thorough=thorough)
        findings += more
    return sorted(findings, key=by_place), deferred


def _own_rules(document: Document) -> list[Finding]:
    view = rules.View(document, rules.all_rules())
    return [finding for topic in rules.topics() for finding in topic.check(view)]


def _second_opinion(document: Document, verdicts: Path | None, *, thorough: bool) -> tuple[list[Finding], list[str]]:
    """What openapi-spec-validator says; asked once for each content, and only after our own rules found nothing."""
    from importlib.metadata import version  # noqa: PLC0415

    known = verdicts / f"{document.digest}-{version(SECOND_OPINION)}" if verdicts else None
    if known is not None and known.exists():
        return [], []
    objects = len(rules.View(document, {}).walk.nodes)
    if objects > _BEARABLE and not thorough:
        return [], [f"{SECOND_OPINION} on {document.path}: {objects:,} objects take it too long (--thorough runs it)"]
    try:
        findings = [finding for finding in _ask(document) if not finding.message.startswith(_NOT_ITS_BUSINESS)]
    except Exception as error:  # noqa: BLE001 - it promises nothing about documents that it does not expect
        return [], [f"{SECOND_OPINION} on {document.path}: it broke with {type(error).__name__}"]
    if known is not None and not findings:
        known.parent.mkdir(parents=True, exist_ok=True)
        known.touch()
    return findings, []


def _ask(document: Document) -> Iterator[Finding]:
    from jsonschema_path import SchemaPath  # noqa: PLC0415 - slow to import
    from openapi_spec_validator import (  # noqa: PLC0415 - slow to import
        OpenAPIV30SpecValidator,
        OpenAPIV31SpecValidator,
        OpenAPIV32SpecValidator,
    )

    mimetypes.knownfiles.clear()  # it opens its own schemas by address, which would read lists of file types in /etc

    def serve(address: str) -> Any:  # noqa: ANN401
        name = address.removeprefix(_BASE)
        if not address.startswith(_BASE) or name not in document.files:
            raise OSError(f"{address} is not a file of the contract")
        return document.files[name]

    handlers = dict.fromkeys(("<all_urls>", "http", "https", "file", "ftp", "data", ""), serve)
    schema = SchemaPath.from_dict(document.value, base_uri=_BASE + document.name, handlers=handlers)
    validators = {0: OpenAPIV30SpecValidator, 1: OpenAPIV31SpecValidator, 2: OpenAPIV32SpecValidator}
    for error in validators[document.version[1]](schema).iter_errors():
        yield _finding(document, error)


def _finding(document: Document, error: "OpenAPIValidationError") -> Finding:
    position = document.position(document.name, join_pointer(*error.absolute_path), value=True)
    message = error.message if len(error.message) <= 200 else error.message[:197] + "..."  # noqa: PLR2004
    return Finding(message, SECOND_OPINION, position=position)


def flat(finding: Finding) -> dict[str, Any]:
    """A finding as reports print it."""
    values = asdict(finding)
    position = values.pop("position") or asdict(Position(""))
    return values | position


def main(argv: list[str]) -> int:
    """Examines the files and prints what was found, a line each."""
    from xptasks.system.limits import limit_cpu, limit_memory  # noqa: PLC0415
    from xptasks.system.parentage import die_with_parent  # noqa: PLC0415

    memory, cpu, verdicts, thorough, *paths = argv
    limit_memory(int(memory))
    gc.disable()  # a short life; looking for circles among millions of values takes longer than all checks
    die_with_parent()
    for path in paths:
        limit_cpu(float(cpu))
        findings, deferred = examine(Path(path), Path(verdicts) if verdicts else None, thorough=thorough == "yes")
        line = json.dumps({"findings": [flat(finding) for finding in findings], "deferred": deferred})
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except MemoryError:
        os._exit(77)  # nothing can be said any more, and tidying up would need memory
    raise SystemExit(code)
