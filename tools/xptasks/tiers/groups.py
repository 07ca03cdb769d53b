"""The dependencies that a project names for its developers, wherever it names them, as requirements. Pure over texts.

A group is called as the project calls it (`dev`: PEP 735, Poetry, PDM), or `hatch:NAME`, `tox:NAME`, `pipenv:NAME`
where a tool keeps names of its own.
"""

import configparser
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from xptasks.tiers import poetry

Texts = Callable[[str], str]
"""What a file of the project says, by its relative path; empty where there is none."""

_FACTOR = re.compile(r"^[!\w{},.-]+:\s")


def metadata(texts: Texts) -> dict[str, Any]:
    """`pyproject.toml`, or nothing where it is missing or no TOML."""
    return _toml(texts("pyproject.toml"))


def requirements(texts: Texts, group: str) -> list[str]:
    """The requirements of a group; empty for one that is not there.

    Args:
        texts: the project's files.
        group: its name, see above.
    """
    tool, colon, name = group.partition(":")
    if colon:
        return _TOOLS[tool](texts, name) if tool in _TOOLS else []
    pyproject = metadata(texts)
    tools = _table(pyproject, "tool")
    found = list(_standard(_table(pyproject, "dependency-groups"), group, ()))
    found += poetry.requirements(poetry_group(tools, group))
    found += [str(word) for word in _table(tools, "pdm", "dev-dependencies").get(group, ())]
    if group == "dev":
        found += [str(word) for word in _table(tools, "uv").get("dev-dependencies", ())]
    return [*_local(found, tools)]


def names(texts: Texts) -> list[str]:
    """The names of all groups that the project has."""
    pyproject = metadata(texts)
    tools = _table(pyproject, "tool")
    found = [*_table(pyproject, "dependency-groups"), *_table(tools, "poetry", "group")]
    found += [*_table(tools, "pdm", "dev-dependencies")]
    if _table(tools, "poetry").get("dev-dependencies") or _table(tools, "uv").get("dev-dependencies"):
        found.append("dev")
    found += [f"hatch:{name}" for name in _table(tools, "hatch", "envs")]
    found += [f"tox:{name}" for name in _tox(texts)]
    pipfile = _toml(texts("Pipfile"))
    found += [f"pipenv:{name}" for name in ("packages", "dev-packages") if _table(pipfile, name)]
    return list(dict.fromkeys(found))


def own(texts: Texts, extras: Iterable[str]) -> list[str]:
    """What the project itself depends on, for one that is not installed: `[project]`, Poetry's, or `setup.cfg`."""
    pyproject = metadata(texts)
    project, tools = _table(pyproject, "project"), _table(pyproject, "tool")
    found = [str(word) for word in project.get("dependencies", ())]
    for extra in extras:
        found += [str(word) for word in _table(project, "optional-dependencies").get(extra, ())]
    optional = [name for extra in extras for name in _table(tools, "poetry", "extras").get(extra, ())]
    found += poetry.requirements(_table(tools, "poetry", "dependencies"), extras=optional)
    if not found:
        found = _lines(_ini(texts("setup.cfg")).get("options", {}).get("install_requires", ""))
    return [*_local(found, tools)]


def extras(texts: Texts) -> list[str]:
    """The names of the project's extras, as far as files say them."""
    pyproject = metadata(texts)
    found = [*_table(pyproject, "project", "optional-dependencies"), *_table(pyproject, "tool", "poetry", "extras")]
    found += [name for name in _ini(texts("setup.cfg")).get("options.extras_require", {}) if name != "DEFAULT"]
    return list(dict.fromkeys(found))


def poetry_group(tools: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The table of one of Poetry's groups; `dev` may be written the old way."""
    old = _table(tools, "poetry", "dev-dependencies") if name == "dev" else {}
    return {**old, **_table(tools, "poetry", "group", name, "dependencies")}


def _standard(groups: Mapping[str, Any], name: str, above: tuple[str, ...]) -> Iterator[str]:
    """A group of PEP 735 with those that it includes; names are compared as the PEP says."""
    by_name = {_normal(each): entries for each, entries in groups.items()}
    for entry in by_name.get(_normal(name), ()):
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict) and (inner := str(entry.get("include-group", ""))) and inner not in above:
            yield from _standard(groups, inner, (*above, name))


