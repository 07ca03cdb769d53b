import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.repository import Project, Repository
from xptasks.tiers import fingerprint
from xptasks.tiers.fingerprint import UncacheableError

TOOLS = Path(__file__).parents[2] / "tools"
values = st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.tuples(inner, inner))


@given(values, values)
def test_a_digest_tells_values_apart(one: object, other: object) -> None:
    assert (fingerprint.digest(one) == fingerprint.digest(other)) == (repr(one) == repr(other))


def test_a_digest_of_names_that_are_not_utf8() -> None:
    assert fingerprint.digest(os.fsdecode(b"\xff")) != fingerprint.digest(os.fsdecode(b"\xfe"))


@pytest.mark.parametrize("content", [b"", b"one\n", b"\0" * 100])
@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_ids_are_those_of_git(content: bytes, algorithm: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "r").init(f"--object-format={algorithm}")
    path = repository.write("a", content)
    expected = repository.git("hash-object", "a").strip()
    assert fingerprint.read(str(path), len(expected)) == ("100644", expected)


def test_what_is_not_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    found = [fingerprint.read(str(tmp_path / name)) for name in ("pipe", "folder", "missing", "loop")]
    assert [mode for mode, _ in found] == ["10000", "40000", "000000", "120000"]


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(fingerprint, "_content", refuse)  # the superuser may read everything
    (tmp_path / "secret").write_text("x")
    with pytest.raises(UncacheableError, match="secret cannot be read: Permission denied"):
        fingerprint.read(str(tmp_path / "secret"))


def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "a" / "file").write_text("one")
    (tmp_path / "link").symlink_to("a")
    before = fingerprint.read(str(tmp_path / "link"))
    (tmp_path / "a" / "file").write_text("two")
    assert fingerprint.read(str(tmp_path / "link")) != before


def test_a_link_to_very_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "_MAX_LINKED_FILES", 3)
    (tmp_path / "many").mkdir()
    for number in range(5):
        (tmp_path / "many" / str(number)).write_text("")
    (tmp_path / "link").symlink_to("many")
    with pytest.raises(UncacheableError, match="leads to more than 3 files"):
        fingerprint.read(str(tmp_path / "link"))


def editable(site: Path, text: str) -> list[str]:
    info = site / "lib-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "direct_url.json").write_text(text)
    return fingerprint.distributions([str(site)], "/project")


def test_the_files_of_an_editable_distribution_count(tmp_path: Path) -> None:
    library = Repository(tmp_path / "a library").init()
    library.write("code.py")
    url = json.dumps({"url": library.path.as_uri(), "dir_info": {"editable": True}})
    before = editable(tmp_path / "site", url)
    assert before == editable(tmp_path / "site", url)
    library.write("code.py", "two\n")
    assert editable(tmp_path / "site", url) != before


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ('{"url": "file:///project", "dir_info": {"editable": true}}', "project"),
        ('{"url": "file:///elsewhere", "dir_info": {}}', ""),
        ('{"url": "https://localhost/a.whl", "archive_info": {}}', ""),
    ],
)
def test_other_origins(text: str, counts: str, tmp_path: Path) -> None:
    (found,) = editable(tmp_path, text)
    assert found.split(" ")[2:] == [counts]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"dir_info": {"editable": true}}', "7"])
def test_an_origin_that_cannot_be_read(text: str, tmp_path: Path) -> None:
    with pytest.raises(UncacheableError, match=r"direct_url\.json cannot be read"):
        editable(tmp_path, text)


def test_an_editable_distribution_that_git_ignores(tmp_path: Path) -> None:
    Repository(tmp_path).init().write(".gitignore", "lib/\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/code.py").write_text("")
    with pytest.raises(UncacheableError, match="lib, which is installed as editable"):
        editable(tmp_path / "site", json.dumps({"url": (tmp_path / "lib").as_uri(), "dir_info": {"editable": True}}))


def test_an_environment_that_is_not_there() -> None:
    assert fingerprint.distributions(fingerprint.site_packages_of("/nowhere"), "/p") == []


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({}, "/t/bin"),
        ({"PATH": ""}, "/t/bin"),
        ({"PATH": "/a:/b:/a"}, "/t/bin:/a:/b"),
        ({"PATH": "/t/bin:/a"}, "/t/bin:/a"),
        ({"PATH": ".:relative::/a"}, "/t/bin:/a"),
        ({"PATH": "/usr/lib/git-core:/a:/x/libexec/git-core"}, "/t/bin:/a"),
        ({"PATH": "/v/bin:/a", "VIRTUAL_ENV": "/v/"}, "/t/bin:/a"),
        ({"PATH": "/v/bin:/a", "VIRTUAL_ENV": ""}, "/t/bin:/v/bin:/a"),
        ({"PATH": "/bin:/a", "VIRTUAL_ENV": ""}, "/t/bin:/bin:/a"),
    ],
)
def test_the_search_path_of_a_child(environ: dict[str, str], path: str) -> None:
    assert fingerprint.environment(environ, (), "/t/bin") == {"PATH": path}


def test_the_variables_of_a_child() -> None:
    environ = {"HOME": "/h", "TZ": "UTC", "SECRET": "s", "DECLARED": "d", "PATH": "/a"}
    found = fingerprint.environment(environ, ("DECLARED", "ABSENT"), "/t/bin")
    assert found == {"HOME": "/h", "TZ": "UTC", "DECLARED": "d", "PATH": "/t/bin:/a"}


def test_when_files_were_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    before = fingerprint.written(str(tmp_path), ["a", "missing"])
    assert before["missing"] == 0
    state = (tmp_path / "a").stat()
    (tmp_path / "a").chmod(0o755)
    os.utime(tmp_path / "a", ns=(state.st_atime_ns, state.st_mtime_ns))
    assert fingerprint.written(str(tmp_path), ["a"])["a"] > before["a"]


@pytest.mark.parametrize("module", ["xptasks.tiers.quick", "xptasks.system.git", "xptasks.hook"])
def test_the_hook_imports_next_to_nothing(module: str) -> None:
    code = f"import sys; sys.path.insert(0, {str(TOOLS)!r}); import {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    slow = {"re", "json", "pathlib", "dataclasses", "subprocess", "typing", "collections", "hashlib", "enum", "inspect"}
    assert slow & set(done.stdout.split()) == set()


@pytest.mark.slow
def test_five_thousand_files(tmp_path: Path) -> None:
    project = Project(tmp_path / "huge")
    project.init()
    project.fill()
    for number in range(5000):
        project.write(f"app/p{number // 100}/m{number}.py", f"x = {number}\n")
    project.commit()
    project.run()
    assert project.green()
    (project.path / "app/p30/m3000.py").write_text("x = 3001\n")
    assert not project.green()
    assert project.cached() == {"other"}
