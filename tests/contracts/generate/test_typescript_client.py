"""A client in TypeScript decodes what the running service really sends, with nothing but the generated types."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.conftest import TOKEN, process
from tests.app.test_shutdown import free_port, wait_until_healthy

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_a_typescript_client_understands_the_service(tmp_path: Path, tsc: Callable[..., str], node: str) -> None:
    source = tmp_path / "src"
    source.mkdir()
    shutil.copy(ROOT / "generated" / "typescript" / "types.ts", source)
    shutil.copy(Path(__file__).with_name("clients") / "client.ts", source)
    assert tsc(source, out=tmp_path / "out", lib=("es2022", "dom")) == ""
    port = free_port()
    database = f"sqlite:///{tmp_path / 'projects.sqlite3'}"
    with process("-m", "app", "--port", str(port), PROJECTS_TOKEN=TOKEN, PROJECTS_DATABASE_URL=database):
        wait_until_healthy(port)
        # Node 20 has WebSocket only with this flag; later ones have it anyway.
        argv = [node, "--experimental-websocket", str(tmp_path / "out" / "client.js"), f"127.0.0.1:{port}", TOKEN]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["events"][:2] == ["hello dev", "subscribed a1 true"]
    assert seen["events"][2:] == [
        "project.created Apollo To the moon.",
        "project.updated Apollo 11 To the moon.",
        "project.updated Apollo 11 null",
        "pong a2",
    ]
    assert seen["descriptions"] == ["To the moon.", "To the moon.", None]
    assert seen["page"] == [["Apollo 11"], None]
    assert seen["refused"] == ["/problems/invalid-request", 422, ["body /name"]]
    assert seen["missing"] == ["/problems/not-found", True]
    assert seen["fault"] == '/status is not "active","paused","archived"'
