"""Values of environment variables that a project keeps for examples and tests, in files that are committed. Pure."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from xptasks.adopt.listing import Listing
from xptasks.tiers import variables

NAME = ".xptasks/test.env"
HEAD = """\
# Values for tests and checks, gathered from examples that are committed here: every step sees them, unless they are set
# in the environment. Change them as you like; secrets do not belong here.
"""
_EXAMPLE = re.compile(r"(^|/)(\.env\.(example|sample|template|dist|test|tests|testing|ci)|(example|sample|test)\.env)$")
_COMPOSE = re.compile(r"(^|/)(docker-)?compose[\w.-]*\.ya?ml$")
_OF_TOOLS = re.compile(
    r"(CI|GITHUB_\w+|RUNNER_\w+|(FORCE|NO|PY)_COLORS?|PYTEST_\w+|PYTHON\w+|(UV|PIP|TOX|NOX|POETRY|PDM|HATCH|COVERAGE|COVERALLS)_\w+)$"
)
_DEFAULT = re.compile(r"\$\{(\w+)(?::?-([^}]*)|:?[?+][^}]*)?\}|\$(\w+)")


def find(files: Listing, folder: str) -> dict[str, str]:
    """The values for a project: those of its own files before those of the folders above.

    Args:
        files: the repository.
        folder: the project's folder.
    """
    above = [str(each) for each in (PurePosixPath(folder), *PurePosixPath(folder).parents)]
    found: dict[str, str] = {}
    for place in reversed(dict.fromkeys(above)):
        names = [name for name in files.names if (name.rpartition("/")[0] or ".") == place]
        for name in sorted(names, key=lambda each: "test" in each):  # what is meant for tests goes last and wins
            if _COMPOSE.search(name):
                found |= dict(_composed(files.text(name), found))
            elif _EXAMPLE.search(name):
                found |= variables.parse(files.text(name))
    code = "\n".join(files.below(folder).text(name) for name in files.below(folder).python()).lower()
    for name in files.matching(".github/workflows/*.yml", ".github/workflows/*.yaml"):
        given = dict(_of_ci(files.text(name)))
        found = {**{each: value for each, value in given.items() if each.lower() in code}, **found}
    return {name: value for name, value in found.items() if value and "\n" not in value and not is_of_tools(name)}


def is_of_tools(name: str) -> bool:
    """Whether a variable tells tools how to behave: no setting of the project, and able to change what steps print."""
    return _OF_TOOLS.match(name) is not None


def _composed(text: str, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What compose sets for the services that are built here; a reference counts with its default."""
    try:
        loaded = yaml.safe_load(text)
        services = [each for each in loaded["services"].values() if isinstance(each, dict) and "build" in each]
    except (yaml.YAMLError, TypeError, KeyError, AttributeError, RecursionError):
        return
    for service in services:
        for name, value in _pairs(service.get("environment")):
            made = _DEFAULT.sub(lambda found: known.get(found[1] or found[3], found[2] or ""), value)
            if made:
                yield name, made


def _of_ci(text: str) -> Iterator[tuple[str, str]]:
    """What a workflow of GitHub sets for its jobs, but for what only GitHub knows."""
    try:
        loaded = yaml.safe_load(text)
        jobs = [each for each in loaded["jobs"].values() if isinstance(each, dict)]
        steps = [step for job in jobs for step in job.get("steps") or () if isinstance(step, dict)]
    except (yaml.YAMLError, TypeError, KeyError, AttributeError, RecursionError):
        return
    for place in (*steps, *jobs, loaded):
        for name, value in _pairs(place.get("env")):
            if "${{" not in value:
                yield name, value


def _pairs(environment: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - whatever the file holds
    if isinstance(environment, dict):
        yield from ((str(name), str(value)) for name, value in environment.items() if value is not None)
    elif isinstance(environment, list):
        for each in environment:
            name, equals, value = str(each).partition("=")
            if equals:
                yield name, value
