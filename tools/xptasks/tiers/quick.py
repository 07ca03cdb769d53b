"""Was this tier green on exactly this? The one question of the git hook and of an unchanged `nox -s TIER`.

After a run in which every step passed and could be cached, the runner leaves a record of all that the run depended on;
the question is answered by looking at all of it again. A record is text: the first line is the fingerprint, the rest
says what to look at, one `kind value` a line.
"""

from __future__ import annotations

from xptasks.tiers import fingerprint

TYPE_CHECKING = False  # `collections` is slow to import
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FORMAT = "1"
_SILENT = frozenset({"XPTASKS_ACTOR", "XPTASKS_OUTPUT", "XPTASKS_RUN_ID", "XPTASKS_STEP"})  # they change no verdict


class Record:
    """What a green run depended on beside the project's files.

    Attributes:
        environment: the tier's virtual environment.
        packages: the folders that hold what is installed in it.
        variables: names of the declared environment variables.
        programs: words that steps start, as in their argv.
        patterns: globs that name files which git ignores.
        summary: what the run said, for people.
    """

    __slots__ = ("environment", "packages", "patterns", "programs", "summary", "variables")

    def __init__(  # noqa: PLR0913 - values, each by its name
        self,
        environment: str,
        *,
        packages: Iterable[str] = (),
        variables: Iterable[str] = (),
        programs: Iterable[str] = (),
        patterns: Iterable[str] = (),
        summary: str = "",
    ) -> None:
        self.environment = environment
        self.packages = list(packages)
        self.variables = sorted(set(variables))
        self.programs = sorted(set(programs))
        self.patterns = sorted(set(patterns))
        self.summary = summary


def path_of(project: str, tier: str) -> str:
    """Where the record of a tier lies."""
    return f"{project}/.xp/tiers/{tier}/green"


def current(project: str, record: Record, environ: Mapping[str, str], files: fingerprint.Tree | None = None) -> str:
    """The fingerprint of now; `files` are the project's, where they are known already.

    Raises:
        fingerprint.UncacheableError: the state cannot be told.
    """
    overrides = sorted(item for item in environ.items() if item[0].startswith("XPTASKS_") and item[0] not in _SILENT)
    seen = fingerprint.environment(environ, record.variables, fingerprint.programs_of(record.environment))
    return fingerprint.digest(
        _FORMAT,
        sorted((fingerprint.project_tree(project) if files is None else files).items()),
        _ignored(project, record.patterns),
        fingerprint.distributions(record.packages, project),
        [fingerprint.program(name, seen["PATH"], project) for name in record.programs],
        sorted(seen.items()),
        overrides,
        environ.get("CI", ""),  # it may choose a profile
        fingerprint.host(),
    )


def _ignored(project: str, globs: list[str]) -> list[tuple[str, fingerprint.Blob]]:
    if not globs:
        return []
    from xptasks.tiers import patterns  # noqa: PLC0415 - `re` is slow to import, and few projects need it here

    return sorted(patterns.ignored(project, globs).items())


def write(record: Record, print_: str) -> str:
    """The record as text."""
    lines = [print_, f"environment {record.environment}", f"summary {record.summary}"]
    lines += [f"packages {folder}" for folder in record.packages]
    lines += [f"variable {name}" for name in record.variables]
    lines += [f"program {name}" for name in record.programs]
    lines += [f"pattern {glob}" for glob in record.patterns]
    return "\n".join(lines) + "\n"


def read(text: str) -> tuple[str, Record]:
    """The stored fingerprint and what it was made of.

    Raises:
        ValueError: the text is not a record.
    """
    print_, _, rest = text.partition("\n")
    kinds = ("environment", "summary", "packages", "variable", "program", "pattern")
    found: dict[str, list[str]] = {kind: [] for kind in kinds}
    for line in rest.removesuffix("\n").split("\n"):
        kind, _, value = line.partition(" ")
        if kind not in found:
            raise ValueError(f"not a record: {line}")
        found[kind].append(value)
    if not print_ or not found["environment"]:
        raise ValueError("not a record")
    return print_, Record(
        found["environment"][0],
        packages=found["packages"],
        variables=found["variable"],
        programs=found["program"],
        patterns=found["pattern"],
        summary="".join(found["summary"]),
    )


def green(project: str, tier: str, environ: Mapping[str, str]) -> str | None:
    """The summary of the last green run when nothing that it depended on has changed since; None otherwise."""
    try:
        with open(path_of(project, tier), encoding="utf-8", errors="surrogateescape") as file:
            stored, record = read(file.read())
        return record.summary if current(project, record, environ) == stored else None
    except (OSError, ValueError, fingerprint.UncacheableError):
        return None
