"""HAProxy itself checks what we write, and what the guide shows."""

import re
import subprocess
from pathlib import Path

import pytest

from xptasks.delivery.haproxy.configuration import BUCKETS_FILE, complete, empty, proxies
from xptasks.delivery.haproxy.slots import Slot
from xptasks.system import machine

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "haproxy.md"


def test_haproxy_takes_our_configuration_without_a_warning(tmp_path: Path) -> None:
    program = machine.find("haproxy") or pytest.skip("haproxy is not installed")
    slots = {
        **empty(),
        "slot1": Slot(port=1001, weight=90, ready=True),
        "slot2": Slot(port=1002, weight=10, ready=True),
    }
    (tmp_path / BUCKETS_FILE).touch()
    (tmp_path / "haproxy.cfg").write_text(complete(18080, "releases", slots))
    words = [program, "-c", "-dW", "-f", "haproxy.cfg"]
    checked = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False)
    assert checked.returncode == 0, checked.stderr
    assert not re.search("WARNING|ALERT", checked.stderr)


def test_the_guide_shows_what_we_generate() -> None:
    shown = GUIDE.read_text().split("```haproxy\n")[1].split("```")[0]
    assert shown == proxies(8080, "releases", empty(), folder="/etc/haproxy/")
