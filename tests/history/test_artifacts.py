"""What others kept: folders and zip files, also hostile ones, in which nothing may be believed."""

import os
import zipfile
from pathlib import Path

import pytest

from tests.history.test_store import probe
from xptasks.history import artifacts
from xptasks.history.artifacts import Problem, Text

LINE = probe(1.0).as_json()


def zipped(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


def read(path: Path) -> tuple[list[str], list[str]]:
    """The places of what was read, and the problems, without the folder's name."""
    found = list(artifacts.texts(path))
    texts = [each.where for each in found if isinstance(each, Text)]
    problems = [str(each) for each in found if isinstance(each, Problem)]
    clean = [[each.replace(f"{path.parent}/", "") for each in group] for group in (texts, problems)]
    return clean[0], clean[1]


def test_of_a_folder_only_what_is_called_as_we_call_it(tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    for name in ("a/last-run.json", "b/events.jsonl", "b/other.json", "b/readme.txt", "c/.jsonl"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    zipped(folder / "run.zip", **{"x__last-run.json": b"{}", "x__picture.png": b"\x89"})
    texts, problems = read(folder)
    assert texts == [
        "artifacts/run.zip!x/last-run.json",
        "artifacts/a/last-run.json",
        "artifacts/b/events.jsonl",
        "artifacts/c/.jsonl",
    ]
    assert problems == []


def test_a_file_that_is_named_must_be_one_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "readme.txt"
    path.write_text("hello")
    assert read(path)[1] == [
        "readme.txt: neither a last-run.json, a .jsonl file with events, nor a zip file",
    ]
    assert read(tmp_path / "missing.json")[1] == ["missing.json: No such file or directory"]


def test_links_and_devices_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    (tmp_path / "secret.jsonl").write_text(LINE)
    (folder / "a.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (folder / "linked").symlink_to(tmp_path)
    os.mkfifo(folder / "b.jsonl")
    texts, problems = read(folder)
    assert texts == []
    assert problems == [
        f"artifacts/{name}.jsonl: not a file: links and devices are not followed" for name in ("a", "b")
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/evil.jsonl", "../../../etc/evil.jsonl"),
        ("/etc/evil.jsonl", "/etc/evil.jsonl"),
        ("C:\\evil.jsonl", "C:\\evil.jsonl"),
        ("\x1b[31mred\n.jsonl", "\\x1b[31mred\\n.jsonl"),
        ("\u202e.jsonl", "\\u202e.jsonl"),
    ],
)
def test_names_in_a_zip_file_lead_nowhere(tmp_path: Path, name: str, shown: str) -> None:
    path = tmp_path / "run.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, LINE)
    before = sorted(tmp_path.rglob("*"))
    assert read(path) == ([f"run.zip!{shown}"], [])
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_in_a_zip_file_is_text(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("last-run.json")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    (found,) = artifacts.texts(tmp_path / "run.zip")
    assert found == Text(f"{tmp_path}/run.zip!last-run.json", "/etc/passwd")


def test_bombs_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "_LARGEST", 1 << 20)
    monkeypatch.setattr(artifacts, "_TOGETHER", 2 << 20)
    one = zipped(tmp_path / "one.zip", **{"a.jsonl": b"\n" * (2 << 20), "b.jsonl": b""})
    assert read(one) == (["one.zip!b.jsonl"], ["one.zip!a.jsonl: larger than 1 MiB"])
    many = zipped(tmp_path / "many.zip", **{f"{number}.jsonl": b"\n" * (1 << 20) for number in range(9)})
    texts, problems = read(many)
    assert len(texts) == 2
    assert problems == ["many.zip: unpacks to more than 2 MiB; the rest is left out"]
    monkeypatch.setattr(artifacts, "_ENTRIES", 5)
    assert read(many) == ([], ["many.zip: more than 5 entries"])


def test_a_header_that_lies_about_the_size_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "_LARGEST", 1000)
    path = zipped(tmp_path / "run.zip", **{"a.jsonl": b"\n" * 100_000})
    content = path.read_bytes().replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(content)
    texts, problems = read(path)
    assert texts == []
    assert len(problems) == 1


def test_zip_files_in_zip_files_as_browsers_make_them_and_no_deeper(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", **{"last-run.json": b"{}"}).read_bytes()
    middle = zipped(tmp_path / "middle.zip", **{"inner.zip": inner}).read_bytes()
    assert read(tmp_path / "middle.zip") == (["middle.zip!inner.zip!last-run.json"], [])
    outer = zipped(tmp_path / "outer.zip", **{"middle.zip": middle})
    assert read(outer)[1] == [
        "outer.zip!middle.zip!inner.zip: zip files within zip files within zip files are not read"
    ]


def test_encrypted_and_damaged_entries_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "run.zip", **{"a.jsonl": b"x" * 500, "b.jsonl": os.urandom(500), "c.jsonl": b"y"})
    content = bytearray(path.read_bytes())
    first = content.find(b"PK\x01\x02")
    content[first + 8] |= 1  # the flag of encryption, in the directory
    second = content.find(b"b.jsonl") + 100  # in the middle of the second entry's data
    content[second] ^= 0xFF
    path.write_bytes(content)
    texts, problems = read(path)
    assert texts == ["run.zip!c.jsonl"]
    assert problems[0] == "run.zip!a.jsonl: encrypted"
    assert problems[1].startswith("run.zip!b.jsonl: cannot be unpacked: ")


@pytest.mark.parametrize("cut", [30, 100, 200, -30, -1])
def test_a_zip_file_that_was_cut_off_is_a_problem_and_no_traceback(tmp_path: Path, cut: int) -> None:
    path = zipped(tmp_path / "run.zip", **{"a.jsonl": os.urandom(300)})
    path.write_bytes(path.read_bytes()[:cut])
    texts, problems = read(path)
    assert (texts, len(problems)) == ([], 1)


def test_bad_lines_are_told_with_their_number_and_the_rest_is_read() -> None:
    deep = "[" * 100_000
    other = LINE.replace('"probe"', '"teleported"')
    late = LINE.replace('"at": 1.0', '"at": NaN')
    found = list(artifacts.events(f"{LINE}\n\n{{\n{deep}\n\x1b[31m\n{other}\n{late}\n{LINE}"))
    assert [number for number, each in found if not isinstance(each, str)] == [1, 8]
    problems = {number: each for number, each in found if isinstance(each, str)}
    assert sorted(problems) == [3, 4, 5, 6, 7]
    assert problems[3].startswith("not JSON: ")
    assert problems[6] == "events of the kind 'teleported' are of a later version"
    assert problems[7].startswith("not an event: ")
    assert all(each.isprintable() for each in problems.values())
