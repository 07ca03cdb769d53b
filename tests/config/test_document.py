"""What can be wrong before a key is looked at: the file itself."""

import os
from pathlib import Path

import pytest

from xptasks import config
from xptasks.errors import ConfigError

SMALLEST = 'version = 1\n\n[project]\nname = "projects"\n'


def message(project: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        config.load(project, environ={})
    return str(caught.value)


def test_a_missing_file_says_how_to_begin(tmp_path: Path) -> None:
    assert message(tmp_path) == (
        f"xpconfig.toml: there is no such file in {tmp_path}\n"
        '  a xpconfig.toml starts with: version = 1, then [project] with name = "my-project"'
    )


def test_the_project_is_the_nearest_folder_with_the_file(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"there is no xpconfig\.toml here or above"):
        config.find_project(inner)
    (tmp_path / "xpconfig.toml").write_text(SMALLEST)
    assert config.find_project(inner) == config.find_project(tmp_path) == tmp_path


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "xpconfig.toml").mkdir()
    assert message(tmp_path).startswith("xpconfig.toml: this is not a regular file")


def test_a_pipe_is_refused_without_waiting_for_its_other_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "xpconfig.toml")
    assert message(tmp_path).startswith("xpconfig.toml: this is not a regular file")


def test_a_device_is_refused(tmp_path: Path) -> None:
    (tmp_path / "xpconfig.toml").symlink_to("/dev/zero")
    assert message(tmp_path).startswith("xpconfig.toml: this is not a regular file")


def test_a_circle_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "xpconfig.toml").symlink_to("xpconfig.toml")
    assert message(tmp_path).startswith("xpconfig.toml: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "xpconfig.toml").write_text(SMALLEST)
    (tmp_path / "xpconfig.toml").chmod(0)
    assert message(tmp_path) == "xpconfig.toml: it cannot be read: Permission denied\n  check its permissions"


@pytest.mark.parametrize(
    "content",
    [
        SMALLEST.encode(),
        SMALLEST.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + SMALLEST.encode(),
        SMALLEST.replace(" = ", "\t=\t").encode(),
        SMALLEST.rstrip("\n").encode(),
        SMALLEST.encode() + b"# " + b". " * 500,
        SMALLEST.encode() + "# \U0001f680 \u202e\n".encode(),
    ],
    ids=["plain", "crlf", "bom", "tabs", "no last newline", "dots in a comment", "emoji"],
)
def test_a_file_as_editors_write_it_loads(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "xpconfig.toml").write_bytes(content)
    assert config.load(tmp_path, environ={}).config.project.name == "projects"
