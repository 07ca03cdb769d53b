"""Four projects whose workflows are generated: this one, and three that differ in what they have and ask for."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.repository import Repository
from xptasks.ci import reading, rules
from xptasks.ci.request import Request
from xptasks.loop import workflows
from xptasks.results import Finding

HERE = Path(__file__).parent.parent.parent

HASHED = """\
nox==2026.4.10 \\
    --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000
xptasks==0.1.0 \\
    --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000
"""
LOCK = """\
version = 1

[[package]]
name = "uv"
version = "0.9.1"

[[package]]
name = "xptasks"
version = "0.1.0"
"""

SMALL = """\
version = 1
[project]
name = "small"
[tiers.fast]
steps = ["lint", "unit"]
"""
HOSTED = """\
version = 1
[project]
name = "hosted"
python = ["3.11", "3.13"]
[tiers.fast]
steps = ["lint"]
[tiers.pr]
budget = "10m"
includes = ["fast"]
steps = ["unit"]
[tiers.nightly]
budget = "40m"
includes = ["pr"]
steps = ["slow"]
[tiers.weekly]
budget = "90m"
steps = ["coverage"]
[landing]
forge = "github"
trunk = "trunk"
[ci.schedules]
nightly = "3 4 * * 1-5"
"""
WHOLE = """\
version = 1
[project]
name = "whole"
python = ["3.12"]
[tiers.pr]
steps = ["unit"]
[landing]
forge = "github"
[landing.github]
check = "all of it"
[history]
url = "env:HISTORY_URL"
[deploy]
strategy = "blue-green"
[ci]
app = true
code_scanning = true
gitlab = true
runner = "ubuntu-22.04"
[ci.deploy]
runner = ["self-hosted", "production-1"]
canary = "staging"
oidc = true
secrets = ["PROJECTS_TOKEN", "OTHER_TOKEN"]
"""
PROJECTS: Mapping[str, Mapping[str, str]] = {
    "own": {},
    "small": {"xpconfig.toml": SMALL},
    "hosted": {"xpconfig.toml": HOSTED, "requirements/base.txt": HASHED},
    "whole": {"xpconfig.toml": WHOLE, "uv.lock": LOCK},
}

Make = Callable[[str], Path]
Look = Callable[[str], workflows.Looked]


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Makes one of the projects, with its files generated; this one is where it is."""
    made: dict[str, Path] = {"own": HERE}

    def one(name: str) -> Path:
        if name not in made:
            folder = Repository(tmp_path_factory.mktemp(name)).init()
            for path, text in PROJECTS[name].items():
                folder.write(path, text)
            folder.commit()
            workflows.generate(folder.path)
            made[name] = folder.path
        return made[name]

    return one


@pytest.fixture(scope="session")
def looked(make: Make) -> Look:
    """What one of the projects asks for, and what was generated; read once."""
    known: dict[str, workflows.Looked] = {}

    def one(name: str) -> workflows.Looked:
        if name not in known:
            known[name] = workflows.look(make(name))
        return known[name]

    return one


def found(request: Request, file: str, text: str) -> list[Finding]:
    """What our rules, and they alone, say about the text of a workflow."""
    return rules.check(reading.parse(text, file), request)


def program(*words: str) -> str:
    """A program's standard output; empty when it is not there."""
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL).stdout
    except OSError:
        return ""
