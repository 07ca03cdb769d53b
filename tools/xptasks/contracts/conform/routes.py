"""Which operation a request means: a tree of path segments, the most concrete way first."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import unquote, urlsplit

T = TypeVar("T")
_PARAMETER = re.compile(r"\{[^{}]*\}")


@dataclass(slots=True)
class _Node(Generic[T]):
    literal: dict[str, "_Node[T]"] = field(default_factory=dict)
    mixed: dict[str, tuple[re.Pattern[str], "_Node[T]"]] = field(default_factory=dict)
    leaf: T | None = None


class Routes(Generic[T]):
    """What stands behind path templates.

    Args:
        prefixes: the paths of the servers' URLs. A path may come with one of them or, behind a proxy that takes it
            away, without.
    """

    def __init__(self, prefixes: Iterable[str] = ()) -> None:
        self._root: _Node[T] = _Node()
        self._prefixes = sorted({prefix.rstrip("/") for prefix in prefixes} - {""}, key=len, reverse=True)

    def add(self, template: str, leaf: T) -> None:
        """Put something behind a template such as `/users/{id}/keys`."""
        node = self._root
        for segment in template.split("/"):
            if "{" not in segment:
                node = node.literal.setdefault(segment, _Node())
                continue
            if segment not in node.mixed:
                node.mixed[segment] = (_pattern(segment), _Node())
                by_text = sorted(node.mixed, key=lambda text: -len(_PARAMETER.sub("", text)))
                node.mixed = {text: node.mixed[text] for text in by_text}
            node = node.mixed[segment][1]
        if node.leaf is None:
            node.leaf = leaf

    def find(self, path: str) -> Iterator[T]:
        """Everything that a path may mean, the most concrete first; the path as it was sent, without a query."""
        for prefix in self._prefixes:
            if path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/"):
                yield from self._find(path[len(prefix) :])
        yield from self._find(path)

    def _find(self, path: str) -> Iterator[T]:
        segments = path.split("/")
        if "%" in path:
            segments = [unquote(segment) for segment in segments]
        return _walk(self._root, segments, 0)


def _walk(node: _Node[T], segments: list[str], depth: int) -> Iterator[T]:
    if depth == len(segments):
        if node.leaf is not None:
            yield node.leaf
        return
    segment = segments[depth]
    if segment in node.literal:
        yield from _walk(node.literal[segment], segments, depth + 1)
    if segment:
        for pattern, inner in node.mixed.values():
            if pattern.fullmatch(segment):
                yield from _walk(inner, segments, depth + 1)


def _pattern(segment: str) -> re.Pattern[str]:
    return re.compile(".+".join(re.escape(text) for text in _PARAMETER.split(segment)), re.DOTALL)


def prefixes(servers: Any) -> Iterator[str]:  # noqa: ANN401
    """The paths of OpenAPI's servers, their variables at their defaults."""
    for server in servers if isinstance(servers, list) else ():
        url = server.get("url") if isinstance(server, dict) else None
        if isinstance(url, str):
            yield urlsplit(_filled(url, server.get("variables"))).path


def _filled(url: str, variables: Any) -> str:  # noqa: ANN401
    for name, variable in variables.items() if isinstance(variables, dict) else ():
        if isinstance(variable, dict):
            url = url.replace("{" + name + "}", str(variable.get("default", "")))
    return url
