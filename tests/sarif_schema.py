"""The JSON Schema of SARIF 2.1.0 as its committee wrote it; a package of npm carries it, which `.ci/run` installs."""

import json
import os
from functools import cache
from pathlib import Path

import jsonschema_rs
import pytest

TOOLS = Path(os.environ.get("XPTASKS_NODE_TOOLS") or Path(__file__).parents[1] / ".xp" / "compilers") / "node_modules"
"""Where the packages of npm are that tests use."""

FILE = TOOLS / "@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
needed = pytest.mark.skipif(not FILE.is_file(), reason="@microsoft/jest-sarif, with the JSON Schema, is not installed")


@cache
def _validator() -> jsonschema_rs.Draft4Validator:
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    for owner in ("run", "toolComponent"):  # its pattern is no regular expression: `]` too many
        del schema["definitions"][owner]["properties"]["language"]["pattern"]
    return jsonschema_rs.Draft4Validator(schema)


def validate(log: object) -> None:
    _validator().validate(log)
