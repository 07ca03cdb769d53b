"""Swift programs made from generated types: they decode JSON, encode it again, and print what came out."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_MAIN = """
func again<Value: Codable>(_ type: Value.Type) -> (Data) throws -> Data {
    { data in
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        let written = try encoder.encode(JSONDecoder().decode(type, from: data))
        let twice = try encoder.encode(JSONDecoder().decode(type, from: written))
        let same = try JSONDecoder().decode(type, from: twice)
        return try encoder.encode(same)
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


def typecheck(folder: Path, files: Sequence[str]) -> str:
    """What the strict compiler says about these files; nothing when all is well."""
    command = [swift_program("swiftc"), "-swift-version", "6", "-warnings-as-errors", "-typecheck", *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900, check=False)
    return done.stderr + done.stdout if done.returncode or done.stderr else ""


def exchange(folder: Path, generated: str, types: Mapping[str, str], values: Iterable[tuple[str, Any]]) -> list[Answer]:
    """Decode and encode each value by the name of its type, all in one run.

    `SWIFT_RUN_PREFIX` is put before what was built, for compilers that live in a root of their own.
    """
    table = ",\n".join(f'        "{name}": again({swift}.self)' for name, swift in sorted(types.items()))
    (folder / "Models.swift").write_text(generated, encoding="utf-8")
    (folder / "main.swift").write_text(f"import Foundation\n{_MAIN % table}", encoding="utf-8")
    build = [swift_program("swiftc"), "-swift-version", "6", "-warnings-as-errors", "-o", "tryout"]
    built = subprocess.run(
        [*build, "Models.swift", "main.swift"], cwd=folder, capture_output=True, text=True, timeout=900, check=False
    )
    assert built.returncode == 0, built.stderr + built.stdout
    lines = "".join(f"{name}\t{json.dumps(value)}\n" for name, value in values)
    prefix = shlex.split(os.environ.get("SWIFT_RUN_PREFIX", ""))
    ran = subprocess.run(
        [*prefix, "./tryout"], cwd=folder, input=lines, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return [Answer(line.startswith("ok"), line.partition("\t")[2]) for line in ran.stdout.rstrip("\n").split("\n")]
