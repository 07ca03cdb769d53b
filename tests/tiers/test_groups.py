import pytest

from xptasks.tiers import groups

PEP_735 = """
[project]
name = "it"
dependencies = ["fastapi>=0.115", "lib"]
[project.optional-dependencies]
Fast = ["orjson"]
[dependency-groups]
dev = ["pytest", { include-group = "Lint_er" }, "lib"]
lint-er = ["ruff", { include-group = "dev" }]
[tool.uv.sources]
lib = { path = "../lib", editable = true }
fastapi = { git = "https://git.invalid/fastapi", rev = "abc" }
[tool.uv]
dev-dependencies = ["coverage"]
"""
POETRY = """
[tool.poetry.dependencies]
python = "^3.11"
httpx = { version = "^0.27", extras = ["http2"] }
orjson = { version = "*", optional = true }
[tool.poetry.extras]
fast = ["orjson"]
[tool.poetry.dev-dependencies]
pytest = "^8"
[tool.poetry.group.docs.dependencies]
mkdocs = "~1.6"
"""
PDM = '[tool.pdm.dev-dependencies]\ntest = ["pytest-cov"]\n'
HATCH = """
[tool.hatch.envs.default]
dependencies = ["pytest"]
[tool.hatch.envs.lint]
extra-dependencies = ["ruff", "{root:uri}/x"]
[tool.hatch.envs.alone]
detached = true
dependencies = ["mkdocs"]
[tool.hatch.envs.group]
dependency-groups = ["more"]
[dependency-groups]
more = ["hypothesis"]
"""
TOX = """
[testenv]
deps =
    pytest  # the runner
    py39: old
    -r{toxinidir}/requirements-test.txt
    {[base]deps}
extras = test, fast
[testenv:lint]
dependency_groups = lint-er
[other]
deps = nothing
"""
TOX_TOML = '[env_run_base]\ndeps = ["pytest>=8"]\n[env.types]\ndependency_groups = ["types"]\n'
PIPFILE = '[packages]\nflask = "*"\n[dev-packages]\npytest = ">=7"\nlocal = { path = ".", editable = true }\n'


@pytest.mark.parametrize(
    ("file", "text", "group", "expected"),
    [
        ("pyproject.toml", PEP_735, "dev", ["pytest", "ruff", "-e ../lib", "coverage"]),
        ("pyproject.toml", PEP_735, "LINT.er", ["ruff", "pytest", "-e ../lib"]),
        ("pyproject.toml", PEP_735, "none", []),
        ("pyproject.toml", POETRY, "dev", ["pytest>=8,<9"]),
        ("pyproject.toml", POETRY, "docs", ["mkdocs>=1.6,<1.7"]),
        ("pyproject.toml", PDM, "test", ["pytest-cov"]),
        ("pyproject.toml", HATCH, "hatch:lint", ["pytest", "ruff"]),
        ("pyproject.toml", HATCH, "hatch:alone", ["mkdocs"]),
        ("pyproject.toml", HATCH, "hatch:group", ["pytest", "hypothesis"]),
        ("tox.ini", TOX, "tox:testenv", ["pytest", "-rrequirements-test.txt"]),
        ("tox.toml", TOX_TOML, "tox:testenv", ["pytest>=8"]),
        ("Pipfile", PIPFILE, "pipenv:dev-packages", ["pytest>=7", "-e ."]),
        ("Pipfile", PIPFILE, "other:dev", []),
        ("pyproject.toml", "not = [toml", "dev", []),
        ("tox.ini", "no section", "tox:testenv", []),
    ],
)
def test_the_requirements_of_a_group(file: str, text: str, group: str, expected: list[str]) -> None:
    found = groups.requirements(lambda name: text if name == file else "", group)
    assert list(dict.fromkeys(found)) == expected


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("pyproject.toml", PEP_735, ["dev", "lint-er"]),
        ("pyproject.toml", POETRY, ["docs", "dev"]),
        ("pyproject.toml", HATCH, ["more", "hatch:default", "hatch:lint", "hatch:alone", "hatch:group"]),
        ("tox.ini", TOX, ["tox:testenv", "tox:lint"]),
        ("Pipfile", PIPFILE, ["pipenv:packages", "pipenv:dev-packages"]),
        ("pyproject.toml", "", []),
    ],
)
def test_the_names_of_groups(file: str, text: str, expected: list[str]) -> None:
    assert groups.names(lambda name: text if name == file else "") == expected


def test_what_a_project_that_is_not_installed_depends_on() -> None:
    def only(name: str, text: str) -> groups.Texts:
        return lambda asked: text if asked == name else ""

    git = "fastapi @ git+https://git.invalid/fastapi@abc"
    assert groups.own(only("pyproject.toml", PEP_735), ["Fast"]) == [git, "-e ../lib", "orjson"]
    assert groups.own(only("pyproject.toml", POETRY), []) == ["httpx[http2]>=0.27,<0.28"]
    assert groups.own(only("pyproject.toml", POETRY), ["fast"]) == ["httpx[http2]>=0.27,<0.28", "orjson"]
    setup = "[options]\ninstall_requires =\n    a\n    # none\n    b>1 # why\n[options.extras_require]\nx = c\n"
    assert groups.own(only("setup.cfg", setup), []) == ["a", "b>1"]
    assert groups.extras(only("setup.cfg", setup)) == ["x"]
    assert groups.extras(only("pyproject.toml", PEP_735)) == ["Fast"]
    assert groups.extras(only("pyproject.toml", POETRY)) == ["fast"]
    assert groups.tox_extras(only("tox.ini", TOX), "testenv") == ["test", "fast"]
