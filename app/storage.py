"""Projects in a database: SQLite or PostgreSQL, whichever the URL names."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import DateTime, Dialect, Engine, QueuePool, String, create_engine, delete, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeDecorator

from generated.python.models import Project, ProjectCreate, ProjectPage, ProjectStatus


class NameTakenError(Exception):
    """Another project has this name."""


class UnknownCursorError(Exception):
    """The cursor was not made by `Store.page`."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. SQLite forgets the time zone, so all are written in UTC and read as such."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Write in UTC."""
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give every moment the zone UTC."""
        return value and (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


class Base(DeclarativeBase):
    """The tables of this service."""


class ProjectRow(Base):
    """A project; `number` grows, so it gives pages a stable order."""

    __tablename__ = "projects"
    __table_args__ = ({"sqlite_autoincrement": True},)

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True, default=uuid4)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str | None]
    status: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Store:
    """Reads and writes projects; every method is one transaction and may be called from any thread."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)

    def create_tables(self) -> None:
        """Create the table unless it exists; several processes may start at once, so the database has to look."""
        with self._engine.begin() as connection:
            connection.execute(CreateTable(Base.metadata.tables["projects"], if_not_exists=True))

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def check(self) -> None:
        """Raise `sqlalchemy.exc.SQLAlchemyError` unless the database answers."""
        with self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def page(self, limit: int, cursor: str | None, status: ProjectStatus | None) -> ProjectPage:
        """Up to `limit` projects after `cursor`, oldest first.

        Raises:
            UnknownCursorError: the cursor is not one of ours.
        """
        query = select(ProjectRow).where(ProjectRow.number > _decode(cursor)).order_by(ProjectRow.number)
        if status is not None:
            query = query.where(ProjectRow.status == status)
        with Session(self._engine) as session:
            rows = session.scalars(query.limit(limit + 1)).all()
        shown = rows[:limit]
        return ProjectPage(
            items=[_project(row) for row in shown],
            next_cursor=_encode(shown[-1].number) if len(rows) > limit else None,
        )

    def get(self, project_id: UUID) -> Project | None:
        """One project, None when there is no such."""
        with Session(self._engine) as session:
            row = session.scalar(select(ProjectRow).where(ProjectRow.id == project_id))
            return None if row is None else _project(row)

    def create(self, new: ProjectCreate, now: datetime) -> Project:
        """Keep a new project.

        Raises:
            NameTakenError: another project has this name.
        """
        row = ProjectRow(**new.model_dump(), created_at=now, updated_at=now)
        with self._unique_names() as session:
            session.add(row)
            session.flush()
            return _project(row)

    def update(self, project_id: UUID, changes: Mapping[str, Any], now: datetime) -> Project | None:
        """Set columns of one project; None when there is no such.

        Raises:
            NameTakenError: another project has this name.
        """
        change = update(ProjectRow).where(ProjectRow.id == project_id).values(**changes, updated_at=now)
        with self._unique_names() as session:
            row = session.scalar(change.returning(ProjectRow))
            return None if row is None else _project(row)

    def delete(self, project_id: UUID) -> bool:
        """Forget one project; False when there is no such."""
        with Session(self._engine) as session, session.begin():
            gone = delete(ProjectRow).where(ProjectRow.id == project_id).returning(ProjectRow.number)
            return session.scalar(gone) is not None

    @contextmanager
    def _unique_names(self) -> Iterator[Session]:
        """Open a transaction in which the only constraint that a caller can break is that names are unique."""
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except IntegrityError as error:
            raise NameTakenError from error


def _engine(url: str) -> Engine:
    """A database in memory lives in one connection, which all threads then take in turn."""
    if url in ("sqlite://", "sqlite:///:memory:"):
        return create_engine(
            url, poolclass=QueuePool, pool_size=1, max_overflow=0, connect_args={"check_same_thread": False}
        )
    return create_engine(url, pool_pre_ping=True)


def _project(row: ProjectRow) -> Project:
    return Project.model_validate(row, from_attributes=True)


def _encode(number: int) -> str:
    return base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def _decode(cursor: str | None) -> int:
    """The number after which a page starts; 63 bits are what the databases hold."""
    if cursor is None:
        return 0
    try:
        number = int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii"))
    except (ValueError, binascii.Error) as error:
        raise UnknownCursorError from error
    if not 0 <= number < 2**63 or _encode(number) != cursor:
        raise UnknownCursorError
    return number
