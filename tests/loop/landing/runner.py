"""A runner whose gate takes no time: `python -m tests.loop.landing.runner [--once] [--profile NAME]`.

With `KILL_AT=N` it kills itself when git is asked for something the Nth time; `KILL_AFTER=1` lets that be done first.
"""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tests.loop.landing.world import GATE
from xptasks.errors import XpError
from xptasks.loop.landing import running
from xptasks.loop.landing.gate import Argv
from xptasks.loop.landing.running import Asked, Tools
from xptasks.loop.landing.turn import Turning
from xptasks.system import detached, plumbing
from xptasks.system.detached import Order


def gate(log: str) -> Argv:
    def argv(_project: Path, tier: str, steps: Sequence[str]) -> Sequence[str]:
        return (sys.executable, "-I", "-S", str(GATE), log, tier, *steps)

    return argv


def deploy(order: Order) -> object:
    """A deployment of the tests' own, by a process that outlives the runner as a real one does."""
    commit = order.argv[order.argv.index("--rev") + 1]
    journal = Path(order.env["XDG_STATE_HOME"], "xptasks", "small", "local", "journal.db")
    with Path(order.env["GATE_LOG"]).with_name("deployed.log").open("a") as log:
        log.write(" ".join(order.argv[3:]) + "\n")
    argv = (sys.executable, "-m", "tests.loop.landing.deployer", commit, str(journal))
    return detached.start(replace(order, argv=argv))


class Mortal:
    """Git that is asked so often, and then its caller is dead."""

    def __init__(self, at: int, *, after: bool) -> None:
        self._left, self._after = at, after
        self._ask = plumbing.Git.ask

    def install(self) -> None:
        mortal = self

        def ask(git: plumbing.Git, *words: str, **how: object) -> plumbing.Said:
            mortal._left -= 1
            if mortal._left == 0 and not mortal._after:
                os.kill(os.getpid(), signal.SIGKILL)
            said = mortal._ask(git, *words, **how)  # type: ignore[arg-type]
            if mortal._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return said

        plumbing.Git.ask = ask  # type: ignore[method-assign, assignment]


def main(words: list[str], environ: Mapping[str, str]) -> int:
    profile = words[words.index("--profile") + 1] if "--profile" in words else ""
    asked = Asked(once="--once" in words, profile=profile, json="--json" in words)
    try:
        tools = Tools(gate(environ["GATE_LOG"]), aftermath=lambda shop: Turning(shop, deploy))
        return running.run(asked, environ, tools)
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


if __name__ == "__main__":
    if "KILL_AT" in os.environ:
        Mortal(int(os.environ["KILL_AT"]), after="KILL_AFTER" in os.environ).install()
    raise SystemExit(main(sys.argv[1:], dict(os.environ)))
