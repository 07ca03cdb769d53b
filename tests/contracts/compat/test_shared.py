"""What several operations share is told once, with all places; what only a draft has is told anew for others."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from xptasks.contracts.compat import DEFAULT_PROFILES, compare
from xptasks.contracts.compat.change import Change
from xptasks.contracts.compat.formats import _words
from xptasks.contracts.compat.sample import contract
from xptasks.contracts.document import load

Draft = frozenset[str]
REF = {"$ref": "#/components/schemas/Shared"}
OUTER = {"type": "object", "properties": {"inner": REF}}


def changes(folder: Path, bodies: dict[str, Any], drafts: Draft = frozenset()) -> list[Change]:
    """The errors where a component that these bodies use becomes narrower."""
    documents = []
    for name, more in (("base.json", {}), ("head.json", {"maxLength": 3})):
        paths = {path: {"post": _operation(body, draft=path in drafts)} for path, body in bodies.items()}
        parts = {"schemas": {"Shared": {"type": "string", **more}}}
        (folder / name).write_text(json.dumps(contract(paths=paths, components=parts)), encoding="utf-8")
        documents.append(load(folder / name))
    found = compare(*documents, profiles=DEFAULT_PROFILES, today=date(2026, 1, 1))
    return [change for change in found if change.severity == "error"]


def _operation(body: Any, *, draft: bool) -> dict[str, Any]:  # noqa: ANN401
    level = {"x-stability-level": "draft"} if draft else {}
    answers = {"200": {"description": "fine"}}
    return {"requestBody": {"content": {"application/json": {"schema": body}}}, "responses": answers, **level}


@pytest.mark.parametrize(
    "bodies",
    [
        {"/a": REF, "/b": REF, "/c": REF},
        {"/a": OUTER, "/b": OUTER, "/c": REF},
        {"/a": REF, "/b": OUTER, "/c": {"type": "array", "items": OUTER}},
    ],
)
def test_a_shared_component_is_told_once_with_all_places(tmp_path: Path, bodies: dict[str, Any]) -> None:
    (change,) = changes(tmp_path, bodies)
    assert change.at.startswith("POST /a")
    assert change.also == ("POST /b", "POST /c")
    assert _words.elsewhere(change) == "and in 2 other places: POST /b, POST /c"


def test_one_operation_is_not_told_twice(tmp_path: Path) -> None:
    (change,) = changes(tmp_path, {"/a": {"type": "object", "properties": {"one": REF, "two": REF}}})
    assert change.also == ()


def test_what_a_draft_met_first_is_told_where_it_is_firm(tmp_path: Path) -> None:
    (change,) = changes(tmp_path, {"/a": REF, "/b": REF}, frozenset({"/a"}))
    assert change.at == "POST /b"
