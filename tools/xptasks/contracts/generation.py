"""`inv generate-types`: the contracts as types in several languages, written only when something changed.

    python -m xptasks.contracts.generation [--check] [--json] [--out LANGUAGE=FILE]... CONTRACT...

Every file begins with a header: the generator's version, a hash of the contracts, and a hash of the rest of the file,
so that an edit by hand shows. What is heavy to import is imported only when there is something to do.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from xptasks.errors import ExitCode, UsageError, XpError
from xptasks.results import Finding, Position
from xptasks.system.files import atomic_write

if TYPE_CHECKING:
    from xptasks.contracts.document import Document
    from xptasks.contracts.model import Model
    from xptasks.contracts.model.types import Trouble
    from xptasks.contracts.writing.language import Language

GENERATOR = 2
"""The generator's version, in every header: raised when the same contract gives other code."""

_STATE = Path(".xp/generate.json")
_MARK = "Content sha256:"
_DIFF_LINES = 40
_VECTORS = "vectors"
_AGAIN = "Run `inv generate-types` and commit what it writes."


@dataclass(frozen=True, slots=True)
class Request:
    """What to generate.

    Attributes:
        contracts: the contracts, relative to the project like the files.
        files: the file for each language; `vectors` counts as one.
        tolerant_enums: see `Options`.
    """

    contracts: tuple[str, ...]
    files: Mapping[str, str]
    tolerant_enums: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What generating led to.

    Attributes:
        written: files that changed, or would change in a check.
        findings: what is wrong with contracts or files; the check fails when one is an error.
        fresh: True when nothing had changed since the last time, so that nothing was generated.
    """

    written: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    fresh: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """1 when a finding is an error."""
        return ExitCode.GATE_FAILED if any(item.severity == "error" for item in self.findings) else ExitCode.OK


def languages() -> tuple[str, ...]:
    """The languages that there are, without importing them."""
    folder = Path(__file__).with_name("generate")
    return tuple(sorted(path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "settings")))


def generate(project: Path, request: Request) -> Outcome:
    """Write what has changed."""
    if _is_fresh(project, request):
        return Outcome(fresh=True)
    texts, findings, inputs = render(project, request)
    if any(finding.severity == "error" for finding in findings):
        return Outcome(findings=tuple(findings))
    changed = [file for file, text in texts.items() if _read(project / file) != text]
    for file in changed:
        atomic_write(project / file, texts[file])
    _remember(project, request, inputs)
    return Outcome(tuple(changed), tuple(findings))


def check(project: Path, request: Request) -> Outcome:
    """Compare what is there with what would be written; nothing is changed."""
    if _is_fresh(project, request):
        return Outcome(fresh=True)
    texts, findings, inputs = render(project, request)
    stale = [file for file, text in texts.items() if _read(project / file) != text]
    findings.extend(_difference(file, _read(project / file), texts[file]) for file in stale)
    outcome = Outcome(tuple(stale), tuple(findings))
    if outcome.exit_code is ExitCode.OK:
        _remember(project, request, inputs)
    return outcome


def render(project: Path, request: Request) -> tuple[dict[str, str], list[Finding], list[str]]:
    """The text of every file, what is to be said about the contracts, and the files that they consist of.

    Nothing is rendered after an error.
    """
    from xptasks.contracts.document import load  # noqa: PLC0415 - a fresh project needs no parser
    from xptasks.contracts.model import build_model  # noqa: PLC0415

    unknown = sorted(set(request.files) - {*languages(), _VECTORS})
    if unknown:
        known = ", ".join((*languages(), _VECTORS))
        raise UsageError(f"there is no language {unknown[0]!r}", hint=f"There are: {known}.")
    documents = [load(_below(project, path)) for path in request.contracts]
    model = build_model(documents)
    findings = [_finding(trouble, documents, project) for trouble in model.troubles]
    if any(finding.severity == "error" for finding in findings):
        return {}, findings, []
    digest = _digest(documents)
    types = {language: file for language, file in request.files.items() if language != _VECTORS}
    texts = {file: _text(language, model, request, digest) for language, file in types.items()}
    if _VECTORS in request.files:
        from xptasks.contracts import vectors  # noqa: PLC0415 - see above

        texts[request.files[_VECTORS]] = vectors.as_text(vectors.vectors(documents, model), digest)
    inputs = sorted({_relative(document.root / name, project) for document in documents for name in document.files})
    return texts, findings, inputs


def _text(language: str, model: "Model", request: Request, digest: str) -> str:
    from xptasks.contracts.writing.language import Options  # noqa: PLC0415 - see render

    module = _language(language)
    body = module.emit(model, Options(request.tolerant_enums))
    return header(module.COMMENT, request.contracts, digest, body) + body


def header(comment: str, contracts: Iterable[str], digest: str, body: str) -> str:
    """The lines above a generated file's content."""
    sources = ", ".join(contracts)
    lines = [
        f"Generated by xptasks (generator {GENERATOR}) from {sources}. Do not edit: run `inv generate-types`.",
        f"Contract sha256:{digest}",
        f"{_MARK}{hashlib.sha256(body.encode()).hexdigest()}",
    ]
    return "".join(f"{comment} {line}\n" for line in lines)


@cache
def _language(name: str) -> "Language":
    return cast("Language", import_module(f"xptasks.contracts.generate.{name}"))


def _digest(documents: "Iterable[Document]") -> str:
    joined = "".join(document.digest for document in documents)
    return hashlib.sha256(joined.encode()).hexdigest()


