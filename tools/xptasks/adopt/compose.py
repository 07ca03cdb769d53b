"""What is written into a project: the configuration, the noxfile, tasks.py, blocks for others. Pure, text only."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from xptasks.adopt.detect import Found

_COVERAGE_TARGET = 90.0


@dataclass(frozen=True, slots=True)
class Choices:
    """What was learnt by trying, on top of what files say; it is kept, so that an update need not try again.

    Attributes:
        install: how the project gets into its environment, where that differs from what its files say.
        lock: whether its lock file holds; one that cannot be installed here does not.
        python: the interpreter of the tiers, where it is not the one that Nox runs with.
        dropped: steps that cannot run, each with why.
        contract: where the contract is that was exported; empty without one.
        coverage: percent that the tests cover, None where nobody measured.
        quarantined: whether tests are known to fail, so that no tier can be called passed.
        long: whether the tests take longer than a tier before every commit may.
        unlocked: distributions whose pins in the lock do not hold here.
        packages: requirements that turned out to be missing.
        text: whether mypy is too old for JSON.
        args: more words for pytest.
        env_file: where values for variables are that the tests turned out to need; empty without.
        env: variables that the code reads and that were set when it was tried.
        bare: whether nothing that the project names can be installed, so that only tools are.
        only_pr: whether collecting the tests alone takes longer than `fast` may, so that only `pr` runs them.
    """

    install: str = ""
    lock: bool = True
    python: str = ""
    dropped: Mapping[str, str] = field(default_factory=dict)
    contract: str = ""
    coverage: float | None = None
    quarantined: bool = False
    long: bool = False
    packages: tuple[str, ...] = ()
    unlocked: tuple[str, ...] = ()
    text: bool = False
    args: tuple[str, ...] = ()
    env_file: str = ""
    env: tuple[str, ...] = ()
    bare: bool = False
    only_pr: bool = False

    def __post_init__(self) -> None:
        """What JSON made of tuples is one again."""
        for name in ("packages", "unlocked", "args", "env"):
            object.__setattr__(self, name, tuple(getattr(self, name)))


def configuration(found: Found, choices: Choices) -> str:
    """`xpconfig.toml`: only what differs from the defaults."""
    lines = [
        "# One file configures all of it. `inv config --origin` shows every value and where it comes from.",
        "version = 1",
        "",
        "[project]",
        f"name = {_toml(found.name)}",
        f"sources = {_toml(found.sources)}",
    ]
    if found.tests.folders:
        lines.append(f"tests = {_toml(found.tests.folders)}")
    if found.dependencies.versions:
        lines.append(f"python = {_toml(_supported(found.dependencies.versions))}")
    if choices.env_file:
        lines.append(f"env_file = {_toml(choices.env_file)}          # values for tests, gathered from examples here")
    if choices.env:
        lines.append(
            f"env = {_toml(choices.env)}                # the steps may see these variables; others are stripped"
        )
    parts = [lines, [*_contracts(found, choices)], [*_fast(found, choices)], [*_pr(found, choices)]]
    parts += [[*_steps(found, choices)], [*_ratchets(found, choices)]]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _supported(versions: Sequence[str]) -> list[str]:
    return [version for version in versions if int(version.partition(".")[2]) >= 10]  # noqa: PLR2004 - ours, too


def _contracts(found: Found, choices: Choices) -> Iterator[str]:
    contract = found.contract or choices.contract
    if contract:
        yield "[contracts]"
        yield f"openapi = {_toml(contract)}"
        if found.application:
            yield f"served = {_toml(found.application.name)}   # its openapi() has to mean the same as the contract"


def steps(found: Found, choices: Choices) -> list[str]:
    """The steps of the tier fast."""
    wanted = [*found.checks.steps]
    if found.contract or choices.contract:
        wanted.append("contracts")
    if found.tests.folders:
        wanted.append("unit")
    return [step for step in wanted if step not in choices.dropped] or ["lint"]


def _fast(found: Found, choices: Choices) -> Iterator[str]:
    needs = found.dependencies
    yield "[tiers.fast]"
    yield 'description = "before every commit"'
    yield f'budget = "{"35s" if choices.long else "60s"}"'
    yield 'runner = "outside"                      # xptasks runs beside the environment of the project, never in it'
    if choices.python:
        yield f"python = {_toml(choices.python)}"
    install = choices.install or needs.install
    if install != "editable":
        yield f"install = {_toml(install)}"
    lock = needs.lock if choices.lock else ""
    named = replace(needs, extras=(), groups=(), requirements=()) if choices.bare else needs
    if choices.bare:
        yield "# what the project names cannot be installed here: name it with `groups` or `requirements` where it can"
    for key, value in (("extras", named.extras), ("groups", named.groups), ("requirements", named.requirements),
                       ("packages", (*needs.packages, *choices.packages)), ("lock", lock),
                       ("unlocked", choices.unlocked if lock else ())):  # fmt: skip
        if value:
            yield f"{key} = {_toml(value)}"
    for step, why in choices.dropped.items():
        yield f"# {step} is left out: {_line(why)}{'; pr runs the tests' if step == 'unit' and choices.only_pr else ''}"
    yield f"steps = {_toml(steps(found, choices))}"
    yield "allow_partial = true                    # tests that found no time are said, and come first the next time"


def _line(text: str) -> str:
    """One line of printable text, not too long for a comment."""
    return "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))[:90]


def pr_steps(found: Found, choices: Choices) -> list[str]:
    """The steps that the tier pr has on top."""
    wanted = ["coverage"] if found.tests.folders and ("unit" not in choices.dropped or choices.only_pr) else []
    if choices.contract and found.application and found.application.framework == "fastapi":
        wanted.append("drift")
    return [step for step in wanted if step not in choices.dropped]


def _pr(found: Found, choices: Choices) -> Iterator[str]:
    yield "[tiers.pr]"
    yield 'description = "before every push"'
    yield 'budget = "10m"'
    yield 'includes = ["fast"]                     # coverage runs every test, in place of unit'
    yield f"steps = {_toml(pr_steps(found, choices))}"
    yield '# "size" and "test_first" keep changes small and tested first: add them when you are ready.'
    if choices.quarantined:
        yield "allow_partial = true                    # some tests failed before: .xptasks/baseline.toml names them"


def _steps(found: Found, choices: Choices) -> Iterator[str]:
    tests = (*choices.args, *_test_words(found))
    for step in ("unit", "coverage"):
        if tests and found.tests.folders and step not in choices.dropped:
            yield from (f"[steps.{step}]", f"args = {_toml(tests)}", "")
    if (found.checks.types or choices.text) and "types" in found.checks.steps and "types" not in choices.dropped:
        yield "[steps.types]"
        yield from ((f"paths = {_toml(found.checks.types)}",) if found.checks.types else ())
        yield from (("text = true                             # this mypy knows no JSON",) if choices.text else ())
        yield ""
    for step, words in found.checks.own.items():
        if step not in choices.dropped:
            yield from (f"[steps.{step}]", f"run = {_toml(words)}", f"reads = {_toml(step)}")
            yield from (f"needs = {_toml([step])}", f"inputs = {_toml(_INPUTS)}", "")


_INPUTS = ("**/*.py", "**/*.pyi", "**/*.toml", "**/*.cfg", "**/*.ini", "**/.flake8", "**/.isort.cfg")


def _test_words(found: Found) -> tuple[str, ...]:
    """Words for pytest; where its configuration does not say where the tests are, ours does."""
    named = () if found.tests.named else tuple(folder for folder in found.tests.folders if folder != ".")
    return (*found.tests.args, *named)


def _ratchets(found: Found, choices: Choices) -> Iterator[str]:
    if "coverage" not in pr_steps(found, choices):
        return
    measured = choices.coverage
    if measured is None:
        yield "# [ratchets.coverage]                 # switch it on with what `nox -s pr` measures"
        yield "# start = 75"
        yield f"# target = {_COVERAGE_TARGET:g}"
        return
    start = max(0.0, int(measured * 10 - 5) / 10)
    yield "[ratchets.coverage]                     # starts at what the tests cover today, and only rises"
    yield f"start = {start:g}"
    yield f"target = {min(100.0, max(_COVERAGE_TARGET, start + 1)):g}"
    yield "slack = 0.5"
    yield 'unit = "percent"'
    if start >= min(100.0, max(_COVERAGE_TARGET, start + 1)):
        yield 'direction = "up"'


def _toml(value: object) -> str:
    """Texts and lists of them look the same in TOML as in JSON."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def noxfile(projects: Sequence[str] = ()) -> str:
    """A noxfile of ours."""
    words = f"projects={list(projects)!r}" if projects else ""
    words = words.replace("'", '"')
    head = '"""Nox sessions: one a tier, as `xpconfig.toml` describes them."""\n\nfrom xptasks import sessions\n\n'
    return f"{head}sessions.register({words})\n"


