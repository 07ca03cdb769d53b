"""What an operator can set, each by an environment variable `PROJECTS_` plus the name in capitals."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

PREFIX = "PROJECTS_"
_DEPLOYED = "XPTASKS_RELEASE"


def _words(value: Any) -> Any:  # noqa: ANN401 - whatever the caller wrote
    """Several tokens in one variable are separated by commas, so that one can be replaced without a pause."""
    return [word for word in value.split(",") if word] if isinstance(value, str) else value


class Settings(BaseModel):
    """The service's settings.

    Attributes:
        token: the bearer tokens that are let in, separated by commas; without one nobody is.
        database_url: an SQLAlchemy URL; `sqlite://` keeps everything in memory.
        release: the name of the running release, shown by `/health` and `hello`; what deploys it names it, too.
        websocket_queue: how many events may wait for one slow client before it is dropped.
        websocket_subscriptions: how many projects one client may ask for by id.
        websocket_drain: seconds that a shutdown gives websockets to close.
        log_level: the least level that is logged.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    token: Annotated[tuple[SecretStr, ...], BeforeValidator(_words)] = ()
    database_url: SecretStr = SecretStr("sqlite:///projects.sqlite3")
    release: str = "dev"
    websocket_queue: int = Field(default=256, ge=1)
    websocket_subscriptions: int = Field(default=1000, ge=1)
    websocket_drain: float = Field(default=2.0, ge=0)
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the variables that exist.

        Raises:
            pydantic.ValidationError: a value does not fit; secrets are not repeated in it.
        """
        deployed = {"release": environ[_DEPLOYED]} if _DEPLOYED in environ else {}
        named = {name: environ[PREFIX + name.upper()] for name in cls.model_fields if PREFIX + name.upper() in environ}
        return cls.model_validate(deployed | named)
