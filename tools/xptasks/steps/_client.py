"""What the children of the contract steps share: the service's variables, headers made of them, and what to mask."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xptasks.service.settings import ServiceSettings
from xptasks.settings import Secret


@dataclass(frozen=True)
class Client:
    """What a client of the service needs.

    Attributes:
        service: `[service]`.
        variables: its environment, resolved.
        headers: of every request.
        secrets: what must not be printed.
    """

    service: ServiceSettings
    variables: Mapping[str, str]
    headers: Mapping[str, str]
    secrets: tuple[str, ...]

    @classmethod
    def of(cls, order: Mapping[str, Any], project: Path) -> "Client":
        """From a child's order.

        Raises:
            CannotRunError: a secret is not there.
        """
        service = ServiceSettings.model_validate(order["service"])
        variables = service.variables(os.environ, project)
        headers = {name: _filled(value, variables, project) for name, value in order["headers"].items()}
        hidden = [variables[name] for name, value in service.environment.items() if isinstance(value, Secret)]
        hidden += [headers[name] for name, value in order["headers"].items() if Secret.is_reference(value)]
        return cls(service, variables, headers, tuple(hidden))


def filled(text: str, client: Client, project: Path) -> str:
    """A text with its reference, or its `{NAME}`s, resolved."""
    return _filled(text, client.variables, project)


def _filled(value: str, variables: Mapping[str, str], project: Path) -> str:
    if Secret.is_reference(value):
        return Secret(value).resolve(os.environ, project)
    for name, content in variables.items():
        value = value.replace("{" + name + "}", content)
    return value
