"""From merged values to a `Config`, or to everything that is wrong with them; knows paths, not positions."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from xptasks import steps
from xptasks.config import keys
from xptasks.config.layers import Values
from xptasks.config.overrides import did_you_mean, example
from xptasks.config.problems import quoted
from xptasks.config.settings import Config
from xptasks.probes import kinds
from xptasks.probes.settings import ProbeOptions
from xptasks.settings import SECRET_ERROR
from xptasks.tiers.settings import StepOptions

Path = tuple[str | int, ...]
_LIMIT = 1000  # mistakes of one table: to explain more of them would take long, and nobody reads them
_NO_PROBE = ProbeOptions(kind="none", path="/")  # stands in for one with mistakes, which are told already
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the key or the value at a path. `secret` means that the value must not be shown."""

    path: Path
    message: str
    hint: str = ""
    at: Literal["key", "value"] = "value"
    secret: bool = False


def validate(values: Values) -> tuple[Config | None, list[Problem]]:
    """The configuration, or None and what is wrong."""
    made, problems = _step_tables(values)
    probes, more = _probe_tables(values)
    tables = {name: each for name, each in (("steps", made), ("probes", probes)) if each is not None}
    config, others = _model(Config, (), values, values | tables)
    return (None if problems or more else config), [*problems, *more, *others]


def _step_tables(values: Values) -> tuple[Values | None, list[Problem]]:
    """The tables `[steps.NAME]` as each step's own options; of every step that a tier names, at least the defaults."""
    given = values.get("steps", {})
    if not isinstance(given, dict):
        return None, []
    named = [name for name in _named_steps(values) if is_step(name)]
    made: Values = {}
    problems: list[Problem] = []
    for name in dict.fromkeys([*given, *named]):
        made[name], more = _step_table(name, given.get(name, {}), values)
        problems.extend(more)
    return made, problems


def _step_table(name: str, table: object, values: Values) -> tuple[object, list[Problem]]:
    if not isinstance(table, dict):
        return table, []
    if not is_step(name) and "run" not in table:
        return StepOptions(), [_no_command(name)]
    options, problems = _model(steps.load(name).Options, ("steps", name), values, table)
    return options or StepOptions(), problems


def _probe_tables(values: Values) -> tuple[Values | None, list[Problem]]:
    """The tables `[probes.NAME]` as the options of each one's kind."""
    given = values.get("probes")
    if not isinstance(given, dict):
        return None, []
    made: Values = {}
    problems: list[Problem] = []
    for name, table in given.items():
        made[name], more = _probe_table(name, table, values)
        problems.extend(more)
    return made, problems


def _probe_table(name: str, table: object, values: Values) -> tuple[object, list[Problem]]:
    if not isinstance(table, dict):
        return table, []
    kind = table.get("kind")
    if not isinstance(kind, str) or not kinds.REGISTRY.has(kind):
        known = kinds.REGISTRY.names()
        near = did_you_mean(kind, known) if isinstance(kind, str) else ""
        said = f"there is no kind of probe {quoted(kind)}" if isinstance(kind, str) else "a probe needs its 'kind'"
        path: Path = ("probes", name, "kind") if "kind" in table else ("probes", name)
        hint = near or f"the kinds are: {', '.join(known)}"
        return _NO_PROBE, [Problem(path, said, hint, at="value" if "kind" in table else "key")]
    options, problems = _model(kinds.load(kind).Options, ("probes", name), values, table)
    return options or _NO_PROBE, problems


def is_step(name: str) -> bool:
    """Whether a step has this name; plugins, which take longer to find, are looked for last."""
    return name in steps.builtin() or name in steps.names()


def _no_command(name: str) -> Problem:
    hint = did_you_mean(name, steps.names()) or f"The built-in steps are: {', '.join(steps.names())}."
    message = f"{quoted(name)} is no built-in step, and a command of your own needs 'run'"
    return Problem(("steps", name), message, f'{hint} A command is: run = ["python", "-m", "my_check"]', at="key")


def _named_steps(values: Values) -> Iterator[str]:
    tiers = values.get("tiers", {})
    for tier in tiers.values() if isinstance(tiers, dict) else ():
        names = tier.get("steps", ()) if isinstance(tier, dict) else ()
        yield from (name for name in names if isinstance(name, str)) if isinstance(names, tuple) else ()


