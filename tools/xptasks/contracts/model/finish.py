"""What can only be decided when all types are known: discriminators, who uses what, directions, names."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

from xptasks.contracts.model.build import TypeBuilder
from xptasks.contracts.model.names import digest
from xptasks.contracts.model.shape import same
from xptasks.contracts.model.source import Node
from xptasks.contracts.model.types import (
    MISSING,
    AliasType,
    Anything,
    Array,
    Checked,
    Constant,
    Declaration,
    Dictionary,
    EnumType,
    Field,
    Json,
    Nothing,
    Nullable,
    ObjectType,
    Reference,
    Scalar,
    Trouble,
    Tuple,
    Type,
    UnionType,
    Use,
    Variant,
)
from xptasks.contracts.model.walk import exchange_all, mentions

Declared = Mapping[str, Declaration]


def resolved(kind: Type, declared: Declared) -> Type | Declaration:
    """What a type is in the end, without the names, nulls and rules around it."""
    seen = set()
    found: Type | Declaration = kind
    while True:
        if isinstance(found, Reference):
            if found.key in seen or found.key not in declared:
                return found
            seen.add(found.key)
            found = declared[found.key]
        elif isinstance(found, AliasType):
            found = found.type
        elif isinstance(found, Nullable | Checked):
            found = found.inner
        else:
            return found


def accepts_null(kind: Type, declared: Declared) -> bool:
    """True when null is a value of the type, whatever names are around it."""
    seen: set[str] = set()
    pending: list[Type] = [kind]
    while pending:
        found: Type | Declaration = pending.pop()
        if isinstance(found, Reference):
            if found.key in seen:
                continue
            seen.add(found.key)
            found = declared[found.key]
        if isinstance(found, Nullable | Anything) or found in (Scalar("null"), Constant(None)):
            return True
        if isinstance(found, Checked):
            pending.append(found.inner)
        elif isinstance(found, AliasType):
            pending.append(found.type)
        elif isinstance(found, UnionType):
            pending.extend(variant.type for variant in found.variants)
    return False


# Alternatives


def discriminate(builder: TypeBuilder) -> None:
    """Give each union its discriminating property, and drop `exclusive` where nothing can match twice."""
    declared = builder.declared
    _lift_null(builder)
    for key, union in list(declared.items()):
        if not isinstance(union, UnionType):
            continue
        tags = _said_tags(builder, key, union) if key in builder.tags else None
        name = str(builder.tags[key][0].get("propertyName")) if tags else None
        if tags is None:
            name, tags = _found_tags(union, declared)
        variants = union.variants
        if tags:
            variants = tuple(replace(item, tags=tags[index]) for index, item in enumerate(variants))
        exclusive = union.exclusive and not (tags and name) and not _disjoint_all(variants, declared)
        declared[key] = replace(union, variants=variants, discriminator=name if tags else None, exclusive=exclusive)


def _lift_null(builder: TypeBuilder) -> None:
    """Turn a union of alternatives that allow null into null or a union of alternatives that do not."""
    declared = builder.declared
    for key, union in list(declared.items()):
        if isinstance(union, UnionType) and any(accepts_null(item.type, declared) for item in union.variants):
            variants = tuple(replace(item, type=_without_null(item.type, declared)) for item in union.variants)
            if any(accepts_null(item.type, declared) for item in variants):
                continue
            bare = f"{key}/bare"
            declared[bare] = replace(union, name=f"{union.name.rstrip('_')}_Value", variants=variants)
            declared[key] = AliasType(name=union.name, at=union.at, doc=union.doc, type=Nullable(Reference(bare)))
            if key in builder.tags:
                builder.tags[bare] = builder.tags[key]


def _without_null(kind: Type, declared: Declared) -> Type:
    """What a named "something or null" is when it is not null."""
    while isinstance(kind, Reference) and isinstance(found := declared[kind.key], AliasType) and not found.checks:
        if isinstance(found.type, Nullable):
            return found.type.inner
        kind = found.type
    return kind


def _said_tags(builder: TypeBuilder, key: str, union: UnionType) -> list[tuple[str, ...]] | None:
    """The values that the contract's own discriminator gives each variant; None when it is of no use."""
    said, nodes = builder.tags[key]
    name = str(said.get("propertyName"))
    mapped = _mapped(builder, said, nodes[0])
    tags = []
    for variant, node in zip(union.variants, nodes, strict=True):
        constants = _tag_values(variant.type, name, builder.declared)
        tags.append(tuple(constants or mapped.get(builder.source.final_key(node)) or _implied(node)))
    wrong = not all(tags) or len({tag for group in tags for tag in group}) < sum(map(len, tags))
    if wrong:
        message = f"the discriminator {name!r} does not tell every alternative apart, so it is not used"
        builder.troubles.append(Trouble(union.at, message, "discriminator"))
        return None
    return tags


