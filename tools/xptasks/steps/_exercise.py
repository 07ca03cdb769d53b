"""Send what Schemathesis makes of the contracts: `python -m xptasks.steps._exercise ORDER`, ORDER as JSON.

An application in this process is asked over ASGI (`served`), else the project's service, which is started for it. The
contract's file is the source, not the document that the service serves. Prints one report as a line of JSON;
exit code 0, 1 when there are faults, and those of XpError.
"""

import importlib
import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from typing import Any
from urllib.parse import urlsplit

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from xptasks.contracts.conform import Exchange, HttpContract, Violation
from xptasks.contracts.conform.http import Operation
from xptasks.contracts.conform.lenient import Lenience
from xptasks.errors import CannotRunError, ConfigError, XpError
from xptasks.service.launch import running
from xptasks.settings import mask
from xptasks.steps._client import Client

_PHASES = ("examples", "coverage", "fuzzing", "stateful")
_OURS = "contract"  # the check that holds responses against the contract, with its lines
# What it does better, and what frameworks do differently without harm: Allow after OPTIONS names one route's methods.
_LEFT_OUT = (
    "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "allow_header_conformance",
)  # fmt: skip
_UNREADABLE = 400  # what frameworks answer to a body that they cannot read; the contract's 422 is as good
_OWN_HEADERS = frozenset({
    "accept", "accept-encoding", "connection", "content-length", "host", "user-agent", "x-schemathesis-testcaseid",
})  # fmt: skip


@dataclass
class Report:
    """What one document's run found."""

    requests: int = 0
    tested: set[str] = field(default_factory=set)
    findings: list[dict[str, Any]] = field(default_factory=list)
    told: set[tuple[str, str]] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


