"""The words that every capability's `settings.py` shares: the base model, durations, sizes, paths, secrets."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from xptasks.errors import CannotRunError, UsageError

_MILLISECONDS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_PART = re.compile(rf"({_NUMBER})(ms|s|m|h|d|w)")
_DURATION = re.compile(rf"(?:{_NUMBER}(?:ms|s|m|h|d|w)){{1,8}}")
_BYTES = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10}
_SIZE = re.compile(r"([0-9]{1,6})(KiB|MiB|GiB)")
_SECRET = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\x00-\x1f]+")
SECRET_ERROR = "secret_literal"  # noqa: S105 - the type of an error; what shows it hides the value
"""The pydantic error type of a secret that is written out: whoever reports it must not repeat the value."""


class Settings(BaseModel):
    """A table of `xpconfig.toml`: unknown keys are mistakes, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=False, hide_input_in_errors=True)


def parse_duration(text: object) -> float:
    """Turn `"90s"`, `"1h30m"` or `"250ms"` into seconds, to the millisecond.

    A number is refused because its unit would be a guess.
    """
    if not isinstance(text, str) or not _DURATION.fullmatch(text):
        raise ValueError('a duration is a number with a unit, for example "500ms", "30s", "5m", "2h" or "1h30m"')
    return sum(round(float(number) * _MILLISECONDS[unit]) for number, unit in _PART.findall(text)) / 1000


def given_duration(text: str, option: str) -> float:
    """A duration that somebody gave on the command line, as seconds.

    Args:
        text: what was given.
        option: the option's name, `--wait`.

    Raises:
        UsageError: it is none; the message names the option.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option} is no duration: {text!r}", hint=str(error)) from None


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back as the same value."""
    milliseconds = round(seconds * 1000)
    if not milliseconds:
        return "0s"
    unit, length = next((unit, length) for unit, length in _MILLISECONDS.items() if milliseconds % length == 0)
    return f"{milliseconds // length}{unit}"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$", "$comment": "duration"}),
]
"""Seconds, written with a unit: `"60s"`."""


def parse_size(text: object) -> int:
    """Turn `"512MiB"` into bytes; a number is refused because its unit would be a guess."""
    match = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise ValueError('a size is a whole number with a unit, for example "64KiB", "512MiB" or "1GiB"')
    return int(match[1]) * _BYTES[match[2]]


def format_size(size: int) -> str:
    """The shortest text that `parse_size` reads back as the same value."""
    unit, length = next(((unit, length) for unit, length in _BYTES.items() if size % length == 0), ("KiB", 1024))
    return f"{size // length}{unit}"


Size = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(format_size, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_SIZE.pattern}$", "$comment": "size"}),
]
"""Bytes, written with a unit: `"1GiB"`."""


def _inside(path: str) -> str:
    windows = PureWindowsPath(path)
    if not path.strip() or not path.isprintable():
        raise ValueError("a path names a file or a folder, for example 'contracts/openapi.yaml'")
    if windows.drive or windows.root or ".." in windows.parts:
        raise ValueError("the path leaves the project; write it relative to the project's folder and without '..'")
    return PurePosixPath(path).as_posix()


_PATH_SCHEMA = {"type": "string", "minLength": 1, "$comment": "path"}
ProjectPath = Annotated[str, AfterValidator(_inside), WithJsonSchema(_PATH_SCHEMA)]
"""A file or folder below the project's folder, relative to it, with `/` between the parts."""


def _several(value: Any) -> Any:  # noqa: ANN401 - whatever the TOML holds; the type behind it judges
    return (value,) if isinstance(value, str) else value


ProjectPaths = Annotated[
    tuple[ProjectPath, ...],
    BeforeValidator(_several),
    WithJsonSchema(
        {"anyOf": [_PATH_SCHEMA, {"type": "array", "items": _PATH_SCHEMA}], "$comment": "path or list of paths"}
    ),
]
"""One path, or a list of them."""


