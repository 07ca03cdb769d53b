"""Dependencies as Poetry and Pipenv write them, turned into requirements that every installer reads (PEP 508). Pure.

Source of the rules: Poetry's page "Dependency specification"; a caret allows what keeps the first number that is not 0.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_ORDER = re.compile(r"^(==|!=|<=|>=|~=|<|>|===)")


def requirements(table: Mapping[str, Any], *, extras: Iterable[str] = ()) -> list[str]:
    """The requirements of one table: `[tool.poetry.dependencies]`, a group's, or one of a Pipfile.

    Args:
        table: names with a version each, or with a table of details, or with a list of such tables.
        extras: the names of optional dependencies that are wanted all the same.
    """
    wanted = {_normal(name) for name in extras}
    found: list[str] = []
    for name, value in table.items():
        if name != "python":
            for entry in value if isinstance(value, list) else [value]:
                found += _one(name, entry, wanted)
    return found


def _one(name: str, entry: object, wanted: set[str]) -> Iterator[str]:
    details: Mapping[str, Any] = entry if isinstance(entry, dict) else {"version": entry}
    if details.get("optional") and _normal(name) not in wanted:
        return
    extras = f"[{','.join(map(str, details['extras']))}]" if details.get("extras") else ""
    marker = _marker(details)
    if "path" in details:
        yield f"-e {details['path']}" if details.get("develop") or details.get("editable") else f"{details['path']}"
    elif "git" in details:
        at = details.get("rev") or details.get("tag") or details.get("branch") or details.get("ref")
        yield f"{name}{extras} @ git+{details['git']}{f'@{at}' if at else ''}{marker}"
    elif "url" in details or "file" in details:
        yield f"{name}{extras} @ {details.get('url') or details['file']}{marker}"
    else:
        yield f"{name}{extras}{specifier(str(details.get('version') or '*'))}{marker}"


def _marker(details: Mapping[str, Any]) -> str:
    words = [f"({details['markers']})"] if details.get("markers") else []
    if details.get("platform"):
        words.append(f"sys_platform == '{details['platform']}'")
    if details.get("python"):
        first = str(details["python"]).partition("||")[0]
        words += [
            f"python_version {operator} '{version}'"
            for operator, version in re.findall(r"(==|!=|<=|>=|<|>)([\w.]+)", specifier(first))
            if "*" not in version
        ]
    return f" ; {' and '.join(words)}" if words else ""


def specifier(text: str) -> str:
    """A version constraint of Poetry's as a specifier of PEP 440; an alternative (`||`) keeps its last part."""
    last = text.rpartition("||")[2]
    parts = [part.strip() for part in re.split(r",|(?<=[\w*])\s+(?=[<>=!~^\d])", last) if part.strip()]
    return ",".join(filter(None, map(_part, parts)))


def _part(text: str) -> str:
    if text in {"*", "latest"}:
        return ""
    if text.startswith("^"):
        return _up_to(text[1:].strip(), _caret)
    if text.startswith("~") and not text.startswith("~="):
        return _up_to(text[1:].strip(), _tilde)
    if _ORDER.match(text):
        return text.replace(" ", "")
    return f"=={text}"


def _up_to(version: str, length: Any) -> str:  # noqa: ANN401 - a function of numbers
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    if not found:
        return ""
    numbers = [int(number) for number in found[0].split(".")]
    kept = numbers[: length(numbers)]
    kept[-1] += 1
    return f">={version},<{'.'.join(map(str, kept))}"


def _caret(numbers: list[int]) -> int:
    return next((at for at, number in enumerate(numbers, 1) if number), len(numbers))


def _tilde(numbers: list[int]) -> int:
    return min(2, len(numbers))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
