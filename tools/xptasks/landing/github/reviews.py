"""Who approved a pull request, as its policy counts approvals: of that very commit, and by somebody else. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from xptasks.landing.proposal import Approval

DOMAIN = "users.noreply.github.com"
"""GitHub shows logins, not addresses: `ann` approves as `ann@users.noreply.github.com`."""


def approvals(node: Mapping[str, Any]) -> Iterator[Approval]:
    """The approvals of people who may write and have no part in the change.

    Args:
        node: of the query `Reviews`. When it does not show all commits, nobody knows who has a part in them.
    """
    if node["commits"]["totalCount"] > len(node["commits"]["nodes"]):
        return
    involved = set(_authors(node))
    for review in node["latestOpinionatedReviews"]["nodes"]:
        author, commit = review["author"] or {}, review["commit"] or {}
        human = author.get("__typename") == "User" and str(author["login"]).lower() not in involved
        if review["state"] == "APPROVED" and human and commit.get("oid") and review["submittedAt"]:
            at = datetime.fromisoformat(review["submittedAt"]).timestamp()
            yield Approval(commit["oid"], f"{author['login']}@{DOMAIN}", at)


def _authors(node: Mapping[str, Any]) -> Iterator[str]:
    yield str((node["author"] or {}).get("login", "")).lower()
    for each in node["commits"]["nodes"]:
        for author in each["commit"]["authors"]["nodes"]:
            yield str((author["user"] or {}).get("login", "")).lower()
