"""Ways to loosen one's own gate, each beside a harmless change that looks like it.

A case is a trunk (what it has besides `FILES`), the cheat, what has to be found (rule, place, words), and the twin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.loop.change import CONFIG, LANDING, Files


@dataclass(frozen=True)
class Cheat:
    """One case; an outcome other than "needs approval" is said."""

    name: str
    change: Files
    rule: str
    place: str
    words: str
    twin: Files
    trunk: Files = field(default_factory=dict)
    outcome: str = "needs approval"
    force: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)


def config(old: str = "", new: str = "", more: str = "") -> dict[str, str | bytes | None]:
    assert old in CONFIG
    return {"xpconfig.toml": CONFIG.replace(old, new) + more}


RATCHET = "[ratchets.coverage]\nstart = 75\ntarget = 80\n"
DOWN = '[ratchets.p95]\nstart = 500\ntarget = 200\nstep = -10\nunit = "ms"\n'
OWN = '[tiers.night]\nsteps = ["licences"]\n[steps.licences]\nrun = ["python", "check.py"]\n'
DEPLOY = '[deploy]\nstages = [{ weight = 10, hold = "10m" }, { weight = 100, hold = "2m" }]\n'
PROBE = '[probes.health]\nkind = "health"\ntimeout = "2s"\n'
PYPROJECT = """\
[project]
name = "small"
version = "1"
dependencies = ["httpx>=0.28"]

[tool.ruff]
line-length = 100

[tool.ruff.lint]
select = ["E", "F", "S"]
ignore = ["E501"]

[tool.mypy]
strict = true

[tool.pytest.ini_options]
addopts = ["--strict-markers"]
markers = ["slow: at night"]

[tool.coverage.report]
fail_under = 80
omit = ["app/old.py"]

