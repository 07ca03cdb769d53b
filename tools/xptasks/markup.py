"""Text for readers that are machines: without what XML, commands of GitHub and terminals cannot hold."""

import re

_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
# Escape sequences go as a whole: what is left of one without its first byte is noise.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
# What XML 1.0 cannot hold, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def clean(text: str) -> str:
    """Without escape sequences and control characters; half characters become their number."""
    return _ESCAPES.sub("", text).translate(_CONTROLS).encode("utf-8", "backslashreplace").decode()


def legal_xml(text: str) -> str:
    """Without what XML cannot hold."""
    return _ILLEGAL.sub("", text)


def workflow_command(level: str, message: str, **properties: object) -> str:
    """A command of GitHub Actions: `error`, `warning` or `notice`, with those properties that have a value."""
    given = {name: clean(str(value)).translate(_PROPERTY) for name, value in properties.items() if value}
    shown = ",".join(f"{name}={value}" for name, value in given.items())
    return f"::{level}{' ' * bool(shown)}{shown}::{clean(message).translate(_DATA)}"
