"""What the documents show is executed: TOML loads, commands exist, links lead somewhere."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from xptasks import config, steps
from xptasks.tasks import ns

PROJECT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md")
    for path in PROJECT.glob(pattern)
    if path.name not in {"CHANGELOG.md", "CLAUDE.md"}
)
COMMAND = re.compile(r"(?<![\w./-])(inv|nox -s|xptasks) ([a-z][a-z-]*)")
TIERS = set(tomllib.loads((PROJECT / "xpconfig.toml").read_text(encoding="utf-8"))["tiers"])
TASKS = {*ns.task_names, *(alias for aliases in ns.task_names.values() for alias in aliases), "run"}


def _blocks(language: str) -> list[Any]:
    found = []
    for page in PAGES:
        texts = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        name = page.relative_to(PROJECT)
        found += [pytest.param(text, id=f"{name}-{number}") for number, text in enumerate(texts)]
    return found


@pytest.mark.parametrize("text", _blocks("toml"))
def test_every_toml_block_loads(text: str, tmp_path: Path) -> None:
    """A fragment gets the least that a configuration needs besides it."""
    shown = tomllib.loads(text)
    shown.setdefault("version", 1)
    shown.setdefault("project", {}).setdefault("name", "projects")
    named = [name for name in shown.get("steps", {}) if name not in steps.names()] or ["lint"]
    shown.setdefault("tiers", {}).setdefault("fast", {"steps": named})
    (tmp_path / "xpconfig.toml").write_text(tomli_w.dumps(shown), encoding="utf-8")
    assert config.load(tmp_path, environ={}).config.version == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_command_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    commands = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^\$ (.+)$", text, re.MULTILINE)
    for program, name in (found for command in commands for found in COMMAND.findall(command)):
        known = TIERS if program == "nox -s" else TASKS
        assert name in known, f"{program} {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)", text)
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


def test_every_task_says_in_a_line_what_it_does() -> None:
    for name in ns.task_names:
        assert (ns[name].__doc__ or "").strip().splitlines()[0].endswith(".")
