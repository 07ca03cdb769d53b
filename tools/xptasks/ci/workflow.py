"""A workflow as typed data: what is built, and what one writer turns into a file. Nothing is written by hand twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xptasks.ci.pins import Pins
from xptasks.ci.writing import Noted

Table = Mapping[str, object]
_NOTHING: Table = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a job: either an action or a command.

    Attributes:
        name: what people read.
        uses: an action without its version, `OWNER/NAME` or `OWNER/NAME/PATH`; the record of pins adds the rest.
        inputs: of the action; the key `with`.
        run: a command for bash.
        env: variables; whatever comes from an event goes through these and never into `run`.
        condition: the key `if`.
        id: by which other steps name it.
        note: a comment above it.
    """

    name: str
    uses: str = ""
    inputs: Table = field(default_factory=lambda: _NOTHING)
    run: str = ""
    env: Table = field(default_factory=lambda: _NOTHING)
    condition: str = ""
    id: str = ""
    note: str = ""

    def data(self, pins: Pins) -> object:
        """As it is written."""
        found: dict[str, object] = {"name": self.name}
        if self.id:
            found["id"] = self.id
        if self.condition:
            found["if"] = self.condition
        if self.uses:
            found["uses"] = pinned(self.uses, pins)
        found |= _given({"with": self.inputs, "env": self.env})
        if self.run:
            found["run"] = self.run
        return Noted(found, self.note) if self.note else found


def pinned(action: str, pins: Pins) -> Noted:
    """An action at the commit of the record, with its tag beside it."""
    owner, name = action.split("/")[:2]
    pin = pins[f"{owner}/{name}"]
    return Noted(f"{action}@{pin.commit}", beside=pin.tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job: either steps on a machine, or a workflow that is called.

    Attributes:
        name: what people and branch rules read.
        note: why it is there, a comment above it.
        permissions: of its token; none means none.
        calls: the workflow that it runs in place of steps.
        secrets: that it hands to that workflow.
        minutes: its time limit, or an expression for it; not for a job that calls.
    """

    name: str
    note: str = ""
    runner: object = ""
    needs: tuple[str, ...] = ()
    condition: str = ""
    permissions: Table = field(default_factory=lambda: _NOTHING)
    environment: str = ""
    concurrency: Table = field(default_factory=lambda: _NOTHING)
    minutes: int | str = 0
    strategy: Table = field(default_factory=lambda: _NOTHING)
    outputs: Table = field(default_factory=lambda: _NOTHING)
    env: Table = field(default_factory=lambda: _NOTHING)
    steps: tuple[Step, ...] = ()
    calls: str = ""
    secrets: Table = field(default_factory=lambda: _NOTHING)

    def data(self, pins: Pins) -> Noted:
        """As it is written."""
        found: dict[str, object] = {"name": self.name}
        found |= _given({"needs": list(self.needs), "if": self.condition, "runs-on": self.runner})
        found |= {"permissions": dict(self.permissions)}
        found |= _given({"environment": self.environment, "concurrency": self.concurrency})
        found |= _given({"timeout-minutes": self.minutes, "strategy": self.strategy, "outputs": self.outputs})
        found |= _given({"env": self.env, "uses": self.calls, "secrets": self.secrets})
        if self.steps:
            found["steps"] = [step.data(pins) for step in self.steps]
        return Noted(found, self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A file below `.github/workflows`.

    Attributes:
        name: its name.
        header: comment lines at the top.
        on: the events that start it.
        concurrency: which runs exclude each other.
        jobs: in order, by id.
    """

    name: str
    header: str
    on: Table
    jobs: Mapping[str, Job]
    concurrency: Table = field(default_factory=lambda: _NOTHING)

    def data(self, pins: Pins) -> Table:
        """As it is written. At the top nobody may do anything, and a pipe fails when any part of it does."""
        return {
            "name": self.name,
            "on": dict(self.on),
            "permissions": {},
            **_given({"concurrency": self.concurrency}),
            "defaults": {"run": {"shell": "bash"}},
            "jobs": {name: job.data(pins) for name, job in self.jobs.items()},
        }


def _given(table: Table) -> dict[str, object]:
    return {name: value for name, value in table.items() if value}
