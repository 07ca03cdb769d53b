"""The two finders of places agree where both can read the text: JSON is YAML."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from xptasks.contracts.positions import finder

NAMES = st.text('ab~/"\\ é', min_size=1, max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def _ways(value: Any) -> list[tuple[str, ...]]:  # noqa: ANN401
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(), *((str(key), *rest) for key, inner in pairs for rest in _ways(inner))]


@given(VALUES, st.sampled_from([None, 0, 2]))
def test_json_and_yaml_are_read_alike(value: Any, indent: int | None) -> None:  # noqa: ANN401
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    by_json, by_yaml = finder(text, is_json=True), finder(text, is_json=False)
    for tokens in _ways(value):
        for way in (tokens, (*tokens, "missing")):
            assert by_json.locate(way) == by_yaml.locate(way)
        assert by_json.locate(tokens, value=True) == by_yaml.locate(tokens, value=True)
