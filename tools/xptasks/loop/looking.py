"""Reads from git's objects what a change may loosen, and has it judged: an edge around `xptasks.landing.loosening`."""

import re
import tomllib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from xptasks import steps
from xptasks.config.layers import Layers, Values, profile_origin
from xptasks.config.problems import InvalidConfigError
from xptasks.config.validation import validate
from xptasks.errors import ConfigError
from xptasks.landing.loosening import files as names
from xptasks.landing.loosening import look
from xptasks.landing.loosening.files import Scene
from xptasks.landing.loosening.look import Sight, Texts
from xptasks.landing.loosening.weigh import Path
from xptasks.landing.policy import Reason
from xptasks.loop import trunk as trunks
from xptasks.loop.trunk import Trunk
from xptasks.results import Position
from xptasks.system.commits import LINK, Committed, Objects

_OF_THE_GATE = (
    *("gate-file", "config-", "contracts-allow", "tool-", "pins", "ignored-files", "attributes", "test-"),
    "suppression",
)
"""Rules about what a gate is made of: where there is none yet, nothing is loosened."""


def reasons(objects: Objects, trunk: Trunk, head: str, files: Sequence[Committed]) -> list[Reason]:
    """What a change loosens.

    Args:
        objects: where both commits are.
        trunk: what counts.
        head: the change.
        files: what differs from the merge base.
    """
    found: list[Reason] = []
    configurations: Mapping[str, tuple[Values, Values]] = {}
    try:
        configurations = _configurations(objects, trunk, trunks.read(objects, head) or {})
    except ConfigError as error:
        found = [_unreadable(error)]
    texts = _texts(objects, trunk.base, head, files)
    scene = _scene(objects, trunk, head, files)
    sight = Sight(
        files,
        texts,
        scene,
        configurations=configurations,
        deselecting=_deselecting(trunk),
        test_names=_test_names(objects, trunk),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # code of a change may be of a kind that Python warns of
        found += look.reasons(sight, _Places(texts), lambda step: getattr(steps.load(step), "REPLACES", ()))
    return [each for each in found if not (trunk.adopted and each.rule.startswith(_OF_THE_GATE))]


def _unreadable(error: ConfigError) -> Reason:
    first = error.mistakes[0] if isinstance(error, InvalidConfigError) and error.mistakes else None
    line = first.place.span.line if first and first.place.span else None
    message = first.message if first else error.message
    hint = (first.hint if first else error.hint) or "`inv config` shows the place"
    return Reason(
        "config",
        "rejected",
        f"the change's configuration cannot be read: {message}",
        hint,
        Position(names.CONFIG, line),
    )


# -- what is read ------------------------------------------------------------------------------------------------------


def _texts(objects: Objects, base: str, head: str, files: Sequence[Committed]) -> dict[str, Texts]:
    """Before and after, of every file whose content matters."""
    wanted: list[tuple[str, int, str, str]] = []
    for each in files:
        if each.file.before and look.needs_text(each.file.before):
            wanted.append((each.path, 0, base, each.file.before))
        if each.file.exists and look.needs_text(each.path):
            wanted.append((each.path, 1, head, each.path))
    found: dict[str, list[str | None]] = {path: [None, None] for path, *_ in wanted}
    blobs = objects.blobs([(commit, path) for _, _, commit, path in wanted])
    for (path, side, _, _), blob in zip(wanted, blobs, strict=True):
        found[path][side] = None if blob is None else blob.decode("utf-8", "replace")
    return {path: (before, after) for path, (before, after) in found.items()}


def _scene(objects: Objects, trunk: Trunk, head: str, files: Sequence[Committed]) -> Scene:
    before = frozenset(objects.paths(trunk.base))
    links = [each.path for each in files if each.mode == LINK]
    targets = objects.blobs([(head, path) for path in links])
    project = trunks.table(trunk.values, "project")
    return Scene(
        prefix=objects.prefix,
        before=before,
        after=frozenset(objects.paths(head)),
        sources=_folders(project.get("sources", "src")),
        tests=_folders(project.get("tests", "tests")),
        scripts=names.scripts(trunk.values, before, _pytest(objects, trunk).get("addopts", ())),
        targets={path: (target or b"").decode("utf-8", "replace") for path, target in zip(links, targets, strict=True)},
    )


def _folders(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever the TOML holds
    listed = [value] if isinstance(value, str) else value if isinstance(value, tuple) else []
    return tuple(PurePosixPath(str(folder)).as_posix() for folder in listed)


def _deselecting(trunk: Trunk) -> frozenset[str]:
    """The marks that the tier's tests must not have to be run."""
    found = {"slow"}
    for name in trunk.steps:
        args = trunks.table(trunks.table(trunk.values, "steps"), name).get("args", ())
        chosen = [str(word) for before, word in pairwise(args) if before == "-m"]
        found |= {mark for word in chosen for mark in re.findall(r"\bnot\s+(\w+)", word)}
    return frozenset(found)


def _test_names(objects: Objects, trunk: Trunk) -> tuple[str, ...]:
    """How files with tests are called, where `pyproject.toml` says so."""
    return _pytest(objects, trunk).get("python_files") or look.TEST_NAMES


def _pytest(objects: Objects, trunk: Trunk) -> dict[str, tuple[str, ...]]:
    """The lists of words among pytest's settings in the trunk's `pyproject.toml`."""
    content = (objects.blob(trunk.base, "pyproject.toml") or b"").decode("utf-8", "replace")
    try:
        found = tomllib.loads(content)["tool"]["pytest"]["ini_options"].items()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    texts = {name: value.split() if isinstance(value, str) else value for name, value in found}
    return {name: tuple(map(str, value)) for name, value in texts.items() if isinstance(value, list)}


# -- configurations ----------------------------------------------------------------------------------------------------


def _configurations(objects: Objects, trunk: Trunk, after: Values) -> Mapping[str, tuple[Values, Values]]:
    """Both configurations with each profile, with defaults where both are in order; none where there was none."""
    before = trunks.read(objects, trunk.base)
    if before is None:
        return {}
    profiles = dict.fromkeys(["", *trunks.table(before, "profiles"), *trunks.table(after, "profiles")])
    return {name: _filled(_with(before, name), _with(after, name)) for name in profiles}


def _with(values: Values, profile: str) -> Values:
    table = trunks.table(trunks.table(values, "profiles"), profile) if profile else {}
    return Layers(values).under(table, profile_origin(profile)).values if table else values


def _filled(before: Values, after: Values) -> tuple[Values, Values]:
    old, new = (validate(values)[0] for values in (before, after))
    if old is None or new is None:
        return before, after
    return old.model_dump(exclude={"profiles"}), new.model_dump(exclude={"profiles"})


class _Places:
    """Where values are written; the parser is loaded only when there is something to say."""

    def __init__(self, texts: Mapping[str, Texts]) -> None:
        self._texts = texts

    def __call__(self, file: str, path: Path) -> Position:
        """The line of a value in a file as the change has it; without a line where it has none."""
        text = (self._texts.get(file) or (None, None))[1]
        if not text:
            return Position(file)
        if file.endswith(".toml"):
            from xptasks.config.positions import locate  # noqa: PLC0415 - as above

            with suppress(RecursionError):  # nested without end: the file alone is place enough
                return Position(file, locate(text.replace("\r\n", "\n")).key(path).line)
        return Position(file, next(_lines(text, path[-1] if path else ""), None))


def _lines(text: str, word: str) -> Iterator[int]:
    return (number for number, line in enumerate(text.splitlines(), start=1) if word and line.lstrip().startswith(word))
