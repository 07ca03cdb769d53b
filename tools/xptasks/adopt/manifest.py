"""`.xptasks/adoption.json`: what `init` wrote, what was there before, and what it learnt; it is committed. Pure.

It is written before the files and again behind them, so that whoever is killed in between leaves a state that tells
what was meant.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from xptasks.adopt.compose import Choices
from xptasks.errors import ConfigError

NAME = ".xptasks/adoption.json"
_FORMAT = 1

Kind = Literal["created", "block", "machine"]
Stage = Literal["writing", "written", "done"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that was written.

    Attributes:
        kind: `created` belongs to the user from now on, `block` was there and got a part of ours, `machine` is
            written by programs alone.
        after: what was written; empty for a machine's, which changes without us.
        digest: its hash.
        before: what was there before; None where nothing was.
        was: the hash of what it held just before the last write: a file that a killed run did not reach.
    """

    kind: Kind
    after: bytes
    digest: str
    before: bytes | None = None
    was: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What happened to a repository.

    Attributes:
        stage: how far `init` came: `writing`, `written` (but not measured), `done`.
        projects: the folders of the projects.
        shared: whether one configuration was asked for, whatever there is below.
        choices: what was learnt, by project.
        files: what was written, by path.
        folders: folders that were made.
    """

    stage: Stage = "writing"
    projects: tuple[str, ...] = (".",)
    shared: bool = False
    choices: Mapping[str, Choices] = field(default_factory=dict)
    files: Mapping[str, Entry] = field(default_factory=dict)
    folders: tuple[str, ...] = ()

    def at(self, stage: Stage) -> "Manifest":
        """The same, further on."""
        return replace(self, stage=stage)


def digest(content: bytes | None) -> str:
    """The hash of a content; empty for nothing."""
    return "" if content is None else hashlib.sha256(content).hexdigest()


def render(manifest: Manifest) -> str:
    """The file's content."""
    files = {
        path: {
            "kind": each.kind,
            "after": _out(each.after),
            "sha256": each.digest,
            "before": _out(each.before),
            "was": each.was,
        }
        for path, each in sorted(manifest.files.items())
    }
    return json.dumps(
        {
            "about": "written by `xptasks init`; `xptasks update` and `xptasks uninstall` read it",
            "format": _FORMAT,
            "stage": manifest.stage,
            "projects": manifest.projects,
            "shared": manifest.shared,
            "choices": {folder: asdict(choices) for folder, choices in sorted(manifest.choices.items())},
            "files": files,
            "folders": manifest.folders,
        },
        indent=1,
    ) + "\n"  # fmt: skip


def parse(text: str) -> Manifest:
    """What a file says.

    Raises:
        ConfigError: it is not what we write.
    """
    try:
        return _manifest(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        hint = f"take the version that was committed: git checkout HEAD -- {NAME}"
        raise ConfigError(f"this is no record of an adoption: {problem}", where=NAME, hint=hint) from None


def _manifest(loaded: Mapping[str, Any]) -> Manifest:
    if loaded["format"] != _FORMAT:
        raise ValueError(f"its format is {loaded['format']}")
    return Manifest(
        loaded["stage"],
        tuple(loaded["projects"]),
        bool(loaded["shared"]),
        {folder: Choices(**choices) for folder, choices in loaded["choices"].items()},
        {path: _entry(each) for path, each in loaded["files"].items()},
        tuple(loaded["folders"]),
    )


def _entry(stored: Mapping[str, Any]) -> Entry:
    after = _in(stored["after"])
    return Entry(stored["kind"], after or b"", str(stored["sha256"]), _in(stored["before"]), str(stored["was"]))


def _out(content: bytes | None) -> Any:  # noqa: ANN401 - JSON
    """Text where that says every byte, else base64."""
    if content is None:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def _in(stored: Any) -> bytes | None:  # noqa: ANN401 - JSON
    if stored is None:
        return None
    return base64.b64decode(stored["base64"]) if isinstance(stored, dict) else str(stored).encode()
