"""Where a judgement goes: to stdout or to a file, and into the exit code."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from xptasks.contracts.compat import formats
from xptasks.contracts.compat.judgement import FailOn, Judgement
from xptasks.errors import CannotRunError, ExitCode, UsageError
from xptasks.system.files import atomic_write


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; `output` is None for stdout."""

    format: str
    fail_on: FailOn
    output: Path | None = None


def options(format_name: str, fail_on: str, output: Path | None) -> Options:
    """The options, checked before anything is compared.

    Raises:
        UsageError: there is no such format or level.
    """
    formats.check(format_name)
    levels = get_args(FailOn)
    if fail_on not in levels:
        raise UsageError(f"--fail-on cannot be {fail_on!r}", hint=f"It is one of {', '.join(levels)}.")
    return Options(format_name, cast("FailOn", fail_on), output)


def publish(judgement: Judgement, on: Options) -> ExitCode:
    """Write the judgement and return its exit code; a file is whole or as it was before.

    Raises:
        CannotRunError: the file cannot be written.
    """
    text = formats.show(on.format, judgement)
    if on.output is None:
        sys.stdout.write(text)
        return judgement.exit_code(on.fail_on)
    try:
        atomic_write(on.output, text)
    except OSError as error:
        raise CannotRunError(f"the file {str(on.output)!r} cannot be written: {error.strerror}") from None
    sys.stderr.write(formats.show("text", judgement).splitlines()[-1] + f"; see {on.output}\n")
    return judgement.exit_code(on.fail_on)
