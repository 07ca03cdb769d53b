"""The types of both contracts."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class ProjectStatus(StrEnum):
    """Where a project is in its life."""

    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


ProjectName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\u0000-\u001F\u007F]+$")]
Description = Annotated[str, Field(max_length=2000, pattern=r"^[^\u0000]*$")]


def absent() -> Any:  # noqa: ANN401 - stands in for a value of any type
    """Stand in for a value that may be absent but not null; `model_fields_set` tells whether it was there."""
    return None


class Request(BaseModel):
    """What a caller sends: unknown properties are mistakes."""

    model_config = ConfigDict(extra="forbid")


class Project(BaseModel):
    """A project as the service keeps it."""

    id: UUID
    name: str
    description: str | None
    status: ProjectStatus
    created_at: datetime
    updated_at: datetime


class ProjectCreate(Request):
    """What a caller says about a new project."""

    name: ProjectName
    description: Description | None = None
    status: ProjectStatus = ProjectStatus.ACTIVE


class ProjectUpdate(Request):
    """What changes. A property that is absent stays as it is."""

    name: ProjectName = Field(default_factory=absent)
    description: Description | None = Field(default_factory=absent)
    status: ProjectStatus = Field(default_factory=absent)


class ProjectPage(BaseModel):
    """Some projects, and where to find more."""

    items: list[Project]
    next_cursor: str | None


class Health(BaseModel):
    """The service works."""

    status: Literal["ok"]
    release: str


class FieldError(BaseModel):
    """One place of an invalid request; `pointer` is a JSON Pointer."""

    in_: Literal["body", "query", "path", "header", "cookie"] = Field(alias="in")
    pointer: str
    detail: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(json_schema_extra={"format": "uri-reference"})
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(default_factory=absent)


class Hello(BaseModel):
    """The first message on a websocket."""

    type: Literal["hello"] = "hello"
    at: datetime
    release: str


class ProjectCreated(BaseModel):
    """A project was created."""

    type: Literal["project.created"] = "project.created"
    id: UUID
    at: datetime
    project: Project


class ProjectUpdated(BaseModel):
    """A project changed."""

    type: Literal["project.updated"] = "project.updated"
    id: UUID
    at: datetime
    project: Project


class ProjectDeleted(BaseModel):
    """A project was deleted."""

    type: Literal["project.deleted"] = "project.deleted"
    id: UUID
    at: datetime
    project_id: UUID


class Subscribed(BaseModel):
    """What the client is subscribed to now."""

    type: Literal["subscribed"] = "subscribed"
    ref: str | None
    all: bool
    project_ids: list[UUID]


class Pong(BaseModel):
    """The answer to a ping."""

    type: Literal["pong"] = "pong"
    ref: str | None
    at: datetime


class Error(BaseModel):
    """The client's message was refused."""

    type: Literal["error"] = "error"
    ref: str | None
    code: Literal["invalid_json", "invalid_message", "too_many_subscriptions"]
    detail: str


Ref = Annotated[str, Field(max_length=64)]


class Subscribe(Request):
    """Hear about one project, or about all."""

    type: Literal["subscribe"]
    ref: Ref = Field(default_factory=absent)
    project_id: UUID = Field(default_factory=absent)


class Unsubscribe(Request):
    """Hear no more about one project, or about any."""

    type: Literal["unsubscribe"]
    ref: Ref = Field(default_factory=absent)
    project_id: UUID = Field(default_factory=absent)


class Ping(Request):
    """Are you there?"""

    type: Literal["ping"]
    ref: Ref = Field(default_factory=absent)


ClientMessage = Annotated[Subscribe | Unsubscribe | Ping, Field(discriminator="type")]
ProjectEvent = ProjectCreated | ProjectUpdated | ProjectDeleted
ServerMessage = Hello | ProjectEvent | Subscribed | Pong | Error
