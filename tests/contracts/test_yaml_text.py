"""YAML to JSON's values: what the core schema says, and what is refused because readers disagree about it."""

import json
import math
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.contracts import json_text, yaml_text
from xptasks.contracts.source import Fault, Limits

LIMITS = Limits(depth=50, alias_nodes=1_000)

SCALARS: list[tuple[str, Any]] = [
    ("on", "on"),
    ("yes", "yes"),
    ("No", "No"),
    ("true", True),
    ("True", True),
    ("FALSE", False),
    ("tRUE", "tRUE"),
    ("null", None),
    ("Null", None),
    ("~", None),
    ("nULL", "nULL"),
    ('""', ""),
    ('"true"', "true"),
    ("'1'", "1"),
    ("2024-02-29", "2024-02-29"),
    ("2024-02-29T10:00:00Z", "2024-02-29T10:00:00Z"),
    ("12:30:45", "12:30:45"),
    ("017", 17),
    ("0o17", 15),
    ("0x1F", 31),
    ("0b11", "0b11"),
    ("1_000", "1_000"),
    ("+12", 12),
    ("-0", 0),
    ("12345678901234567890123", 12345678901234567890123),
    ("1.5", 1.5),
    (".5", 0.5),
    ("1.", 1.0),
    ("1e3", 1000.0),
    ("-1.5E-3", -0.0015),
    ("1.2.3", "1.2.3"),
    ("'-'", "-"),
    ("=", "="),
    ("!!str 3", "3"),
    ("! 3", "3"),
    ('!!int "3"', 3),
    ("!!float 3", 3),
    ("!!null ''", None),
    ('"\\u00e9"', "é"),
]


@pytest.mark.parametrize(("text", "value"), SCALARS, ids=[text for text, _ in SCALARS])
def test_a_scalar_means_what_the_core_schema_says(text: str, value: object) -> None:
    parsed, _ = yaml_text.parse(f"key: {text}\n", LIMITS)
    assert parsed == {"key": value}
    assert type(parsed["key"]) is type(value)


VALUES: list[tuple[str, Any]] = [
    ("200: a\nnull: b\ntrue: c\n1.0: d\n~: e\n", {"200": "a", "null": "b", "true": "c", "1.0": "d", "~": "e"}),
    ("a: &x {p: 1}\nb: *x\n", {"a": {"p": 1}, "b": {"p": 1}}),
    ("a: &x 1\nb: &x 2\nc: *x\n", {"a": 1, "b": 2, "c": 2}),
    ("&k a: 1\nb: *k\n*k : 2\n".replace("*k :", "c:"), {"a": 1, "b": "a", "c": 2}),
    ("&k a: 1\nb:\n  *k : 2\n", {"a": 1, "b": {"a": 2}}),
    ("a: &x {p: 1, q: 2}\nb:\n  q: 3\n  <<: *x\n", {"a": {"p": 1, "q": 2}, "b": {"q": 3, "p": 1}}),
    ("a: {<<: {p: 1}, q: 2}\n", {"a": {"q": 2, "p": 1}}),
    ("a: {<<: [{p: 1, r: 1}, {p: 2, q: 3}]}\n", {"a": {"p": 1, "r": 1, "q": 3}}),
    ('a: {"<<": {p: 1}}\n', {"a": {"<<": {"p": 1}}}),
    ("- |\n  x\n  y\n- >-\n  x\n  y\n", ["x\ny\n", "x y"]),
    ("a: 1\r\nb:\r\n  - c\r\n", {"a": 1, "b": ["c"]}),
    ("%YAML 1.1\n---\na: on\n", {"a": "on"}),
    ("a: 1\n...\n", {"a": 1}),
    ('{"a":1,"b":[true,null]}', {"a": 1, "b": [True, None]}),
    ("", None),
    ("# nothing\n", None),
    ("just text", "just text"),
    ("? a\n: 1\n", {"a": 1}),
]


