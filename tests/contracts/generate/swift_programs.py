"""Swift programs made from generated types: they decode JSON, encode it again, and print what came out."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_LIBRARY = "libGenerated.dylib" if sys.platform == "darwin" else "libGenerated.so"
_MAIN = """
struct Changed: Error {}

func again<Value: Codable & Hashable & Sendable>(_ type: Value.Type) -> (Data) throws -> Data {
    { data in
        let value = try JSONDecoder().decode(type, from: data)
        let written = try JSONEncoder().encode(value)
        guard try JSONDecoder().decode(type, from: written) == value else { throw Changed() }
        return written
    }
}

func run() throws {
    let types: [String: (Data) throws -> Data] = [
%s
    ]
    while let line = readLine() {
        let parts = line.split(separator: "\\t", maxSplits: 1)
        do {
            let data = try types[String(parts[0])]!(Data(parts[1].utf8))
            print("ok\\t" + String(decoding: data, as: UTF8.self))
        } catch {
            print("no\\t" + String(describing: error).replacingOccurrences(of: "\\n", with: " "))
        }
    }
}

try run()
"""


@dataclass(frozen=True)
class Answer:
    """What Swift said to a value: the JSON that it wrote, or why it refused."""

    accepted: bool
    text: str

    @property
    def value(self) -> object:
        found: object = json.loads(self.text)
        return found


def swift_program(name: str) -> str:
    """The path of `swift` or `swiftc`; the test is skipped without it."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on PATH: the generated Swift is not compiled")
    return found


def typecheck(folder: Path, text: str) -> None:
    """Fail with what the strict compiler has to say about this file, if it has anything."""
    (folder / "Generated.swift").write_text(text, encoding="utf-8")
    assert not _call(folder, ["swiftc", "-swift-version", "6", "-warnings-as-errors", "-typecheck", "Generated.swift"])


def run(folder: Path, generated: str, main: str, given: str = "", **environ: str) -> str:
    """Compile generated types as a library, as strictly as can be, and run a script that imports it; what it prints.

    A script needs no built program, and compiled types spare the interpreter: both matter to compilers in a container.
    """
    (folder / "Generated.swift").write_text(generated, encoding="utf-8")
    (folder / "main.swift").write_text(f"import Foundation\nimport Generated\n{main}", encoding="utf-8")
    strict = ["-swift-version", "6", "-warnings-as-errors"]
    library = ["-emit-library", "-emit-module", "-module-name", "Generated", "-o", _LIBRARY]
    _call(folder, ["swiftc", *strict, *library, "Generated.swift"])
    return _call(folder, ["swift", *strict, "-I", ".", "-L", ".", "-lGenerated", "main.swift"], given, environ)


def _call(folder: Path, command: list[str], given: str = "", environ: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [swift_program(command[0]), *command[1:]],
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, **(environ or {})},
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def exchange(folder: Path, generated: str, types: Mapping[str, str], values: Iterable[tuple[str, Any]]) -> list[Answer]:
    """Decode and encode each value by the name of its type, all in one run."""
    table = ",\n".join(f'        "{name}": again({swift}.self)' for name, swift in sorted(types.items()))
    lines = "".join(f"{name}\t{json.dumps(value)}\n" for name, value in values)
    written = run(folder, generated, _MAIN % table, lines).rstrip("\n")
    return [Answer(line.startswith("ok"), line.partition("\t")[2]) for line in written.split("\n")]
