"""What is generated from the models: the schema, the reference page and the starter file."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from xptasks import steps
from xptasks.config import schema
from xptasks.config.overrides import RESERVED, variable
from xptasks.config.schema import Schema
from xptasks.probes import kinds

_HEAD = ["| key | type | default | meaning | variable |", "|---|---|---|---|---|"]
_KINDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
_INTRODUCTION = """\
# xpconfig.toml

One file configures everything. This page is made from the models that read it: `inv reference` writes it anew.
The smallest useful file:

```toml
version = 1

[project]
name = "projects"

[tiers.fast]
budget = "60s"
steps = ["lint", "format", "types"]
```

An editor that knows JSON Schema completes and checks the file with this first line:
`#:schema ./generated/xpconfig.schema.json`.

A duration is a text such as `"500ms"`, `"30s"`, `"5m"` or `"1h30m"`, a size one such as `"512MiB"`.
Paths are relative to the project's folder and stay inside it. A secret is never written into the file, only where it
is: `"env:NAME"` or `"file:PATH"`.

## Which value counts

From weak to strong:

1. the default,
2. `xpconfig.toml`,
3. the profile: `--profile NAME`, else `XPTASKS_PROFILE`, else `ci` where `CI` is set and there is such a profile,
4. the environment: `XPTASKS_` and the path in capitals with `__` between, `XPTASKS_TIERS__FAST__BUDGET=30s`,
5. the command line: `--set tiers.fast.budget=30s`.

Tables are merged; everything else, lists too, is replaced. Numbers, `true`, `false` and lists are written as in TOML:
`XPTASKS_TIERS__FAST__STEPS='["lint"]'`. `inv config --origin` shows every effective value and where it comes from.
"""


def generated_files() -> dict[str, str]:
    """The content of every generated file by its path in the project."""
    built = schema.build()
    return {
        "generated/xpconfig.schema.json": schema.as_text(built),
        "docs/reference/configuration.md": page(built),
        "docs/reference/xpconfig.starter.toml": starter(),
    }


def page(built: Schema) -> str:
    """The reference page in Markdown: every key with type, default, description, example and variable."""
    definitions, root = built["$defs"], built["properties"]
    sections = [
        _INTRODUCTION,
        _reserved(),
        _section((), "", {"version": root["version"]}, {"version"}, definitions),
        *_tables(root, definitions),
        *_probes(root["probes"], definitions),
        *_model(("steps", "NAME"), root["steps"], definitions["StepOptions"], definitions),
        *_steps(definitions),
        _profiles(root["profiles"]["description"]),
    ]
    return "\n".join(sections)


def _tables(root: Schema, definitions: Schema) -> Iterator[str]:
    """A section for each table of one shape; steps and profiles have shapes of their own."""
    for name, place in root.items():
        reference = place.get("$ref") or place.get("additionalProperties", {}).get("$ref")
        if reference and name not in {"steps", "probes", "profiles"}:
            path = (name,) if "$ref" in place else (name, "NAME")
            yield from _model(path, place, definitions[reference.rpartition("/")[2]], definitions)


def _reserved() -> str:
    rows = [f"| `{name}` | {meaning} |" for name, meaning in RESERVED.items()]
    return "\n".join(["These variables are no keys:\n", "| variable | meaning |", "|---|---|", *rows, ""])


def _model(path: tuple[str, ...], place: Schema, model: Schema, definitions: Schema) -> Iterator[str]:
    """The section of a table, then those of the tables inside it; the first one's sample shows all of them."""
    properties = model["properties"]
    yield _section(path, place["description"], properties, set(model.get("required", ())), definitions)
    for inside, each, inner in _inside(path, properties, definitions):
        rows = _rows(inside, inner["properties"], set(inner.get("required", ())), single="items" not in each)
        yield "\n".join([f"## `{_header(inside, each)}`\n", f"{each['description']}\n", *rows, ""])


def _inside(
    path: tuple[str, ...], properties: Schema, definitions: Schema
) -> Iterator[tuple[tuple[str, ...], Schema, Schema]]:
    """The tables in a table, however deep: path, key and model."""
    for name, each in properties.items():
        if reference := _inner(each):
            yield (*path, name), each, definitions[reference]
            yield from _inside((*path, name), definitions[reference]["properties"], definitions)


def _inner(key: Schema) -> str:
    """The name of the model of a table, or of the tables of a list; empty for any other key."""
    return str(key.get("$ref") or key.get("items", {}).get("$ref") or "").rpartition("/")[2]


def _header(path: tuple[str, ...], key: Schema) -> str:
    return f"[[{'.'.join(path)}]]" if "items" in key else f"[{'.'.join(path)}]"


def _steps(definitions: Schema) -> Iterator[str]:
    """A section for each step with keys of its own, and a list of those without."""
    common = set(definitions["StepOptions"]["properties"])
    own = {name: _without(definitions[f"step_{name}"], common) for name in (*steps.builtin(), "command")}
    plain = ", ".join(f"`{name}`" for name in steps.builtin() if not own[name])
    yield f"These built-in steps have only the keys above: {plain}.\n"
    for name, properties in own.items():
        if properties:
            model = definitions[f"step_{name}"]
            path = ("steps", "my_check" if name == "command" else name)
            yield _section(path, model["description"], properties, set(model.get("required", ())), definitions)


def _probes(place: Schema, definitions: Schema) -> Iterator[str]:
    """A section for what all probes have in common, and one for each kind, with its own example."""
    common = definitions["ProbeOptions"]["properties"]
    yield _probe("", place["description"], common, {"kind", "path"})
    for name in kinds.REGISTRY.builtin:
        model = definitions[f"probe_{name}"]
        own = _without(model, set(common))
        sample = f"```toml\n[probes.{name}]\n{kinds.load(name).EXAMPLE}```\n"
        yield _probe(f' with `kind = "{name}"`', model["description"], own, set(model["required"])) + "\n" + sample