@pytest.mark.parametrize(("text", "value"), VALUES, ids=[repr(text) for text, _ in VALUES])
def test_collections(text: str, value: object) -> None:
    assert yaml_text.parse(text, LIMITS)[0] == value


FAULTS: list[tuple[str, str, tuple[int, int], str]] = [
    ("a: 1\na: 2\n", "contract-duplicate-key", (2, 1), "the key 'a' is already in this mapping"),
    ("x:\n  - y: {a: 1, a: 2}\n", "contract-duplicate-key", (2, 15), "the key 'a' is already in this mapping"),
    ('200: a\n"200": b\n', "contract-duplicate-key", (2, 1), "the key '200' is already in this mapping"),
    ("a: {<<: {}, <<: {}}\n", "contract-duplicate-key", (1, 13), "the key '<<' is already in this mapping"),
    ("? [a]\n: b\n", "contract-key", (1, 3), "a key must be text, not a collection"),
    ("a: &x [1]\n*x : b\n", "contract-key", (2, 1), "a key must be text, not a collection"),
    ("a: {<<: 1}\n", "contract-key", (1, 5), "the merge key << takes a mapping or a list of mappings"),
    ("a: &x [*x]\n", "contract-alias", (1, 8), "the alias *x contains itself"),
    ("a: &x {<<: *x}\n", "contract-alias", (1, 12), "the alias *x contains itself"),
    ("a: *x\n", "contract-alias", (1, 4), "the alias *x has no anchor"),
    (
        "a: !!python/object/apply:os.system [id]\n",
        "contract-tag",
        (1, 4),
        "the tag !!python/object/apply:os.system has",
    ),
    ("a: !include x.yaml\n", "contract-tag", (1, 4), "the tag !include has no meaning in a contract"),
    ("a: !!binary aGk=\n", "contract-tag", (1, 4), "the tag !!binary has no meaning in a contract"),
    ("a: !!set {a}\n", "contract-tag", (1, 4), "the tag !!set has no meaning in a contract"),
    ("a: !!int x\n", "contract-number", (1, 4), "'x' is not an integer, as its tag says"),
    ("a: !!int true\n", "contract-number", (1, 4), "'true' is not an integer, as its tag says"),
    ("a: .inf\n", "contract-number", (1, 4), ".inf is a number that JSON does not have"),
    ("a: -.INF\n", "contract-number", (1, 4), "-.INF is a number that JSON does not have"),
    ("a: .nan\n", "contract-number", (1, 4), ".nan is a number that JSON does not have"),
    ("a: 1e400\n", "contract-number", (1, 4), "the number 1e400 is out of range"),
    ("a: " + "9" * 5000, "contract-number", (1, 4), "is out of range: it has 5,000 digits"),
    ("a: 0x" + "f" * 5000, "contract-number", (1, 4), "is out of range"),
    ("a:\n\tb: 1\n", "contract-syntax", (2, 1), "is not YAML: "),
    ("a: b: c\n", "contract-syntax", (1, 5), "is not YAML: mapping values are not allowed"),
    ("a: [1\n", "contract-syntax", (2, 1), "is not YAML: "),
    ("a: 1\n---\nb: 2\n", "contract-syntax", (2, 1), "holds more than one document"),
    ("é: 1\na: x\x00y\n", "contract-syntax", (2, 5), "the control character U+0000"),
    ("a: \x07\n", "contract-syntax", (1, 4), "the control character U+0007"),
    ('a: "\\ud83d"\n', "contract-syntax", (1, 7), "is not YAML: "),
    ("[" * 60 + "]" * 60, "contract-too-deep", (1, 51), "nests deeper than 50 levels"),
    ("[" * 10_000, "contract-too-deep", (1, 51), "nests deeper than 50 levels"),
    (
        "\n".join(" " * level + "a:" for level in range(60)),
        "contract-too-deep",
        (51, 51),
        "nests deeper than 50 levels",
    ),
]


