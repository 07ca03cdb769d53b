"""Where everything about a target's deployments lies: outside every worktree, so that `git clean` cannot touch it.

`$XDG_STATE_HOME/xptasks/PROJECT/TARGET` (XDG Base Directory Specification, 0.8), on one host.
"""

from collections.abc import Mapping
from pathlib import Path


def home(project: str, target: str, environ: Mapping[str, str]) -> Path:
    """The folder of a project's target. A relative `XDG_STATE_HOME` does not count, as its specification says."""
    configured = Path(environ.get("XDG_STATE_HOME", ""))
    base = configured if configured.is_absolute() else Path.home() / ".local" / "state"
    return base / "xptasks" / project / target
