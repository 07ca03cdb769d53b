"""`inv validate-contracts`: are the contracts valid? Every mistake with its file, line and column.

The work happens in a child (`examine`) with limits on memory and time, so that a contract that exhausts either ends as
a finding.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xptasks.errors import CannotRunError, ExitCode
from xptasks.results import Finding, Position
from xptasks.system.limits import Ending, run_limited, signal_name

_OUT_OF_MEMORY = 77  # what the child returns when it can say nothing else


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the check of one contract may use: seconds of time and of CPU, bytes of memory."""

    seconds: float = 8.0
    memory: int = 2**30


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome for some contracts.

    Attributes:
        findings: what is wrong, in the order of the files.
        checked: the contracts that were looked at.
        deferred: checks that were left out; what remains is not a full pass.
    """

    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    deferred: tuple[str, ...]

    @property
    def exit_code(self) -> ExitCode:
        """1 when there is an error among the findings."""
        failed = any(finding.severity == "error" for finding in self.findings)
        return ExitCode.GATE_FAILED if failed else ExitCode.OK


def check(
    paths: Sequence[str | Path],
    *,
    project: Path = Path(),
    bounds: Bounds = Bounds(),
    thorough: bool = False,
) -> Report:
    """Checks contracts, each in the time and memory it is given.

    Args:
        paths: the contracts; findings name them as they are written here.
        project: the folder whose `.xp/cache` remembers contracts that were found valid.
        bounds: the limits for each contract.
        thorough: also run the checks that take too long for a fast tier.

    Raises:
        CannotRunError: the child did not even start.
    """
    findings: list[Finding] = []
    deferred: list[str] = []
    waiting = [str(path) for path in paths]
    while waiting:
        lines: list[dict[str, Any]] = []
        ending = _examine(waiting, project, bounds, lines, thorough=thorough)
        for line in lines:
            findings += [_finding(item) for item in line["findings"]]
            deferred += line["deferred"]
        waiting = waiting[len(lines) :]
        if waiting:  # the child died of the first of them
            findings.append(_death(waiting.pop(0), ending, bounds))
    return Report(tuple(findings), tuple(str(path) for path in paths), tuple(deferred))


def _examine(paths: list[str], project: Path, bounds: Bounds, lines: list[dict[str, Any]], *, thorough: bool) -> Ending:
    limits = (str(bounds.memory), str(bounds.seconds))
    options = (str(project / ".xp" / "cache" / "contracts"), "yes" if thorough else "no")
    argv = (sys.executable, "-m", "xptasks.contracts.examine", *limits, *options, *paths)
    return run_limited(argv, bounds.seconds, lambda line: lines.append(json.loads(line)))


def _death(path: str, ending: Ending, bounds: Bounds) -> Finding:
    if ending.timed_out or ending.exit_code in (-9, -24):  # SIGKILL, SIGXCPU
        message = f"checking it takes longer than {bounds.seconds:g} s"
    elif ending.exit_code in (_OUT_OF_MEMORY, -6):
        message = f"checking it needs more than {bounds.memory // 2**20:,} MiB of memory"
    elif ending.exit_code < 0:
        message = f"checking it ended with {signal_name(ending.exit_code)}"
    else:
        raise CannotRunError(
            f"the check of {path} broke", hint=f"This is a mistake in xptasks: {_last_line(ending.errors)}"
        )
    hint = "Split it, nest less, or simplify its patterns; the limits are in [contracts] of xpconfig.toml."
    return Finding(message, "contract-too-costly", position=Position(path), hint=hint)


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2] or "it said nothing"


def _finding(item: dict[str, Any]) -> Finding:
    position = Position(item["file"], item["line"], item["column"]) if item["file"] else None
    return Finding(item["message"], item["rule"], item["severity"], position, item["hint"])


def as_text(report: Report) -> str:
    """The report as people read it: a block a finding, and one line at the end."""
    blocks = [_block(finding) for finding in report.findings]
    blocks += [f"not checked: {notice}" for notice in report.deferred]
    errors = sum(finding.severity == "error" for finding in report.findings)
    count = len(report.checked)
    contracts = f"{count} contract{'' if count == 1 else 's'}"
    verdict = f"{errors} mistake{'' if errors == 1 else 's'} in {contracts}" if errors else f"{contracts} valid"
    partly = ", partly checked" if report.deferred else ""
    return "\n".join([*blocks, verdict + partly]) + "\n"


def _block(finding: Finding) -> str:
    where = f"{finding.position}: " if finding.position else ""
    kind = "" if finding.severity == "error" else f"{finding.severity}: "
    hint = f"\n  {finding.hint}" if finding.hint else ""
    return f"{where}{kind}{finding.message} [{finding.rule}]{hint}"


def as_json(report: Report) -> str:
    """The report for programs."""
    findings = [
        {
            "message": finding.message,
            "rule": finding.rule,
            "severity": finding.severity,
            "file": finding.position.file if finding.position else "",
            "line": finding.position.line if finding.position else None,
            "column": finding.position.column if finding.position else None,
            "hint": finding.hint,
        }
        for finding in report.findings
    ]
    values = {"findings": findings, "checked": report.checked, "deferred": report.deferred}
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: `python -m xptasks.contracts.validate FILE...`."""
    parser = argparse.ArgumentParser("validate-contracts", description="Check OpenAPI and AsyncAPI documents.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="an OpenAPI or AsyncAPI document, YAML or JSON")
    parser.add_argument("--json", action="store_true", help="print findings as JSON")
    parser.add_argument("--thorough", action="store_true", help="also run what takes too long before every commit")
    parser.add_argument(
        "--timeout", type=float, default=Bounds().seconds, help="seconds for each document (%(default)s)"
    )
    parser.add_argument(
        "--memory", type=int, default=Bounds().memory, help="bytes of memory for each document (%(default)s)"
    )
    options = parser.parse_args(argv)
    try:
        report = check(options.files, bounds=Bounds(options.timeout, options.memory), thorough=options.thorough)
    except CannotRunError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(as_json(report) if options.json else as_text(report))
    return report.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
