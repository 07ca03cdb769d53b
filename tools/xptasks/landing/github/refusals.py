"""What a refusal of GitHub means, and what to do about it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xptasks.errors import CannotRunError
from xptasks.markup import clean

_SAID = 300  # characters
_RESOURCE = "resource not accessible"


class RefusedError(CannotRunError):
    """GitHub answered, and did not do it.

    Args:
        message: what was asked, and what GitHub said.
        hint: what to do.
        status: the HTTP status; 200 for what GraphQL refuses.
        kinds: the types of GraphQL's errors, in capitals.
        said: GitHub's own words.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, status: int = 0, kinds: Sequence[str] = (), said: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.kinds = tuple(kinds)
        self.said = said


def refusal(asked: str, status: int, headers: Mapping[str, str], body: object, token: str) -> RefusedError:
    """The error for an answer that is none of those that were hoped for.

    Args:
        asked: method and path.
        status: of the answer.
        headers: of the answer, names in lower case.
        body: of the answer, whatever it is.
        token: how the token is referred to, such as `env:GITHUB_TOKEN`.
    """
    said = words(body)
    message = f"GitHub refused {asked}: {status}{f', {said}' if said else ''}"
    return RefusedError(message, hint=_hint(status, headers, said, token), status=status, said=said)


def refused_query(name: str, errors: Sequence[Any], token: str) -> RefusedError:
    """The error for a GraphQL answer with errors, also one that has some data: half an answer decides nothing."""
    listed = [each for each in errors if isinstance(each, dict)]
    said = _short("; ".join(str(each.get("message", "")) for each in listed))
    kinds = [str(each.get("type", "")).upper() for each in listed]
    hint = _hint(403, {}, said, token) if "FORBIDDEN" in kinds or _RESOURCE in said.lower() else None
    return RefusedError(f"GitHub refused {name}: {said}", hint=hint, status=200, kinds=kinds, said=said)


def words(body: object) -> str:
    """What an answer says in words: its message and its errors, short and on one line."""
    if not isinstance(body, dict):
        return _short(body) if isinstance(body, str) else ""
    errors = body.get("errors")
    listed = errors if isinstance(errors, list) else [errors] if isinstance(errors, str) else []
    return _short("; ".join([str(body.get("message", "")), *_details(listed)]).strip("; "))


def _details(errors: Sequence[Any]) -> Iterator[str]:
    for each in errors:
        if isinstance(each, dict):
            told = each.get("message") or " ".join(str(each.get(key, "")) for key in ("resource", "field", "code"))
            yield str(told).strip()
        else:
            yield str(each)


def _short(text: str) -> str:
    line = " ".join(clean(text).split())
    return line if len(line) <= _SAID else f"{line[:_SAID]}..."


def _hint(status: int, headers: Mapping[str, str], said: str, token: str) -> str | None:
    if status == 401:  # noqa: PLR2004 - the statuses are those of HTTP
        return f"the token {token} is wrong, expired or revoked: make a new one"
    if status == 403:  # noqa: PLR2004
        return _forbidden(headers, said, token)
    if status == 404:  # noqa: PLR2004
        return f"it is not there, or the token {token} may not see it: check [landing.github] repository and the token"
    if status in {301, 302, 307, 308}:
        return "the repository has moved: name its new place in [landing.github] repository"
    if status >= 500:  # noqa: PLR2004
        return "GitHub is out of order; try again later"
    return None


def _forbidden(headers: Mapping[str, str], said: str, token: str) -> str:
    single = headers.get("x-github-sso", "")
    if "url=" in single:
        return f"the organisation wants single sign-on: authorize the token {token} at {single.partition('url=')[2]}"
    wanted = headers.get("x-accepted-github-permissions") or headers.get("x-accepted-oauth-scopes")
    if wanted:
        return f"give the token {token} the permission {wanted.replace(';', ' and').replace('=', ': ')}"
    if _RESOURCE in said.lower():
        return f"the token {token} lacks a permission; `inv github-doctor` says which are needed"
    return f"the token {token} may not do this; `inv github-doctor` says what is needed"