def nox_block(exclude: Collection[str], projects: Sequence[str] = ()) -> list[str]:
    """What a noxfile of others gets at its end: their sessions and default stay, also where xptasks is missing."""
    words = [f"exclude={sorted(exclude)!r}"] if exclude else []
    words += [f"projects={list(projects)!r}"] if projects else []
    given = ", ".join([*words, "default=False"]).replace("'", '"')
    return ["try:", "    from xptasks import sessions as xptasks_sessions", "except ModuleNotFoundError:",
            "    pass", "else:", f"    xptasks_sessions.register({given})"]  # fmt: skip


TASKS = '"""Invoke tasks: `inv --list` shows them."""\n\nfrom xptasks.tasks import ns\n\n__all__ = ["ns"]\n'
IGNORED: Mapping[str, tuple[str, ...]] = {
    ".xp/": (".xp/last-run.json",),
    ".nox/": (".nox/fast/pyvenv.cfg",),
    "__pycache__/": ("__pycache__/x.cpython-311.pyc", "x/x/__pycache__/x.cpython-311.pyc"),
    ".coverage": (".coverage",),
    ".coverage.*": (".coverage.host.1.x",),
    ".hypothesis/": (".hypothesis/examples/x",),
    ".pytest_cache/": (".pytest_cache/v/x",),
    ".mypy_cache/": (".mypy_cache/3.11/x.json",),
    ".ruff_cache/": (".ruff_cache/0.11.0/x",),
    ".import_linter_cache/": (".import_linter_cache/x.json",),
}
"""What the tiers leave behind, as git is told to ignore it, each with files that show whether it does already.

Committed, any of it would change with every run: a gate's worktree would be dirty, and the change turned down.
"""
STATE = (".xp/", ".nox/")
"""What of it is ours alone; the rest is what tools make wherever they are called."""