@pytest.mark.parametrize(("text", "rule", "place", "message"), FAULTS, ids=[repr(text[:30]) for text, *_ in FAULTS])
def test_what_json_cannot_hold_or_readers_disagree_about_is_refused(
    text: str, rule: str, place: tuple[int, int], message: str
) -> None:
    with pytest.raises(Fault) as caught:
        yaml_text.parse(text, LIMITS)
    assert (caught.value.rule, (caught.value.line, caught.value.column)) == (rule, place)
    assert message in caught.value.message


def test_an_exponential_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    with pytest.raises(Fault, match="aliases expand to more than 1,000 values"):
        yaml_text.parse("\n".join(lines), LIMITS)


def test_aliases_count_as_what_they_expand_to() -> None:
    assert yaml_text.parse("a: &x [1, 2]\nb: [*x, *x]\n", LIMITS)[1] == 1 + 3 + 1 + 3 + 3


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff")),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text("abc<é", max_size=3).filter(lambda key: key != "<<"), inner)
    ),
    max_leaves=15,
)


@given(json_values)
def test_json_means_the_same_to_both_readers(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert yaml_text.parse(text, LIMITS) == json_text.parse(text, LIMITS)
    assert json_text.parse(text, LIMITS)[0] == value


@given(st.text())
def test_any_text_is_a_value_or_a_fault(text: str) -> None:
    for parse in (yaml_text.parse, json_text.parse):
        try:
            parse(text, LIMITS)
        except Fault as fault:
            assert fault.message  # noqa: PT017 - both ends are fine, only another exception is not


JSON_FAULTS: list[tuple[str, str, tuple[int, int], str]] = [
    ('{"a": 1, "a": 2}', "contract-duplicate-key", (1, 10), "the key 'a' is already in this mapping"),
    ('{"é": [\n {"b": "b", "c": {},\n  "b": 2}]}', "contract-duplicate-key", (3, 3), "the key 'b' is already"),
    ('{"a": 1, "\\u0061": 2}', "contract-duplicate-key", (1, 10), "the key 'a' is already in this mapping"),
    ('{"a": NaN}', "contract-number", (1, 7), "NaN is not JSON"),
    ('{"a": 1e400}', "contract-number", (1, 7), "the number 1e400 is out of range"),
    ('{"a": ' + "1" * 5000 + "}", "contract-number", (1, 7), "it has 5,000 digits"),
    ('{"a": "\\ud83d"}', "contract-encoding", (1, 7), "half a surrogate pair"),
    ("// hello\n{}", "contract-syntax", (1, 1), "is not JSON: Expecting value"),
    ('{"a": 1,\n}', "contract-syntax", (2, 1) if sys.version_info < (3, 13) else (1, 8), "is not JSON"),
    ("", "contract-syntax", (1, 1), "is not JSON: Expecting value"),
    ("{} {}", "contract-syntax", (1, 4), "is not JSON: Extra data"),
    ("[" * 60 + "]" * 60, "contract-too-deep", (1, 51), "nests deeper than 50 levels"),
    ("[" * 100_000 + "]" * 100_000, "contract-too-deep", (1, 51), "nests deeper than 50 levels"),
    ('{"a":' * 100_000 + "1" + "}" * 100_000, "contract-too-deep", (1, 251), "nests deeper than 50 levels"),
]


@pytest.mark.parametrize(
    ("text", "rule", "place", "message"), JSON_FAULTS, ids=[repr(text[:30]) for text, *_ in JSON_FAULTS]
)
def test_json_that_readers_disagree_about_is_refused(
    text: str, rule: str, place: tuple[int, int], message: str
) -> None:
    with pytest.raises(Fault) as caught:
        json_text.parse(text, LIMITS)
    assert (caught.value.rule, (caught.value.line, caught.value.column)) == (rule, place)
    assert message in caught.value.message


def test_json_with_a_whole_surrogate_pair_is_fine() -> None:
    assert json_text.parse('"\\ud83d\\ude00"', LIMITS)[0] == "😀"


def test_a_float_stays_exact() -> None:
    assert math.isclose(yaml_text.parse("0.1", LIMITS)[0], 0.1, rel_tol=0)
