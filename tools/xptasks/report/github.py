"""GitHub Actions: annotations on the changed lines, and a summary on the job's page."""

import html
from collections.abc import Callable, Iterator
from pathlib import Path

from xptasks.markup import workflow_command
from xptasks.report.run import Run, is_green, said, tally, verdict
from xptasks.report.terminal import MOST_FINDINGS
from xptasks.report.text import clip, duration, one_line
from xptasks.results import Event, Finding

# GitHub refuses a summary above 1 MiB; several runs of a job share it.
MOST_BYTES = 200_000
_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def annotations(write: Callable[[str], None]) -> Callable[[Event, Run], None]:
    """A sink that writes a workflow command for each finding."""

    def sink(event: Event, run: Run) -> None:
        if event.kind == "step-finished":
            for finding in run.results[-1].reading.findings:
                write(command(finding))

    return sink


def command(finding: Finding) -> str:
    """The workflow command that annotates a line."""
    position = finding.position
    message = f"{finding.message}\n{finding.hint}" if finding.hint else finding.message
    return workflow_command(
        _LEVELS[finding.severity],
        message,
        file=position and position.file,
        line=position and position.line,
        col=position and position.column,
        title=finding.rule,
    )


def harmless(line: str) -> str:
    """A line that GitHub cannot take for a workflow command, whatever a tool printed."""
    safe = line.replace("##[", "## [")
    return f"| {safe}" if safe.lstrip().startswith("::") else safe


def summary(path: Path) -> Callable[[Event, Run], None]:
    """A sink that appends Markdown to the job's summary at the end."""

    def sink(event: Event, run: Run) -> None:
        if event.kind == "run-finished":
            with path.open("a", encoding="utf-8") as file:
                file.write(clip("\n".join(markdown(run)), MOST_BYTES) + "\n\n")

    return sink


def markdown(run: Run) -> Iterator[str]:
    """The run as a table, and the findings of what is not green as a list."""
    yield f"### {_cell(run.tier)}: {run.status} in {duration(run.seconds)}"
    yield ""
    yield f"{tally(run)}; exit code {run.exit_code}"
    yield ""
    yield "| step | verdict | time | what it said |"
    yield "|---|---|---|---|"
    for result in run.results:
        word = verdict(result) if is_green(result) else f"**{verdict(result)}**"
        yield f"| {_cell(result.step)} | {word} | {duration(result.seconds)} | {_cell(said(result))} |"
    for result in run.results:
        findings = [finding for finding in result.reading.findings if finding.severity == "error"]
        if findings:
            yield f"\n**{_cell(result.step)}**, again with {_code(result.rerun)}\n"
            yield from (_item(finding) for finding in findings[:MOST_FINDINGS])
        if len(findings) > MOST_FINDINGS:
            yield f"- and {len(findings) - MOST_FINDINGS} more"


def _item(finding: Finding) -> str:
    where = f"{_code(str(finding.position))}: " if finding.position else ""
    rule = f" [{_cell(finding.rule)}]" if finding.rule else ""
    return f"- {where}{_cell(finding.message)}{rule}"


def _cell(text: str) -> str:
    """Text that Markdown and HTML leave as it is."""
    escaped = html.escape(one_line(text), quote=False)
    return "".join(f"\\{sign}" if sign in "\\`*_[]|~#@" else sign for sign in escaped)


def _code(text: str) -> str:
    """An HTML element, because no number of backticks is safe inside a table."""
    return f"<code>{_cell(text)}</code>"
