"""The application: `uvicorn app.main:app`, or better `python -m app`, which also ends with exit code 0."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from app import logs, operations, problems, projects, websocket
from app.events import Hub
from app.metrics import Metrics
from app.observe import Observe
from app.service import Service
from app.settings import Settings
from app.shutdown import goodbye_first
from app.storage import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger("app")


class Projects(FastAPI):
    """FastAPI with the media type of our errors in the served document."""

    def openapi(self) -> dict[str, Any]:
        """The served OpenAPI document; it means the same as `contracts/openapi.yaml`."""
        if not self.openapi_schema:
            self.openapi_schema = problems.documents_problems(super().openapi())
        return self.openapi_schema


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build an application of its own; settings come from the environment when none are given."""
    settings = settings or Settings.from_environment(os.environ)
    store = Store(settings.database_url.get_secret_value())
    service = Service(settings, store, Hub(settings.websocket_queue), Metrics())
    app = Projects(title="Projects", version="1.0.0", lifespan=_lifespan, docs_url=None, redoc_url=None)
    app.state.service = service
    problems.install(app)
    for part in (operations, projects, websocket):
        app.include_router(part.router)
    app.add_middleware(Observe, metrics=service.metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    logs.configure(service.settings.log_level)
    await run_in_threadpool(service.store.create_tables)
    if not service.settings.token:
        log.warning("no token is set, so nobody may call the API", variable="PROJECTS_TOKEN")
    log.info("started", release=service.settings.release)
    try:
        with goodbye_first(service.hub, service.settings.websocket_drain):
            yield
    finally:
        await run_in_threadpool(service.store.close)
        log.info("stopped", release=service.settings.release)


app = create_app()
