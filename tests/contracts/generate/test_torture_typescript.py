"""The torture set in TypeScript, all of it by one run of tsc and one of node.

Twice, because TypeScript has two answers. The *decoders* see every value at run time. The *types* see it as a literal:
what is valid compiles, and what is invalid is an error, unless `_BEYOND_TYPES` says why no type can know.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from xptasks.contracts.generate import typescript
from xptasks.contracts.model import Model
from xptasks.contracts.model.keywords import TABLE
from xptasks.contracts.writing.language import Options

TORTURE = sorted(Path(__file__).with_name("torture").glob("*.json"))
# Refused although the table only promises documentation, because a type happens to say it.
_MORE = {
    ("tuple", '{"exact": ["a"]}'): "a tuple has a length",
    ("anything", '{"a": 1, "c": 1}'): "never is a type",
    ("anything", '{"a": 1, "c": null}'): "never is a type",
    ("formats", '{"dt": 1}'): "it is not even a string",
    ("pattern-properties", '{"x-a": "b"}'): "the only patterns' type is that of further properties",
}
# Accepted by tsc as a literal; only the decoder refuses it.
_BEYOND_TYPES = {
    ("kinds", '{"i": 1.5}'): "there is one type for numbers",
    ("nested-union", "1.5"): "there is one type for numbers",
    ("type-array", '{"a": 1.5}'): "there is one type for numbers",
    ("typed-extra", '{"a": "x", "b": "y"}'): "an index signature has to allow for the known properties",
    ("pattern-properties", '{"x-a": "b"}'): "an index signature has to allow for the known properties",
}
# Accepted by both: at most one alternative of oneOf.
_BEYOND_ALL = {("one-of", '{"a": "x", "b": 1}'): "only Python counts the alternatives that fit"}
# Valid, but tsc does not take the literal.
_UNWRITABLE = {
    ("member-names", "{}"): "every object has a constructor, and here it would have to be a string",
    ("size", '{"b": 1, "c": 2}'): "tsc takes an object that has nothing of the type for a mistake",
}


def _cases() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in TORTURE:
        yield path.stem, json.loads(path.read_text(encoding="utf-8"))


def _contract(case: dict[str, Any]) -> dict[str, Any]:
    info = {"title": "Torture", "version": "1"}
    return {"openapi": case["openapi"], "info": info, "paths": {}, "components": {"schemas": case["schemas"]}}


def _refused(name: str, entry: dict[str, Any]) -> bool:
    which = (name, json.dumps(entry["value"]))
    row = TABLE.get(entry["keyword"])
    promised = row is not None and row.typescript in ("expressed", "checked")
    return which in _MORE or (promised and which not in _BEYOND_ALL)


def _literals(name: str, case: dict[str, Any]) -> str:
    """What has to compile, as arguments: they may have further properties. What must not, as literals of the type."""
    lines = ['import type { Subject } from "./types.js";', "declare function take<T extends Subject>(value: T): void;"]
    lines.extend(
        f"take({json.dumps(value)});" for value in case["valid"] if (name, json.dumps(value)) not in _UNWRITABLE
    )
    for index, entry in enumerate(case["invalid"]):
        literal = json.dumps(entry["value"])
        if _refused(name, entry) and (name, literal) not in _BEYOND_TYPES:
            lines.extend(["// @ts-expect-error", f"export const invalid{index}: Subject = {literal};"])
        else:
            lines.append(f"take({literal});")
    return "\n".join(lines) + "\n"


@pytest.fixture
def compiled(tmp_path: Path, tsc: Callable[..., str], model_of: Callable[..., Model]) -> Path:
    for name, case in _cases():
        model = model_of(_contract(case))
        assert [trouble for trouble in model.troubles if trouble.fatal] == []
        folder = tmp_path / "src" / name
        folder.mkdir(parents=True)
        (folder / "types.ts").write_text(typescript.emit(model, Options()), encoding="utf-8")
        (folder / "literals.ts").write_text(_literals(name, case), encoding="utf-8")
    assert tsc(tmp_path / "src", out=tmp_path / "out") == ""
    return tmp_path / "out"


def test_typescript_accepts_and_refuses_what_the_table_says(
    compiled: Path, faults: Callable[..., list[str | None]]
) -> None:
    tried: list[tuple[str, bool, str]] = []
    for name, case in _cases():
        tried.extend((name, False, json.dumps(value)) for value in case["valid"])
        tried.extend((name, _refused(name, entry), json.dumps(entry["value"])) for entry in case["invalid"])
    answers = faults(compiled, [(f"{name}/types", "Subject", literal) for name, _, literal in tried])
    wrong = [
        (name, literal, fault)
        for (name, refused, literal), fault in zip(tried, answers, strict=True)
        if (fault is not None) is not refused
    ]
    assert wrong == []