def _mapped(builder: TypeBuilder, said: Mapping[str, Any], near: Node) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tag, target in (said.get("mapping") or {}).items():
        ref = target if "/" in target or "#" in target or "." in target else f"#/components/schemas/{target}"
        try:
            found.setdefault(builder.source.final_key(builder.source.named(near, ref)), []).append(str(tag))
        except Exception:  # noqa: BLE001, S112 - a mapping to nowhere is the loader's finding
            continue
    return found


def _implied(node: Node) -> list[str]:
    ref = node.value.get("$ref") if isinstance(node.value, dict) else None
    return [str(ref).rpartition("/")[2]] if ref else []


def _found_tags(union: UnionType, declared: Declared) -> tuple[str | None, list[tuple[str, ...]] | None]:
    """A required property whose constants tell all variants apart, when there is one."""
    objects = [resolved(variant.type, declared) for variant in union.variants]
    first = objects[0]
    if not isinstance(first, ObjectType) or not all(isinstance(item, ObjectType) for item in objects):
        return None, None
    for field in first.fields:
        tags = [tuple(_tag_values(variant.type, field.wire, declared)) for variant in union.variants]
        if all(tags) and len({tag for group in tags for tag in group}) == sum(map(len, tags)):
            return field.wire, tags
    return None, None


def _tag_values(kind: Type, name: str, declared: Declared) -> list[str]:
    """The constants of a required property, when it has only strings."""
    found = resolved(kind, declared)
    if isinstance(found, UnionType):
        return [tag for variant in found.variants for tag in _tag_values(variant.type, name, declared)]
    if not isinstance(found, ObjectType):
        return []
    field = next((item for item in found.fields if item.wire == name and item.required), None)
    values = _constants(field.type, declared) if field else None
    return [value for value in values or () if isinstance(value, str)] if values else []


def _constants(kind: Type, declared: Declared) -> list[Any] | None:
    found = resolved(kind, declared)
    if isinstance(kind, Nullable):
        return None
    if isinstance(found, Constant):
        return [found.value]
    return [case.value for case in found.cases] if isinstance(found, EnumType) else None


def _disjoint_all(variants: tuple[Variant, ...], declared: Declared) -> bool:
    return all(disjoint(one.type, other.type, declared) for one, other in combinations(variants, 2))


def disjoint(one: Type, other: Type, declared: Declared) -> bool:
    """True when surely no value fits both types."""
    left, right = resolved(one, declared), resolved(other, declared)
    if isinstance(left, UnionType):
        return all(disjoint(variant.type, other, declared) for variant in left.variants)
    if isinstance(right, UnionType):
        return all(disjoint(one, variant.type, declared) for variant in right.variants)
    left_kinds, right_kinds = _json_kinds(left), _json_kinds(right)
    if left_kinds and right_kinds and not left_kinds & right_kinds:
        return True
    left_values, right_values = _values_of(left), _values_of(right)
    if left_values is not None and right_values is not None:
        return not any(same(item, value) for item in left_values for value in right_values)
    if isinstance(left, ObjectType) and isinstance(right, ObjectType):
        return _disjoint_objects(left, right, declared) or _closed_out(left, right) or _closed_out(right, left)
    return False


