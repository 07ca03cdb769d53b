"""The tables `[ratchets.NAME]` and the project's sprints."""

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from xptasks.settings import Duration, Settings, matching

DAY = 86400.0
Cadence = Literal["pr", "week", "sprint"]
Direction = Literal["up", "down"]

_RATCHET = "[a-z][a-z0-9_]{0,63}(:[A-Za-z0-9_][A-Za-z0-9_./-]{0,200})?"
RatchetName = Annotated[
    str,
    matching(
        _RATCHET,
        "a ratchet is called as what it measures, for example 'coverage'; a folder may follow: 'coverage:app/api'",
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{_RATCHET}$"}),
]
"""The name of a measurement; a folder may follow behind a colon."""


def _whole_days(seconds: float) -> float:
    if seconds < DAY or seconds % DAY:
        raise ValueError('a sprint takes whole days, for example "2w"')
    return seconds


class SprintSettings(Settings):
    """`[project.sprint]`: when sprints begin."""

    length: Annotated[
        Duration, AfterValidator(_whole_days), Field(description="How long a sprint is.", examples=["2w"])
    ] = 14 * DAY
    starts: Annotated[
        dt.date,
        Field(description="The first day of any sprint; the others are counted from it.", examples=["2026-11-02"]),
    ]


class LoosenSettings(Settings):
    """`[[ratchets.NAME.loosen]]`: a floor that does not count for a while."""

    value: Annotated[float, Field(description="What counts in place of the floor.", examples=[72.5])]
    reason: Annotated[
        str, Field(min_length=1, description="Why; every report repeats it.", examples=["the old client moves out"])
    ]
    owner: Annotated[str, Field(min_length=1, description="Who ends it.", examples=["platform"])]
    expires: Annotated[
        dt.date,
        Field(description="The last day on which it counts. From the next day on it fails.", examples=["2027-01-31"]),
    ]


class RatchetSettings(Settings):
    """`[ratchets.NAME]`: a measurement that can only get better."""

    start: Annotated[float, Field(description="The floor before any was recorded.", examples=[75])]
    target: Annotated[float, Field(description="Where the floor stops.", examples=[80])]
    step: Annotated[float, Field(description="By how much the floor moves at most each time.", examples=[1])] = 1.0
    every: Annotated[Cadence, Field(description="How often the floor moves at most.", examples=["week"])] = "pr"
    slack: Annotated[
        float, Field(ge=0, description="How far the floor stays behind what was measured.", examples=[0.5])
    ] = 0.0
    unit: Annotated[str, Field(description="The unit, for people.", examples=["percent"])] = ""
    direction: Annotated[
        Direction | None,
        Field(description="`up` or `down`; needed only where start and target are the same.", examples=["up"]),
    ] = None
    loosen: Annotated[
        tuple[LoosenSettings, ...],
        Field(description="Exceptions, each with value, reason, owner and end."),
    ] = ()

    @property
    def sign(self) -> int:
        """1 when more is better, -1 when less is."""
        if self.start != self.target:
            return 1 if self.start < self.target else -1
        return -1 if self.direction == "down" else 1

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.start == self.target and self.direction is None:
            raise ValueError('start and target are the same: say direction = "up" or "down"')
        if self.direction and (self.direction == "up") != (self.sign > 0):
            raise ValueError(f"from {self.start:g} to {self.target:g} is not {self.direction}")
        if self.step == 0 or (self.step < 0 and self.sign > 0):
            raise ValueError(f"the step {self.step:g} does not lead from {self.start:g} to {self.target:g}")
        return self
