"""Files with environment variables, a `NAME=value` a line, as they are kept for tests."""

import re
from pathlib import Path

from xptasks.errors import ConfigError

_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$")


def read(project: Path, name: str) -> dict[str, str]:
    """The variables of a file of the project; none without a name.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return parse((project / name).read_text(encoding="utf-8")) if name else {}
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"[project] env_file cannot be read: {problem}", where=name) from None


def parse(text: str) -> dict[str, str]:
    """The variables of a file; quotes around a value and comments behind one are taken off."""
    found = (_LINE.match(line) for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {each[1]: _value(each[2]) for each in found if each}


def _value(text: str) -> str:
    if text[:1] in {'"', "'"}:
        end = text.find(text[0], 1)
        return text[1:end] if end > 0 else text[1:]
    return re.split(r"\s+#", text, maxsplit=1)[0]


def render(values: dict[str, str], head: str) -> str:
    """A file of variables: sorted, quoted where that is needed."""
    lines = [f"{name}={_quoted(value)}" for name, value in sorted(values.items())]
    return "\n".join([head.rstrip("\n"), *lines, ""])


def _quoted(value: str) -> str:
    plain = re.fullmatch(r"[\w@%+=:,./-]*", value)
    quote = "'" if '"' in value else '"'
    return value if plain else f"{quote}{value}{quote}"
