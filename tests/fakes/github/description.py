"""GitHub's own description of its API, from npm: every request and every answer of the fake is held against it.

Loading the whole of it takes 0.2 s and 100 MB in each process, so the first one writes the operations that are used
here, with all that they refer to, into the system's temporary folder, under a name made of the description's.
"""

import json
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from xptasks.system.files import atomic_write

ROOT = Path(__file__).parents[3] / ".xp/compilers/node_modules/@octokit"
DESCRIPTION = ROOT / "openapi/generated/api.github.com.json"
GRAPHQL = ROOT / "graphql-schema/schema.graphql"
MISSING = "npm install --no-save --prefix .xp/compilers typescript @octokit/openapi @octokit/graphql-schema"

OPERATIONS = frozenset(
    {
        "actions/list-workflow-runs-for-repo",
        "actions/get-workflow-run-attempt",
        "git/create-ref",
        "issues/add-labels",
        "issues/create",
        "issues/create-comment",
        "issues/list-for-repo",
        "issues/remove-label",
        "issues/update",
        "issues/update-comment",
        "pulls/create",
        "pulls/get",
        "pulls/list",
        "pulls/merge",
        "pulls/update",
        "repos/create-commit-status",
        "repos/get",
        "repos/get-branch",
        "repos/get-branch-rules",
        "repos/get-repo-ruleset",
        "repos/list-activities",
    }
)
"""What the fake answers; a request for anything else is a mistake of ours."""

Json = dict[str, Any]


def available() -> bool:
    """Whether both descriptions are installed."""
    return DESCRIPTION.exists() and GRAPHQL.exists()


@cache
def index() -> Json:
    """The operations by method and path, and the components that they use."""
    stat = DESCRIPTION.stat()
    words = f"{stat.st_size}-{stat.st_mtime_ns}-{hash_of(OPERATIONS)}"
    kept = Path(tempfile.gettempdir()) / f"xptasks-github-{words}.json"
    if not kept.exists():
        atomic_write(kept, json.dumps(_extract(json.loads(DESCRIPTION.read_bytes()))))
    loaded: Json = json.loads(kept.read_bytes())
    return loaded


def hash_of(names: frozenset[str]) -> str:
    return f"{zlib.crc32(' '.join(sorted(names)).encode()):08x}"


