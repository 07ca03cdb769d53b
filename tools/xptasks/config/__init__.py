"""`xpconfig.toml` as one object: read, overridden, validated, explained. Importing this costs nothing yet."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xptasks.config.loading import Loaded


def load(
    project: Path, *, profile: str | None = None, overrides: Iterable[str] = (), environ: Mapping[str, str] = os.environ
) -> "Loaded":
    """Load the configuration of the project in a folder.

    Args:
        project: the folder with `xpconfig.toml`.
        profile: the profile asked for with `--profile`.
        overrides: the texts `PATH=VALUE` given with `--set`.
        environ: the environment, with its `XPTASKS_*` overrides.

    Raises:
        ConfigError: the text of the error names every mistake, its place and what to do.
    """
    from xptasks.config.loading import load as read  # noqa: PLC0415 - pydantic is not loaded before it is needed

    return read(project, profile=profile, overrides=overrides, environ=environ)


def find_project(folder: Path) -> Path:
    """The nearest folder with an `xpconfig.toml`, from the given one upwards.

    Raises:
        ConfigError: there is none.
    """
    from xptasks.errors import ConfigError  # noqa: PLC0415 - as above

    for candidate in (folder, *folder.parents):
        if (candidate / "xpconfig.toml").is_file():
            return candidate
    hint = "change to the folder of a project, or write the file: `version = 1`, then `[project]` with a name"
    raise ConfigError("there is no xpconfig.toml here or above", where=str(folder), hint=hint)


def show(
    loaded: "Loaded", *, environ: Mapping[str, str] = os.environ, origin: bool = False, as_json: bool = False
) -> str:
    """The effective values as TOML or JSON, if asked for with the origin of each; secrets stay references."""
    from xptasks.config.effective import show as write  # noqa: PLC0415 - as above

    return write(loaded, environ, origin=origin, as_json=as_json)


def generated_files() -> dict[str, str]:
    """The schema, the reference page and the starter file: content by path in the project."""
    from xptasks.config.reference import generated_files as write  # noqa: PLC0415 - as above

    return write()


def starter(name: str) -> str:
    """A first `xpconfig.toml` for a project."""
    from xptasks.config.reference import starter as write  # noqa: PLC0415 - as above

    return write(name)
