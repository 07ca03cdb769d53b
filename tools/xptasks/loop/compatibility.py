"""The contracts against their baselines, on the terms of `xpconfig.toml`: the gate "nobody is broken unnoticed".

    python -m xptasks.loop.compatibility SETTINGS

A step runs this as its process. SETTINGS is the table `[contracts]` as JSON (`ContractsSettings.model_dump_json`), so
that profiles and overrides of the run count; the folder is the project's. It prints the judgement as JSON, see
`xptasks.contracts.compat.formats.json`, and ends with 0 (nobody is broken, or it is allowed), 1 (an error that is not
allowed, or a permission that has expired or that nothing needs), 2 or 3 (it could not be compared; stderr says why).
`xptasks.steps._compatibility` makes that command and reads its output. A process that is at work anyway calls `judge`.
"""

import datetime as dt
import os
import sys
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xptasks.contracts.compat import formats
from xptasks.contracts.compat.baselines import baselines, in_folder
from xptasks.contracts.compat.differences import contracts_of, judge_on, terms
from xptasks.contracts.compat.judgement import Judgement
from xptasks.contracts.settings import AllowedBreak, ContractsSettings
from xptasks.errors import XpError
from xptasks.results import Position

if TYPE_CHECKING:
    from xptasks.loop.releases import Served

CONFIG = "xpconfig.toml"
_LIST = ("contracts", "allow")


DEPLOYED = "deployed"
"""Among the baselines, this word stands for every release that serves, is warm or is being deployed here."""


def _nothing() -> "tuple[Served, ...]":
    return ()


def judge(
    settings: ContractsSettings,
    project: Path,
    *,
    today: dt.date,
    deployed: "Callable[[], Iterable[Served]]" = _nothing,
) -> Judgement:
    """What changed in the project's contracts since each of its baselines, and the verdict.

    Args:
        settings: `[contracts]`, with whatever the command line replaces in it.
        project: the folder with `xpconfig.toml`.
        today: decides what has expired.
        deployed: what is deployed; asked only when a baseline is called `deployed`.

    Raises:
        UsageError, ContractError: a baseline or a contract cannot be read.
    """
    text = (project / CONFIG).read_text(encoding="utf-8") if settings.allow else ""
    on = terms(settings, project, today=today, place=lambda entry: place(entry, text))
    contracts = contracts_of(settings)
    named = baselines((name for name in settings.baseline if name != DEPLOYED), contracts, project)
    running = deployed() if DEPLOYED in settings.baseline else ()
    trees = (in_folder(f"{each.release} ({each.state})", each.tree, contracts) for each in running)
    return judge_on((*named, *trees), on)


def place(entry: AllowedBreak, text: str) -> Position:
    """Where an allowed break is written in the text of `xpconfig.toml`: in the table itself or in a profile's.

    One that comes from the environment or the command line has no line.
    """
    from xptasks.config.positions import locate  # noqa: PLC0415 - only who allows something pays for the parser

    values = tomllib.loads(text)
    for way in (_LIST, *(("profiles", name, *_LIST) for name in values.get("profiles", {}))):
        for number, item in enumerate(_at(values, way)):
            if item == entry.model_dump() or item == entry.model_dump(mode="json"):
                span = locate(text).value((*way, number))
                return Position(CONFIG, span.line, span.column)
    return Position(CONFIG)


def _at(values: Any, way: tuple[str, ...]) -> list[Any]:  # noqa: ANN401 - whatever the TOML holds
    for name in way:
        values = values.get(name, {}) if isinstance(values, dict) else {}
    return values if isinstance(values, list) else []


def _deployed() -> "tuple[Served, ...]":
    from xptasks.loop.releases import served_here  # noqa: PLC0415 - few compare with what is deployed

    return served_here(Path.cwd(), os.environ)


def main(argv: Sequence[str] | None = None) -> int:
    """The process of a step."""
    (given,) = sys.argv[1:] if argv is None else argv
    settings = ContractsSettings.model_validate_json(given)
    try:
        judgement = judge(settings, Path.cwd(), today=dt.datetime.now(tz=dt.UTC).date(), deployed=_deployed)
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(formats.show("json", judgement))
    return judgement.exit_code()


if __name__ == "__main__":
    raise SystemExit(main())
