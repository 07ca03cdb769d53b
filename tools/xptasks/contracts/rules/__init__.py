"""What is checked in a contract that could be read: one module a topic, the folder is the list.

A module has `RULES` (name of the rule -> `Rule`) and `check(view)`, which yields findings of these rules.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

from xptasks.contracts.document import Document
from xptasks.contracts.shapes import Node, Walk, walk
from xptasks.results import Finding, Severity


class Rule(NamedTuple):
    """A rule as the guide shows it: which formats it looks at, how bad a break is, what it says."""

    formats: str
    severity: Severity
    says: str


@dataclass(frozen=True)
class View:
    """What a rule sees: the document, its objects, and a way to complain."""

    document: Document
    rules: Mapping[str, Rule]

    @cached_property
    def walk(self) -> Walk:
        """Every object of the document."""
        return walk(self.document)

    @property
    def is_openapi(self) -> bool:
        """True for OpenAPI, False for AsyncAPI."""
        return self.document.kind == "openapi"

    def complain(  # noqa: PLR0913 - the parts of one finding
        self, rule: str, file: str, pointer: str, message: str, hint: str = "", *, value: bool = True
    ) -> Finding:
        """A finding about the value (or the key) at a pointer."""
        position = self.document.position(file, pointer, value=value)
        return Finding(message, rule, self.rules[rule].severity, position, hint)

    def at(self, node: Node, rule: str, message: str, *tokens: object, hint: str = "") -> Finding:
        """A finding about something in a node."""
        return self.complain(rule, node.file, node.inside(*tokens), message, hint)


Check = Callable[[View], Iterator[Finding]]


def topics() -> list[Any]:
    """The modules of this folder."""
    return [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]


def all_rules() -> dict[str, Rule]:
    """Every rule of every topic, by name."""
    return {name: rule for topic in topics() for name, rule in sorted(topic.RULES.items())}


def as_markdown() -> str:
    """The table of all rules, as the guide shows it."""
    rows = [f"| `{name}` | {rule.formats} | {rule.severity} | {rule.says} |" for name, rule in all_rules().items()]
    return "\n".join(["| rule | for | severity | what must hold |", "|---|---|---|---|", *rows]) + "\n"
