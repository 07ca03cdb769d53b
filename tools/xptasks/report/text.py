"""Text that is safe to show: what tools print and what files are called can hold anything."""

import re

_CONTROLS = {code: None for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
# Escape sequences go as a whole: what is left of one without its first byte is noise.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def clean(text: str) -> str:
    """Without escape sequences and control characters; half characters become their number."""
    return _ESCAPES.sub("", text).translate(_CONTROLS).encode("utf-8", "backslashreplace").decode()


def one_line(text: str) -> str:
    """Clean, with every run of white space as one blank."""
    return " ".join(clean(text).split())


def clip(text: str, size: int) -> str:
    """At most `size` bytes of UTF-8; what was cut ends with an ellipsis, and no character is cut in half."""
    content = text.encode("utf-8", "backslashreplace")
    if len(content) <= size:
        return content.decode()
    return content[: max(0, size - 3)].decode(errors="ignore") + "…"[: max(0, size - 2)]


def duration(seconds: float) -> str:
    """Seconds as people say them: `0.4 s`, `12.0 s`, `2 min 5 s`."""
    if seconds < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