def _probe(which: str, description: str, properties: Schema, required: set[str]) -> str:
    """Tables inside have no section of their own: their keys stand in the text, and in the example."""
    path = ("probes", "NAME")
    rows = [
        _row(path, name, each, required=name in required, single=not _inner(each)) for name, each in properties.items()
    ]
    return "\n".join([f"## `[probes.NAME]`{which}\n", f"{description}\n", *_HEAD, *rows, ""])


def _without(model: Schema, common: set[str]) -> Schema:
    return {name: each for name, each in model["properties"].items() if name not in common}


def _profiles(description: str) -> str:
    sample = '```toml\n[profiles.ci]\ntiers.fast.budget = "2m"\nproject.env = ["CI"]\n```\n'
    return f"## `[profiles.NAME]`\n\n{description}\n\n{sample}"


def _section(
    path: tuple[str, ...], description: str, properties: Schema, required: set[str], definitions: Schema
) -> str:
    title = f"`[{'.'.join(path)}]`" if path else "The top of the file"
    said = [f"{description}\n"] if description else []
    rows = _rows(path, properties, required)
    return "\n".join([f"## {title}\n", *said, *rows, "", _sample(path, properties, definitions)])


def _rows(path: tuple[str, ...], properties: Schema, required: set[str], *, single: bool = True) -> list[str]:
    plain = {name: each for name, each in properties.items() if not _inner(each)}
    rows = [_row(path, name, each, required=name in required, single=single) for name, each in plain.items()]
    return [*_HEAD, *rows]


def _row(path: tuple[str, ...], name: str, key: Schema, *, required: bool, single: bool) -> str:
    """A key; what stands in a list of tables has no variable."""
    default = "required" if required else f"`{_toml(key['default'])}`" if "default" in key else "none"
    override = f"`{variable((*path, name))}`" if single else ""
    return f"| `{name}` | {_kind(key)} | {default} | {key['description']} | {override} |"


def _kind(key: Schema) -> str:
    if "$comment" in key:
        return str(key["$comment"])
    if key.get("format") == "date":
        return "date"
    if key["type"] != "array":
        return _KINDS[key["type"]]
    items = _kind(key["items"])
    return f"list of {items.replace('list', 'lists', 1) if items.startswith('list') else f'{items}s'}"


_NAMES = {"tiers": "pr", "steps": "lint", "ratchets": "coverage"}


def _sample(path: tuple[str, ...], properties: Schema, definitions: Schema) -> str:
    """Every key of a table with its example; a table whose name is free gets one that fits the others."""
    names = tuple(_NAMES[path[0]] if name == "NAME" else name for name in path)
    lines = [f"[{'.'.join(names)}]"] if path else []
    lines += _examples(properties)
    for inside, each, inner in _inside(names, properties, definitions):
        lines += ["", _header(inside, each), *_examples(inner["properties"])]
    return "\n".join(["```toml", *lines, "```", ""])


def _examples(properties: Schema) -> list[str]:
    return [f"{name} = {_example(each)}" for name, each in properties.items() if not _inner(each)]


def _example(key: Schema) -> str:
    example = key["examples"][0]
    return str(example) if key.get("format") == "date" else _toml(example)


def _toml(value: object) -> str:
    """Plain values and lists of them look the same in TOML as in JSON; a table is written in one line."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{name} = {_toml(each)}" for name, each in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return json.dumps(value, ensure_ascii=False)


_FAST = {"budget": "60s", "steps": ["lint", "format", "types", "unit"], "allow_partial": True}


def starter(name: str = "my-project") -> str:
    """A first `xpconfig.toml`: every key of the project, the contracts and a tier, explained; it loads as it is."""
    built = schema.build()
    definitions = built["$defs"]
    tier = definitions["TierSettings"]["properties"]
    parts = [
        "#:schema ./generated/xpconfig.schema.json\n# A key behind '#' has its default, or is an example.",
        _starter_table("", {"version": built["properties"]["version"]}, {"version": 1}),
        _starter_table("[project]", definitions["ProjectSettings"]["properties"], {"name": name}),
        _starter_table("[contracts]", definitions["ContractsSettings"]["properties"], {}),
        _starter_table("[generate]", definitions["GenerateSettings"]["properties"], {}),
        _starter_table("[service]", definitions["ServiceSettings"]["properties"], {}),
        _starter_table("[tiers.fast]", tier, _FAST),
        '[tiers.pr]\nbudget = "5m"\nincludes = ["fast"]\nsteps = ["coverage"]',
        '[tiers.nightly]\nbudget = "30m"\nincludes = ["pr"]\nsteps = ["slow"]',
        "# A command of your own is a step, too; name it in a tier.",
        _commented(_starter_table("[steps.my_check]", definitions["step_command"]["properties"], {})),
    ]
    return "\n\n".join(parts) + "\n"


def _starter_table(header: str, properties: Schema, chosen: Mapping[str, Any]) -> str:
    lines = [header] if header else []
    for name, key in properties.items():
        if _inner(key):
            continue
        default = key.get("default", "")
        value = chosen.get(name, key["examples"][0] if default in ("", [], {}) else default)
        lines += [f"# {key['description']}", f"{'' if name in chosen else '# '}{name} = {_toml(value)}"]
    return "\n".join(lines)


def _commented(text: str) -> str:
    return "\n".join(line if line.startswith("#") else f"# {line}" for line in text.split("\n"))