class Exercise:
    """One document, and what answers for it."""

    def __init__(self, path: str, order: Mapping[str, Any], client: Client) -> None:
        self._order = order
        self._client = client
        self._contract = HttpContract.load(Path(path))
        self._lenience = Lenience(self._contract.document)
        self._violations: dict[str, Violation] = {}
        self._path = path
        self.report = Report()

    def run(self, app: Any, base_url: str | None) -> None:  # noqa: ANN401 - an ASGI application
        """Send everything, and note what is wrong."""
        schema = schemathesis.openapi.from_path(self._path, config=self._config(base_url))
        schema.app = app
        schemathesis.check(self._check())
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished | events.FuzzScenarioFinished):
                self._take(event.recorder)
            elif isinstance(event, events.NonFatalError):
                self.report.errors.append(f"{event.label}: {event.info.title}: {event.info.message}")
            elif isinstance(event, events.FatalError):
                raise CannotRunError(f"Schemathesis broke: {event.exception}")

    def untested(self) -> list[str]:
        """Operations that got no request."""
        return [name for name in self._contract.operations if name not in self.report.tested]

    @property
    def operations(self) -> int:
        """How many the document has."""
        return len(self._contract.operations)

    def _config(self, base_url: str | None) -> SchemathesisConfig:
        phases = self._order["phases"]
        left_out = {*_LEFT_OUT, *self._order["exclude_checks"]}
        config = {
            "seed": self._order["seed"],
            "max-time": self._order["max_time"],
            "continue-on-failure": True,
            "cache": {"enabled": False},
            "headers": dict(self._client.headers),
            "generation": {"deterministic": "coverage" in phases, "database": "none"},
            "checks": {name: {"enabled": False} for name in left_out},
            "phases": {name: {"enabled": name in phases} for name in _PHASES},
        }
        return SchemathesisConfig.from_dict(config | ({"base-url": base_url} if base_url else {}))

    def _check(self) -> Any:  # noqa: ANN401 - what Schemathesis calls a check
        def contract(_context: Any, response: Any, case: Any) -> None:  # noqa: ANN401
            violations = self._contract.check(_exchange(response))
            if violations and not _is_unreadable(response, case, violations):
                self._violations[str(violations[0])] = violations[0]
                raise AssertionError(str(violations[0]))

        return contract

    def _take(self, recorder: Any) -> None:  # noqa: ANN401 - a ScenarioRecorder
        self.report.requests += len(recorder.interactions)
        for case_id, checks in recorder.checks.items():
            case = recorder.cases[case_id].value
            interaction = recorder.interactions.get(case_id)
            self.report.tested.add(case.operation.label)
            for check in checks:
                if check.failure_info is not None and interaction is not None:
                    chained = recorder.cases[case_id].parent_id is not None
                    self._fault(check.name, check.failure_info.failure, case, interaction, chained=chained)

    def _fault(self, rule: str, failure: Any, case: Any, interaction: Any, *, chained: bool) -> None:  # noqa: ANN401
        operation = self._contract.find(case.operation.method.upper(), case.operation.path)
        if operation is None or self._is_noise(rule, case, operation):
            return
        violation = self._violations.get(failure.message) if rule == _OURS else None
        kind = (operation.name, f"{rule} {violation.rule if violation else ''}{_line(violation)}")
        if kind in self.report.told:
            return
        self.report.told.add(kind)
        place = violation.position if violation else self._contract.position(operation)
        message = str(violation) if violation else f"{operation.name}: {failure.title}: {_flat(failure.message)}"
        hint = f"to see it again: {self._again(interaction.request, operation, chained=chained)}"
        at = {"file": place.file, "line": place.line, "column": place.column}
        said = f"{message}\n  request   {_request(interaction.request)}\n  response  {_response(interaction.response)}"
        self.report.findings.append({"message": said, "rule": rule, "hint": hint} | at)

    def _is_noise(self, rule: str, case: Any, operation: Operation) -> bool:  # noqa: ANN401
        if rule not in ("negative_data_rejection", "positive_data_acceptance"):
            return False
        parameters = dict(_parameters(case))
        if rule == "positive_data_acceptance":
            # `null` has no form in a URL or a header, and only the service knows which of its own values it made.
            return any(
                value in (None, "null") or name in self._order["opaque"] for (_, name), value in parameters.items()
            )
        has_body = case.media_type is not None and not isinstance(case.body, schemathesis.core.NotSet)
        return self._lenience.only_scalars_are_off(
            operation, parameters, case.body if has_body else None, case.media_type or "" if has_body else ""
        )

    def _again(self, request: Any, operation: Operation, *, chained: bool) -> str:  # noqa: ANN401
        rerun = str(self._order["rerun"])
        if chained:
            return f"{rerun} --seed={self._order['seed']}   # {operation.name} after other requests"
        parts = urlsplit(request.uri)
        words = [f"{request.method} {parts.path}{'?' * bool(parts.query)}{parts.query}"]
        headers = {name.lower(): values[0] for name, values in request.headers.items()}
        for name, value in headers.items():
            if name not in _OWN_HEADERS and self._client_header(name) != value:
                words.append(f"--header={name}: {value}")
        words += [f"--without={name}" for name in self._client.headers if name.lower() not in headers]
        if request.body:
            words.append(_body_word(request.body))
        return " ".join([rerun, *map(shlex.quote, words)])

    def _client_header(self, name: str) -> str | None:
        return next((value for own, value in self._client.headers.items() if own.lower() == name), None)


def _exchange(response: Any) -> Exchange:  # noqa: ANN401 - a Schemathesis response
    path = urlsplit(response.request.url).path
    headers = {name.lower(): ", ".join(values) for name, values in response.headers.items()}
    whole = response.content if response.content_size == len(response.content) else None
    return Exchange(response.request.method.upper(), path, response.status_code, headers, whole)


def _is_unreadable(response: Any, case: Any, violations: tuple[Violation, ...]) -> bool:  # noqa: ANN401
    refused = response.status_code == _UNREADABLE and violations[0].rule == "status"
    return refused and case.meta is not None and case.meta.generation.mode.is_negative


