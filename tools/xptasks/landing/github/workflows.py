"""What the workflows on the trunk say about the check that guards it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Guard:
    """The job that reports the check.

    Attributes:
        file: the workflow's name.
        triggers: the events that start it.
        always: whether it also runs when the jobs before it failed or were skipped.
        needs: the jobs that it waits for.
    """

    file: str
    triggers: frozenset[str]
    always: bool
    needs: tuple[str, ...]


def guards(files: Mapping[str, str], check: str) -> list[Guard]:
    """The jobs that report a check of that name; a file that is no workflow has none.

    Args:
        files: the text of each workflow by its name.
        check: the name of a job, or its key.
    """
    return [guard for name, text in sorted(files.items()) for guard in _of_file(name, text, check)]


def _of_file(name: str, text: str, check: str) -> Iterator[Guard]:
    document = _loaded(text)
    jobs = document.get("jobs")
    for key, job in jobs.items() if isinstance(jobs, dict) else ():
        if isinstance(job, dict) and str(job.get("name", key)) == check:
            needs = job.get("needs", ())
            named = (needs,) if isinstance(needs, str) else tuple(map(str, needs)) if isinstance(needs, list) else ()
            yield Guard(name, _triggers(document.get("on")), "always()" in str(job.get("if", "")), named)


def _loaded(text: str) -> Mapping[str, Any]:
    import yaml  # noqa: PLC0415 - only whoever reads workflows needs it

    try:
        # Of the loaders this one leaves `on` a text; workflows of strangers are never made objects.
        document = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes texts, lists and mappings only
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _triggers(value: object) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset({value})
    return frozenset(map(str, value)) if isinstance(value, list | dict) else frozenset()
