"""Contracts made from the torture set, and generated modules to try them with."""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from xptasks.contracts.document import load
from xptasks.contracts.generate import python
from xptasks.contracts.model import Model, build_model
from xptasks.contracts.writing.language import Options

Contract = dict[str, Any]


def contract_of(schemas: Contract, version: str = "3.1.0") -> Contract:
    """A contract that has nothing but these schemas."""
    info = {"title": "Torture", "version": "1"}
    return {"openapi": version, "info": info, "paths": {}, "components": {"schemas": schemas}}


@pytest.fixture
def model_of(tmp_path: Path) -> Callable[[Contract], Model]:
    """The model of a contract that is given as a value."""

    def build(contract: Contract, name: str = "contract.json") -> Model:
        path = tmp_path / name
        path.write_text(json.dumps(contract), encoding="utf-8")
        return build_model([load(path)])

    return build


@pytest.fixture
def module_of(tmp_path: Path) -> Iterator[Callable[[Model], ModuleType]]:
    """The generated Python of a model, imported."""
    names: list[str] = []

    def build(model: Model) -> ModuleType:
        name = f"generated_{len(names)}_{tmp_path.name}".replace("-", "_")
        path = tmp_path / f"{name}.py"
        path.write_text(python.emit(model, Options()), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        names.append(name)
        spec.loader.exec_module(module)
        return module

    yield build
    for name in names:
        sys.modules.pop(name, None)
