"""The golden vectors of this repository's contracts, and of public ones, through generated Python."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from xptasks.contracts.document import load
from xptasks.contracts.model import Model, build_model
from xptasks.contracts.vectors import Vector, as_text, read, vectors

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT.parent / "shared" / "data" / "specs"


def wrong(module: ModuleType, found: list[Vector]) -> Iterator[str]:
    """What the module sees in another way than the vectors say."""
    adapters: dict[str, TypeAdapter[Any]] = {}
    for vector in found:
        adapter = adapters.setdefault(vector.type, TypeAdapter(getattr(module, vector.type)))
        try:
            value = adapter.validate_json(json.dumps(vector.value))
        except ValidationError as error:
            if vector.valid:
                yield f"{vector} is refused: {error}"
            continue
        if not vector.valid:
            yield f"{vector} is accepted"
        elif adapter.validate_json(adapter.dump_json(value)) != value:
            yield f"{vector} comes back as {adapter.dump_json(value).decode()}"


def test_python_agrees_with_the_golden_vectors(module_of: Callable[[Model], ModuleType]) -> None:
    documents = [load(ROOT / "contracts" / name) for name in ("openapi.yaml", "asyncapi.yaml")]
    model = build_model(documents)
    found = vectors(documents, model)
    assert {vector.keyword for vector in found} >= {"", "required", "type", "enum", "additionalProperties"}
    assert list(wrong(module_of(model), found)) == []


def test_a_vector_file_reads_back() -> None:
    found = [Vector("A", True, "", {"x": "é\u2028"}, "f#/a"), Vector("A", False, "required", {}, "f#/a")]  # noqa: FBT003
    assert read(as_text(found, "0")) == found


def test_wrong_vectors_are_noticed(model_of: Callable[..., Model], module_of: Callable[[Model], ModuleType]) -> None:
    schemas = {"Subject": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}}
    contract = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {},
        "components": {"schemas": schemas},
    }
    module = module_of(model_of(contract))
    lies = [Vector("Subject", True, "", {}, ""), Vector("Subject", False, "required", {"a": "x"}, "")]  # noqa: FBT003
    assert len(list(wrong(module, lies))) == 2


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(SPECS.glob("*/*")) or [SPECS], ids=lambda path: path.name)
def test_python_agrees_with_the_vectors_of_public_contracts(
    path: Path, module_of: Callable[[Model], ModuleType]
) -> None:
    if not path.is_file():
        pytest.skip("public contracts are absent: ../shared/data/specs")
    document = load(path)
    model = build_model([document])
    assert list(wrong(module_of(model), vectors([document], model))) == []
