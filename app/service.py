"""What all routes of one application share."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from app.events import Hub
from app.metrics import Metrics
from app.settings import Settings
from app.storage import Store


@dataclass(frozen=True)
class Service:
    """The parts of one running application."""

    settings: Settings
    store: Store
    hub: Hub
    metrics: Metrics


def of(connection: HTTPConnection) -> Service:
    """The service that answers this request or websocket."""
    return cast("Service", connection.app.state.service)


ServiceOf = Annotated[Service, Depends(of)]
