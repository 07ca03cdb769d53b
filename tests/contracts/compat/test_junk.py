"""Contracts with junk where something else belongs are compared, or refused, but never end in a traceback."""

import copy
import json
from datetime import date
from pathlib import Path
from random import Random

import pytest

from tests.contracts.compat.async_refactoring import Contract, holders
from xptasks.contracts.compat import compare
from xptasks.contracts.compat.change import PROFILES
from xptasks.contracts.document import read
from xptasks.contracts.source import Limits
from xptasks.contracts.yaml_text import parse

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
FILES = (HERE / "asyncapi" / "two.yaml", HERE / "asyncapi" / "three.yaml", ROOT / "contracts" / "openapi.yaml")
JUNK: tuple[object, ...] = (None, 1, -1.5, "x", "{}", True, [], [1], [{}], {}, {"a": 1}, {"type": "object"})
TRIED = 20


def _with_junk(value: Contract, random: Random) -> Contract:
    value = copy.deepcopy(value)
    for _ in range(random.choice((1, 1, 2, 4))):
        holder, key, _ = random.choice(list(holders(value)))
        if key not in {"asyncapi", "openapi"}:
            holder[key] = random.choice(JUNK)
    return value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_junk_is_no_traceback(path: Path, tmp_path: Path) -> None:
    value = parse(path.read_text(encoding="utf-8"), Limits())[0]
    value = value.get("document", value)
    random = Random(7)  # noqa: S311 - to repeat a test, not to keep a secret
    compared = 0
    for _ in range(TRIED):
        documents = []
        for name, content in (("base", value), ("head", _with_junk(value, random))):
            (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
            documents.append(read(tmp_path / f"{name}.json")[0])
        base, head = documents
        if base is not None and head is not None:
            compare(base, head, profiles=PROFILES, today=date(2026, 1, 1))
            compare(head, base, profiles=PROFILES, today=date(2026, 1, 1))
            compared += 1
    assert compared > TRIED // 2
