"""What changed between two contracts, for whom it breaks, and an instance that proves it.

    changes = compare(load(Path("old.yaml")), load(Path("new.yaml")), profiles=("wire", "client"), today=date.today())

`schemas` brings both into one language, `normal` into one form, `relation` answers whether all instances of one schema
are instances of the other, `walk` names what differs, `openapi` and `asyncapi` know what is sent by whom.
"""

from collections.abc import Callable, Collection
from datetime import date

from xptasks.contracts.compat.change import Change, Policy, Profile
from xptasks.contracts.compat.twins import equal
from xptasks.contracts.document import Document
from xptasks.errors import UsageError

DEFAULT_PROFILES: tuple[Profile, ...] = ("wire", "client")
_NONE = Policy()
_ORDER = {"error": 0, "warning": 1, "info": 2}


def _nobody(_: Change) -> bool:
    return False


def compare(  # noqa: PLR0913 - each is asked for by name
    base: Document,
    head: Document | None,
    *,
    profiles: Collection[Profile],
    today: date,
    policy: Policy = _NONE,
    allowed: Callable[[Change], bool] = _nobody,
) -> list[Change]:
    """Everything that changed, the worst first.

    Args:
        base: the older contract.
        head: the newer one; None when nothing continues the older one.
        profiles: whose breaks count.
        today: decides which announced days have passed.
        policy: what is asked for beyond not breaking anybody.
        allowed: says of a change that it is meant: such a one demands no new version.

    Raises:
        UsageError: one is OpenAPI and the other is not.
    """
    if head is None:
        from xptasks.contracts.compat.report import withdrawn  # noqa: PLC0415 - only what is asked

        return [withdrawn(base, profiles)]
    if base.kind != head.kind:
        raise UsageError(f"{base.path} is {base.kind} and {head.path} is {head.kind}: they cannot be compared")
    if _means_the_same(base, head):
        return []
    if base.kind == "openapi":
        from xptasks.contracts.compat.openapi import compare as compare_documents  # noqa: PLC0415
    else:
        from xptasks.contracts.compat.asyncapi import compare as compare_documents  # noqa: PLC0415
    from xptasks.contracts.compat import policy as policies  # noqa: PLC0415

    found = compare_documents(base, head, profiles, today)
    found += policies.short_notice(base, head, profiles, policy, today)
    if policy.semver:
        found += policies.version_demanded(base, head, found, profiles, allowed)
    return sorted(found, key=lambda change: (_ORDER[change.severity], change.at, change.rule))


def _means_the_same(base: Document, head: Document) -> bool:
    """Whether the two are the same but for spaces and the order of keys."""
    if base.digest == head.digest:
        return True
    others = (base.files.keys() - {base.name}, head.files.keys() - {head.name})
    return (
        others[0] == others[1]
        and equal(base.value, head.value)
        and all(equal(base.files[name], head.files[name]) for name in others[0])
    )
