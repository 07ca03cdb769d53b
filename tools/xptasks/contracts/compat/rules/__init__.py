"""Every kind of change that has a name; each area is a module that knows its rules and shows an example of each."""

from xptasks.contracts.compat.change import Rule
from xptasks.contracts.compat.rules import (
    bodies,
    events,
    hooks,
    lifecycle,
    operations,
    parameters,
    properties,
    release,
    schemas,
    surroundings,
)

RULES: dict[str, Rule] = {
    rule.id: rule
    for module in (bodies, events, hooks, lifecycle, operations, parameters, properties, release, schemas, surroundings)
    for rule in module.rules()
}
