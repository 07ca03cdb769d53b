"""The workflow `deliver.yml`, which `autonomous.yml` calls: canary, observe, promote.

It is a file of its own because a group of jobs excludes another run's only as a whole when it is called: with a group
at each job, the canary of the next commit would get in between this one's canary and its promotion.
"""

from xptasks.ci import github
from xptasks.ci.github import checkout, delivering_permissions, install, invoke, python, secret
from xptasks.ci.request import Delivery, Request
from xptasks.ci.workflow import Job, Step, Workflow

FILE = github.DELIVERY.removeprefix("$/")
_HEADER = """\
Written by `inv generate-ci` from xpconfig.toml; called by autonomous.yml when a commit of the trunk has passed. Do not
edit. The rollback is a job of the caller, so that it runs whatever happens to these."""


def build(request: Request) -> Workflow | None:
    """The workflow; None when nothing is deployed."""
    delivery = request.delivery
    if delivery is None:
        return None
    secrets = {name: {"required": False} for name in delivery.secrets}
    return Workflow(
        name="deliver",
        header=_HEADER,
        on={"workflow_call": {"secrets": secrets} if secrets else None},
        jobs={
            "canary": _job(request, delivery, "canary", ()),
            "observe": _job(request, delivery, "observe", ("canary",)),
            "promote": _job(request, delivery, "promote", ("observe",)),
        },
    )


_NOTES = {
    "canary": "Builds the release of this commit and gives it its first share of the traffic.",
    "observe": "Waits until it has held its shares; its supervisor compares, and takes it back when it is worse.",
    "promote": "Gives it all traffic, and watches it there for the last stage.",
}


def _job(request: Request, delivery: Delivery, name: str, needs: tuple[str, ...]) -> Job:
    return Job(
        name=name,
        note=_NOTES[name],
        runner=list(delivery.runner),
        needs=needs,
        permissions=delivering_permissions(request),
        environment=delivery.production if name == "promote" else delivery.canary,
        minutes=delivery.minutes[name],
        env={secret_: secret(secret_) for secret_ in delivery.secrets},
        steps=(checkout(clean=False), python(request.python), install(request), *_steps(request, delivery, name)),
    )


def _steps(request: Request, delivery: Delivery, name: str) -> tuple[Step, ...]:
    rev = ("--rev", "$GITHUB_SHA")
    match name:
        case "canary":
            start = (f"deploy-{delivery.strategy}", *rev, "--detach", "--confirm")
            return (
                Step(name="Start", run=invoke(request, *start)),
                Step(name="First share", run=invoke(request, "deploy-follow", *rev, "--until", "canary")),
            )
        case "observe":
            return (Step(name="Hold its shares", run=invoke(request, "deploy-follow", *rev, "--until", "observed")),)
    return (Step(name="All traffic", run=invoke(request, "deploy-follow", *rev, "--until", "promoted")),)
