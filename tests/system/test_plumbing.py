import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.repository import QUIET, Repository
from xptasks.errors import CannotRunError
from xptasks.system.plumbing import Git, Object


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository").init("--template=")
    made.write("a.txt", "a\n")
    made.commit()
    return made


@pytest.fixture
def git(repository: Repository) -> Git:
    return Git(repository.path, QUIET)


def test_a_command_says_what_it_printed(git: Git) -> None:
    assert git("rev-parse", "--abbrev-ref", "HEAD") == "main"


def test_what_fails_says_why(git: Git) -> None:
    with pytest.raises(CannotRunError, match=r"git cat-file failed: .*nonsense"):
        git("cat-file", "-p", "nonsense")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert Git(tmp_path / "nowhere").ask("status").code is None


def test_objects_of_every_kind_and_missing_ones(git: Git, repository: Repository) -> None:
    blob = git("rev-parse", "HEAD:a.txt")
    tag = git.write("tag", f"object {git('rev-parse', 'HEAD')}\ntype commit\ntag x\ntagger A <a@b> 0 +0000\n\nhello\n")
    half = git.write("blob", "h\udce9\n")
    found = git.objects([blob, "0" * 40, tag, half, "HEAD:nothing there"])
    assert found[0] == Object("blob", b"a\n")
    assert found[1] is None
    assert found[2]
    assert found[2].content.endswith(b"\n\nhello\n")
    assert found[3] == Object("blob", b"h\xe9\n")
    assert found[4] is None
    assert git.objects([]) == []


def test_a_malformed_object_is_refused(git: Git) -> None:
    with pytest.raises(CannotRunError, match="hash-object"):
        git.write("tag", "object nonsense\n")


def test_ids_are_found_and_nothing_is_taken_for_an_option(git: Git) -> None:
    assert git.find("HEAD") == git("rev-parse", "main")
    assert git.find("nothing") is None
    assert git.find("--all") is None


def test_no_hook_of_the_user_runs(git: Git, repository: Repository, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    for name in ("pre-push", "post-checkout", "reference-transaction"):
        repository.write(f"../hooks/{name}", f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n").chmod(0o755)
    repository.git("config", "core.hooksPath", str(hooks))
    repository.git("init", "-q", "--bare", "../remote.git")
    git("push", "../remote.git", "main")
    git("update-ref", "refs/x", "HEAD")
    assert not (tmp_path / "ran").exists()


def test_what_does_not_end_is_ended_with_all_that_it_started(git: Git, tmp_path: Path) -> None:
    git("config", "alias.stay", f"!sleep 60 & echo $! > {tmp_path}/pid; wait")
    said = git.ask("stay", patience=0.5)
    assert said.code is None
    assert "did not end within 0.5 s" in said.error
    assert _gone(int((tmp_path / "pid").read_text()))


def _gone(pid: int) -> bool:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if f"{pid} (sleep) Z" in Path(f"/proc/{pid}/stat").read_text():
            return True
        time.sleep(0.01)
    return False


class _Closed(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def test_nobody_is_asked_for_a_password(git: Git) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Closed) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        said = git.ask("ls-remote", f"http://127.0.0.1:{server.server_port}/x.git", patience=20)
        server.shutdown()
    assert said.code == 128
    assert "terminal prompts disabled" in said.error


def test_who_works_here(git: Git, tmp_path: Path) -> None:
    assert git.identity() == "Ada <ada@localhost>"
    nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_COMMITTER_NAME": ""}
    assert Git(git.folder, nobody).identity() == "xptasks <xptasks@localhost>"


def test_what_comes_before_what(git: Git, repository: Repository) -> None:
    old = git("rev-parse", "HEAD")
    repository.commit()
    assert git.is_ancestor(old, "HEAD")
    assert not git.is_ancestor("HEAD", old)
    assert not git.is_ancestor("0" * 40, "HEAD")
