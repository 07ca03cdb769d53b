"""The contracts of a project as one: where a schema stands, and where a reference leads."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from xptasks.contracts.document import Document, Location
from xptasks.contracts.model.types import At, escape


class Node(NamedTuple):
    """A value of a contract and its place.

    Attributes:
        file: the file as the project names it: its name in `document.files` below the contract's folder.
        parts: schemas that all apply here as well (made by merging; `value` is None then).
        skip: groups of alternatives (`KEY/oneOf`) that are already decided.
        dialect: how the file's schemas are to be read: `openapi`, `openapi-3.0` or `asyncapi`.
    """

    value: Any
    document: Document
    file: str
    pointer: str
    parts: tuple["Node", ...] = ()
    skip: frozenset[str] = frozenset()
    dialect: str = "openapi"

    @property
    def key(self) -> str:
        """What identifies the place among all contracts."""
        return f"{self.file}#{self.pointer}"

    @property
    def at(self) -> At:
        """The place as a value for messages."""
        return At(self.file, self.pointer)

    @property
    def is_openapi_30(self) -> bool:
        """OpenAPI 3.0 has `nullable`, and ignores what stands beside a `$ref`."""
        return self.dialect == "openapi-3.0"

    @property
    def ignores_siblings(self) -> bool:
        """True where only `$ref` counts."""
        return self.dialect != "openapi"

    def child(self, value: Any, *tokens: str | int) -> "Node":  # noqa: ANN401 - any JSON value
        """The value below these keys."""
        pointer = self.pointer
        for token in tokens:
            pointer += f"/{escape(token)}"
        return Node(value, self.document, self.file, pointer, dialect=self.dialect)


class Source:
    """Follows references, each only once."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.documents = tuple(documents)
        self._targets: dict[tuple[int, str, str], Node] = {}
        self._files = {
            (id(document), name): (document.root / name).as_posix()
            for document in self.documents
            for name in document.files
        }
        self._dialects = {
            (id(document), name): _dialect(value, document)
            for document in self.documents
            for name, value in document.files.items()
        }
        self._names = {(key[0], path): key[1] for key, path in self._files.items()}

    def roots(self) -> Mapping[str, Node]:
        """The contracts themselves, by file."""
        nodes = (self._node(Location(document.name, "", document.value), document) for document in self.documents)
        return {node.file: node for node in nodes}

    def target(self, node: Node) -> Node:
        """What the `$ref` of this node leads to, one step."""
        ref = node.value["$ref"]
        key = (id(node.document), node.file, ref)
        if key not in self._targets:
            base = self._names[id(node.document), node.file]
            self._targets[key] = self._node(node.document.resolve(ref, base), node.document)
        return self._targets[key]

    def resolve(self, node: Node) -> Node:
        """The node itself, or what its `$ref`s lead to in the end."""
        while isinstance(node.value, dict) and isinstance(node.value.get("$ref"), str):
            node = self.target(node)
        return node

    def final_key(self, node: Node) -> str:
        """The key of `resolve(node)`."""
        return self.resolve(node).key

    def named(self, node: Node, ref: str) -> Node:
        """What the text of a reference in the file of `node` leads to (a discriminator's mapping, for example)."""
        return self.target(node._replace(value={"$ref": ref}))

    def file(self, node: Node) -> Node:
        """The whole file that the node stands in."""
        name = self._names[id(node.document), node.file]
        return Node(node.document.files[name], node.document, node.file, "", dialect=node.dialect)

    def _node(self, found: Location, document: Document) -> Node:
        dialect = self._dialects[id(document), found.file]
        return Node(found.value, document, self._files[id(document), found.file], found.pointer, dialect=dialect)


def _dialect(value: object, document: Document) -> str:
    """A file that is a contract itself says how it is to be read, any other is read like the contract."""
    if isinstance(value, dict) and not {"openapi", "asyncapi"}.isdisjoint(value):
        version = str(value.get("openapi", ""))
    else:
        version = ".".join(map(str, document.version)) if document.kind == "openapi" else ""
    if not version:
        return "asyncapi"
    return "openapi-3.0" if version.startswith("3.0") else "openapi"
