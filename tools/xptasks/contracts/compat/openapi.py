"""Compares two OpenAPI documents: what their operations take and give, part by part."""

from collections.abc import Collection
from datetime import date

from xptasks.contracts.compat.change import Change, Profile
from xptasks.contracts.compat.comparison import FLIPPED, Comparison
from xptasks.contracts.compat.content import compare_bodies
from xptasks.contracts.compat.lifecycle import BETA, announced_wrongly, compare_lifecycle, removal
from xptasks.contracts.compat.occasions import Occasions
from xptasks.contracts.compat.operation import Operation, called_back, operations
from xptasks.contracts.compat.parameters import compare_parameters
from xptasks.contracts.compat.places import inside, members, root
from xptasks.contracts.compat.responses import compare_responses
from xptasks.contracts.compat.schemas import Direction
from xptasks.contracts.compat.security import Requirement, aliases, compare_requirements, compare_schemes, requirements
from xptasks.contracts.compat.servers import compare_servers, openapi_servers
from xptasks.contracts.compat.walk import level_of
from xptasks.contracts.document import Document, Location


def compare(base: Document, head: Document, profiles: Collection[Profile], today: date) -> list[Change]:
    """Everything that changed between two documents."""
    comparison = _OpenApi(base, head, profiles, today)
    comparison.documents()
    return comparison.report.changes


