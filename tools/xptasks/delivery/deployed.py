"""Which releases a target runs, by its journal: so that it can be told where its driver cannot be asked."""

from collections.abc import Iterable, Mapping
from typing import Literal

from xptasks.delivery.journal import Deployment

Role = Literal["serving", "warm", "deploying"]


def roles(deployments: Iterable[Deployment]) -> Mapping[str, Role]:
    """The role of each release that has one; all others do not run.

    Where the journal leaves open which of two releases serves, both do.

    Args:
        deployments: the newest first.
    """
    found: dict[str, Role] = {}
    for deployment in deployments:
        if any(entry.kind == "down" for entry in deployment.entries):
            return found
        plan, outcome = deployment.plan, deployment.state.outcome
        if outcome == "promoted":
            here: dict[str, Role] = {plan.new: "serving", **({plan.old: "warm"} if plan.old else {})}
            return {**here, **found}
        if plan.old:
            found.setdefault(plan.old, "serving")
        if not outcome:
            found.setdefault(plan.new, "deploying")
        elif outcome == "failed" and plan.old:  # the old release could not be started again: nothing was switched
            found.setdefault(plan.new, "serving")
    return found
