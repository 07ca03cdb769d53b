"""The JSON Schema of `xpconfig.toml`, for editors and for whoever writes the file by machine."""

import json
import re
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from xptasks import steps
from xptasks.config.settings import Config
from xptasks.probes import kinds
from xptasks.steps import command

if TYPE_CHECKING:
    from xptasks.settings import Settings

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/$defs/"
_PARTIAL = "Partial"
Schema = dict[str, Any]


class _Toml(GenerateJsonSchema):
    """Pydantic's schema, less what TOML does not have."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])  # there is no null: such a key is left out

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        return {name: value for name, value in made.items() if (name, value) != ("default", None)}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        made = super().dict_schema(schema)
        for pattern, value in made.pop("patternProperties", {}).items():
            made |= {"propertyNames": {"pattern": pattern}, "additionalProperties": value}
        return made


def build() -> Schema:
    """The schema, the same on every machine: plugins' steps are not in it."""
    definitions = _definitions()
    root = definitions.pop("Config")
    _describe_steps(root["properties"]["steps"], definitions)
    _describe_probes(root["properties"]["probes"], definitions)
    profiles = root["properties"].pop("profiles")
    # A profile holds part of anything but profiles, so each definition gets a twin that requires nothing.
    twins = {f"{name}{_PARTIAL}": _partial(each) for name, each in {**definitions, "Profile": root}.items()}
    root["properties"]["profiles"] = profiles | {"additionalProperties": _refer(f"Profile{_PARTIAL}")}
    return {"$schema": _DIALECT, **root, "title": "xpconfig.toml", "$defs": definitions | twins}


def as_text(schema: Schema) -> str:
    """The schema as it is committed."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _definitions() -> Schema:
    """The schemas of all models by name; those of steps are called `step_NAME`, those of probes `probe_KIND`."""
    models: list[type[Settings]] = [Config, command.Options, *(steps.load(name).Options for name in steps.builtin())]
    models += [kinds.load(name).Options for name in kinds.REGISTRY.builtin]
    # Only in this mode a default is written as the file writes it: "30s".
    _, found = models_json_schema([(model, "serialization") for model in models], schema_generator=_Toml)
    text = re.sub(r"xptasks__steps__(\w+?)__Options", r"step_\1", json.dumps(found["$defs"]))
    text = re.sub(r"xptasks__probes__kinds__(\w+?)__Options", r"probe_\1", text)
    definitions: Schema = json.loads(text)
    return definitions


def _describe_steps(table: Schema, definitions: Schema) -> None:
    for name in steps.builtin():
        definitions[f"step_{name}"]["title"] = f"[steps.{name}]"
    table["properties"] = {name: _refer(f"step_{name}") for name in steps.builtin()}
    table["additionalProperties"] = _refer("step_command")


def _describe_probes(table: Schema, definitions: Schema) -> None:
    for name in kinds.REGISTRY.builtin:
        definitions[f"probe_{name}"]["title"] = f'[probes.NAME] with kind = "{name}"'
    table["additionalProperties"] = {"anyOf": [_refer(f"probe_{name}") for name in kinds.REGISTRY.builtin]}


def _refer(name: str) -> Schema:
    return {"$ref": _REFERENCE + name}


def _partial(node: Any) -> Any:  # noqa: ANN401 - a schema is any JSON
    """A copy in which nothing is required and nothing has a default."""
    if isinstance(node, list):
        return [_partial(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {name: _partial(item) for name, item in node.items() if name not in {"required", "default"}}
    return kept | {"$ref": kept["$ref"] + _PARTIAL} if isinstance(kept.get("$ref"), str) else kept
