"""Take away from a served document what FastAPI adds by itself and no author has said. Only computes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_AUTOMATIC = "/HTTPValidationError"
_INVALID = ("422", "4XX", "4xx", "default")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
Json = dict[str, Any]


def normalised(served: Json, contract: Json) -> Json:
    """The served document as its author meant it, to be compared with this contract.

    - The response 422 that FastAPI adds to every operation with parameters goes where the contract has none.
    - A parameter that may be left out is not null besides: FastAPI says `anyOf` null of one with the default None.
    - A document without servers has those of the contract: an application does not know its address.

    Titles, summaries, names of components and of operations mean nothing to the comparison anyway.
    """
    paths = {path: _item(item, _find(contract, path)) for path, item in _dict(served.get("paths")).items()}
    servers = {"servers": contract["servers"]} if "servers" in contract and "servers" not in served else {}
    return {**served, **servers, "paths": paths}


def _item(item: Any, known: Json) -> Any:  # noqa: ANN401 - any JSON
    return {
        name: _operation(each, _dict(known.get(name))) if name in METHODS else each
        for name, each in _dict(item).items()
    }


def _operation(operation: Any, known: Json) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(operation, dict):
        return operation
    responses = _dict(operation.get("responses"))
    documented = any(status in _dict(known.get("responses")) for status in _INVALID)
    if not documented and _is_automatic(responses.get("422")):
        responses = {status: each for status, each in responses.items() if status != "422"}
    parameters = operation.get("parameters")
    given = {"parameters": [_parameter(each) for each in parameters]} if isinstance(parameters, list) else {}
    return {**operation, **given, "responses": responses}


def _parameter(parameter: Any) -> Any:  # noqa: ANN401 - any JSON
    schema = _dict(_dict(parameter).get("schema"))
    kinds = schema.get("anyOf")
    if not isinstance(kinds, list) or {"type": "null"} not in kinds or _dict(parameter).get("required"):
        return parameter
    others = [kind for kind in kinds if kind != {"type": "null"}]
    rest = {name: each for name, each in schema.items() if name != "anyOf"}
    return {**parameter, "schema": {**rest, **others[0]} if len(others) == 1 else {**rest, "anyOf": others}}


def _is_automatic(response: Any) -> bool:  # noqa: ANN401 - any JSON
    schema = _dict(_dict(_dict(_dict(response).get("content")).get("application/json")).get("schema"))
    return str(schema.get("$ref", "")).endswith(_AUTOMATIC)


def _find(contract: Json, path: str) -> Json:
    shape = _shape(path)
    found = (item for known, item in _dict(contract.get("paths")).items() if _shape(known) == shape)
    return _dict(next(found, None))


def shares(served: Json, contracts: Iterable[Json]) -> list[Json]:
    """The served document once for each contract, with the paths that it describes; the first gets what none does."""
    listed = list(contracts)
    owners: dict[str, int] = {}
    for number, contract in enumerate(listed):
        for path in _dict(contract.get("paths")):
            owners.setdefault(_shape(path), number)
    paths = _dict(served.get("paths"))
    return [
        {**served, "paths": {path: item for path, item in paths.items() if owners.get(_shape(path), 0) == number}}
        for number in range(len(listed))
    ]


def _shape(path: str) -> str:
    """A path template without the names of its parameters."""
    return re.sub(r"\{[^{}]*\}", "{}", path)


def _dict(value: Any) -> Json:  # noqa: ANN401 - any JSON
    return value if isinstance(value, dict) else {}


def pointers(value: Any, at: str = "") -> Iterator[str]:  # noqa: ANN401 - any JSON
    """The JSON Pointer of each line of `json.dumps(value, indent=1)`; a closing bracket's is that of its value."""
    yield at
    members = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    inside = [line for name, each in members for line in pointers(each, f"{at}/{_escaped(str(name))}")]
    yield from inside
    if inside:
        yield at


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
