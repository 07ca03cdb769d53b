"""Cutting support code into definitions, so that a generated file carries only those it needs."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Chunk:
    """A definition at the top level of a module: its text, what it defines is its key, what it mentions."""

    text: str
    mentions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Support:
    """A module's definitions in their order, and its imports by the name that they bind."""

    chunks: dict[str, Chunk]
    imports: dict[str, tuple[str, str, str]]

    def closure(self, names: Iterable[str]) -> list[str]:
        """The definitions that these names need, themselves included, in the module's order."""
        wanted: set[str] = set()
        pending = list(names)
        while pending:
            name = pending.pop()
            if name in self.chunks and name not in wanted:
                wanted.add(name)
                pending.extend(self.chunks[name].mentions)
        return [name for name in self.chunks if name in wanted]

    def imported(self, names: Iterable[str]) -> set[str]:
        """The imported names that these definitions mention."""
        return {name for chunk in names for name in self.chunks[chunk].mentions if name in self.imports}


@lru_cache(maxsize=1)
def python_support() -> Support:
    """The definitions of `python_support.py`."""
    text = Path(__file__).with_name("python_support.py").read_text(encoding="utf-8")
    lines = text.splitlines()
    tree = ast.parse(text)
    chunks: dict[str, Chunk] = {}
    imports: dict[str, tuple[str, str, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                imports[alias.asname or alias.name] = (module, alias.name, alias.asname or "")
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.Assign) and (name := _name(node)):
            start = node.lineno - 1
            while lines[start - 1].startswith("#"):
                start -= 1
            found = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
            chunks[name] = Chunk("\n".join(lines[start : node.end_lineno]), frozenset(found - {name}))
    return Support(chunks, imports)


def _name(node: ast.ClassDef | ast.FunctionDef | ast.Assign) -> str:
    if isinstance(node, ast.Assign):
        target = node.targets[0]
        return target.id if isinstance(target, ast.Name) else ""
    return node.name


_DEFINITION = re.compile(r"^(?:export )?(?:class|const|function|interface|type) (\w+)", re.MULTILINE)
_NAME = re.compile(r"\w+")


@lru_cache(maxsize=1)
def typescript_support() -> Support:
    """The definitions of `typescript_support.ts`, which blank lines before a comment or a definition separate."""
    text = Path(__file__).with_name("typescript_support.ts").read_text(encoding="utf-8")
    blocks = [block.strip() for block in re.split(r"\n\n(?=\S)", text)]
    named = {match[1]: block for block in blocks if (match := _DEFINITION.search(block))}
    return Support(
        {name: Chunk(block, frozenset(_NAME.findall(_code(block))) - {name}) for name, block in named.items()}, {}
    )


def _code(block: str) -> str:
    """Without comments and strings, whose words are no names."""
    return re.sub(r'/\*\*.*?\*/|"[^"]*"', "", block, flags=re.DOTALL)
