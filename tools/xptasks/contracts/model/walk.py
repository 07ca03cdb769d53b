"""Walking over types: what they mention, and the same type with something exchanged."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from xptasks.contracts.model.types import (
    AliasType,
    Array,
    Check,
    Checked,
    Declaration,
    Dictionary,
    EnumType,
    Nullable,
    ObjectType,
    Reference,
    Tuple,
    Type,
    UnionType,
)


def references(kind: Type, *, rules: bool = True) -> Iterator[str]:
    """The keys of the declarations that a type mentions; those in its rules too with `rules`."""
    match kind:
        case Reference():
            yield kind.key
        case Array():
            yield from references(kind.items, rules=rules)
        case Tuple():
            for part in (*kind.prefix, *([kind.rest] if kind.rest is not None else [])):
                yield from references(part, rules=rules)
        case Dictionary():
            yield from references(kind.values, rules=rules)
        case Nullable():
            yield from references(kind.inner, rules=rules)
        case Checked():
            yield from references(kind.inner, rules=rules)
            if rules:
                yield from _of_checks(kind.checks)
        case _:
            return


def _of_checks(checks: tuple[Check, ...]) -> Iterator[str]:
    for check in checks:
        for operand in check.types:
            yield from references(operand)


def mentions(declaration: Declaration, *, rules: bool = True) -> Iterator[str]:
    """The keys of the declarations that a declaration mentions directly."""
    for part in parts(declaration):
        yield from references(part, rules=rules)
    if rules:
        yield from _of_checks(declaration.checks)


def parts(declaration: Declaration) -> tuple[Type, ...]:
    """The types that a declaration consists of."""
    match declaration:
        case ObjectType():
            extra = () if declaration.extra is None else (declaration.extra,)
            return (*(field.type for field in declaration.fields), *extra)
        case UnionType():
            return tuple(variant.type for variant in declaration.variants)
        case AliasType():
            return (declaration.type,)
        case EnumType():
            return ()


def exchange(kind: Type, key: Callable[[str], str]) -> Type:  # noqa: PLR0911 - one case for each type
    """The same type with other keys in its references."""
    match kind:
        case Reference():
            return Reference(key(kind.key))
        case Array():
            return replace(kind, items=exchange(kind.items, key))
        case Tuple():
            rest = None if kind.rest is None else exchange(kind.rest, key)
            return replace(kind, prefix=tuple(exchange(part, key) for part in kind.prefix), rest=rest)
        case Dictionary():
            return replace(kind, values=exchange(kind.values, key))
        case Nullable():
            return replace(kind, inner=exchange(kind.inner, key))
        case Checked():
            return Checked(exchange(kind.inner, key), _exchange_checks(kind.checks, key))
        case _:
            return kind


def _exchange_checks(checks: tuple[Check, ...], key: Callable[[str], str]) -> tuple[Check, ...]:
    return tuple(replace(check, types=tuple(exchange(item, key) for item in check.types)) for check in checks)


def exchange_all(declaration: Declaration, key: Callable[[str], str]) -> Declaration:
    """The same declaration with other keys in its references."""
    checks = _exchange_checks(declaration.checks, key)
    match declaration:
        case ObjectType():
            extra = None if declaration.extra is None else exchange(declaration.extra, key)
            fields = tuple(replace(field, type=exchange(field.type, key)) for field in declaration.fields)
            return replace(declaration, checks=checks, fields=fields, extra=extra)
        case UnionType():
            variants = tuple(replace(item, type=exchange(item.type, key)) for item in declaration.variants)
            return replace(declaration, checks=checks, variants=variants)
        case AliasType():
            return replace(declaration, checks=checks, type=exchange(declaration.type, key))
        case EnumType():
            return declaration