def hooks(projects: Sequence[str] = ()) -> list[str]:
    """The entry of pre-commit: each tier asks first whether anything has changed, which takes a few milliseconds."""
    lines = ["- repo: local", "  hooks:"]
    for tier, stage in (("fast", "pre-commit"), ("pr", "pre-push")):
        for folder in projects or ("",):
            name = f"-{folder.replace('/', '-')}" if len(projects) > 1 else ""
            words = f" {folder} {tier}{name}".rstrip() if folder else ""
            lines += [
                f"    - id: xptasks-{tier}{name}",
                f"      name: the tier {tier}{f' of {folder}' if folder else ''}",
                f"      entry: xptasks hook {tier}{words}",
                "      language: system",
                "      pass_filenames: false",
                "      always_run: true",
                "      verbose: true",
                f"      stages: [{stage}]",
            ]
    return lines


HOOKS_HEAD = ["# prek install --hook-type pre-commit --hook-type pre-push (or pre-commit install ...)", "repos:"]


def agents(found: Sequence[Found]) -> list[str]:
    """The block for coding agents: commands, the loop, exit codes, and how to go on after a failure."""
    where = f" Projects: {', '.join(each.folder for each in found)}." if len(found) > 1 else ""
    truth = "- The contract is the truth: change it first, then the code; `inv drift` compares them."
    contract = [truth] if any(each.contract or each.application for each in found) else []
    return [
        "## Working here (xptasks)",
        "",
        f"- Set up once: `pip install xptasks`. Then everything is `nox` and `inv`; `inv --list` shows all.{where}",
        "- Say who you are, `export XPTASKS_ACTOR=agent:NAME`, and ask for few words, `export XPTASKS_OUTPUT=agent`.",
        "- Before each commit: `nox -s fast`. Before each push: `nox -s pr`. What has not changed is not run again.",
        "- One test: `nox -s fast -- unit -k NAME`. One step: `nox -s fast -- lint`. Format and fix: `inv fix`.",
        "- The loop: write the test that fails, make it pass with the smallest change, clean up, run fast, commit.",
        *contract,
        "- The last run, with exit code and every finding: `.xp/last-run.json`.",
        "- Exit codes: 0 ok, 1 the check said no, 2 configuration or usage, 3 could not run, 4 somebody else holds the",
        "  lock (wait, try again), 5 over budget, 6 stop: a human has to decide.",
        "- After a failure: read the first finding, fix it, run the command that the output names, until it is 0.",
        "- Exit code 3: install what the message names, or say that you cannot; never skip the step.",
        "- Never loosen a check to get past it: no `noqa`, no skipped test, no edit of `xpconfig.toml`, of ratchets or",
        "  of `.xptasks/`. What was wrong before is known there; only new findings fail.",
        "- A tier that says `partial` is no pass: it says what did not run, and why.",
    ]
