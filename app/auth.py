"""Who may call: whoever shows one of the configured bearer tokens."""

import hmac
from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from app.problems import ProblemError
from app.service import ServiceOf

_scheme = HTTPBearer(scheme_name="bearerAuth", auto_error=False, description="One of the configured tokens.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)]


def accepts(known: Sequence[SecretStr], token: str) -> bool:
    """Whether the token is known; how long the answer takes says nothing about how close a guess was."""
    offered = token.encode()
    return any([hmac.compare_digest(secret.get_secret_value().encode(), offered) for secret in known])  # noqa: C419 - compares with all


def require_token(request: Request, credentials: Credentials, service: ServiceOf) -> None:
    """Answer 401 unless the request shows a known token."""
    if credentials is None:
        detail = "a bearer token is needed"
        if "authorization" in request.headers:
            detail = "the header Authorization is not `Bearer TOKEN`"
        raise ProblemError(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
    if not accepts(service.settings.token, credentials.credentials):
        challenge = 'Bearer error="invalid_token"'
        raise ProblemError(401, "unauthorized", "the token is unknown", headers={"WWW-Authenticate": challenge})


def websocket_token(authorization: str | None, subprotocols: Sequence[str]) -> str:
    """The token of a handshake: from the header, else from a subprotocol `bearer.TOKEN`; empty when there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return next((offer.removeprefix("bearer.") for offer in subprotocols if offer.startswith("bearer.")), "")
