"""Contracts made from the torture set, and generated modules to try them with."""

import importlib.util
import json
import shutil
import subprocess
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


@pytest.fixture(scope="session")
def tsc() -> Callable[..., str]:
    """Compile a folder as strictly as there is; the compiler's complaints, empty when there are none."""
    program = _program("tsc", "npm's typescript")

    def compile_all(folder: Path, *, out: Path, lib: tuple[str, ...] = ("es2022",)) -> str:
        settings = {
            "compilerOptions": {**_STRICT, "lib": lib, "rootDir": str(folder), "outDir": str(out)},
            "include": [str(folder)],
        }
        config = folder / "tsconfig.json"
        config.write_text(json.dumps(settings), encoding="utf-8")
        (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
        out.mkdir(parents=True, exist_ok=True)
        (out / "package.json").write_text('{"type": "module"}', encoding="utf-8")
        command = [program, "--pretty", "false", "--project", str(config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        return done.stdout + done.stderr if done.returncode else done.stdout

    return compile_all


@pytest.fixture(scope="session")
def node() -> str:
    """Node.js, which runs what tsc has compiled."""
    return _program("node", "Node.js")


@pytest.fixture(scope="session")
def faults(node: str) -> Callable[..., list[str | None]]:
    """What generated decoders say about JSON texts: None when it fits, otherwise what is wrong."""

    def run(compiled: Path, cases: list[tuple[str, str, str]]) -> list[str | None]:
        (compiled / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
        (compiled / "run.js").write_text(_RUNNER, encoding="utf-8")
        command = [node, str(compiled / "run.js"), str(compiled / "cases.json")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        found: list[str | None] = json.loads(done.stdout)
        return found

    return run


_RUNNER = """
import { readFileSync } from "node:fs";
const faults = [];
for (const [file, type, text] of JSON.parse(readFileSync(process.argv[2], "utf8"))) {
  const { [type]: decoder, DecodeError } = await import(`./${file}.js`);
  const value = JSON.parse(text);
  const before = JSON.stringify(value);
  try {
    const kept = JSON.stringify(decoder.decode(value)) === before && decoder.is(value);
    faults.push(kept ? null : "decoding has changed the value");
  } catch (error) {
    if (!(error instanceof DecodeError) || decoder.is(value)) throw error;
    faults.push(error.message);
  }
}
console.log(JSON.stringify(faults));
"""

_STRICT = {
    "strict": True,
    "exactOptionalPropertyTypes": True,
    "noUncheckedIndexedAccess": True,
    "noPropertyAccessFromIndexSignature": True,
    "noImplicitOverride": True,
    "noUnusedLocals": True,
    "noUnusedParameters": True,
    "isolatedModules": True,
    "isolatedDeclarations": True,
    "erasableSyntaxOnly": True,
    "verbatimModuleSyntax": True,
    "declaration": True,
    "target": "es2022",
    "types": [],
    "module": "nodenext",
    "moduleResolution": "nodenext",
}


def _program(name: str, what: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on PATH: install {what}")
    return found
