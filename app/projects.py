"""`/api/projects`: create, read, list, change and delete."""

from http import HTTPStatus
from typing import Annotated, NoReturn
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from app.auth import require_token
from app.events import now
from app.problems import ProblemError, documented, invalid
from app.service import ServiceOf
from app.storage import NameTakenError, UnknownCursorError
from generated.python.models import (
    FieldError,
    Omittable,
    Project,
    ProjectCreate,
    ProjectCreated,
    ProjectDeleted,
    ProjectPage,
    ProjectStatus,
    ProjectUpdate,
    ProjectUpdated,
    Uuid,
)

router = APIRouter(prefix="/api/projects", tags=["projects"], dependencies=[Depends(require_token)])

Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[str, Field(min_length=1, max_length=64, pattern="^[A-Za-z0-9_-]+$")]
LOCATION = {"headers": {"Location": {"required": True, "schema": {"type": "string", "format": "uri-reference"}}}}


@router.get("", operation_id="listProjects", responses=documented(401, 422))
def list_projects(
    service: ServiceOf,
    cursor: Annotated[Omittable[Cursor], Query()] = None,
    status: Annotated[Omittable[ProjectStatus], Query()] = None,
    limit: Limit = 20,
) -> ProjectPage:
    """List projects, oldest first."""
    try:
        return service.store.page(limit, cursor, status)
    except UnknownCursorError:
        place = {"in": "query", "pointer": "/cursor", "detail": "this is not a cursor of this service"}
        raise invalid([FieldError.model_validate(place)]) from None


@router.post(
    "",
    operation_id="createProject",
    status_code=HTTPStatus.CREATED,
    responses={201: LOCATION, **documented(401, 409, 422)},
)
async def create_project(new: ProjectCreate, service: ServiceOf, response: Response) -> Project:
    """Create a project."""
    at = now()
    try:
        project = await run_in_threadpool(service.store.create, new, at)
    except NameTakenError:
        raise _name_taken() from None
    service.hub.publish(ProjectCreated(type="project.created", id=uuid4(), at=at, project=project))
    response.headers["Location"] = f"/api/projects/{project.id}"
    return project


@router.get("/{project_id}", operation_id="getProject", responses=documented(401, 404, 422))
def get_project(project_id: Uuid, service: ServiceOf) -> Project:
    """Read one project."""
    return service.store.get(project_id) or _not_found(project_id)


@router.patch("/{project_id}", operation_id="updateProject", responses=documented(401, 404, 409, 422))
async def update_project(project_id: Uuid, change: ProjectUpdate, service: ServiceOf) -> Project:
    """Change parts of a project; an absent property stays, a null one is removed."""
    changes = change.model_dump(exclude_unset=True)
    if not changes:
        return await run_in_threadpool(service.store.get, project_id) or _not_found(project_id)
    at = now()
    try:
        project = await run_in_threadpool(service.store.update, project_id, changes, at)
    except NameTakenError:
        raise _name_taken() from None
    if project is None:
        _not_found(project_id)
    service.hub.publish(ProjectUpdated(type="project.updated", id=uuid4(), at=at, project=project))
    return project


@router.delete(
    "/{project_id}",
    operation_id="deleteProject",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(401, 404, 422),
)
async def delete_project(project_id: Uuid, service: ServiceOf) -> None:
    """Delete a project."""
    if not await run_in_threadpool(service.store.delete, project_id):
        _not_found(project_id)
    service.hub.publish(ProjectDeleted(type="project.deleted", id=uuid4(), at=now(), project_id=project_id))


def _not_found(project_id: Uuid) -> NoReturn:
    raise ProblemError(404, "not-found", f"there is no project {project_id}")


def _name_taken() -> ProblemError:
    return ProblemError(409, "name-taken", "another project has this name")
