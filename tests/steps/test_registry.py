import importlib
import inspect
from pathlib import Path

import pytest

from xptasks import steps
from xptasks.results import Command, Outcome, Reading, Status, StepContext
from xptasks.tiers.settings import StepOptions

ALL = [*steps.builtin(), "command"]
NEED_CONFIGURATION = {"contracts", "contract_tests", "contract_fuzz", "websocket"}


@pytest.mark.parametrize("name", ALL)
def test_a_step_keeps_the_protocol(name: str) -> None:
    module = importlib.import_module(f"xptasks.steps.{name}")
    assert (module.__doc__ or "").strip(), "a step says in a docstring what it is"
    assert all(isinstance(need, str) for need in module.NEEDS)
    assert set(getattr(module, "REPLACES", ())) <= set(steps.builtin())
    assert list(inspect.signature(module.command).parameters)[-1] == "context"
    assert list(inspect.signature(module.read).parameters)[-1] == "outcome"
    assert inspect.getdoc(module.command)
    assert inspect.getdoc(module.read)


@pytest.mark.parametrize("name", ALL)
def test_the_options_of_a_step_are_described(name: str) -> None:
    options: type[StepOptions] = importlib.import_module(f"xptasks.steps.{name}").Options
    assert issubclass(options, StepOptions)
    assert (options.__doc__ or "").startswith("`[steps.")
    for key, field in options.model_fields.items():
        assert field.description, f"{name}.{key} has no description"
        assert field.examples, f"{name}.{key} has no example"
        for example in field.examples:
            options.model_validate({"run": ["true"]} | {key: example} if name == "command" else {key: example})


@pytest.mark.parametrize("name", [name for name in steps.builtin() if name not in NEED_CONFIGURATION])
def test_a_step_with_defaults_says_what_to_run(name: str, context: StepContext) -> None:
    step = steps.load(name)
    command = step.command(step.Options(), context)
    assert isinstance(command, Command)
    assert command.argv
    assert command.argv[0] == context.python, "a tool is a module of the tier's environment"
    assert set(command.distributions) <= set(step.NEEDS)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("code", "out", "err"), [(-11, "", ""), (70, "", "internal error"), (127, "?\0\n", "")])
def test_a_tool_that_breaks_is_never_green(name: str, code: int, out: str, err: str, tmp_path: Path) -> None:
    step = steps.load(name)
    options = step.Options(run=["x"]) if name == "command" else step.Options()
    missing = (tmp_path / "a", tmp_path / "b")
    reading: Reading = step.read(options, Outcome(code, out, err, tmp_path, missing))
    assert reading.status is (Status.FAILED if name == "command" else Status.ERROR)
    assert reading.summary.strip()


def test_an_unknown_name_is_a_command_of_the_user() -> None:
    assert steps.load("my_check").__doc__ == steps.load("command").__doc__
    assert "command" not in steps.names()
    assert "unit" in steps.names()
