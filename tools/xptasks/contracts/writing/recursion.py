"""Which types contain themselves, for languages whose values lie inside of each other."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from xptasks.contracts.model.types import (
    AliasType,
    Checked,
    Declaration,
    Nullable,
    ObjectType,
    Reference,
    Tuple,
    Type,
    UnionType,
)
from xptasks.contracts.model.walk import parts, references

Edges = Mapping[str, set[str]]


def circular_aliases(types: Mapping[str, Declaration]) -> set[str]:
    """Aliases that mention themselves through nothing but aliases."""
    aliases = {key: item for key, item in types.items() if isinstance(item, AliasType)}
    edges = {key: {target for target in references(item.type) if target in aliases} for key, item in aliases.items()}
    return on_circles(edges)


def containment(types: Mapping[str, Declaration], leave_out: Iterable[str] = ()) -> dict[str, set[str]]:
    """What lies inside of what; lists and maps hold their items elsewhere, and so do the types to leave out."""
    skipped = set(leave_out)
    return {
        key: {target for part in _stored(item) for target in inside(part) if target not in skipped}
        for key, item in types.items()
        if key not in skipped
    }


def _stored(item: Declaration) -> tuple[Type, ...]:
    return tuple(field.type for field in item.fields) if isinstance(item, ObjectType) else parts(item)


def inside(kind: Type) -> Iterator[str]:
    """The declarations whose values lie inside of a value of this type."""
    match kind:
        case Reference():
            yield kind.key
        case Nullable() | Checked():
            yield from inside(kind.inner)
        case Tuple():
            for part in kind.prefix:
                yield from inside(part)
        case _:
            return


def indirect_unions(types: Mapping[str, Declaration]) -> set[str]:
    """Unions that contain themselves."""
    return {key for key in on_circles(containment(types)) if isinstance(types[key], UnionType)}


def on_circles(edges: Edges) -> set[str]:
    """The nodes from which a path leads back to them."""
    left = _without_ends(edges)
    return {key for key in left if leads_to(left, key, key)}


def _without_ends(edges: Edges) -> Edges:
    """Only what may lie on a circle: nodes that lead nowhere are taken away until there are none."""
    left = {key: set(targets) for key, targets in edges.items()}
    users: dict[str, list[str]] = {}
    for key, targets in edges.items():
        for target in targets:
            users.setdefault(target, []).append(key)
    ends = [key for key, targets in left.items() if not targets] + [key for key in users if key not in left]
    while ends:
        end = ends.pop()
        left.pop(end, None)
        for user in users.get(end, ()):
            if user in left:
                left[user].discard(end)
                if not left[user]:
                    ends.append(user)
    return left


def leads_to(edges: Edges, start: str, goal: str) -> bool:
    """True when one or more steps from `start` reach `goal`."""
    seen: set[str] = set()
    pending = list(edges.get(start, ()))
    while pending:
        key = pending.pop()
        if key == goal:
            return True
        if key not in seen:
            seen.add(key)
            pending.extend(edges.get(key, ()))
    return False


def reached_by(edges: Edges) -> Callable[[str, str], bool]:
    """Asks whether the edge between two nodes is part of a circle."""
    left = _without_ends(edges)

    def is_circle(owner: str, target: str) -> bool:
        return owner in left and target in left and (owner == target or leads_to(left, target, owner))

    return is_circle