def _model(model: type[_Model], path: Path, values: Values, table: Values) -> tuple[_Model | None, list[Problem]]:
    try:
        return model.model_validate(table, strict=True), []
    except ValidationError as error:
        found = error.errors(include_url=False)[:_LIMIT]
        known = {path: list(model.model_fields)}
        return None, [_problem(detail, _path(values, (*path, *detail["loc"]), detail), known) for detail in found]


def _path(values: Values, loc: Path, detail: ErrorDetails) -> Path:
    """The path of an error in the values; pydantic adds words of its own to it, such as the member of a union."""
    here: Any = values
    path: Path = ()
    for number, part in enumerate(loc):
        inside = part in here if isinstance(here, dict) else isinstance(here, tuple) and isinstance(part, int)
        if inside:
            here, path = here[part], (*path, part)
        elif detail["type"] == "missing" and number == len(loc) - 1:
            path = (*path, part)
    return path


_EXPECTED = {
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "date_type": "a date",
}
_GIVEN: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number with a point",
    tuple: "a list",
    dict: "a table",
    dt.date: "a date",
    dt.datetime: "a date with a time",
    dt.time: "a time",
}


def _problem(detail: ErrorDetails, path: Path, known: Mapping[Path, list[str]]) -> Problem:
    """What pydantic found; `known` holds the keys of the table that it looked at."""
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(path, known.get(path[:-1]))
    if kind == "missing":
        return Problem(path, f"{_subject(path[:-1])} needs the key '{path[-1]}'", _advice(kind, path), at="key")
    at: Literal["key", "value"] = "key" if "[key]" in detail["loc"] else "value"
    message = f"{_subject(path)}{_complaint(detail)}"
    return Problem(path, message, _advice(kind, path), at=at, secret=kind == SECRET_ERROR)


def _complaint(detail: ErrorDetails) -> str:
    """What is wrong, to be said after the name of the key."""
    kind, limits = detail["type"], detail.get("ctx", {})
    if kind in _EXPECTED:
        return f" must be {_EXPECTED[kind]}, not {_GIVEN.get(type(detail['input']), 'this')}"
    if kind in {"too_short", "string_too_short"}:
        return " must not be empty"
    if kind == "literal_error":
        return f" must be {limits['expected']}"
    if kind in {"greater_than_equal", "less_than_equal"}:
        return f" must be at least {limits['ge']}" if "ge" in limits else f" must be at most {limits['le']}"
    return f": {limits['error'] if kind == 'value_error' else detail['msg']}"


def _advice(kind: str, path: Path) -> str:
    if kind in {"model_type", "dict_type"}:
        return f"write it as: [{_dotted(path)}]"
    if kind == "missing" and keys.table(_names(path)):
        return f"write it as: [{_dotted(path)}]"
    return "" if kind in {"value_error", SECRET_ERROR} else _example(path)


def _subject(path: Path) -> str:
    """How a message calls the key or table at a path."""
    if not path:
        return "the file"
    *parents, last = path
    return f"item {last + 1} of {_subject(tuple(parents))}" if isinstance(last, int) else _dotted(path)


def _dotted(path: Path) -> str:
    """As in TOML; the number of an item of a list counts from 1, as people do."""
    return quoted(".".join(str(part + 1 if isinstance(part, int) else part) for part in path))[1:-1]


def _unknown_key(path: Path, known: list[str] | None) -> Problem:
    table, name = _names(path[:-1]), str(path[-1])
    if known is None:
        model = keys.table(table)
        known = list(model.model_fields) if model else []
    hint = did_you_mean(name, known) or _elsewhere(name, table[:1]) or f"known keys: {', '.join(known)}"
    return Problem(
        path, f"unknown key {quoted(name)} in {f'[{_dotted(table)}]' if table else 'the file'}", hint, at="key"
    )


def _elsewhere(name: str, here: tuple[str, ...]) -> str:
    """A hint for a key that stands in the wrong table; among probes it is the kind that is wrong."""
    places = (path for path, _ in keys.walk(lambda table: () if table == ("steps",) else ("NAME",)))
    known = (path for path in places if path[:1] != here or here != ("probes",))
    found = next((path for path in known if path[-1] == name and len(path) > 1), None)
    return f"the key '{name}' belongs in [{'.'.join(found[:-1])}]" if found else ""


def _names(path: Path) -> tuple[str, ...]:
    return tuple(part for part in path if isinstance(part, str))


def _example(path: Path) -> str:
    """A hint with the example of the key that a path leads to or into."""
    names = _names(path)
    model = keys.table(names[:-1]) if names else None
    return example(names[-1], model.model_fields.get(names[-1])) if model else ""
