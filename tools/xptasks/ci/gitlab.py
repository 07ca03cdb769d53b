"""`.gitlab-ci.yml`: the same gate and the same delivery for GitLab, as far as it has the words.

Schedules are made in GitLab itself, with the variable TIER; the file only knows what to do then. A delivery is one
job, so that its resource group holds from the canary to the promotion; what it leaves half done is taken back by its
`after_script`, which also runs when a job failed, was cancelled or took too long.
"""

from xptasks.ci.github import RESULTS, shell
from xptasks.ci.request import Delivery, Request
from xptasks.ci.writing import Noted, write

FILE = ".gitlab-ci.yml"
_HEADER = """\
Written by `inv generate-ci` from xpconfig.toml. Do not edit: the step `ci` of the tiers compares."""
_CHANGE = '$CI_PIPELINE_SOURCE == "merge_request_event"'


def text(request: Request) -> str:
    """The file."""
    data: dict[str, object] = {
        "stages": ["gate", *(["deliver"] if request.delivery else [])],
        "workflow": {"rules": [{"if": rule} for rule in (_CHANGE, _trunk(request), *_scheduled(request))]},
        "gate": Noted(_tier(request, request.gate, [_CHANGE, _trunk(request)]), "The tier that a change has to pass."),
    }
    for tier in request.schedules:
        if tier != request.gate:
            data[tier] = Noted(_tier(request, tier, [_due(tier)]), f"By a schedule with the variable TIER={tier}.")
    if request.delivery:
        data["deliver"] = Noted(_deliver(request, request.delivery), "Canary, observation, promotion, or back.")
    return write(data, _HEADER)


def _trunk(request: Request) -> str:
    return f'$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == "{request.trunk}"'


def _due(tier: str) -> str:
    return f'$CI_PIPELINE_SOURCE == "schedule" && $TIER == "{tier}"'


def _scheduled(request: Request) -> list[str]:
    return [_due(tier) for tier in request.schedules]


def _tier(request: Request, tier: str, rules: list[str]) -> dict[str, object]:
    return {
        "stage": "gate",
        "image": "python:$PYTHON",
        "parallel": {"matrix": [{"PYTHON": list(request.pythons)}]},
        "rules": [{"if": rule, "interruptible": rule == _CHANGE} for rule in rules],
        "timeout": f"{request.minutes[tier]} minutes",
        "variables": {"GIT_DEPTH": "0", "GIT_STRATEGY": "clone", "UV_CACHE_DIR": ".xp/uv"},
        "cache": {
            "key": {"files": _locks(request), "prefix": "packages-$PYTHON"},
            "paths": [".xp/uv/"],
        },
        "script": [*_setup(request), shell((*request.install.nox, "-s", tier))],
        "artifacts": {
            "when": "always",
            "paths": list(RESULTS),
            "reports": {"junit": RESULTS[1]},
            "expire_in": f"{request.retention} days",
        },
    }


def _locks(request: Request) -> list[str]:
    named = [word for words in request.install.commands for word in words if word.endswith(".txt")]
    return [*named, "pyproject.toml"][:2]


def _setup(request: Request) -> list[str]:
    return [shell(words) for words in request.install.commands]


def _deliver(request: Request, delivery: Delivery) -> dict[str, object]:
    switch = f' && ${delivery.variable} == "true"' if delivery.variable else ""
    rev = ("--rev", "$CI_COMMIT_SHA")
    inv = request.install.inv
    start = (*inv, f"deploy-{delivery.strategy}", *rev, "--detach", "--confirm")
    stages = [(*inv, "deploy-follow", *rev, "--until", until) for until in ("canary", "observed", "promoted")]
    minutes = sum(number for job, number in delivery.minutes.items() if job != "rollback")
    return {
        "stage": "deliver",
        "tags": list(delivery.runner),
        "rules": [{"if": _trunk(request) + switch}],
        "resource_group": "deliver",
        "interruptible": False,
        "environment": {"name": delivery.production},
        "timeout": f"{minutes} minutes",
        "variables": {"GIT_DEPTH": "0", "GIT_CLEAN_FLAGS": "none"},
        **({"id_tokens": {"XPTASKS_ID_TOKEN": {"aud": "$CI_SERVER_URL"}}} if delivery.oidc else {}),
        "script": [*_setup(request), shell(start), *(shell(words) for words in stages)],
        "after_script": [shell((*inv, "deploy-undo", *rev))],
    }