def _parameters(case: Any) -> Iterator[tuple[tuple[str, str], Any]]:  # noqa: ANN401
    held = {"query": case.query, "path": case.path_parameters, "header": case.headers, "cookie": case.cookies}
    for place, values in held.items():
        for name, value in (values or {}).items():
            yield (place, name.lower()), value


def _line(violation: Violation | None) -> str:
    return f" {violation.place.file}#{violation.place.pointer}" if violation else ""


def _flat(text: str) -> str:
    return " ".join(text.split())


def _body_word(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return f"--hex={body.hex()}"
    return f"--body={text}" if text.isprintable() else f"--hex={body.hex()}"


def _request(request: Any) -> str:  # noqa: ANN401
    parts = urlsplit(request.uri)
    url = f"{parts.path}{'?' * bool(parts.query)}{parts.query}"
    return f"{request.method} {url} {_short(request.body)}".strip()


def _response(response: Any) -> str:  # noqa: ANN401
    return f"{response.status_code} {_short(response.content)}".strip() if response is not None else "none"


def _short(body: bytes | None) -> str:
    text = (body or b"")[:200].decode("utf-8", "replace")
    return text if len(text) <= 150 else text[:147] + "..."  # noqa: PLR2004 - a line


def application(name: str) -> Any:  # noqa: ANN401
    """The ASGI application that `module:attribute` names.

    Raises:
        ConfigError: there is no such.
    """
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute or "app")
    except (ImportError, AttributeError) as error:
        hint = 'as uvicorn is told: served = "app.main:app"'
        raise ConfigError(f"[contracts] served: {error}", where="xpconfig.toml", hint=hint) from None


@contextmanager
def answering(order: Mapping[str, Any], client: Client, project: Path) -> Iterator[tuple[Any, str | None]]:
    """The application in this process, or the URL of the service that was started."""
    if order["served"]:
        os.environ.update(client.variables)
        sys.path.insert(0, str(project))
        yield application(order["served"]), None
        return
    with running(client.service, project) as service:
        yield None, service.url


def main(text: str) -> int:
    """Run, and print the report."""
    order = json.loads(text)
    project = Path.cwd()
    try:
        client = Client.of(order, project)
        if not order["openapi"]:
            raise ConfigError(
                "there is no OpenAPI document", where="xpconfig.toml", hint="[contracts] openapi names it"
            )
        order |= _seeded(order)
        with answering(order, client, project) as (app, base_url):
            if order["words"]:
                from xptasks.steps._replay import replay  # noqa: PLC0415 - it is asked for rarely

                return replay(order, client, app, base_url)
            found = [Exercise(path, order, client) for path in order["openapi"]]
            for exercise in found:
                exercise.run(app, base_url)
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return _print(order, client, found)


def _seeded(order: Mapping[str, Any]) -> dict[str, Any]:
    """The seed and the words that are left: `--seed=NUMBER` repeats a run."""
    given = [word.partition("=")[2] for word in order["words"] if word.startswith("--seed=")]
    words = [word for word in order["words"] if not word.startswith("--seed=")]
    chosen = int(given[-1]) if given and given[-1].isdigit() else order["seed"]
    return {"words": words, "seed": SystemRandom().randrange(2**31) if chosen is None else chosen}


def _print(order: Mapping[str, Any], client: Client, found: list[Exercise]) -> int:
    findings = [item for exercise in found for item in exercise.report.findings]
    errors = [text for exercise in found for text in exercise.report.errors]
    report = {
        "findings": findings,
        "requests": sum(exercise.report.requests for exercise in found),
        "operations": sum(exercise.operations for exercise in found),
        "untested": [name for exercise in found for name in exercise.untested()],
        "seed": order["seed"],
    }
    sys.stdout.write(mask(json.dumps(report), client.secrets) + "\n")
    if errors:
        sys.stderr.write("\n".join(errors) + "\n")
        return CannotRunError.exit_code
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
