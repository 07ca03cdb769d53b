"""`/health` and `/metrics`, for probes and monitoring."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError

from app.metrics import CONTENT_TYPE
from app.problems import ProblemError, documented
from app.service import ServiceOf
from generated.python.models import Health

router = APIRouter(tags=["operations"])


@router.get("/health", operation_id="getHealth", responses=documented(503))
def get_health(service: ServiceOf) -> Health:
    """Say whether the service can do its work."""
    if service.hub.closing:
        raise ProblemError(503, "unavailable", "the service is shutting down")
    try:
        service.store.check()
    except SQLAlchemyError:
        raise ProblemError(503, "unavailable", "the database does not answer") from None
    return Health(status="ok", release=service.settings.release)


@router.get("/metrics", operation_id="getMetrics", response_class=PlainTextResponse)
def get_metrics(service: ServiceOf) -> Response:
    """Measurements in Prometheus' text format."""
    return Response(service.metrics.exposition(), media_type=CONTENT_TYPE)
