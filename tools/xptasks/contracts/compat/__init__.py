"""What changed between two contracts, for whom it breaks, and an instance that proves it.

    changes = compare(load(Path("old.yaml")), load(Path("new.yaml")), profiles=("wire", "client"), today=date.today())

`schemas` brings both into one language, `normal` into one form, `relation` answers whether all instances of one schema
are instances of the other, `walk` names what differs, `openapi` and `asyncapi` know what is sent by whom.
"""

from collections.abc import Collection
from datetime import date

from xptasks.contracts.compat.change import Change, Profile
from xptasks.contracts.compat.twins import equal
from xptasks.contracts.document import Document
from xptasks.errors import UsageError

DEFAULT_PROFILES: tuple[Profile, ...] = ("wire", "client")
_ORDER = {"error": 0, "warning": 1, "info": 2}


def compare(base: Document, head: Document, *, profiles: Collection[Profile], today: date) -> list[Change]:
    """Everything that changed, the worst first.

    Raises:
        UsageError: one is OpenAPI and the other is not.
    """
    if base.kind != head.kind:
        raise UsageError(f"{base.path} is {base.kind} and {head.path} is {head.kind}: they cannot be compared")
    if _means_the_same(base, head):
        return []
    if base.kind == "openapi":
        from xptasks.contracts.compat.openapi import compare as compare_documents  # noqa: PLC0415 - only what is asked
    else:
        from xptasks.contracts.compat.asyncapi import compare as compare_documents  # noqa: PLC0415
    found = compare_documents(base, head, profiles, today)
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
