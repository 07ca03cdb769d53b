"""Changes of an OpenAPI document that change nothing: each rewrites one random place, and says whether it found one."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.contracts.compat.rewritten import REWRITES, Fits, Rewrite, told_anew
from tests.contracts.compat.slots import METHODS, Value, copied, is_old, new_name, operations, slots, target

Refactoring = Callable[[Random, Value], bool]


def of_schema(fits: Fits, rewrite: Rewrite) -> Refactoring:
    """Rewrites a random schema that fits, but no branch that a discriminator may mean by its name."""

    def refactor(chance: Random, contract: Value) -> bool:
        listed = slots(contract)
        for slot in chance.sample(listed, len(listed)):
            moves = slot.named or "$defs" in slot.schema  # others refer to it by name, or to what is inside
            if not moves and fits(slot.schema, is_old(contract)):
                slot.put(rewrite(chance, contract, slot.schema))
                return True
        return False

    return refactor


def into_definitions(chance: Random, contract: Value) -> bool:
    """A property's schema moves into the `$defs` of its component."""
    parts = contract.get("components", {}).get("schemas", {})
    names = [name for name, schema in parts.items() if schema.get("properties") and "$ref" not in schema]
    if is_old(contract) or not names:
        return False
    name = chance.choice(names)
    schema, new = parts[name], new_name(chance)
    if _meant_by_name(contract, name) or json.dumps(contract).count(f'"#/components/schemas/{name}/') > 0:
        return False
    moved = chance.choice(list(schema["properties"]))
    schema.setdefault("$defs", {})[new] = schema["properties"][moved]
    schema["properties"][moved] = {"$ref": f"#/components/schemas/{name}/$defs/{new}"}
    return True


def _shuffled(chance: Random, value: Value) -> Value:
    if isinstance(value, dict):
        pairs = [(key, _shuffled(chance, inner)) for key, inner in value.items()]
        chance.shuffle(pairs)
        return dict(pairs)
    return [_shuffled(chance, inner) for inner in value] if isinstance(value, list) else value


def reorder_keys(chance: Random, contract: Value) -> bool:
    """Another order of all keys."""
    shuffled = _shuffled(chance, contract)
    contract.clear()
    contract.update(shuffled)
    return True


def reorder_lists(chance: Random, contract: Value) -> bool:
    """Another order of lists that are sets."""
    for slot in slots(contract):
        for word in ("required", "enum", "type", "allOf", "anyOf", "oneOf"):
            if isinstance(slot.schema.get(word), list):
                chance.shuffle(slot.schema[word])
    for item, operation in operations(contract):
        for holder in (item, operation):
            for word in ("parameters", "tags", "security"):
                if isinstance(holder.get(word), list):
                    chance.shuffle(holder[word])
    return True


def rename_component(chance: Random, contract: Value) -> bool:
    """Another name for a schema, wherever it is referred to."""
    parts = contract.get("components", {}).get("schemas", {})
    text = json.dumps(contract)
    names = [name for name in parts if "discriminator" not in text or not _meant_by_name(contract, name)]
    if not names:
        return False
    old, new = chance.choice(names), new_name(chance)
    parts[new] = parts.pop(old)
    _replace(contract, f"#/components/schemas/{old}", f"#/components/schemas/{new}")
    return True


def _meant_by_name(contract: Value, name: str) -> bool:
    """Whether a discriminator may mean a schema by its name."""
    ref = f"#/components/schemas/{name}"
    holders = [slot.schema for slot in slots(contract) if "discriminator" in slot.schema]
    named = json.dumps([[schema.get(word) for word in ("oneOf", "anyOf", "discriminator")] for schema in holders])
    return ref in named or "allOf" in contract["components"]["schemas"][name]


def _replace(value: Value, old: str, new: str) -> None:
    for key, inner in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        if isinstance(inner, str) and (inner == old or inner.startswith(f"{old}/")):
            value[key] = new + inner[len(old) :]
        elif isinstance(inner, dict | list):
            _replace(inner, old, new)


def rename_template(chance: Random, contract: Value) -> bool:
    """Another name for a parameter of a path."""
    for path in chance.sample(sorted(contract["paths"]), len(contract["paths"])):
        item = contract["paths"][path]
        holders = [item, *(item[method] for method in METHODS if method in item)]
        listed = [parameter for holder in holders for parameter in holder.get("parameters", [])]
        names = sorted({parameter["name"] for parameter in listed if parameter.get("in") == "path"})
        shared = any("$ref" in parameter for parameter in listed)
        if not names or shared or "links" in json.dumps(item) or "callbacks" in json.dumps(item):
            continue
        old, new = chance.choice(names), new_name(chance)
        for parameter in listed:
            if parameter.get("in") == "path" and parameter["name"] == old:
                parameter["name"] = new
        renamed = {
            key.replace(f"{{{old}}}", f"{{{new}}}") if key == path else key: inner
            for key, inner in contract["paths"].items()
        }
        contract["paths"] = renamed
        return True
    return False


def parameters_to_path(chance: Random, contract: Value) -> bool:
    """A parameter that all operations of a path have is told once."""
    for item in chance.sample(list(contract["paths"].values()), len(contract["paths"])):
        own = [item[method] for method in METHODS if method in item]
        first = own[0].get("parameters", []) if own else []
        common = [one for one in first if all(one in other.get("parameters", []) for other in own)]
        if common:
            for operation in own:
                operation["parameters"] = [one for one in operation["parameters"] if one not in common]
            item.setdefault("parameters", []).extend(copied(common))
            return True
    return False


