"""Media types: which entry of `content` a Content-Type means, and what its bytes hold."""

import json
from collections.abc import Iterable
from typing import Any

_NO_CONSTANT = "NaN and Infinity are not JSON"


def parse(text: str) -> tuple[str, frozenset[str]]:
    """The lower-case `type/subtype` and the parameters as `name=value`."""
    name, *parameters = (part.strip() for part in text.split(";"))
    return name.lower(), frozenset(part.lower().replace('"', "").replace(" ", "") for part in parameters if part)


def choose(content_type: str, documented: Iterable[str]) -> str | None:
    """The documented media type (or range, as `application/*`) that fits best; None when none does.

    A documented parameter has to be there; one that is not documented, as `charset`, may be.
    """
    name, parameters = parse(content_type)
    ranks = {name: 0, f"{name.partition('/')[0]}/*": 1, "*/*": 2}
    fitting = []
    for text in documented:
        wanted, asked = parse(text)
        if wanted in ranks and asked <= parameters:
            fitting.append((ranks[wanted], -len(asked), text))
    return min(fitting)[2] if fitting else None


def is_json(content_type: str) -> bool:
    """Whether the bytes are one JSON text."""
    name = parse(content_type)[0]
    return name in ("application/json", "text/json") or name.endswith("+json")


def is_text(content_type: str) -> bool:
    """Whether the bytes are plain text that a schema of a string describes."""
    return parse(content_type)[0].startswith("text/")


def _refuse(_: str) -> None:
    raise ValueError(_NO_CONSTANT)


_decoder = json.JSONDecoder(parse_constant=_refuse)


def decode_json(body: bytes | str) -> Any:  # noqa: ANN401
    """The value of a JSON text in UTF-8.

    Raises:
        ValueError: it is not JSON; the message says why, and where.
    """
    text = body.decode("utf-8") if isinstance(body, bytes) else body
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