def _below(project: Path, path: str) -> Path:
    """Contracts are named relative to the project, so that messages and hashes do not depend on where it lies."""
    return Path(path) if project == Path() else project / path


def _finding(trouble: "Trouble", documents: "Iterable[Document]", project: Path) -> Finding:
    hint = "No code is generated as long as this stands." if trouble.fatal else ""
    position = Position(trouble.at.file)
    for document in documents:
        names = {(document.root / name).as_posix(): name for name in document.files}
        if trouble.at.file in names:
            position = document.position(names[trouble.at.file], trouble.at.pointer)
            break
    file = Path(position.file)
    shown = file.relative_to(project).as_posix() if file.is_relative_to(project) else position.file
    where = Position(shown, position.line, position.column)
    message, rule = f"{trouble.at.pointer} {trouble.message}", f"generate-{trouble.rule}"
    return Finding(message, rule, "error" if trouble.fatal else "warning", where, hint)


def _difference(file: str, old: str | None, new: str) -> Finding:
    """Why a file is not what would be written, with the first lines of the difference."""
    if old is None:
        return Finding("is missing", "generate-missing", position=Position(file), hint=_AGAIN)
    edited = _is_edited(old)
    what = "was edited by hand" if edited else "is stale: the contracts or the generator have changed"
    rule = "generate-edited" if edited else "generate-stale"
    return Finding(f"{what}\n{_diff(file, old, new)}", rule, position=Position(file), hint=_AGAIN)


def _diff(file: str, old: str, new: str) -> str:
    from difflib import unified_diff  # noqa: PLC0415 - only a failure needs it

    lines = list(unified_diff(old.splitlines(), new.splitlines(), file, f"{file} (generated)", lineterm="", n=1))
    more = len(lines) - _DIFF_LINES
    return "\n".join([*lines[:_DIFF_LINES], *([f"... and {more} more lines"] if more > 0 else [])])


def _is_edited(text: str) -> bool:
    """True when the content is not what the header says."""
    head, mark, rest = text.partition(_MARK)
    promised, _, body = rest.partition("\n")
    return bool(mark) and head.count("\n") < 5 and hashlib.sha256(body.encode()).hexdigest() != promised  # noqa: PLR2004


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


# What was found fresh before: hashes of everything that the generated files depend on, and of the files themselves.


def _is_fresh(project: Path, request: Request) -> bool:
    text = _read(project / _STATE)
    try:
        state = json.loads(text or "{}")
        inputs = [str(name) for name in state["inputs"]]
        remembered = str(state["key"])
    except (ValueError, KeyError, TypeError):
        return False
    return remembered == _key(project, request, inputs)


def _remember(project: Path, request: Request, inputs: list[str]) -> None:
    """Keep the key for the next time. It only saves time, so it may fail."""
    state = {"inputs": inputs, "key": _key(project, request, inputs)}
    try:
        atomic_write(project / _STATE, json.dumps(state) + "\n")
    except OSError:
        return


def _relative(path: Path, project: Path) -> str:
    return (
        path.relative_to(project).as_posix() if project != Path() and path.is_relative_to(project) else path.as_posix()
    )


def _key(project: Path, request: Request, inputs: Iterable[str]) -> str:
    """A hash over the generator, the request, the contracts' files and the generated files."""
    digest = hashlib.sha256(json.dumps(asdict(request), sort_keys=True).encode())
    own = sorted(Path(__file__).parent.rglob("*.*"))
    outside = [project / name for name in (*inputs, *sorted(request.files.values()))]
    for path in (*(path for path in own if path.suffix not in (".pyc", "")), *outside):
        try:
            content = path.read_bytes()
        except OSError:
            content = b"missing"
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


# The command line


def main(argv: Sequence[str] | None = None) -> int:
    """The command line, run in the project's folder."""
    parser = argparse.ArgumentParser("generate-types", description="Types in several languages from contracts.")
    parser.add_argument("contracts", nargs="+", metavar="CONTRACT", help="an OpenAPI or AsyncAPI document")
    parser.add_argument(
        "--out", action="append", default=[], metavar="LANGUAGE=FILE", help=f"one of {', '.join(languages())}, vectors"
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail with a diff when files are not fresh"
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    parser.add_argument("--closed-enums", action="store_true", help="refuse unknown enum values everywhere")
    options = parser.parse_args(argv)
    files = dict(item.split("=", 1) for item in options.out if "=" in item)
    request = Request(tuple(options.contracts), files, tolerant_enums=not options.closed_enums)
    try:
        if len(files) < len(options.out) or not files:
            raise UsageError("--out needs LANGUAGE=FILE", hint=f"Languages: {', '.join(languages())}.")
        outcome = (check if options.check else generate)(Path(), request)
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(as_json(outcome) if options.json else as_text(outcome, checked=options.check))
    return outcome.exit_code


def as_json(outcome: Outcome) -> str:
    """The outcome for machines."""
    return json.dumps(asdict(outcome), ensure_ascii=False) + "\n"


def as_text(outcome: Outcome, *, checked: bool) -> str:
    """The outcome for people."""
    lines = [f"{item.position}: {item.severity}: {item.message}" for item in outcome.findings]
    lines += [f"  {hint}" for hint in sorted({item.hint for item in outcome.findings if item.hint})]
    if not checked:
        lines += [f"wrote {file}" for file in outcome.written]
    if not lines:
        lines = ["generated types are fresh"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