def parameters_to_operations(chance: Random, contract: Value) -> bool:
    """The parameters of a path are told with each operation."""
    for item in chance.sample(list(contract["paths"].values()), len(contract["paths"])):
        listed = item.get("parameters", [])
        own = [item[method] for method in METHODS if method in item]
        if listed and own:
            for operation in own:
                mine = [_identity(contract, one) for one in operation.get("parameters", [])]
                more = [one for one in listed if _identity(contract, one) not in mine]
                operation["parameters"] = [*operation.get("parameters", []), *copied(more)]
            del item["parameters"]
            return True
    return False


def _identity(contract: Value, parameter: Value) -> tuple[str, str]:
    found = target(contract, parameter["$ref"]) if "$ref" in parameter else parameter
    return found["in"], found["name"]


def share_part(chance: Random, contract: Value) -> bool:
    """A parameter, a body, an answer or a header becomes a component."""
    places: list[tuple[str, Any, Any]] = []
    for _, operation in operations(contract):
        places += [
            ("parameters", operation["parameters"], index) for index in range(len(operation.get("parameters", [])))
        ]
        places += [("responses", operation["responses"], status) for status in operation.get("responses", {})]
        if "requestBody" in operation:
            places.append(("requestBodies", operation, "requestBody"))
    places = [place for place in places if "$ref" not in place[1][place[2]]]
    if not places:
        return False
    kind, holder, key = chance.choice(places)
    name = new_name(chance)
    contract.setdefault("components", {}).setdefault(kind, {})[name] = holder[key]
    holder[key] = {"$ref": f"#/components/{kind}/{name}"}
    return True


def own_part(chance: Random, contract: Value) -> bool:
    """A component that is no schema is written where it is used."""
    places: list[tuple[Any, Any]] = []
    for _, operation in operations(contract):
        places += [(operation["parameters"], index) for index in range(len(operation.get("parameters", [])))]
        places += [(operation["responses"], status) for status in operation.get("responses", {})]
    places = [(holder, key) for holder, key in places if "$ref" in holder[key]]
    if not places:
        return False
    holder, key = chance.choice(places)
    holder[key] = copied(target(contract, holder[key]["$ref"]))
    return True


def explicit_parameter(chance: Random, contract: Value) -> bool:
    """The defaults of a parameter are written down."""
    listed = [one for _, operation in operations(contract) for one in operation.get("parameters", []) if "in" in one]
    if not listed:
        return False
    parameter = chance.choice(listed)
    style = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}[parameter["in"]]
    said: dict[str, Any] = {"deprecated": False}
    if "schema" in parameter:
        said |= {"style": style, "explode": parameter.get("style", style) == "form"}
    if parameter["in"] != "path":
        said["required"] = False
    word = chance.choice(sorted(said))
    parameter.setdefault(word, said[word])
    return True


def explicit_operation(chance: Random, contract: Value) -> bool:
    """The defaults of an operation are written down."""
    operation = chance.choice([operation for _, operation in operations(contract)])
    choice = chance.randrange(4)
    if choice == 0:
        operation.setdefault("deprecated", False)
    elif choice == 1 and "$ref" not in operation.get("requestBody", {"$ref": ""}):
        operation["requestBody"].setdefault("required", False)
    elif choice == 2:
        operation.setdefault("security", copied(contract.get("security", [])))
    else:
        operation.setdefault("servers", copied(contract.get("servers", [{"url": "/"}])))
    return True


def reword(chance: Random, contract: Value) -> bool:
    """Words that only people read."""
    operation = chance.choice([operation for _, operation in operations(contract)])
    word = chance.choice(("summary", "description", "x-note", "externalDocs"))
    if word in operation:
        del operation[word]
    else:
        operation[word] = {"url": "https://example.com"} if word == "externalDocs" else "Something else."
    return True


def unused_component(chance: Random, contract: Value) -> bool:
    """A schema that nobody uses."""
    contract.setdefault("components", {}).setdefault("schemas", {})[new_name(chance)] = {"type": "string"}
    return True


def to_3_1(_: Random, contract: Value) -> bool:
    """The words of 3.0 in those of 3.1."""
    if not is_old(contract):
        return False
    for slot in slots(contract):
        slot.put(told_anew(slot.schema))
    contract["openapi"] = "3.1.0"
    return True


REFACTORINGS: dict[str, Refactoring] = {
    **{name: of_schema(fits, rewrite) for name, (fits, rewrite) in REWRITES.items()},
    "move into the definitions": into_definitions,
    "keys in another order": reorder_keys,
    "lists in another order": reorder_lists,
    "rename a component": rename_component,
    "rename a parameter of a path": rename_template,
    "parameters to the path": parameters_to_path,
    "parameters to the operations": parameters_to_operations,
    "share a part": share_part,
    "own a part": own_part,
    "defaults of a parameter": explicit_parameter,
    "defaults of an operation": explicit_operation,
    "words of an operation": reword,
    "a component that nobody uses": unused_component,
    "the words of 3.1": to_3_1,
}