[[tool.importlinter.contracts]]
id = "layers"
layers = ["app.api", "app.domain"]
"""
PINS = "httpx==0.28.1 \\\n    --hash=sha256:aa\npytest==8.4.2 \\\n    --hash=sha256:bb\n"
CONFTEST = "import pytest\n\n\n@pytest.fixture\ndef price():\n    return 100\n"
TESTS = "from app.prices import gross\n\n\ndef test_gross():\n    assert gross(100) == 120\n\n\n"
NOTHING = "def test_nothing():\n    assert gross(0) == 0\n"
TRIED = "    try:\n        assert gross(0) == 0\n    except Exception:\n        pass"
CASES = (
    "import pytest\nfrom app.prices import gross\n\n\n@pytest.mark.parametrize('net', [0, 1])\n"
    "def test_each(net):\n    assert gross(net) == net\n"
)
SOURCE = 'VAT = 20\n\n\ndef gross(net):\n    """With tax."""\n    return net * (100 + VAT) // 100\n'


def pyproject(old: str, new: str) -> dict[str, str | bytes | None]:
    assert old in PYPROJECT
    return {"pyproject.toml": PYPROJECT.replace(old, new)}


TOOLS: Files = {"pyproject.toml": PYPROJECT}


CHEATS = [
    # -- xpconfig.toml: tiers and steps
    Cheat(
        "a step taken out of the tier",
        config('"lint", ', ""),
        "config-loosened",
        "xpconfig.toml:7",
        "tiers.fast.steps",
        config('"lint", ', '"lint", "types", '),
    ),
    Cheat(
        "the tier's own step taken out",
        config(', "test_first"', ""),
        "config-loosened",
        "xpconfig.toml:10",
        "a check does not run any more",
        config('"size", ', '"size", "smoke", '),
    ),
    Cheat(
        "a tier no longer included",
        config('includes = ["fast"]\n', ""),
        "config-loosened",
        "xpconfig.toml:9",
        "'lint'",
        config('includes = ["fast"]\nsteps = [', 'steps = ["lint", "unit", '),
    ),
    Cheat(
        "unit replaced by true",
        config('"lint", "unit"', '"lint", "units"', '[steps.units]\nrun = ["true"]\n'),
        "config-loosened",
        "xpconfig.toml:7",
        "['lint', 'unit'] becomes ['lint', 'units']",
        config('"lint", "unit"', '"lint", "unit", "more"', '[steps.more]\nrun = ["true"]\n'),
    ),
    Cheat(
        "unit replaced by coverage is none",
        config('"unit"', '"units"', '[steps.units]\nrun = ["true"]\n'),
        "config-loosened",
        "xpconfig.toml:7",
        "a check does not run any more",
        config('"unit"', '"coverage"'),
    ),
    Cheat(
        "tests deselected by options",
        config(more='[steps.unit]\nargs = ["-k", "not gross"]\n'),
        "config-unrecognised",
        "xpconfig.toml:14",
        "which tests run",
        config(more='[steps.unit]\nargs = ["-n", "2", "-q"]\n'),
    ),
    Cheat(
        "a partial run is enough",
        config('["size", "test_first"]\n', '["size", "test_first"]\nallow_partial = true\n'),
        "config-loosened",
        "xpconfig.toml:11",
        "good enough",
        config('["size", "test_first"]\n', '["size", "test_first"]\nallow_partial = false\n'),
    ),
    Cheat(
        "a budget without end",
        config('["size", "test_first"]\n', '["size", "test_first"]\nbudget = "24h"\n'),
        "config-loosened",
        "xpconfig.toml:11",
        "'5m' becomes '1d'",
        config('["size", "test_first"]\n', '["size", "test_first"]\nbudget = "4m"\n'),
    ),
    Cheat(
        "chance is cached",
        config(more=OWN),
        "config-loosened",
        "xpconfig.toml:15",
        "an old result is taken for a new one",
        config(more=OWN + 'cache = false\ntimeout = "1m"\n'),
        trunk=config(more=OWN + "cache = false\n"),
    ),
    Cheat(
        "an own check that checks nothing",
        config(more=OWN.replace('"python", "check.py"', '"true"')),
        "config-unrecognised",
        "xpconfig.toml:16",
        "the check is another one",
        config(more=OWN + 'timeout = "1m"\n'),
        trunk=config(more=OWN),
    ),
    Cheat(
        "the script of an own check",
        {"check.py": "raise SystemExit(0)\n"},
        "gate-file",
        "check.py",
        "the step licences runs this file",
        {"checks.py": "x = 1\n"},
        trunk={**config(more=OWN), "check.py": "raise SystemExit(1)\n"},
    ),
    Cheat(
        "a variable with a say",
        config('tests = "tests"\n', 'tests = "tests"\nenv = ["SKIP_SLOW"]\n'),
        "config-loosened",
        "xpconfig.toml:6",
        "the environment has a say",
        config('tests = "tests"\n', 'tests = "tests"\nenv = []\n'),
    ),
    Cheat(
        "sources out of sight",
        config('"app"]', '"other"]'),
        "config-loosened",
        "xpconfig.toml:4",
        "out of the gate's sight",
        config('"app"]', '"app", "other"]'),
    ),
    Cheat(
        "sources that count as tests",
        config('tests = "tests"', 'tests = ["tests", "app"]'),
        "config-loosened",
        "xpconfig.toml:5",
        "needs no test of its own",
        config('tests = "tests"', 'tests = ["tests", "more"]'),
    ),
    # -- xpconfig.toml: landing, ratchets, contracts, delivery
    Cheat(
        "a larger limit",
        config(LANDING, LANDING + "max_lines = 9999\n"),
        "config-loosened",
        "xpconfig.toml:13",
        "landing.max_lines: 300 becomes 9999",
        config(LANDING, LANDING + "max_lines = 200\n"),
    ),
    Cheat(
        "itself as an approver",
        config('["ann@', '["coder@example.com", "ann@'),
        "config-loosened",
        "xpconfig.toml:12",
        "somebody else may approve",
        config(', "ben@example.com"', ""),
    ),
    Cheat(
        "everybody as an author",
        config(),
        "config-loosened",
        "xpconfig.toml:11",
        "more people's changes land",
        config(LANDING, LANDING + 'authors = ["coder@example.com"]\n'),
        trunk=config(LANDING, LANDING + 'authors = ["coder@example.com", "ann@example.com"]\n'),
    ),
    Cheat(
        "a waiver for itself",
        config(LANDING, LANDING + 'waivers = ["test_first"]\n'),
        "config-loosened",
        "xpconfig.toml:13",
        "a trailer lets a gate pass",
        config(LANDING, LANDING + "waivers = []\n"),
    ),
    Cheat(
        "another trunk",
        config(LANDING, LANDING + 'trunk = "work"\n'),
        "config-unrecognised",
        "xpconfig.toml:13",
        "it decides how changes land",
        config(LANDING, LANDING + 'poll = "5s"\n'),
    ),
    Cheat(
        "files no longer protected",
        config(),
        "config-loosened",
        "xpconfig.toml:11",
        "not protected any more",
        config(LANDING, LANDING + 'protected = ["app/billing/**", "app/keys/**"]\n'),
        trunk=config(LANDING, LANDING + 'protected = ["app/billing/**"]\n'),
    ),
    Cheat(
        "a patient breaker",
        config(more="[landing.breaker]\nequal_failures = 99\n"),
        "config-loosened",
        "xpconfig.toml:14",
        "the loop stops later",
        config(more="[landing.breaker]\nequal_failures = 2\n"),
    ),
    Cheat(
        "a ratchet deleted",
        config(),
        "config-loosened",
        "xpconfig.toml:1",
        "nothing holds this measurement",
        config(more=RATCHET + "[ratchets.patch_coverage]\nstart = 70\ntarget = 80\n"),
        trunk=config(more=RATCHET),
    ),
    Cheat(
        "a ratchet lowered",
        config(more=RATCHET.replace("75", "10")),
        "config-loosened",
        "xpconfig.toml:14",
        "the floor is lower",
        config(more=RATCHET.replace("75", "76")),
        trunk=config(more=RATCHET),
    ),
    Cheat(
        "a ratchet turned round",
        config(more="[ratchets.coverage]\nstart = 80\ntarget = 10\n"),
        "config-loosened",
        "xpconfig.toml:13",
        "turned round",
        config(more=RATCHET.replace("80", "90")),
        trunk=config(more=RATCHET),
    ),
    Cheat(
        "a ratchet downwards, raised",
        config(more=DOWN.replace("500", "900")),
        "config-loosened",
        "xpconfig.toml:14",
        "500 becomes 900",
        config(more=DOWN.replace("500", "400")),
        trunk=config(more=DOWN),
    ),
    Cheat(
        "an exception for a ratchet",
        config(
            more=RATCHET
            + '[[ratchets.coverage.loosen]]\nvalue = 1\nreason = "so"\nowner = "me"\nexpires = 2099-01-01\n'
        ),
        "config-loosened",
        "xpconfig.toml:16",
        "an exception",
        config(more=RATCHET.replace("75", "75.5")),
        trunk=config(more=RATCHET),
    ),
    Cheat(
        "a break allowed by itself",
        config(
            more='[[contracts.allow]]\nrule = "path-removed"\nat = "GET /a"\nreason = "unused"\nexpires = 2099-01-01\n'
        ),
        "contracts-allow",
        "xpconfig.toml:13",
        "the change allows itself a break",
        config(more='[contracts]\ntimeout = "9s"\n'),
    ),
    Cheat(
        "fewer clients count",
        config(more='[contracts]\nprofiles = ["wire"]\n'),
        "config-loosened",
        "xpconfig.toml:14",
        "fewer breaks are found",
        config(more='[contracts]\nprofiles = ["wire", "client", "source"]\n'),
    ),
    Cheat(
        "a probe removed",
        config(),
        "config-loosened",
        "xpconfig.toml:1",
        "nobody looks there any more",
        config(more=PROBE + PROBE.replace("health]", "second]")),
        trunk=config(more=PROBE),
    ),
    Cheat(
        "the canary is not compared",
        config(more=DEPLOY + "[deploy.analysis]\nmin_requests = 0\n"),
        "config-loosened",
        "xpconfig.toml:16",
        "on less evidence",
        config(more=DEPLOY + "[deploy.analysis]\nmin_requests = 900\n"),
        trunk=config(more=DEPLOY),
    ),
    Cheat(
        "all traffic at once",
        config(more='[deploy]\nstages = [{ weight = 100, hold = "1s" }]\n'),
        "config-loosened",
        "xpconfig.toml:14",
        "more people",
        config(more=DEPLOY.replace("[{", '[{ weight = 1, hold = "1m" }, {')),
        trunk=config(more=DEPLOY),
    ),
    Cheat(
        "a secret for the change's code",
        config(more='[service]\ncommand = ["app"]\nenvironment = { TOKEN = "env:RELEASE_TOKEN" }\n'),
        "config-loosened",
        "xpconfig.toml:15",
        "given a secret",
        config(more='[service]\ncommand = ["app"]\nenvironment = { TOKEN = "test" }\n'),
        trunk=config(more='[service]\ncommand = ["app"]\n'),
    ),
    Cheat(
        "a profile that CI takes by itself",
        config(more="[profiles.ci.landing]\nmax_lines = 9999\n"),
        "config-loosened",
        "xpconfig.toml:14",
        "with the profile ci",
        config(more='[profiles.ci.landing]\npoll = "9s"\n'),
    ),
    Cheat(
        "a key that nobody knows yet",
        config(more='[history]\nurl = "sqlite:///x"\n'),
        "config-unrecognised",
        "xpconfig.toml:14",
        "what is remembered",
        config(more='[history]\nretention = "9999d"\n'),
    ),
    # -- the files themselves
    Cheat(
        "no configuration any more",
        {"xpconfig.toml": None},
        "config-gone",
        "xpconfig.toml",
        "every rule of the gate",
        {"xpconfig.toml": CONFIG + "# said\n"},
        outcome="rejected",
    ),
    Cheat(
        "the configuration under another name",
        {"xpconfig.toml": None, "old/xpconfig.toml": CONFIG},
        "config-gone",
        "xpconfig.toml",
        "takes xpconfig.toml away",
        {"docs/xpconfig.md": "text\n"},
        outcome="rejected",
    ),
    Cheat(
        "a configuration that is no TOML",
        {"xpconfig.toml": CONFIG + "steps = [\n"},
        "config",
        "xpconfig.toml:13",
        "cannot be read",
        {"xpconfig.toml": "# hello\n" + CONFIG},
        outcome="rejected",
    ),
    Cheat(
        "a link in its place",
        {"xpconfig.toml": None},
        "not-a-file",
        "xpconfig.toml",
        "a symbolic link takes the place",
        {"docs/a.md": "text\n"},
        links={"xpconfig.toml": "app/settings.toml"},
        outcome="rejected",
    ),
    Cheat(
        "a link in place of the tests",
        {"tests/test_prices.py": None},
        "not-a-file",
        "tests",
        "not in the change",
        {"docs/a.md": "text\n"},
        links={"tests": "app"},
        outcome="rejected",
    ),
    Cheat(
        "a link that leads out",
        {},
        "link-leaves",
        "app/data",
        "to /etc",
        {},
        links={"app/data": "/etc"},
        outcome="rejected",
    ),
    Cheat(
        "another name for the configuration",
        {"XPConfig.toml": CONFIG},
        "case-variant",
        "XPConfig.toml",
        "on many machines this is xpconfig.toml",
        {"xpconfig.md": "text\n"},
        outcome="rejected",
    ),
    Cheat(
        "a conftest in capitals",
        {"tests/Conftest.py": "x = 1\n"},
        "case-variant",
        "tests/Conftest.py",
        "conftest.py",
        {"tests/conf.py": "x = 1\n"},
        outcome="rejected",
    ),
    Cheat(
        "a second file of the same name",
        {"app/Prices.py": "x = 1\n"},
        "case-variant",
        "app/Prices.py",
        "the same file as app/prices.py",
        {"app/price.py": "x = 1\n"},
        outcome="rejected",
    ),
    Cheat(
        "a forged cache",
        {".xp/cache/pr/unit.json": "{}\n"},
        "forged-state",
        ".xp/cache/pr/unit.json",
        "what a run leaves behind",
        {"xp/cache.json": "{}\n"},
        force=(".xp",),
        outcome="rejected",
    ),
    Cheat(
        "a forged environment",
        {".nox/pr/bin/pytest": "#!/bin/sh\n"},
        "forged-state",
        ".nox/pr/bin/pytest",
        "what a run leaves behind",
        {"bin/tool": "#!/bin/sh\n"},
        force=(".nox",),
        outcome="rejected",
    ),
    Cheat(
        "floors written by a branch",
        {"generated/ratchets.toml": "[floors]\ncoverage = 1.0\n"},
        "floors",
        "generated/ratchets.toml",
        "only `inv ratchet --tighten`",
        {"generated/other.toml": "x = 1\n"},
        trunk={"generated/ratchets.toml": "[floors]\ncoverage = 80.0\n"},
        outcome="rejected",
    ),
    Cheat(
        "the sessions",
        {"noxfile.py": "x = 1\n"},
        "gate-file",
        "noxfile.py",
        "how the gate",
        {"app/noxfile.py": "x = 1\n"},
        trunk={"noxfile.py": "from xptasks import sessions\n\nsessions.register()\n"},
    ),
    Cheat(
        "the tasks",
        {"tasks.py": "x = 1\n"},
        "gate-file",
        "tasks.py",
        "how the gate",
        {"app/tasks.py": "x = 1\n"},
        trunk={"tasks.py": "from xptasks.tasks import ns\n"},
    ),
    Cheat(
        "the hooks",
        {".pre-commit-config.yaml": "repos: []\n"},
        "gate-file",
        ".pre-commit-config.yaml",
        "the hooks",
        {"docs/pre-commit.yaml": "repos: []\n"},
    ),
    Cheat(
        "the workflow",
        {".github/workflows/autonomous.yml": "on: push\n"},
        "gate-file",
        ".github/workflows/autonomous.yml",
        "CI",
        {"docs/github/workflow.yml": "on: push\n"},
    ),
    Cheat(
        "the other CI",
        {".gitlab-ci.yml": "stages: []\n"},
        "gate-file",
        ".gitlab-ci.yml",
        "CI",
        {"gitlab.yml": "x: 1\n"},
    ),
    Cheat(
        "a workflow moved away",
        {".github/workflows/a.yml": None, "docs/a.yml": "on: push\n"},
        "gate-file",
        ".github/workflows/a.yml",
        "CI",
        {"docs/b.yml": "on: push\n"},
        trunk={".github/workflows/a.yml": "on: push\n"},
    ),
    Cheat(
        "code that nobody can read",
        {"app/speed.so": b"\x7fELF\0"},
        "binary-code",
        "app/speed.so",
        "nobody can read",
        {"app/picture.png": b"\x89PNG\0"},
    ),
    Cheat(
        "a false pytest",
        {"pytest.py": "x = 1\n"},
        "shadows-tool",
        "pytest.py",
        "a module called pytest",
        {"app/pytest.py": "x = 1\n"},
    ),
    Cheat(
        "a false json",
        {"json/__init__.py": "x = 1\n"},
        "shadows-tool",
        "json/__init__.py",
        "a module called json",
        {"app/json.py": "x = 1\n"},
    ),
    Cheat(
        "code before everything",
        {"app/sitecustomize.py": "x = 1\n"},
        "gate-file",
        "app/sitecustomize.py",
        "the gate",
        {"app/site.py": "x = 1\n"},
    ),
    Cheat(
        "lines that git does not show",
        {".gitattributes": "*.py -diff\n"},
        "attributes",
        ".gitattributes:1",
        "hide these",
        {".gitattributes": "*.md linguist-documentation\n*.txt text eol=lf\n"},
    ),
    Cheat(
        "ignored sources",
        {".gitignore": ".xp/\n.nox/\n/app/_*.py\n*.py\n"},
        "ignored-files",
        ".gitignore:4",
        "hides files",
        {".gitignore": ".xp/\n.nox/\nbuild/\n*.log\n/dist\n"},
    ),
    # -- the tools' settings
    Cheat(
        "a rule of ruff's ignored",
        pyproject('["E501"]', '["E501", "S"]'),
        "tool-loosened",
        "pyproject.toml:11",
        "it finds less",
        pyproject('["E", "F", "S"]', '["E", "F", "S", "B"]'),
        trunk=TOOLS,
    ),
    Cheat(
        "a file out of ruff's sight",
        pyproject("[tool.mypy]", '[tool.ruff.lint.per-file-ignores]\n"app/*" = ["S"]\n[tool.mypy]'),
        "tool-loosened",
        "pyproject.toml:14",
        "it finds less",
        pyproject("line-length = 100", "line-length = 120"),
        trunk=TOOLS,
    ),
    Cheat(
        "mypy not strict",
        pyproject("strict = true", "strict = false"),
        "tool-loosened",
        "pyproject.toml:14",
        "finds less",
        pyproject("strict = true", "strict = true\nwarn_unreachable = true"),
        trunk=TOOLS,
    ),
    Cheat(
        "errors of a module ignored",
        pyproject("[tool.pytest", '[[tool.mypy.overrides]]\nmodule = "app"\nignore_errors = true\n[tool.pytest'),
        "tool-unrecognised",
        "pyproject.toml:16",
        "tool.mypy.overrides",
        pyproject('"slow: at night"', '"slow: at night", "pr: x"'),
        trunk=TOOLS,
    ),
    Cheat(
        "tests deselected by pytest's options",
        pyproject('"--strict-markers"', '"--strict-markers", "--deselect=tests"'),
        "tool-unrecognised",
        "pyproject.toml:17",
        "addopts",
        pyproject('"slow: at night"', '"slow: by night"'),
        trunk=TOOLS,
    ),
    Cheat(
        "coverage that is not measured",
        pyproject('["app/old.py"]', '["app/old.py", "app/prices.py"]'),
        "tool-loosened",
        "pyproject.toml:22",
        "less is measured",
        pyproject('["app/old.py"]', "[]"),
        trunk=TOOLS,
    ),
    Cheat(
        "less coverage is enough",
        pyproject("fail_under = 80", "fail_under = 8"),
        "tool-loosened",
        "pyproject.toml:21",
        "less is enough",
        pyproject("fail_under = 80", "fail_under = 81"),
        trunk=TOOLS,
    ),
    Cheat(
        "layers that allow everything",
        pyproject('"app.api", "app.domain"', '"app.api | app.domain"'),
        "tool-unrecognised",
        "pyproject.toml:24",
        "tool.importlinter.contracts",
        pyproject('version = "1"', 'version = "2"'),
        trunk=TOOLS,
    ),
    Cheat(
        "settings of pytest that go first",
        {"pytest.ini": "[pytest]\naddopts = -k nothing\n"},
        "tool-unrecognised",
        "pytest.ini",
        "takes the place of settings elsewhere",
        {"pytest.md": "text\n"},
    ),
    Cheat(
        "settings of ruff for one folder",
        {"app/ruff.toml": "line-length = 300\n"},
        "tool-unrecognised",
        "app/ruff.toml:1",
        "takes the place",
        {"app/rough.toml": "x = 1\n"},
    ),
    Cheat(
        "settings in setup.cfg",
        {"setup.cfg": "[metadata]\nname = small\n[tool:pytest]\naddopts = -x\n"},
        "tool-unrecognised",
        "setup.cfg",
        "takes the place",
        {"setup.cfg": "[metadata]\nname = small\n"},
    ),
    Cheat(
        "a plugin of pytest's",
        pyproject("[tool.ruff]", '[project.entry-points.pytest11]\nx = "app.x"\n[tool.ruff]'),
        "tool-unrecognised",
        "pyproject.toml:7",
        "a plugin",
        pyproject("[tool.ruff]", '[project.scripts]\nx = "app.x:y"\n[tool.ruff]'),
        trunk=TOOLS,
    ),
    Cheat(
        "a false ruff",
        pyproject("[tool.ruff]", '[project.scripts]\nruff = "app.x:y"\n[tool.ruff]'),
        "tool-loosened",
        "pyproject.toml:7",
        "takes the place of a tool",
        pyproject('"httpx>=0.28"', '"httpx>=0.29"'),
        trunk=TOOLS,
    ),
    Cheat(
        "a distribution from elsewhere",
        pyproject('"httpx>=0.28"', '"httpx @ file:///tmp/x"'),
        "tool-unrecognised",
        "pyproject.toml:4",
        "may be anything",
        pyproject('"httpx>=0.28"', '"httpx>=0.28", "anyio"'),
        trunk=TOOLS,
    ),
    Cheat(
        "another index",
        {"requirements/pr.txt": "--index-url https://example.com\n" + PINS},
        "pins",
        "requirements/pr.txt:1",
        "--index-url",
        {"requirements/pr.txt": PINS.replace("0.28.1", "0.28.2")},
        trunk={"requirements/pr.txt": PINS},
    ),
    Cheat(
        "a pin from elsewhere",
        {"requirements/pr.txt": PINS.replace("pytest==8.4.2", "pytest @ https://example.com/p.whl")},
        "pins",
        "requirements/pr.txt:3",
        "pytest @",
        {"requirements/pr.txt": PINS.replace("8.4.2", "8.5.0")},
        trunk={"requirements/pr.txt": PINS},
    ),
    Cheat(
        "an older tool",
        {"requirements/pr.txt": PINS.replace("8.4.2", "7.0.0")},
        "pins",
        "requirements/pr.txt:3",
        "no newer",
        {"requirements/pr.txt": "# compiled\n" + PINS},
        trunk={"requirements/pr.txt": PINS},
    ),
    Cheat(
        "findings forgiven",
        {".xptasks/baseline.toml": '[findings.lint]\n"app/prices.py S101" = 3\n'},
        "tool-loosened",
        ".xptasks/baseline.toml:2",
        "findings are forgiven",
        {".xptasks/baseline.toml": ""},
        trunk={".xptasks/baseline.toml": '[findings.lint]\n"app/prices.py S101" = 1\n'},
    ),
    Cheat(
        "a test left out",
        {".xptasks/baseline.toml": '[tests.left_out]\n"tests/test_prices.py::test_gross" = "hangs"\n'},
        "tool-loosened",
        ".xptasks/baseline.toml:2",
        "a test need not pass",
        {".xptasks/other.toml": "x = 1\n"},
    ),
    # -- code of the tests
    Cheat(
        "a hook that deselects",
        {"tests/conftest.py": CONFTEST + "\n\ndef pytest_collection_modifyitems(items):\n    items.clear()\n"},
        "test-hook",
        "tests/conftest.py:9",
        "which tests run",
        {"tests/conftest.py": CONFTEST.replace("100", "200")},
        trunk={"tests/conftest.py": CONFTEST},
    ),
    Cheat(
        "files that are not collected",
        {"tests/conftest.py": CONFTEST + '\ncollect_ignore = ["test_prices.py"]\n'},
        "test-hook",
        "tests/conftest.py:8",
        "collect_ignore",
        {"tests/conftest.py": CONFTEST + "\nPRICE = 3\n"},
        trunk={"tests/conftest.py": CONFTEST},
    ),
    Cheat(
        "an end before the end",
        {"tests/conftest.py": "import os as o\n" + CONFTEST + "\n\ndef end():\n    o._exit(0)\n"},
        "test-exit",
        "tests/conftest.py:11",
        "ends the process",
        {"tests/conftest.py": CONFTEST + "\n\ndef end():\n    return 0\n"},
        trunk={"tests/conftest.py": CONFTEST},
    ),
    Cheat(
        "a patched pytest",
        {"tests/conftest.py": CONFTEST + "\npytest.Function.runtest = lambda self: None\n"},
        "test-import",
        "tests/conftest.py:8",
        "pytest.Function.runtest",
        {"tests/conftest.py": CONFTEST.replace("price", "net")},
        trunk={"tests/conftest.py": CONFTEST},
    ),
    Cheat(
        "skipped from outside",
        {"tests/conftest.py": CONFTEST.replace("return 100", 'pytest.skip("no")')},
        "test-skip",
        "tests/conftest.py:6",
        "skips tests",
        {"tests/conftest.py": CONFTEST + "\n\n@pytest.fixture\ndef net():\n    return 1\n"},
        trunk={"tests/conftest.py": CONFTEST},
    ),
    Cheat(
        "an end in a helper",
        {"tests/helper.py": "from os import _exit\n\n\ndef end():\n    _exit(0)\n"},
        "test-exit",
        "tests/helper.py:5",
        "os._exit",
        {"tests/helper.py": "import os\n\n\ndef end():\n    return os.sep\n"},
    ),
    Cheat(
        "a test removed",
        {"tests/test_prices.py": TESTS},
        "tests-removed",
        "tests/test_prices.py:8",
        "test_nothing",
        {"tests/test_prices.py": TESTS, "tests/test_zero.py": "from app.prices import gross\n\n\n" + NOTHING},
    ),
    Cheat(
        "all tests removed",
        {"tests/test_prices.py": None},
        "tests-removed",
        "tests/test_prices.py:4",
        "test_gross, test_nothing",
        {"tests/test_prices.py": None, "app/prices.py": "VAT = 20\n"},
    ),
    Cheat(
        "a test renamed away",
        {"tests/test_prices.py": TESTS + NOTHING.replace("test_", "check_")},
        "tests-removed",
        "tests/test_prices.py:8",
        "test_nothing",
        {"tests/test_prices.py": TESTS + NOTHING.replace("nothing", "zero")},
    ),
    Cheat(
        "a file of tests renamed away",
        {"tests/test_prices.py": None, "tests/prices.py": TESTS + NOTHING},
        "tests-removed",
        "tests/test_prices.py:4",
        "test_gross",
        {"tests/test_prices.py": None, "tests/test_price.py": TESTS + NOTHING},
    ),
    Cheat(
        "tests moved out of sight",
        {"tests/test_prices.py": None, "attic/test_prices.py": TESTS + NOTHING},
        "tests-removed",
        "tests/test_prices.py:4",
        "test_gross",
        {"tests/test_prices.py": None, "tests/a/test_prices.py": TESTS + NOTHING},
    ),
    Cheat(
        "a test skipped",
        {"tests/test_prices.py": TESTS + "import pytest\n\n\n@pytest.mark.skip\n" + NOTHING},
        "tests-skipped",
        "tests/test_prices.py:12",
        "test_nothing",
        {"tests/test_prices.py": TESTS + NOTHING + "    assert gross(5) == 6\n"},
    ),
    Cheat(
        "a whole file skipped",
        {"tests/test_prices.py": "import pytest\n\npytestmark = pytest.mark.skip\n" + TESTS + NOTHING},
        "tests-skipped",
        "tests/test_prices.py:7",
        "test_gross, test_nothing",
        {
            "tests/test_prices.py": "import pytest\n\npytestmark = pytest.mark.usefixtures('tmp_path')\n"
            + TESTS
            + NOTHING
        },
    ),
    Cheat(
        "a test expected to fail",
        {"tests/test_prices.py": TESTS + "import pytest\n\n\n@pytest.mark.xfail(strict=False)\n" + NOTHING},
        "tests-skipped",
        "tests/test_prices.py:12",
        "test_nothing",
        {"tests/test_prices.py": TESTS + "import pytest\n\n\n" + NOTHING},
    ),
    Cheat(
        "a test for the night",
        {"tests/test_prices.py": TESTS + "import pytest\n\n\n@pytest.mark.slow\n" + NOTHING},
        "tests-deselected",
        "tests/test_prices.py:12",
        "test_nothing",
        {"tests/test_prices.py": TESTS + "import pytest\n\n\n@pytest.mark.fine\n" + NOTHING},
    ),
    Cheat(
        "a test that asserts nothing",
        {"tests/test_prices.py": TESTS + NOTHING.replace("assert gross(0) == 0", "assert True")},
        "tests-emptied",
        "tests/test_prices.py:8",
        "test_nothing",
        {"tests/test_prices.py": TESTS + NOTHING.replace("== 0", "is 0")},
    ),
    Cheat(
        "a test that leaves first",
        {"tests/test_prices.py": TESTS + NOTHING.replace("    assert", "    return\n    assert")},
        "tests-emptied",
        "tests/test_prices.py:8",
        "test_nothing",
        {"tests/test_prices.py": TESTS + NOTHING.replace("    assert", "    x = 1\n    assert")},
    ),
    Cheat(
        "a test hidden by its twin",
        {"tests/test_prices.py": TESTS + NOTHING + "\n\ndef test_gross():\n    pass\n"},
        "tests-emptied",
        "tests/test_prices.py:12",
        "test_gross",
        {"tests/test_prices.py": TESTS + NOTHING + "\n\ndef test_more():\n    assert gross(5)\n"},
    ),
    Cheat(
        "a file out of a check",
        {"app/prices.py": "# ruff: noqa\n" + SOURCE},
        "suppression",
        "app/prices.py:1",
        "a whole file",
        {"app/prices.py": SOURCE.replace("VAT = 20", "VAT = 20  # noqa: E501")},
    ),
    Cheat(
        "lines out of coverage",
        {"app/prices.py": SOURCE + "\n\ndef net(x):  # pragma: no cover\n    return x\n"},
        "suppression",
        "app/prices.py:9",
        "no test runs this",
        {"app/prices.py": SOURCE + "\n\ndef net(x):  # no cover\n    return x\n"},
    ),
    Cheat(
        "code among generated files",
        {"generated/more.py": "x = 1\n" * 300},
        "size",
        "None",
        "generated/more.py (300)",
        {"generated/more.json": "1\n" * 300},
    ),
    Cheat(
        "code out of sight",
        {"lib/money.py": "x = 1\n", "app/prices.py": "from lib import money\n" + SOURCE},
        "out-of-sight",
        "lib/money.py",
        "no check looks at it",
        {"lib/money.py": "x = 1\n", "app/prices.py": "from app import money\n" + SOURCE},
    ),
    Cheat(
        "code moved out of sight",
        {"app/prices.py": None, "lib/prices.py": SOURCE},
        "out-of-sight",
        "lib/prices.py",
        "no check looks at it",
        {"app/prices.py": None, "app/more/prices.py": SOURCE},
    ),
    Cheat(
        "code that nobody can judge",
        {"app/prices.py": SOURCE + "x = " + "+".join("1" * 900) + "\n"},
        "unjudgeable",
        "app/prices.py",
        "nested too deeply",
        {"app/prices.py": SOURCE + "x = [" + ",".join("1" * 900) + "]\n"},
    ),
    Cheat(
        "a plugin that pytest loads",
        {"app/plugin.py": "def pytest_collection_modifyitems(items):\n    items.clear()\n"},
        "gate-file",
        "app/plugin.py",
        "pytest runs this file",
        {"app/other.py": "def pytest_something():\n    pass\n"},
        trunk={**pyproject('"--strict-markers"', '"-p", "app.plugin"'), "app/plugin.py": "x = 1\n"},
    ),
    Cheat(
        "a hook that is gone",
        {"tests/conftest.py": CONFTEST},
        "test-hook",
        "tests/conftest.py",
        "pytest_runtest_setup is gone",
        {
            "tests/conftest.py": "# hello\n"
            + CONFTEST
            + "\n\ndef pytest_runtest_setup(item):\n    assert item.own_markers\n"
        },
        trunk={"tests/conftest.py": CONFTEST + "\n\ndef pytest_runtest_setup(item):\n    assert item.own_markers\n"},
    ),
    Cheat(
        "a patched pytest in the code",
        {"app/prices.py": SOURCE + "import _pytest.python as p\n\np.Function.runtest = print\n"},
        "test-import",
        "app/prices.py:9",
        "_pytest.python.Function.runtest",
        {"app/prices.py": SOURCE + "import os as p\n\np.prices = print\n"},
    ),
    Cheat(
        "an assertion that always holds",
        {"tests/test_prices.py": TESTS + NOTHING.replace("== 0", "== 0 or True")},
        "tests-emptied",
        "tests/test_prices.py:8",
        "test_nothing",
        {"tests/test_prices.py": TESTS + NOTHING.replace("== 0", "== 0 or gross(1) == 1")},
    ),
    Cheat(
        "a value compared with itself",
        {"tests/test_prices.py": TESTS + NOTHING.replace("== 0", "== gross(0)")},
        "tests-emptied",
        "tests/test_prices.py:8",
        "test_nothing",
        {"tests/test_prices.py": TESTS + NOTHING.replace("== 0", "== gross(-0)")},
    ),
    Cheat(
        "a failure that nobody hears of",
        {"tests/test_prices.py": TESTS + NOTHING.replace("    assert gross(0) == 0", TRIED)},
        "tests-emptied",
        "tests/test_prices.py:8",
        "test_nothing",
        {"tests/test_prices.py": TESTS + NOTHING.replace("    assert gross(0) == 0", TRIED.replace("pass", "raise"))},
    ),
    Cheat(
        "a test without cases",
        {"tests/test_prices.py": CASES.replace("[0, 1]", "[]")},
        "tests-skipped",
        "tests/test_prices.py:6",
        "test_each",
        {"tests/test_prices.py": CASES.replace("[0, 1]", "[0, 1, 2]")},
        trunk={"tests/test_prices.py": CASES},
    ),
]