def matching(pattern: str, words: str) -> AfterValidator:
    """A check that a text has a pattern as a whole; `words` say what it should look like."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(words)
        return text

    return AfterValidator(check)


_VARIABLE = "[A-Za-z_][A-Za-z0-9_]*"
VariableName = Annotated[
    str,
    matching(_VARIABLE, "the name of an environment variable has only letters, digits and '_', for example 'HOME'"),
    WithJsonSchema({"type": "string", "pattern": f"^{_VARIABLE}$", "$comment": "variable name"}),
]
"""The name of an environment variable."""

_URL_PATH = r"/[!-~]{0,1023}"
UrlPath = Annotated[
    str,
    matching(_URL_PATH, "the path of a URL begins with '/' and has neither spaces nor letters beyond ASCII"),
    WithJsonSchema({"type": "string", "pattern": f"^{_URL_PATH}$", "$comment": "URL path"}),
]
"""A path at a service, with a query if need be: `/health`."""

_NAME = "[a-z][a-z0-9]{0,63}(_[a-z0-9]{1,63}){0,7}"
Name = Annotated[
    str,
    matching(_NAME, "a name is words of lower-case letters and digits with one '_' between, for example 'smoke_test'"),
    WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"}),
]
"""What a tier, a step or a profile is called; snake_case, so that `XPTASKS_TIERS__FAST__BUDGET` means one thing."""

_PROJECT = "[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?"
ProjectName = Annotated[
    str,
    matching(_PROJECT, "a project's name has only letters, digits, '.', '_' and '-', for example 'projects'"),
    WithJsonSchema({"type": "string", "pattern": f"^{_PROJECT}$"}),
]
"""A name that is safe as the name of a folder."""

_VERSION = r"3\.[0-9]{1,2}"
PythonVersion = Annotated[
    str,
    matching(_VERSION, "a Python version is a text such as '3.12'"),
    WithJsonSchema({"type": "string", "pattern": f"^{_VERSION}$", "$comment": "Python version"}),
]
"""A minor version of Python."""


class Secret(str):
    """A reference to a secret, `env:NAME` or `file:PATH`: it may be shown, what it stands for may not."""

    __slots__ = ()

    @staticmethod
    def is_reference(text: str) -> bool:
        """Whether a text is one."""
        return _SECRET.fullmatch(text) is not None

    def resolve(self, environ: Mapping[str, str], project: Path) -> str:
        """What the reference stands for, without white space around it; a file is relative to the project."""
        kind, _, name = self.partition(":")
        try:
            return (environ[name] if kind == "env" else (project / name).read_text("utf-8")).strip()
        except KeyError:
            raise CannotRunError(f"the secret {self} is not set", hint=f"set the variable {name}") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise CannotRunError(f"the secret {self} cannot be read: {reason}", hint=f"write it to {name}") from None


def _secret(value: object) -> Secret:
    if isinstance(value, str) and Secret.is_reference(value):
        return Secret(value)
    raise PydanticCustomError(
        SECRET_ERROR, "a secret is never written here, only where it is: 'env:NAME' or 'file:PATH'"
    )


SecretReference = Annotated[
    Secret,
    PlainValidator(_secret),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^({_SECRET.pattern})$", "$comment": "secret"}),
]
"""A secret by reference; a secret that is written out is refused and not repeated."""


def _referred(values: dict[str, str]) -> dict[str, str]:
    return {name: Secret(value) if Secret.is_reference(value) else value for name, value in values.items()}


def resolved(table: Mapping[str, str], environ: Mapping[str, str], project: Path) -> dict[str, str]:
    """A table of texts with every secret in place of its reference.

    Raises:
        CannotRunError: a secret is not there.
    """
    return {
        name: value.resolve(environ, project) if isinstance(value, Secret) else value for name, value in table.items()
    }


_HEADER = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}"
HeaderName = Annotated[
    str,
    matching(_HEADER, "the name of a header has only letters, digits and '-', for example 'X-API-Key'"),
    WithJsonSchema({"type": "string", "pattern": f"^{_HEADER}$"}),
]
_TABLE = (
    AfterValidator(_referred),
    PlainSerializer(dict, return_type=dict[str, str]),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}, "$comment": "table of texts"}),
)
HeaderTable = Annotated[dict[HeaderName, str], *_TABLE]
"""Headers by name; a value `env:NAME` or `file:PATH` becomes a `Secret`, any other is the value itself."""
VariableTable = Annotated[dict[VariableName, str], *_TABLE]
"""Environment variables by name, with values as in `HeaderTable`."""


def mask(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret in a text by `***`, also where it is escaped as in JSON or TOML; empty ones count not."""
    forms = {form for secret in secrets for form in (secret, json.dumps(secret)[1:-1])} - {""}
    # The longest first: a secret may be the beginning of another one.
    pattern = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.sub(pattern, "***", text) if pattern else text
