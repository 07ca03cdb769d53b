"""Compares the addresses at which a service is promised, with the variables in them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, product

from xptasks.contracts.compat.places import inside, items, member
from xptasks.contracts.compat.report import Report
from xptasks.contracts.document import Document, Location

_HOLE = re.compile(r"\{([^}]*)\}")
_MOST = 200  # addresses that one server with variables is written out to


@dataclass(frozen=True, slots=True)
class Variable:
    """What may stand in a hole of an address; `values` is None where any text may."""

    name: str
    values: tuple[str, ...] | None
    default: str | None


@dataclass(frozen=True, slots=True)
class Server:
    """An address; `shape` is the same without the names of its variables."""

    address: str
    here: Location
    variables: tuple[Variable, ...] = ()

    @property
    def shape(self) -> str:
        """The address with its holes left empty."""
        return _HOLE.sub("{}", self.address)

    def addresses(self) -> Iterator[str]:
        """The address for all values of its variables, as far as they are listed."""
        choices = [variable.values or ("{}",) for variable in self.variables]
        parts = _HOLE.split(self.address)[::2]
        for chosen in islice(product(*choices), _MOST):
            yield parts[0] + "".join(value + part for value, part in zip(chosen, parts[1:], strict=True))

    def holds(self, address: str) -> bool:
        """Whether a written out address is one of this server's."""
        parts = [re.escape(part) for part in _HOLE.split(self.address)[::2]]
        holes = [
            "|".join(map(re.escape, variable.values)) if variable.values is not None else "[^/]*"
            for variable in self.variables
        ]
        pattern = parts[0] + "".join(f"(?:{hole}){part}" for hole, part in zip(holes, parts[1:], strict=True))
        return re.fullmatch(pattern, address) is not None


def read_server(document: Document, here: Location, address: str) -> Server:
    """A server with the variables of its address, in their order."""
    names = _HOLE.findall(address)
    return Server(address, here, tuple(_variable(document, here, name) for name in names))


def _variable(document: Document, here: Location, name: str) -> Variable:
    holder = member(document, here, "variables") or inside(here, "variables")
    found = member(document, holder, name)
    value = found.value if found is not None else {}
    listed = value.get("enum")
    values = tuple(map(str, listed)) if isinstance(listed, list) and listed else None
    return Variable(name, values, str(value["default"]) if "default" in value else None)


def openapi_servers(document: Document, here: Location) -> list[Server]:
    """The servers of a document, a path or an operation."""
    listed = list(items(document, here, "servers"))
    if not listed:
        return [Server("/", here)]
    return [read_server(document, one, str(one.value.get("url", "/")).rstrip("/") or "/") for one in listed]


def compare_servers(report: Report, old: Iterable[Server], new: Iterable[Server], at: str) -> None:
    """Reports addresses that came and went, and variables that may be less than before."""
    before = {server.shape: server for server in old}
    after = {server.shape: server for server in new}
    for shape, server in before.items():
        if shape in after:
            _variables(report, server, after[shape], at)
        elif not _covered(server, after.values()):
            message = f"the server {server.address} was removed"
            report.add("server-removed", at or server.address, message, base=server.here)
    for shape, server in after.items():
        if shape not in before and not _covered(server, before.values()):
            message = f"the server {server.address} was added"
            report.add("server-added", at or server.address, message, head=server.here)


def _covered(server: Server, others: Iterable[Server]) -> bool:
    known = list(others)
    return all(any(other.holds(address) for other in known) for address in server.addresses())


def _variables(report: Report, old: Server, new: Server, at: str) -> None:
    for one, two in zip(old.variables, new.variables, strict=True):
        where = f"{at or new.address} {{{two.name}}}"
        lost, got = _missing(one, two), _missing(two, one)
        if lost:
            message = f"the variable `{two.name}` of {new.address} can no longer be {lost}"
            report.add("server-variable-narrowed", where, message, base=old.here, head=new.here)
        if got:
            message = f"the variable `{two.name}` of {new.address} may be {got} now"
            report.add("server-variable-widened", where, message, base=old.here, head=new.here)
        if one.default != two.default:
            message = f"the default of the variable `{two.name}` went from {one.default} to {two.default}"
            report.add("server-variable-default-changed", where, message, base=old.here, head=new.here)


def _missing(one: Variable, two: Variable) -> str:
    """What the first may be and the second may not, in words."""
    if two.values is None:
        return ""
    if one.values is None:
        return f"anything but {', '.join(two.values)}"
    return ", ".join(value for value in one.values if value not in two.values)