def _local(requirements: Iterable[str], tools: Mapping[str, Any]) -> Iterator[str]:
    """What `[tool.uv.sources]` says lies in a folder or in a repository is taken from there."""
    sources = {_normal(name): source for name, source in _table(tools, "uv", "sources").items()}
    for requirement in requirements:
        source = sources.get(_normal(re.split(r"[\s\[<>=!~;@(]", requirement, maxsplit=1)[0]))
        if isinstance(source, dict) and "path" in source:
            yield f"-e {source['path']}" if source.get("editable") else str(source["path"])
        elif isinstance(source, dict) and "git" in source:
            at = source.get("rev") or source.get("tag") or source.get("branch")
            yield f"{re.split('[<>=!~; ]', requirement)[0]} @ git+{source['git']}{f'@{at}' if at else ''}"
        else:
            yield requirement


def _hatch(texts: Texts, name: str) -> list[str]:
    envs = _table(metadata(texts), "tool", "hatch", "envs")
    env = _table(envs, name)
    base = _table(envs, str(env.get("template", "default"))) if not env.get("detached") else {}
    tables = (base, env) if base is not env else (env,)
    found = [
        str(word) for table in tables for key in ("dependencies", "extra-dependencies") for word in table.get(key, ())
    ]
    for group in (group for table in tables for group in table.get("dependency-groups", ())):
        found += requirements(texts, str(group))
    return [word for word in dict.fromkeys(found) if "{" not in word]


def _tox_requirements(texts: Texts, name: str) -> list[str]:
    section = _tox(texts).get(name, {})
    found = []
    for line in _lines(section.get("deps", "")):
        plain = line.replace("{toxinidir}/", "").replace("{tox_root}/", "")
        if "{" not in plain and not _FACTOR.match(plain):
            found.append(plain)
    for group in re.split(r"[\s,]+", section.get("dependency_groups", "")):
        found += requirements(texts, group) if group else []
    return found


def _tox(texts: Texts) -> dict[str, dict[str, str]]:
    """The environments of tox, those of `tox.toml` too: `deps`, `dependency_groups` and `extras` as text."""
    pyproject = _table(metadata(texts), "tool", "tox")
    old = pyproject.get("legacy_tox_ini")
    sections = _ini(str(old or "") or texts("tox.ini"))
    found = {name.removeprefix("testenv:"): sections[name] for name in sections if name.startswith("testenv")}
    new = _toml(texts("tox.toml")) or pyproject
    for name, table in (("testenv", _table(new, "env_run_base")), *_table(new, "env").items()):
        words = (
            {key: table.get(key) for key in ("deps", "dependency_groups", "extras")} if isinstance(table, dict) else {}
        )
        as_text = {key: "\n".join(map(str, value)) for key, value in words.items() if isinstance(value, list)}
        if as_text:
            found[name] = as_text
    return found


def tox_extras(texts: Texts, name: str) -> list[str]:
    """The extras that an environment of tox installs the project with."""
    return [
        word for word in re.split(r"[\s,]+", _tox(texts).get(name, {}).get("extras", "")) if word and "{" not in word
    ]


def _pipenv(texts: Texts, name: str) -> list[str]:
    return poetry.requirements(_table(_toml(texts("Pipfile")), name))


_TOOLS: Mapping[str, Callable[[Texts, str], list[str]]] = {
    "hatch": _hatch,
    "tox": _tox_requirements,
    "pipenv": _pipenv,
}


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError:
        return {}


def _table(value: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for name in path:
        inner = value.get(name)
        value = inner if isinstance(inner, dict) else {}
    return value


def _ini(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError):
        return {}
    return {name: {key: value or "" for key, value in parser.items(name)} for name in parser.sections()}


def _lines(text: str) -> list[str]:
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