class _OpenApi(Comparison):
    def __init__(self, base: Document, head: Document, profiles: Collection[Profile], today: date) -> None:
        super().__init__(base, head, profiles, today)
        self._schemes = (_components(base, "securitySchemes"), _components(head, "securitySchemes"))
        self._renamed = aliases(*self._schemes)
        self._occasions = Occasions(self)
        self.report.show = self._occasions.show

    def documents(self) -> None:
        """Compares all parts."""
        old, new = (operations(document, "paths") for document in (self.base, self.head))
        self._paths(old, new)
        self._hooks()
        if not any(key in new for key in old):  # else each operation knows its servers
            compare_servers(
                self.report,
                openapi_servers(self.base, root(self.base)),
                openapi_servers(self.head, root(self.head)),
                "",
            )
        self._occasions.enter(None, None, "request")
        compare_schemes(self.report, self._schemes[0], self._schemes[1], self._asked(old.values()))
        self._components()

    def _asked(self, known: Collection[Operation]) -> set[str]:
        """The security schemes that the base asks for."""
        holders = [root(self.base).value, *(operation.value for operation in known)]
        return {name for holder in holders for one in requirements(holder.get("security"), {}) for name in one}

    def _components(self) -> None:
        old, new = (_components(document, "schemas") for document in (self.base, self.head))
        for name in sorted(old.keys() - new.keys()):
            self.report.add("component-removed", name, f"the schema `{name}` was removed", base=old[name])
        for name in sorted(new.keys() - old.keys()):
            self.report.add("component-added", name, f"the schema `{name}` was added", head=new[name])

    def _paths(self, old: dict[tuple[str, str], Operation], new: dict[tuple[str, str], Operation]) -> None:
        known = {key[0] for key in new}
        for key, operation in old.items():
            if key in new:
                self._operation(operation, new[key], operation.name, "request")
            else:
                self._removed(operation, whole=key[0] not in known)
        for key in sorted(new.keys() - old.keys()):
            operation = new[key]
            self.report.add("operation-added", operation.name, "the operation was added", head=operation.here)
            announced_wrongly(self.report, "operation", operation.name, {}, operation.here)

    def _removed(self, operation: Operation, *, whole: bool) -> None:
        value = operation.value
        self._occasions.enter(operation, None, "request")
        if level_of(value) < BETA:
            rule, message = "operation-removed-after-deprecation", "the operation was removed; it was no firm promise"
        elif not value.get("deprecated"):
            rule = "path-removed" if whole else "operation-removed"
            message = f"the {rule.partition('-')[0]} was removed without deprecation"
        else:
            rule, message = removal("operation", value, self.today)
        self.report.add(rule, operation.name, message, base=operation.here)

    def _operation(self, old: Operation, new: Operation, at: str, direction: Direction) -> None:
        start = len(self.report.changes)
        self._occasions.enter(old, new, direction)
        compare_lifecycle(self.report, "operation", at, old.here, new.here)
        if not self._untouched(old, new):
            self._names(old, new, at)
            compare_parameters(self, old, new, at, direction)
            compare_bodies(self, old.here, new.here, at, direction)
            compare_responses(self, old.here, new.here, at, FLIPPED[direction])
            self._callbacks(old.here, new.here, at, direction)
            self._occasions.enter(old, new, direction)
        self._security(old, new, at)
        if direction == "request":
            self._servers(old, new, at)
        if level_of(old.value) < BETA:
            self.soften(start)

    def _untouched(self, old: Operation, new: Operation) -> bool:
        """Whether nothing that an operation says itself changed; what the whole contract says for it may have."""
        same = self.twins.same
        return old.path == new.path and same(old.here, new.here) and same(old.shared, new.shared)

    def _names(self, old: Operation, new: Operation, at: str) -> None:
        before, after = old.value.get("operationId"), new.value.get("operationId")
        if before != after:
            message = f"the operationId went from {before or 'none'} to {after or 'none'}"
            self.report.add("operation-id-changed", at, message, base=old.here, head=new.here)
        if _tags(old) != _tags(new):
            self.report.add("operation-tags-changed", at, "the tags changed", base=old.here, head=new.here)

    def _callbacks(self, old: Location, new: Location, at: str, direction: Direction) -> None:
        before, after = called_back(self.base, old), called_back(self.head, new)
        for key in sorted(before.keys() | after.keys()):
            where = f"{at} callback:{key[0]} {key[2].upper()}"
            if key not in after:
                self._occasions.enter(before[key], None, FLIPPED[direction])
                self.report.add("callback-removed", where, "the callback was removed", base=before[key].here, head=new)
            elif key not in before:
                self.report.add("callback-added", where, "the callback was added", base=old, head=after[key].here)
            else:
                self._operation(before[key], after[key], where, FLIPPED[direction])

    def _hooks(self) -> None:
        old, new = (
            {**operations(document, "webhooks"), **operations(document, "x-webhooks")}
            for document in (self.base, self.head)
        )
        for key in sorted(old.keys() | new.keys()):
            at = f"webhook {key[0]} {key[1].upper()}"
            if key not in new:
                self._occasions.enter(old[key], None, "response")
                self.report.add("webhook-removed", at, "the webhook was removed", base=old[key].here)
            elif key not in old:
                self.report.add("webhook-added", at, "the webhook was added", head=new[key].here)
            else:
                self._operation(old[key], new[key], at, "response")

    def _security(self, old: Operation, new: Operation, at: str) -> None:
        shared = "security" not in old.value and "security" not in new.value
        sides = (_required(self.base, old, {}), _required(self.head, new, self._renamed))
        compare_requirements(self.report, *sides, "all operations" if shared else at)

    def _servers(self, old: Operation, new: Operation, at: str) -> None:
        before, after = _holder(self.base, old, "servers"), _holder(self.head, new, "servers")
        shared = before == root(self.base) and after == root(self.head)
        servers = (openapi_servers(self.base, before), openapi_servers(self.head, after))
        compare_servers(self.report, *servers, "" if shared else at)


def _components(document: Document, kind: str) -> dict[str, Location]:
    return dict(members(document, root(document), "components", kind))


def _tags(operation: Operation) -> list[str]:
    listed = operation.value.get("tags")
    return sorted(map(str, listed)) if isinstance(listed, list) else []


def _holder(document: Document, operation: Operation, word: str) -> Location:
    """The innermost of operation, path and document that says something with this word."""
    return next((here for here in (operation.here, operation.item) if here.value.get(word)), root(document))


def _required(document: Document, operation: Operation, renamed: dict[str, str]) -> tuple[list[Requirement], Location]:
    holder = operation.here if "security" in operation.value else root(document)
    here = inside(holder, "security") if "security" in holder.value else holder
    return requirements(holder.value.get("security"), renamed), here
