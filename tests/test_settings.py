"""The shared words: durations, sizes, paths, names and secrets."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from xptasks.errors import CannotRunError
from xptasks.settings import (
    Name,
    ProjectPath,
    ProjectPaths,
    Secret,
    SecretReference,
    format_duration,
    format_size,
    mask,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("250ms", 0.25), ("1.5s", 1.5), ("90s", 90), ("1h30m", 5400), ("2d", 172_800), ("1w", 604_800)],
)
def test_a_duration_is_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "60", "60 s", "-5s", "5S", "s", "1e3s", "٣s", "5s ", "5s\n", "9" * 400 + "w", "nan", 60, 60.0, True, None],
)
def test_a_duration_without_a_clear_unit_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="a duration is a number with a unit"):
        parse_duration(text)


@given(st.integers(0, 10**12))
def test_a_formatted_duration_reads_back_the_same(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1000)) == milliseconds / 1000


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (0.25, "250ms"), (60, "1m"), (90, "90s"), (5400, "90m")])
def test_a_duration_is_shown_in_its_largest_whole_unit(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, 999_999))
def test_a_formatted_size_reads_back_the_same(kibibytes: int) -> None:
    assert parse_size(format_size(kibibytes * 1024)) == kibibytes * 1024


@pytest.mark.parametrize("text", ["1GB", "1.5GiB", "-1MiB", "", "1", 1024])
def test_a_size_without_a_clear_unit_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="a size is a whole number with a unit"):
        parse_size(text)


@pytest.mark.parametrize(
    ("path", "clean"), [("app", "app"), ("app/", "app"), ("./a//b", "a/b"), (".", "."), ("a..b", "a..b")]
)
def test_a_path_inside_the_project_is_accepted(path: str, clean: str) -> None:
    assert TypeAdapter(ProjectPath).validate_python(path) == clean


@pytest.mark.parametrize(
    "path",
    ["", " ", "/", "/etc", "..", "a/../../b", "C:/x", "C:x", "\\x", "a\\..\\..\\b", "//host/share", "a\nb", "a\x00b"],
)
def test_a_path_that_leaves_the_project_or_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(ProjectPath).validate_python(path)


def test_one_path_is_a_list_of_one() -> None:
    assert TypeAdapter(ProjectPaths).validate_python("app") == ("app",)


@given(st.from_type(str))
def test_a_name_survives_the_way_through_a_variable(name: str) -> None:
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        return
    assert f"a__{name}__b".upper().lower().split("__") == ["a", name, "b"]


@pytest.mark.parametrize("name", ["fast", "a1", "smoke_test", "x_1_y"])
def test_a_snake_case_name_is_accepted(name: str) -> None:
    assert TypeAdapter(Name).validate_python(name) == name


@pytest.mark.parametrize("name", ["", "Fast", "1a", "_a", "a_", "a__b", "a-b", "a.b", "a b", "ä", "a\n", "a" * 65])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="a name is words of lower-case letters"):
        TypeAdapter(Name).validate_python(name)


@pytest.mark.parametrize(
    "text", ["hunter2", "env:", "env:1A", "ENV:TOKEN", "env:A B", "file:", "file:a\nb", "", 3, None]
)
def test_a_secret_that_is_written_out_is_refused_and_not_repeated(text: object) -> None:
    with pytest.raises(ValidationError, match="a secret is never written here") as caught:
        TypeAdapter(SecretReference).validate_python(text)
    assert "hunter2" not in str(caught.value.errors(include_input=False))


def test_a_secret_is_read_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from file\n")
    assert Secret("env:TOKEN").resolve({"TOKEN": "from env"}, tmp_path) == "from env"
    assert Secret("file:token").resolve({}, tmp_path) == "from file"


@pytest.mark.parametrize("reference", ["env:TOKEN", "file:missing", "file:.", "file:binary"])
def test_a_secret_that_is_not_there_cannot_be_used(reference: str, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(CannotRunError, match=f"the secret {reference}"):
        Secret(reference).resolve({}, tmp_path)


@pytest.mark.parametrize(
    ("text", "secrets", "masked"),
    [
        ("token abc, abcdef", ["abc", "abcdef"], "token ***, ***"),
        ("nothing", [""], "nothing"),
        ("nothing", [], "nothing"),
        (r'{"t": "a\"b\nc"}', ['a"b\nc'], '{"t": "***"}'),
        ("a.c abc", ["a.c"], "*** abc"),
    ],
)
def test_secrets_are_masked(text: str, secrets: list[str], masked: str) -> None:
    assert mask(text, secrets) == masked


@given(st.text(), st.lists(st.text(min_size=1)))
def test_no_secret_is_left_in_a_masked_text(text: str, secrets: list[str]) -> None:
    masked = mask(text, secrets)
    assert not any(secret in piece for piece in masked.split("***") for secret in secrets)
