"""What the torture set does not show: layout, FastAPI, and hostile text as code."""

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xptasks.contracts.generate import python
from xptasks.contracts.model import Model
from xptasks.contracts.writing.language import Options
from xptasks.contracts.writing.text import plain, quoted

HOSTILE = "\"\\*/\n\r\t\u2028\u2029\x85\x0c\x00 '`${}()#xa\u202e\ufeff"
ROOT = Path(__file__).resolve().parents[3]


def _contract(schemas: dict[str, Any]) -> dict[str, Any]:
    info = {"title": "T", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": schemas}}


def test_a_long_pattern_stays_in_one_string(
    model_of: Callable[..., Model], module_of: Callable[[Model], ModuleType]
) -> None:
    pattern = "^(?:[a-z(]{1,3}|" + "|".join(f"[{letter}\\]]+" for letter in "abcdefghijklmnop") + ")$"
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern, "maxLength": 9}}}
    module = module_of(model_of(_contract({"Subject": schema})))
    assert module.Subject(a="ab").a == "ab"


def test_what_may_be_absent_keeps_its_pattern_and_format_in_the_served_schema(
    model_of: Callable[..., Model], module_of: Callable[[Model], ModuleType]
) -> None:
    properties: dict[str, dict[str, object]] = {
        "a": {"type": "string", "pattern": "^a+$", "maxLength": 9},
        "b": {"type": "string", "format": "uri-reference"},
        "c": {"type": "string", "format": '"]', "minLength": 1},
        "d": {"type": "string", "format": "date"},
    }
    module = module_of(model_of(_contract({"Subject": {"type": "object", "properties": properties}})))
    served = module.Subject.model_json_schema()["properties"]
    assert {name: {key: field[key] for key in properties[name]} for name, field in served.items()} == properties
    assert not [field for field in served.values() if "anyOf" in field or "default" in field]


def test_fastapi_takes_a_model_as_a_body_without_a_warning(
    model_of: Callable[..., Model], module_of: Callable[[Model], ModuleType]
) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    module = module_of(model_of(_contract({"Subject": schema})))
    app = FastAPI()

    @app.post("/")
    def post(body: module.Subject) -> None:  # type: ignore[name-defined]
        raise NotImplementedError(body)

    assert app.openapi()["components"]["schemas"]["Subject"]["properties"]["a"]["type"] == "string"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    text=st.text(alphabet=st.sampled_from("\"\\*/\n\r\t\u2028\u2029\x85\x0c\x00 '`${}()#xa\u202e\ufeff"), max_size=12)
)
def test_no_text_becomes_code(text: str, model_of: Callable[..., Model]) -> None:
    schemas = {
        "Subject": {
            "type": "object",
            "title": text,
            "description": text,
            "properties": {text or "a": {"type": "string", "description": text, "default": text}, "c": {"const": text}},
        },
        f"Choice{text}": {"enum": [text, f"{text}!"], "description": text},
    }
    tree = ast.parse(python.emit(model_of(_contract(schemas)), Options()))
    allowed = (ast.ClassDef, ast.FunctionDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)
    assert all(isinstance(node, allowed) for node in tree.body)
    assert all(isinstance(node.value, ast.Constant) for node in tree.body if isinstance(node, ast.Expr))
    subject = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Subject")
    assert len([node for node in subject.body if isinstance(node, ast.AnnAssign)]) == (1 if text == "c" else 2)
    assert not [node for node in subject.body if not isinstance(node, ast.AnnAssign | ast.Expr)]


@given(st.text())
def test_text_is_visible_and_keeps_its_value(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text
    shown = f"{plain(text)}."
    assert shown.splitlines() == shown.split("\n")


def test_the_committed_file_reads_like_formatted_code() -> None:
    argv = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "120", "--check", "-"]
    text = (ROOT / "generated" / "python" / "models.py").read_text(encoding="utf-8")
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
