"""The table `[probe_policy]`: when a watcher looks, alerts and rolls back."""

from typing import Annotated

from pydantic import Field, model_validator

from xptasks.probes.window import Policy
from xptasks.settings import Duration, Settings


class ProbePolicySettings(Settings):
    """`[probe_policy]`: how often `inv watch` looks, and what follows from failures of one probe."""

    interval: Annotated[Duration, Field(gt=0, description="How often each probe looks.", examples=["60s"])] = 60.0
    canary_interval: Annotated[
        Duration, Field(gt=0, description="How often while a new release gets its share.", examples=["5s"])
    ] = 5.0
    window: Annotated[
        Duration, Field(gt=0, description="Failures within this time count together.", examples=["5m"])
    ] = 300.0
    alert_after: Annotated[int, Field(ge=1, description="So many failures in the window alert.", examples=[2])] = 2
    rollback_after: Annotated[
        int,
        Field(
            ge=1,
            description="So many failures in the window roll back, if a deployment is recent and the release before it "
            "is fit to take over; otherwise they only alert.",
            examples=[3],
        ),
    ] = 3
    recover_after: Annotated[
        int, Field(ge=1, description="So many good looks in a row end an alert.", examples=[2])
    ] = 2
    recent: Annotated[
        Duration, Field(description="For how long after its end a deployment is recent.", examples=["1h"])
    ] = 3600.0

    @model_validator(mode="after")
    def _in_order(self) -> "ProbePolicySettings":
        if self.alert_after > self.rollback_after:
            raise ValueError("alert_after must not be greater than rollback_after: nothing rolls back unannounced")
        return self

    @property
    def rule(self) -> Policy:
        """The rule of the window."""
        return Policy(self.window, self.alert_after, self.rollback_after, self.recover_after)