def _extract(whole: Json) -> Json:
    used: Json = {}
    for path, item in whole["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict) and operation.get("operationId") in OPERATIONS:
                used[f"{method.upper()} {path}"] = operation
    found: Json = {}
    waiting = list(_references(used))
    while waiting:
        reference = waiting.pop()
        _, _, kind, name = reference.split("/")
        if name not in found.setdefault(kind, {}):
            found[kind][name] = whole["components"][kind][name]
            waiting += _references(found[kind][name])
    return {"operations": used, "components": found}


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def resolved(value: Json) -> Json:
    """What a reference stands for."""
    while "$ref" in value:
        _, _, kind, name = value["$ref"].split("/")
        value = index()["components"][kind][name]
    return value


def operation_of(method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The operation that a request is for, and its parameters in the path."""
    pieces = path.strip("/").split("/")
    for key in index()["operations"]:
        verb, _, template = key.partition(" ")
        names = template.strip("/").split("/")
        if verb == method and len(names) == len(pieces):
            pairs = list(zip(names, pieces, strict=True))
            if all(name[0] == "{" or name == piece for name, piece in pairs):
                return key, {name[1:-1]: unquote(piece) for name, piece in pairs if name[0] == "{"}
    return None


def problems_of_request(key: str, given: Mapping[str, str], query: Mapping[str, str], body: object) -> list[str]:
    """What is wrong about a request."""
    operation = index()["operations"][key]
    parameters = {each["name"]: each for each in map(resolved, operation.get("parameters", ()))}
    found = [f"unknown parameter {name}" for name in query if name not in parameters]
    for name, parameter in parameters.items():
        text = {**given, **query}.get(name)
        if text is None:
            found += [f"parameter {name} is missing"] if parameter.get("required") else []
        else:
            found += [f"parameter {name}: {problem}" for problem in _typed(parameter["schema"], text)]
    return [*found, *_problems_of_body(operation.get("requestBody"), body)]


def _typed(schema: Json, text: str) -> list[str]:
    """A parameter is text: it must fit as what its schema says it is."""
    kind = resolved(schema).get("type")
    value: object = text
    if kind == "integer":
        value = int(text) if text.isdecimal() else text
    elif kind == "boolean":
        value = {"true": True, "false": False}.get(text, text)
    return _problems(schema, value)


def _problems_of_body(described: Json | None, body: object) -> list[str]:
    if described is None:
        return ["a body where none belongs"] if body is not None else []
    if body is None:
        return ["no body"] if resolved(described).get("required") else []
    schema = resolved(described)["content"]["application/json"]["schema"]
    unknown = _unknown(schema, body)
    return [*(f"body: {problem}" for problem in _problems(schema, body)), *unknown]


def _unknown(schema: Json, body: object) -> list[str]:
    """GitHub lets any property pass; one that it does not know is a misspelt one."""
    schema = resolved(schema)
    properties = schema.get("properties")
    if not isinstance(body, dict) or not properties or schema.get("additionalProperties"):
        return []
    return [f"body: unknown property {name}" for name in body if name not in properties]


def problems_of_answer(key: str, status: int, body: object) -> list[str]:
    """What is wrong about an answer."""
    answers = index()["operations"][key]["responses"]
    if str(status) not in answers:
        # 401, 403, 429 and what a broken GitHub says may come anywhere, and are described nowhere.
        return [] if status in {401, 403, 404, 409, 410, 422, 429} or status >= 500 else [f"status {status} is none"]
    content = resolved(answers[str(status)]).get("content", {}).get("application/json")
    if content is None:
        return ["a body where none belongs"] if body is not None else []
    return _problems(content["schema"], body)


def _problems(schema: Json, value: object) -> list[str]:
    errors = _validator(json.dumps(schema, sort_keys=True)).iter_errors(value)
    return [f"{'/'.join(map(str, error.instance_path))}: {error.message[:200]}" for error in errors]


@cache
def _validator(schema: str) -> jsonschema_rs.Draft7Validator:
    described = json.loads(schema)
    found: Json = {}
    waiting = list(_references(described))
    while waiting:
        reference = waiting.pop()
        if reference not in found:
            found[reference] = resolved({"$ref": reference})
            waiting += _references(found[reference])
    components: Json = {}
    for reference, value in found.items():
        _, _, kind, name = reference.split("/")
        components.setdefault(kind, {})[name] = modern(value)
    whole = {"allOf": [modern(described)], "components": components}
    return jsonschema_rs.Draft7Validator(whole, validate_formats=True)


def modern(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """A schema of OpenAPI 3.0 as JSON Schema: what is `nullable` may be null."""
    if isinstance(schema, list):
        return [modern(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: modern(part) for key, part in schema.items() if key not in {"nullable", "example", "examples"}}
    return {"anyOf": [changed, {"type": "null"}]} if schema.get("nullable") is True else changed


_NOTHING = object()
_TEXTS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "uri": "https://example.com/",
    "email": "a@example.com",
}


def answer(key: str, status: int, values: object) -> Any:  # noqa: ANN401 - any JSON
    """An answer that has everything that must be there: what is not given is made up."""
    content = resolved(index()["operations"][key]["responses"][str(status)])["content"]["application/json"]
    return complete(content["schema"], values)


def component(name: str, values: object) -> Any:  # noqa: ANN401 - any JSON
    """One of the description's schemas, with what must be there."""
    return complete({"$ref": f"#/components/schemas/{name}"}, values)


def complete(schema: Json, value: object = _NOTHING) -> Any:  # noqa: ANN401 - any JSON
    """A value with all that its schema requires besides."""
    schema = resolved(schema)
    if value is None or (value is _NOTHING and schema.get("nullable")):
        return None
    if "allOf" in schema:
        parts = [complete(part, value) for part in schema["allOf"]]
        # The first part wins: it describes what the others only let pass.
        return {k: v for part in reversed(parts) for k, v in part.items()} if isinstance(parts[0], dict) else parts[0]
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            return complete(_branch(schema[choice], value), value)
    if isinstance(value, list):
        return [complete(schema.get("items", {}), each) for each in value]
    if isinstance(value, dict) or (value is _NOTHING and schema.get("type") == "object"):
        return _object(schema, value if isinstance(value, dict) else {})
    return value if value is not _NOTHING else _made_up(schema)


def _object(schema: Json, value: Json) -> Json:
    properties = schema.get("properties", {})
    required = {name: _NOTHING for name in schema.get("required", ()) if name not in value}
    return {name: complete(properties.get(name, {}), part) for name, part in {**value, **required}.items()}


def _branch(branches: list[Json], value: object) -> Json:
    """The branch whose `type` is that of the value, else the first that is of its kind."""
    kind = value.get("type") if isinstance(value, dict) else None
    for branch in branches:
        merged = resolved(branch)
        for part in map(resolved, merged.get("allOf", [merged])):
            if kind and kind in part.get("properties", {}).get("type", {}).get("enum", ()):
                return branch
    wanted = {dict: "object", list: "array", str: "string", int: "integer", bool: "boolean"}.get(type(value))
    fitting = [branch for branch in branches if resolved(branch).get("type") == wanted]
    return fitting[0] if fitting else branches[0]


def _made_up(schema: Json) -> object:
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "string":
        return _TEXTS.get(schema.get("format", ""), "x" * schema.get("minLength", 0))
    return {"integer": 0, "number": 0, "boolean": False, "array": []}.get(str(kind), {})
