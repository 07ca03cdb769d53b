"""What guards a branch: rulesets and classic protection, read together. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Trigger = Literal["pull_request", "merge_group"]
ACTIONS = 15368
"""The id of the app GitHub Actions on github.com; a check that is bound to it cannot be reported by anybody else."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What must be before something merges into a branch.

    Attributes:
        required: the checks, each with the app that has to report it; None for anybody.
        strict: whether the branch must be up to date.
        queue: whether there is a merge queue.
        queue_method: the method by which the queue merges.
        approvals: how many reviews must approve.
        methods: the allowed methods, in lower case; None when nothing says.
        rulesets: the ids of the rulesets that require checks.
        admins_pass: whether classic protection lets administrators by.
        kinds: every rule by its type.
    """

    required: Mapping[str, int | None] = field(default_factory=dict)
    strict: bool = False
    queue: bool = False
    queue_method: str = ""
    approvals: int = 0
    methods: frozenset[str] | None = None
    rulesets: tuple[int, ...] = ()
    admins_pass: bool = False
    kinds: frozenset[str] = frozenset()


def read(rules: Sequence[Mapping[str, Any]], branch: Mapping[str, Any]) -> Rules:
    """Read them.

    Args:
        rules: the answer of `/rules/branches/BRANCH`: what active rulesets say, disabled ones are not in it.
        branch: the answer of `/branches/BRANCH`, which says what classic protection requires.
    """
    checks = [each.get("parameters") or {} for each in rules if each["type"] == "required_status_checks"]
    queues = [each.get("parameters") or {} for each in rules if each["type"] == "merge_queue"]
    reviews = [each.get("parameters") or {} for each in rules if each["type"] == "pull_request"]
    classic = (branch.get("protection") or {}).get("required_status_checks") or {}
    level = classic.get("enforcement_level", "off")
    required = {**_classic(classic), **_of_rulesets(checks)} if level != "off" else _of_rulesets(checks)
    return Rules(
        required=required,
        strict=any(each.get("strict_required_status_checks_policy") for each in checks) or bool(classic.get("strict")),
        queue=bool(queues),
        queue_method=queues[0].get("merge_method", "").lower() if queues else "",
        approvals=max((int(each.get("required_approving_review_count", 0)) for each in reviews), default=0),
        methods=_methods(reviews),
        rulesets=tuple(sorted({int(each["ruleset_id"]) for each in rules if each["type"] == "required_status_checks"})),
        admins_pass=level == "non_admins",
        kinds=frozenset(each["type"] for each in rules),
    )


def _of_rulesets(parameters: Iterable[Mapping[str, Any]]) -> dict[str, int | None]:
    listed = (check for each in parameters for check in each.get("required_status_checks", ()))
    return {check["context"]: check.get("integration_id") for check in listed}


def _classic(protection: Mapping[str, Any]) -> dict[str, int | None]:
    named: dict[str, int | None] = dict.fromkeys(protection.get("contexts", ()))
    return named | {each["context"]: each.get("app_id") for each in protection.get("checks", ())}


def _methods(reviews: Iterable[Mapping[str, Any]]) -> frozenset[str] | None:
    """What all rules allow."""
    allowed = [frozenset(each["allowed_merge_methods"]) for each in reviews if each.get("allowed_merge_methods")]
    return frozenset.intersection(*allowed) if allowed else None
