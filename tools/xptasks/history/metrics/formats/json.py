"""The report for programs, with the JSON Schema that describes it."""

import json
from dataclasses import asdict

from xptasks.history.metrics.report import Report

SCHEMA_FILE = "generated/metrics.schema.json"


def show(report: Report) -> str:
    """The report: pure ASCII, always in the same order."""
    return json.dumps(asdict(report), indent=2) + "\n"


def generated_files() -> dict[str, str]:
    """The content of the generated file by its path in the project."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - no report pays for pydantic

    described = TypeAdapter(Report).json_schema(mode="serialization")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "The figures of a project's history"}
    return {SCHEMA_FILE: json.dumps({**described, **head}, indent=2, sort_keys=True) + "\n"}
