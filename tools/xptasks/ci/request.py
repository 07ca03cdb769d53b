"""What CI files are made from: facts about a project, taken from its configuration. Plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xptasks.ci.pins import Pins

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Install:
    """How a job gets xptasks, and how it calls it.

    Attributes:
        commands: what is run first, in order.
        nox, inv: the words that stand for the two programs.
        why: what was found in the repository that makes it so.
    """

    commands: tuple[Words, ...]
    nox: Words
    inv: Words
    why: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What `[ci.deploy]` asks for.

    Attributes:
        runner: labels of the machine that deploys.
        canary, production, rollback: environments.
        strategy: `canary` or `blue-green`.
        variable: the switch; empty without one.
        oidc: whether the jobs may ask for a token.
        secrets: names.
        minutes: the time limit of each job, by its name.
    """

    runner: Words
    canary: str
    production: str
    rollback: str
    strategy: str
    variable: str
    oidc: bool
    secrets: Words
    minutes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Request:
    """A project as its CI files see it.

    Attributes:
        project: its name.
        trunk: the branch that everything lands on.
        gate: the tier that a change has to pass.
        check: what the verdict is called; a branch rule names it.
        minutes: the time limit of a job that runs a tier, by tier.
        pythons: the versions that are checked.
        runner: the label of the machines.
        install: how jobs get xptasks.
        pins: the record of actions.
        schedules: cron by tier.
        scanning: whether findings go to code scanning.
        auto_merge: whether changes are armed to land.
        app: whether that happens in the name of an app.
        history: the secret with the database's URL; empty when there is none that a job could reach.
        retention: days.
        delivery: None when nothing is deployed.
    """

    project: str
    trunk: str
    gate: str
    check: str
    minutes: Mapping[str, int]
    pythons: Words
    runner: str
    install: Install
    pins: Pins
    schedules: Mapping[str, str] = field(default_factory=dict)
    scanning: bool = False
    auto_merge: bool = False
    app: bool = False
    history: str = ""
    retention: int = 14
    delivery: Delivery | None = None

    @property
    def python(self) -> str:
        """The version that jobs run on which are no gate: the newest."""
        return max(self.pythons, key=lambda version: int(version.partition(".")[2]))