def _disjoint_objects(left: ObjectType, right: ObjectType, declared: Declared) -> bool:
    others = {field.wire: field for field in right.fields if field.required}
    for field in left.fields:
        if field.required and field.wire in others:
            one, other = _constants(field.type, declared), _constants(others[field.wire].type, declared)
            if one and other and not any(same(item, value) for item in one for value in other):
                return True
    return False


def _closed_out(closed: ObjectType, other: ObjectType) -> bool:
    names = {field.wire for field in closed.fields}
    return closed.extra is None and any(field.required and field.wire not in names for field in other.fields)


def _json_kinds(found: Type | Declaration) -> frozenset[str]:
    """The kinds of JSON value that a type may have; empty when that is not known."""
    match found:
        case Scalar():
            return frozenset({"number" if found.kind == "integer" else found.kind})
        case ObjectType() | Dictionary():
            return frozenset({"object"})
        case Array() | Tuple():
            return frozenset({"array"})
        case EnumType() | Constant():
            return frozenset(_kind_of(value) for value in _values_of(found) or ())
        case _:
            return frozenset()


def _kind_of(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, bool):
        return "boolean"
    kinds = {str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


def _values_of(found: Type | Declaration) -> list[Any] | None:
    if isinstance(found, Constant):
        return [found.value]
    return [case.value for case in found.cases] if isinstance(found, EnumType) else None


# Defaults


def settle_defaults(declared: dict[str, Declaration]) -> list[Trouble]:
    """Take back defaults that their own type refuses: they stay in the documentation only."""
    troubles: list[Trouble] = []
    for key, item in declared.items():
        if not isinstance(item, ObjectType):
            continue
        wrong = {
            field.wire
            for field in item.fields
            if field.default is not MISSING and not fits(field.default, field.type, declared)
        }
        if wrong:
            troubles.extend(
                Trouble(field.at, "the default is no value of its own type, so it is only documented", "default")
                for field in item.fields
                if field.wire in wrong
            )
            fields = tuple(_without_default(field) if field.wire in wrong else field for field in item.fields)
            declared[key] = replace(item, fields=fields)
    return troubles


def _without_default(field: Field) -> Field:
    note = f"Default in the contract, which is no value of this type: {json.dumps(field.default, ensure_ascii=False)}"
    return replace(field, default=MISSING, doc=replace(field.doc, notes=(*field.doc.notes, note)))


def fits(value: Json, kind: Type, declared: Declared) -> bool:  # noqa: PLR0911 - one case for each type
    """Whether a value has the shape of a type; constraints, formats and rules are not looked at."""
    if value is None:
        return accepts_null(kind, declared)
    match resolved(kind, declared):
        case Scalar() as found:
            return _kind_of(value) == ("number" if found.kind == "integer" else found.kind) and (
                found.kind != "integer" or float(value).is_integer()
            )
        case EnumType() | Constant() as found:
            return any(same(value, allowed) for allowed in _values_of(found) or ())
        case UnionType() as found:
            return any(fits(value, variant.type, declared) for variant in found.variants)
        case Array() as found:
            return isinstance(value, list) and all(fits(item, found.items, declared) for item in value)
        case Dictionary() as found:
            return isinstance(value, dict) and all(fits(item, found.values, declared) for item in value.values())
        case ObjectType() as found:
            return isinstance(value, dict) and all(
                fits(value[field.wire], field.type, declared) if field.wire in value else not field.required
                for field in found.fields
            )
        case found:
            return isinstance(value, list) if isinstance(found, Tuple) else not isinstance(found, Nothing)


# Directions


def split_directions(
    declared: dict[str, Declaration], requests: Iterable[str], responses: Iterable[str]
) -> Callable[[str], str]:
    """Let `required` hold only where a property travels: readOnly in responses, writeOnly in requests.

    A declaration keeps its name for responses; a request whose shape differs gets `NAME_Input`.

    Returns:
        The key to use in requests, for each key.
    """
    inputs = _affected(declared, requests, read_only=True) | _affected(declared, requests, read_only=False)
    changed = inputs & _reached(declared, requests)
    renamed = {key: f"{key}/input" for key in changed}

    def in_request(key: str) -> str:
        return renamed.get(key, key)

    for key in changed:
        bare = _relaxed(declared[key], read_only=True)
        clone = exchange_all(bare, in_request)
        declared[renamed[key]] = replace(clone, name=f"{declared[key].name.rstrip('_')}_Input")
    http = _reached(declared, (*requests, *responses))
    for key, declaration in list(declared.items()):
        if key in http and not key.endswith("/input"):
            declared[key] = _relaxed(declaration, read_only=False)
    return in_request


def _relaxed(declaration: Declaration, *, read_only: bool) -> Declaration:
    """Without `required` on the properties that do not travel this way."""
    if not isinstance(declaration, ObjectType) or not any(
        _bound(field, read_only=read_only) for field in declaration.fields
    ):
        return declaration
    fields = tuple(
        replace(field, required=False) if _bound(field, read_only=read_only) else field for field in declaration.fields
    )
    return replace(declaration, fields=fields)


def _bound(field: Any, *, read_only: bool) -> bool:  # noqa: ANN401 - Field
    return bool(field.required and (field.read_only if read_only else field.write_only))


def _affected(declared: Declared, roots: Iterable[str], *, read_only: bool) -> set[str]:
    """What contains, directly or not, a property whose `required` holds in one direction only."""
    reached = _reached(declared, roots)
    found = {
        key
        for key in reached
        if isinstance(item := declared[key], ObjectType)
        and any(_bound(field, read_only=read_only) for field in item.fields)
    }
    users: dict[str, set[str]] = {}
    for key in reached:
        for target in mentions(declared[key]):
            users.setdefault(target, set()).add(key)
    pending = list(found)
    while pending:
        for user in users.get(pending.pop(), ()):
            if user not in found:
                found.add(user)
                pending.append(user)
    return found


def _reached(declared: Declared, roots: Iterable[str], *, rules: bool = True) -> set[str]:
    found: set[str] = set()
    pending = [key for key in roots if key in declared]
    while pending:
        key = pending.pop()
        if key not in found:
            found.add(key)
            pending.extend(target for target in mentions(declared[key], rules=rules) if target in declared)
    return found


# Uses and names


def mark_uses(declared: dict[str, Declaration], roots: Mapping[Use, Iterable[str]]) -> None:
    """Note on each declaration who writes and reads it, and whether only rules mention it."""
    uses: dict[str, set[Use]] = {}
    for use, keys in roots.items():
        for key in _reached(declared, keys):
            uses.setdefault(key, set()).add(use)
    named = {key for key, item in declared.items() if item.at.pointer.count("/") <= 3}  # noqa: PLR2004 - components
    visible = _reached(declared, [key for keys in roots.values() for key in keys], rules=False)
    visible |= _reached(declared, named, rules=False)
    for key, item in declared.items():
        only_checked = key not in visible
        if key in uses or only_checked:
            declared[key] = replace(item, uses=frozenset(uses.get(key, ())), only_checked=only_checked)


def settle_names(declared: dict[str, Declaration]) -> list[Trouble]:
    """Tell apart what still has the same name, in whatever order it was found: the first by place keeps it."""
    groups: dict[str, list[str]] = {}
    for key, item in declared.items():
        groups.setdefault(item.name.casefold(), []).append(key)
    troubles = []
    for keys in groups.values():
        first, *others = sorted(keys, key=lambda key: ("_" in declared[key].name, str(declared[key].at), key))
        for key in others:
            name = f"{declared[key].name}_{digest(key)}"
            message = f"the name {declared[key].name} is taken by {declared[first].at}, so this is {name}"
            troubles.append(Trouble(declared[key].at, message, "name-taken"))
            declared[key] = replace(declared[key], name=name)
    return troubles
