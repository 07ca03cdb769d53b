"""Text that is safe to show: what tools print and what files are called can hold anything."""

from xptasks.markup import clean


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
