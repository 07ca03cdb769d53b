"""DORA's five metrics of software delivery, as https://dora.dev/guides/dora-metrics/ has them (5 January 2026). Pure.

Throughput: change lead time, deployment frequency, failed deployment recovery time. Instability: change fail rate,
deployment rework rate. The five replaced the "four keys" in 2024.
"""

from bisect import bisect_right
from collections.abc import Sequence

from xptasks.history.metrics.deployments import Deployment, deliveries
from xptasks.history.metrics.figure import Figure, Found, lasting, left_out
from xptasks.history.metrics.incidents import Incident
from xptasks.history.metrics.samples import Rate, Share, Times
from xptasks.history.metrics.view import View

_DAY = 86400.0


def _lead_time(view: View) -> Found:
    brought = deliveries(view.deployments.all, view.landings, lambda each: each.full)
    found = [each for each in brought if view.window.has(each.at)]
    known = [each.at - each.first for each in found if each.first is not None]
    good = [seconds for seconds in known if seconds >= 0]
    notes = left_out(
        (len(found) - len(known), "without the time of their commits"),
        (len(known) - len(good), "with a commit that is younger than the release: a clock is wrong"),
    )
    return Found(Times(good, len(found)), notes=notes)


def _frequency(view: View) -> Found:
    full = sum(each.full is not None and view.window.has(each.full) for each in view.new_releases)
    covered, window = view.facts.covered.seconds, view.window.seconds
    notes = ("the history begins within the window",) if 0 < covered < window else ()
    return Found(Rate(full, covered, _DAY), notes=notes)


def _in_traffic(view: View) -> list[Deployment]:
    return [each for each in view.new_releases if each.traffic is not None and view.window.has(each.traffic)]


def _failed(deployment: Deployment, causes: dict[str, Incident]) -> bool:
    return deployment.back is not None or deployment.failed is not None or deployment.id in causes


def _causes(view: View) -> dict[str, Incident]:
    """The first incident of each deployment that was the reason for one."""
    return {each.deployment: each for each in reversed(view.incidents) if each.deployment}


def _fail_rate(view: View) -> Found:
    causes = _causes(view)
    reached = _in_traffic(view)
    decided = [each for each in reached if each.ended or each.id in causes]
    failed = sum(_failed(each, causes) for each in decided)
    return Found(Share(failed, len(decided)), notes=left_out((len(reached) - len(decided), "not decided yet")))


def _recovery(view: View) -> Found:
    causes = _causes(view)
    failed = [each for each in _in_traffic(view) if _failed(each, causes)]
    fulls = [each.full for each in view.deployments.all if each.full is not None]
    spans = [_impaired(each, causes.get(each.id), fulls) for each in failed]
    return Found(*lasting(spans, view.window.end))


def _impaired(deployment: Deployment, incident: Incident | None, fulls: Sequence[float]) -> tuple[float, float | None]:
    """From when to when a failed deployment did harm; None while it does."""
    began = deployment.traffic or 0.0
    if incident is not None:
        over = incident.closed if incident.closed is None else max(incident.closed, _given_up(deployment))
        return max(began, 0.0 if _by_hand(deployment, incident) else incident.began), over
    if deployment.back is not None:
        return began, deployment.back.at
    failed = deployment.failed or began
    return began, min((full for full in fulls if full > failed), default=None)


def _by_hand(deployment: Deployment, incident: Incident) -> bool:
    """Whether all that is known of trouble is that somebody went back: nobody told since when there was any."""
    back = deployment.back
    return back is not None and back.trigger == "operator" and incident.began >= back.decided


def _given_up(deployment: Deployment) -> float:
    return deployment.back.at if deployment.back else 0.0


def _rework(view: View) -> Found:
    moments = [
        (each, each.began if each.traffic is None and each.returns else each.traffic) for each in view.deployments.all
    ]
    reached = [each for each, at in moments if at is not None and view.window.has(at)]
    reverts = {landing.commit for landing in view.landings if landing.reverts and landing.commit}
    parts = {
        "rollback": float(sum(each.returns for each in reached)),
        "revert": float(sum(not each.returns and each.commit in reverts for each in reached)),
        "incident": float(
            sum(
                not each.returns and each.commit not in reverts and _in_trouble(view.incidents, each)
                for each in reached
            )
        ),
    }
    return Found(Share(int(sum(parts.values())), len(reached)), parts)


def _in_trouble(incidents: Sequence[Incident], deployment: Deployment) -> bool:
    known = incidents[: bisect_right(incidents, deployment.began, key=lambda each: each.opened)]
    return any(each.open_at(deployment.began) for each in known)


FIGURES = (
    Figure(
        name="dora_change_lead_time",
        title="change lead time",
        group="DORA",
        unit="seconds",
        meaning="The time that a change takes from being committed to being deployed in production. The median, and "
        "beside it the 95th percentile.",
        numerator="changes whose release got all traffic in the window, with known times of their commits",
        denominator="changes whose release got all traffic in the window",
        method="order statistics",
        find=_lead_time,
        limits="Counts from the first commit of a change, as its author made it, to the moment when a release with it "
        "first had all traffic. DORA asks teams; we measure.",
    ),
    Figure(
        name="dora_deployment_frequency",
        title="deployment frequency",
        group="DORA",
        unit="per_day",
        meaning="The number of deployments in a time.",
        numerator="deployments whose release got all traffic in the window; going back is none",
        denominator="days of the window since the first event of the history",
        method="poisson",
        find=_frequency,
        better="above",
        limits="Canaries that were rolled back are none.",
    ),
    Figure(
        name="dora_failed_deployment_recovery_time",
        title="failed deployment recovery",
        group="DORA",
        unit="seconds",
        meaning="The time that it takes to recover from a deployment that fails and requires immediate intervention: "
        "half of them are over after so long.",
        numerator="failed deployments that got traffic in the window and are recovered from",
        denominator="failed deployments that got traffic in the window",
        method="kaplan-meier",
        find=_recovery,
        limits="Counts from the begin of the incident that names the deployment, else, and where somebody just went "
        "back by hand, from its first traffic, until the incident is over, else until the release has no traffic, "
        "else until the next release has all of it. The loop's own rollback counts as the intervention.",
    ),
    Figure(
        name="dora_change_fail_rate",
        title="change fail rate",
        group="DORA",
        unit="ratio",
        meaning="The share of deployments that require immediate intervention after they were deployed.",
        numerator="decided deployments that first got traffic in the window and were rolled back, failed, or are named "
        "by an incident",
        denominator="decided deployments that first got traffic in the window; going back is none",
        method="wilson",
        find=_fail_rate,
        limits="A canary that takes itself back has failed here, also when hardly anybody saw it.",
    ),
    Figure(
        name="dora_deployment_rework_rate",
        title="deployment rework rate",
        group="DORA",
        unit="ratio",
        meaning="The share of deployments that are unplanned and happen as a result of an incident in production.",
        numerator="deployments that first got traffic in the window and go back to an old release, deploy a revert, or "
        "began while an incident was open",
        denominator="deployments that first got traffic in the window, going back included",
        method="wilson",
        find=_rework,
        limits="Nobody tells which deployments are planned: what begins while an incident is open counts as its "
        "result. A canary that gives its share back is no deployment of its own.",
    ),
)
