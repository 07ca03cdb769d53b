"""The tree of keys, read off the models: which table is at a path, which key, and all of them by name."""

import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import create_model
from pydantic.fields import FieldInfo

from xptasks import steps
from xptasks.config.settings import Config
from xptasks.probes import kinds
from xptasks.settings import Settings

Keys = tuple[str, ...]
Names = Callable[[Keys], Iterable[str]]
"""The names of the tables in `[tiers]`, `[steps]`, ...: whatever the user has called them."""

_NOT_OVERRIDDEN = "profiles"  # a profile is chosen, not edited


def table(path: Keys) -> type[Settings] | None:
    """The model of the table at a path such as `("tiers", "fast")`; None where no table is described."""
    here: Any = Config
    for depth, name in enumerate(path):
        here = _inside(here, name, path[:depth])
    return here if _is_table(here) else None


def _inside(here: Any, name: str, path: Keys) -> Any:  # noqa: ANN401 - an annotation may be anything
    if path == ("steps",):
        return steps.load(name).Options
    if path == ("probes",):
        return _any_probe()
    if _is_table(here):
        field = here.model_fields.get(name)
        plain = _plain(field.annotation) if field else None
        return _plain(get_args(plain)[0]) if _is_list_of_tables(plain) else plain
    return _plain(get_args(here)[1]) if get_origin(here) is dict else None


@cache
def _any_probe() -> type[Settings]:
    """The keys of every kind of probe together: of which kind one is, its path does not tell."""
    options = [kinds.load(name).Options for name in kinds.REGISTRY.builtin]
    fields: dict[str, Any] = {
        name: (each.annotation, each) for one in options for name, each in one.model_fields.items()
    }
    return create_model("AnyProbe", __base__=Settings, **fields)


def _plain(annotation: Any) -> Any:  # noqa: ANN401 - an annotation may be anything
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return next((_plain(part) for part in get_args(annotation) if part is not type(None)), None)
    return annotation


def _is_table(annotation: Any) -> bool:  # noqa: ANN401 - an annotation may be anything
    return isinstance(annotation, type) and issubclass(annotation, Settings)


def _is_tables(annotation: Any) -> bool:  # noqa: ANN401 - an annotation may be anything
    return get_origin(annotation) is dict and _is_table(_plain(get_args(annotation)[1]))


def _is_list_of_tables(annotation: Any) -> bool:  # noqa: ANN401 - an annotation may be anything
    return get_origin(annotation) is tuple and _is_table(_plain(get_args(annotation)[0]))


def known_names(values: Mapping[str, Any]) -> Names:
    """The names that the configuration `values` gives to its tables; every built-in step has one anyway."""

    def names(path: Keys) -> Iterable[str]:
        here: Any = values
        for name in path:
            here = here.get(name, {}) if isinstance(here, dict) else {}
        given = list(here) if isinstance(here, dict) else []
        return sorted({*given, *steps.names()}) if path == ("steps",) else given

    return names


def field(path: Keys, names: Names) -> FieldInfo | None:
    """The key at a path, None if there is no such key, or it is a table or stands in a list of tables."""
    parents = [path[:depth] for depth in range(1, len(path)) if table(path[:depth]) is None]
    if any(path[len(parent)] not in names(parent) for parent in parents):
        return None
    model = None if _is_listed(path[:-1]) else table(path[:-1])
    found = model.model_fields.get(path[-1]) if model else None
    is_key = found is not None and path[0] != _NOT_OVERRIDDEN and not _holds_tables(found)
    return found if is_key else None


def _is_listed(path: Keys) -> bool:
    model = table(path[:-1]) if path else None
    found = model.model_fields.get(path[-1]) if model else None
    return found is not None and _is_list_of_tables(_plain(found.annotation))


def _holds_tables(found: FieldInfo) -> bool:
    plain = _plain(found.annotation)
    return _is_table(plain) or _is_tables(plain) or _is_list_of_tables(plain)


def walk(names: Names, path: Keys = ()) -> Iterator[tuple[Keys, FieldInfo]]:
    """Every key (not table) with its path, in the order of the models."""
    model = table(path)
    for name, found in model.model_fields.items() if model else ():
        here = (*path, name)
        if not _holds_tables(found):
            if here != (_NOT_OVERRIDDEN,):
                yield here, found
        elif _is_table(_plain(found.annotation)):
            yield from walk(names, here)
        else:
            for each in names(here):
                yield from walk(names, (*here, each))
