"""The torture set in Swift: one program decodes everything, writes it again, and refuses what its types rule out."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.generate.swift_programs import Answer, exchange
from xptasks.contracts.document import load
from xptasks.contracts.generate import swift
from xptasks.contracts.model import Model, build_model
from xptasks.contracts.model.keywords import TABLE
from xptasks.contracts.writing.language import Options

if TYPE_CHECKING:
    from xptasks.contracts.model.types import Declaration

TORTURE = sorted(Path(__file__).with_name("torture").glob("*.json"))
# A tuple with as many items as it must have has no optional items, so Swift notices when one is missing; and where only
# names of one pattern are allowed, all further properties have the type of that pattern.
_STRICTER = {("tuple", 1), ("pattern-properties", 0)}


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _model(case: dict[str, Any], folder: Path, name: str) -> Model:
    info = {"title": "Torture", "version": "1"}
    contract = {"openapi": case["openapi"], "info": info, "paths": {}, "components": {"schemas": case["schemas"]}}
    path = folder / f"{name}.json"
    path.write_text(json.dumps(contract), encoding="utf-8")
    return build_model([load(path)])


def _together(models: dict[str, Model]) -> tuple[Model, dict[str, str]]:
    """One model of all cases: what several have by the same name gets the case's name too."""
    counts = Counter(item.name.casefold() for model in models.values() for item in model.types.values())
    merged: dict[str, Declaration] = {}
    subjects = {}
    for case, model in models.items():
        prefix = "".join(map(str.capitalize, case.split("-")))
        for key, item in model.types.items():
            name = item.name if counts[item.name.casefold()] == 1 else f"{prefix}_{item.name}"
            merged[key] = replace(item, name=name)
            if item.name == "Subject":
                subjects[case] = name
    first = next(iter(models.values()))
    return replace(first, types=dict(sorted(merged.items(), key=lambda pair: pair[1].name))), subjects


def _must_refuse(case: dict[str, Any], name: str, index: int) -> bool:
    keyword = case["invalid"][index]["keyword"]
    if index in case.get("only_python", ()) or keyword == "rule":
        return False
    return keyword == "false" or (name, index) in _STRICTER or TABLE[keyword].swift in ("expressed", "checked")


def _as_json(value: object) -> str:
    """JSON knows one kind of number, and no order of names."""
    return json.dumps(value, sort_keys=True).replace(".0,", ",").replace(".0}", "}").replace(".0]", "]")


@pytest.mark.slow
def test_swift_accepts_and_refuses_what_the_table_says(tmp_path: Path) -> None:
    cases = {path.stem: _read(path) for path in TORTURE}
    model, subjects = _together({name: _model(case, tmp_path, name) for name, case in cases.items()})
    valid = [(name, value) for name, case in cases.items() for value in case["valid"]]
    invalid = [(name, index) for name, case in cases.items() for index in range(len(case["invalid"]))]
    values = [*valid, *((name, cases[name]["invalid"][index]["value"]) for name, index in invalid)]
    answers = exchange(tmp_path, swift.emit(model, Options()), subjects, values)
    assert len(answers) == len(values)
    wrong = [
        f"{name} {json.dumps(value)}: {answer.text}"
        for (name, value), answer in zip(valid, answers, strict=False)
        if not _comes_back(cases[name], value, answer)
    ]
    wrong += [
        f"{name} {json.dumps(cases[name]['invalid'][index])}: {answer.text}"
        for (name, index), answer in zip(invalid, answers[len(valid) :], strict=True)
        if answer.accepted is _must_refuse(cases[name], name, index)
    ]
    assert not wrong, "\n".join(wrong)


def _comes_back(case: dict[str, Any], value: object, answer: Answer) -> bool:
    return answer.accepted and ("roundtrip" in case or _as_json(answer.value) == _as_json(value))
