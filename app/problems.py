"""Every error has one shape: RFC 9457's problem, on the wire and in the served OpenAPI document."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from generated.python.models import FieldError, Problem

MEDIA_TYPE = "application/problem+json"


class ProblemError(Exception):
    """A request ends with this problem.

    Args:
        status: the HTTP status.
        kind: the last part of the problem's `type`.
        detail: what happened this time, for people.
        errors: the places of an invalid request.
        headers: headers that the status asks for.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.headers = headers
        self.problem = Problem(type=f"/problems/{kind}", title=HTTPStatus(status).phrase, status=status, detail=detail)
        if errors:
            self.problem.errors = list(errors)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route says about its errors."""
    challenge = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    return {
        status: {"model": Problem, "description": HTTPStatus(status).phrase}
        | ({"headers": challenge} if status == HTTPStatus.UNAUTHORIZED else {})
        for status in statuses
    }


def invalid(errors: Sequence[FieldError]) -> ProblemError:
    """The request breaks the contract at these places."""
    count = f"{len(errors)} error" + "s" * (len(errors) != 1)
    return ProblemError(422, "invalid-request", f"the request has {count}", errors=errors)


def install(app: FastAPI) -> None:
    """Turn every error of the application into a problem."""

    @app.exception_handler(ProblemError)
    async def problem(_: Request, error: ProblemError) -> Response:
        return _response(error)

    @app.exception_handler(RequestValidationError)
    async def invalid_request(_: Request, error: RequestValidationError) -> Response:
        return _response(invalid([_field_error(found) for found in error.errors()]))

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        kind = status.phrase.lower().replace(" ", "-")
        return _response(ProblemError(status, kind, str(error.detail), headers=error.headers))

    @app.exception_handler(Exception)
    async def unexpected(_: Request, __: Exception) -> Response:
        return _response(ProblemError(500, "internal-server-error", "the service made a mistake; its log tells more"))


def documents_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Give the error responses of an OpenAPI document their media type; FastAPI knows one for the whole route."""
    for item in document["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
    return document


def _response(error: ProblemError) -> Response:
    return Response(error.problem.model_dump_json(), error.problem.status, error.headers, MEDIA_TYPE)


def _field_error(found: Mapping[str, Any]) -> FieldError:
    """Place an error, without repeating what the caller sent; unreadable JSON has an offset instead of a path."""
    part, *path = found["loc"]
    if found["type"] == "json_invalid":
        return FieldError.model_validate({"in": part, "pointer": "", "detail": "the body is not JSON"})
    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return FieldError.model_validate({"in": part, "pointer": pointer, "detail": found["msg"]})
