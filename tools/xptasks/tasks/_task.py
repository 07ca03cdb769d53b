"""The decorator of every task: Invoke's, but an expected failure is one message and an exit code, no traceback."""

import functools
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task as invoke_task

from xptasks.errors import ExitCode, XpError

if TYPE_CHECKING:
    from xptasks.config.settings import Config

_NOBODY_READS = 128 + 13  # as a shell tells of SIGPIPE


def task(*, aliases: tuple[str, ...] = (), **options: Any) -> Callable[[Callable[..., int | None]], Any]:  # noqa: ANN401
    """Make a task of a function that takes no context and may return an exit code.

    Args:
        aliases: other names of the task.
        options: whatever `invoke.task` takes (`help`, `positional`, `iterable`, ...).
    """

    def decorate(function: Callable[..., int | None]) -> Any:  # noqa: ANN401 - Invoke has no types
        @functools.wraps(function)
        def run(_: Context, *args: Any, **values: Any) -> None:  # noqa: ANN401
            try:
                code = function(*args, **values)
                sys.stdout.flush()
            except BrokenPipeError:  # whoever read has read enough: `inv history-list | head`
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its end
                code = _NOBODY_READS
            except XpError as error:
                sys.stderr.write(f"{error}\n")
                code = error.exit_code
            except Exit:
                raise
            except Exception:  # noqa: BLE001 - a mistake of ours must not look like a check that said no
                traceback.print_exc()
                code = ExitCode.CANNOT_RUN
            except KeyboardInterrupt:
                code = ExitCode.INTERRUPTED
            if code:
                raise Exit(code=int(code))

        run.__signature__ = _with_context(function)  # type: ignore[attr-defined]
        return invoke_task(run, aliases=aliases, **options)

    return decorate


def _with_context(function: Callable[..., Any]) -> Any:  # noqa: ANN401 - inspect.Signature
    """The signature that Invoke sees; of a default `()` it would make a tuple of the value's letters."""
    import inspect  # noqa: PLC0415 - Invoke has imported it already

    signature = inspect.signature(function)
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    given = [
        each.replace(default=None if each.default == () else each.default) for each in signature.parameters.values()
    ]
    return signature.replace(parameters=[context, *given])


def project() -> Path:
    """The project's folder, which becomes the current one: a task may be called from any folder below.

    Raises:
        ConfigError: there is no `xpconfig.toml` here or above.
    """
    from xptasks.config import find_project  # noqa: PLC0415 - not needed to list tasks

    folder = find_project(Path.cwd())
    os.chdir(folder)
    return folder


def environ() -> dict[str, str]:
    """The environment, at the edge."""
    return dict(os.environ)


def tier_python(folder: Path, config: "Config", step: str) -> str:
    """The interpreter of the first tier that has the step and was run here, else our own.

    Of a tier whose runner is outside it is our own, too, and the processes it starts are told where the project is.
    """
    from xptasks.tiers import environment  # noqa: PLC0415 - not needed to list tasks

    tables = {name: tier.model_dump(exclude_unset=True) for name, tier in config.tiers.items()}
    for name, tier in config.tiers.items():
        place = environment.find(folder, name)
        python = place / "bin" / "python"
        if step in tier.steps and python.exists():
            if environment.inherited(name, tables).get("runner") != "outside":
                return str(python)
            os.environ.update(environment.outside(place, Path(__file__).resolve().parents[1]))
            return sys.executable
    return sys.executable
