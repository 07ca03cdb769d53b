"""What keeps a watcher alive: the unit as systemd reads it, the line as cron and a shell read it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from xptasks.config.settings import Config
from xptasks.loop.watching import install

pytestmark = pytest.mark.pr

CONFIG = Config.model_validate(
    {"version": 1, "project": {"name": "small", "sources": ["app"]}, "deploy": {"target": "local"}}
)


def installed(tmp_path: Path, folder: Path, profile: str = "", **environ: str) -> tuple[Path, str]:
    said = install(CONFIG, folder, profile, {"XDG_CONFIG_HOME": str(tmp_path / "config"), **environ})
    return tmp_path / "config" / "systemd" / "user" / "xptasks-small-local.service", said


def values(unit: Path, key: str) -> list[str]:
    lines = unit.read_text().splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{key}=")]


def test_the_unit_and_what_is_said_about_it(tmp_path: Path) -> None:
    unit, said = installed(tmp_path, Path("/srv/small"), "production", XDG_STATE_HOME="/srv/state")
    assert values(unit, "ExecStart") == [f"{sys.executable} -m xptasks watch --profile production"]
    assert values(unit, "WorkingDirectory") == ["/srv/small"]
    assert values(unit, "Environment") == ["XDG_STATE_HOME=/srv/state"]
    assert values(unit, "Restart") == ["always"]
    assert values(unit, "StartLimitIntervalSec") == ["0"]
    assert values(unit, "KillMode") == ["process"]
    command = f"env XDG_STATE_HOME=/srv/state {sys.executable} -m xptasks watch --profile production --detach"
    assert said.splitlines() == [
        f"wrote {unit}",
        "with systemd:    systemctl --user daemon-reload && systemctl --user enable --now xptasks-small-local.service",
        "                 loginctl enable-linger   # so that it runs while nobody is logged in",
        f"without systemd: crontab -e, and add: * * * * * cd /srv/small && {command}",
    ]


FOLDERS = ["plain", "with space", "50% off", "it's", 'say "so"', "a$HOME", "back\\slash"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_shell_of_cron_does_what_is_meant(tmp_path: Path, name: str) -> None:
    """As crontab(5): five fields, then a command in which an escaped `%` is itself."""
    folder = tmp_path / name
    folder.mkdir()
    _, said = installed(tmp_path, folder, XDG_STATE_HOME=f"/state/{name}")
    line = said.splitlines()[-1].partition("and add: ")[2]
    assert line.startswith("* * * * * ")
    assert "%" not in line.replace("\\%", "")
    shown = line.removeprefix("* * * * * ").replace("\\%", "%").replace(sys.executable, "printenv", 1)
    before, _, _ = shown.partition(" -m xptasks")
    script = f"{before} XDG_STATE_HOME && pwd"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"/state/{name}", str(folder)]


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDERS)
def test_systemd_understands_the_unit(tmp_path: Path, name: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    folder = tmp_path / name
    folder.mkdir()
    unit, _ = installed(tmp_path, folder, XDG_STATE_HOME=f"/state/{name}")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []
    assert done.returncode == 0, done.stderr
