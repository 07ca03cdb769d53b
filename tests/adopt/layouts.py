"""Tiny repositories of every shape that people keep: names of files with what they say."""

from collections.abc import Mapping

Files = Mapping[str, str | bytes]

TEST = "def test_it() -> None:\n    assert True\n"
APP = """from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    return {}
"""
HATCHLING = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
NAMED = '[project]\nname = "small"\nversion = "1"\n'

LAYOUTS: dict[str, Files] = {
    "src": {
        "pyproject.toml": HATCHLING + NAMED,
        "src/small/__init__.py": "",
        "tests/test_it.py": TEST,
    },
    "flat": {
        "pyproject.toml": HATCHLING + NAMED,
        "small/__init__.py": "",
        "tests/test_it.py": TEST,
    },
    "flat_no_tests": {
        "pyproject.toml": NAMED,
        "small/__init__.py": "",
    },
    "several_packages": {
        "pyproject.toml": NAMED,
        "one/__init__.py": "",
        "two/__init__.py": "",
        "test_it.py": TEST,
    },
    "one_module": {
        "script.py": "x = 1\n",
    },
    "empty": {
        "README.md": "# nothing\n",
    },
    "tests_in_package": {
        "setup.py": ("from setuptools import setup\nsetup(name='small')\n"),
        "small/__init__.py": "",
        "small/tests/test_it.py": TEST,
    },
    "setup_cfg": {
        "setup.cfg": ("[metadata]\nname = small\n[options]\ninstall_requires =\n    click\n"),
        "setup.py": ("from setuptools import setup\nsetup()\n"),
        "small/__init__.py": "",
        "tests/test_it.py": TEST,
    },
    "requirements": {
        "requirements.txt": "fastapi\n",
        "requirements-dev.txt": ("-r requirements.txt\npytest\n"),
        "app/main.py": APP,
        "tests/test_it.py": TEST,
    },
    "requirements_folder": {
        "requirements/base.txt": "fastapi\n",
        "requirements/test.txt": ("-r base.txt\npytest\n"),
        "app/main.py": APP,
        "tests/test_it.py": TEST,
    },
    "poetry": {
        "pyproject.toml": (
            "[tool.poetry]\n"
            'name = "small"\n'
            "[tool.poetry.dependencies]\n"
            'python = "^3.11"\n'
            'fastapi = "^0.115"\n'
            "[tool.poetry.group.dev.dependencies]\n"
            'pytest = "^8"\n'
        ),
        "poetry.lock": ('[[package]]\nname = "pytest"\nversion = "8.3.4"\n'),
        "small/main.py": APP,
        "tests/test_it.py": TEST,
    },
    "pdm": {
        "pyproject.toml": NAMED + ('[tool.pdm.dev-dependencies]\ntest = ["pytest"]\n'),
        "pdm.lock": "",
        "src/small/__init__.py": "",
        "tests/test_it.py": TEST,
    },
    "hatch": {
        "pyproject.toml": HATCHLING + NAMED + ('[tool.hatch.envs.default]\ndependencies = ["pytest"]\n'),
        "src/small/__init__.py": "",
        "tests/test_it.py": TEST,
    },
    "pipenv": {
        "Pipfile": ('[packages]\nflask = "*"\n[dev-packages]\npytest = "*"\n'),
        "Pipfile.lock": "{}",
        "app.py": "x = 1\n",
        "tests/test_it.py": TEST,
    },
    "uv_groups": {
        "pyproject.toml": HATCHLING + NAMED + ('[dependency-groups]\ntests = ["pytest"]\ndev = ["ruff"]\n'),
        "uv.lock": "version = 1\n",
        "src/small/__init__.py": "",
        "tests/test_it.py": TEST,
    },
    "extras": {
        "pyproject.toml": HATCHLING + NAMED + ('[project.optional-dependencies]\ntest = ["pytest", "mypy"]\n'),
        "src/small/__init__.py": "",
        "tests/test_it.py": TEST,
        "mypy.ini": "[mypy]\n",
    },
    "tox": {
        "tox.ini": ("[testenv]\ndeps = pytest\n[pytest]\naddopts = --cov=small -m 'not net'\n"),
        "setup.py": ("from setuptools import setup\nsetup()\n"),
        "small/__init__.py": "",
        "tests/test_it.py": TEST,
    },
    "noxfile": {
        "pyproject.toml": NAMED,
        "small/__init__.py": "",
        "tests/test_it.py": TEST,
        "noxfile.py": ("import nox\n\n\n@nox.session\ndef fast(session):\n    session.run('true')\n"),
    },
    "tasks": {
        "pyproject.toml": NAMED,
        "small/__init__.py": "",
        "tests/test_it.py": TEST,
        "tasks.py": "x = 1\n",
    },
    "tasks_package": {
        "pyproject.toml": NAMED,
        "tasks/__init__.py": "",
        "tests/test_it.py": TEST,
    },
    "pre_commit": {
        "pyproject.toml": NAMED,
        "small/__init__.py": "",
        "tests/test_it.py": TEST,
        ".pre-commit-config.yaml": (
            "# ours\n"
            "repos:\n"
            "  - repo: https://git.invalid/ruff\n"
            "    rev: v0.9.1\n"
            "    hooks:\n"
            "      - id: ruff\n"
            "      - id: ruff-format # both\n"
            "ci:\n"
            "  skip: []\n"
        ),
    },
    "pre_commit_flat": {
        "pyproject.toml": NAMED,
        "small/__init__.py": "",
        ".pre-commit-config.yaml": (
            "repos:\n- repo: local\n  hooks:\n  - id: a\n    name: a\n    entry: a\n    language: system"
        ),
    },
    "agents": {
        "pyproject.toml": NAMED,
        "small/__init__.py": "",
        "AGENTS.md": ("# Ours\n\nBe kind."),
        "CLAUDE.md": "Be brief.\n",
    },
    "crlf": {
        "pyproject.toml": ('[project]\r\nname = "small"\r\nversion = "1"\r\n'),
        "small/__init__.py": "",
        "AGENTS.md": b"# Ours\r\n\r\nBe kind.",
        ".gitignore": b"*.log\r\n",
        ".pre-commit-config.yaml": b"repos:\r\n  - repo: local\r\n    hooks: []\r\n",
    },
    "bom": {
        "pyproject.toml": NAMED,
        "small/__init__.py": "",
        "AGENTS.md": b"\xef\xbb\xbf# Ours\n",
        ".gitignore": b"\xef\xbb\xbf",
    },
    "latin1": {
        "pyproject.toml": NAMED,
        "small/__init__.py": b"# \xe9\n",
        "AGENTS.md": b"# \xe9t\xe9\n",
        ".gitignore": b"\xe9\n",
    },
    "monorepo_one": {
        "backend/pyproject.toml": HATCHLING + NAMED,
        "backend/small/main.py": APP,
        "backend/tests/test_it.py": TEST,
        "frontend/package.json": "{}\n",
        "uv.lock": "",
    },
    "monorepo_two": {
        "api/pyproject.toml": HATCHLING + NAMED,
        "api/api/__init__.py": "",
        "api/tests/test_it.py": TEST,
        "jobs/requirements.txt": "click\n",
        "jobs/main.py": "x = 1\n",
        "docs/requirements.txt": "mkdocs\n",
    },
    "nested_examples": {
        "pyproject.toml": HATCHLING + NAMED,
        "src/small/__init__.py": "",
        "tests/test_it.py": TEST,
        "examples/one/pyproject.toml": NAMED,
    },
    "factory": {
        "pyproject.toml": NAMED,
        "small/factory.py": ("from fastapi import FastAPI\n\n\ndef create_app() -> FastAPI:\n    return FastAPI()\n"),
        "small/main.py": ("from small.factory import create_app\n\napp = create_app()\n"),
        "tests/test_it.py": TEST,
    },
    "contract": {
        "pyproject.toml": NAMED,
        "small/main.py": APP,
        "openapi.yaml": ("openapi: 3.1.0\ninfo: {title: a, version: '1'}\n"),
    },
    "tools_of_old": {
        "setup.cfg": ("[metadata]\nname = small\n[flake8]\nmax-line-length = 99\n[isort]\nprofile = black\n"),
        "pyproject.toml": ("[tool.black]\nline-length = 99\n"),
        "small/__init__.py": "",
        "tests/test_it.py": TEST,
    },
}
