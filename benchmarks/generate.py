"""CPU seconds to generate types, side by side with the peers, each in fresh processes that take turns.

    python benchmarks/generate.py CONTRACT... [--rounds 3] [--npx]

Ours writes every language that there is; datamodel-code-generator writes Python, openapi-typescript (with `--npx`,
which may download it once) TypeScript. The last line of each contract is the run in which nothing has changed.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ENDINGS = {"python": "models.py", "swift": "Models.swift", "typescript": "types.ts"}


def cpu_seconds(argv: Sequence[str | Path], folder: Path) -> float | None:
    """CPU time of a command and its children; None when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "tools")}
    done = subprocess.run([str(word) for word in argv], cwd=folder, capture_output=True, check=False, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent if done.returncode == 0 else None


def ours(contract: Path, folder: Path) -> list[str | Path]:
    """The command that writes all languages."""
    present = [
        path.stem for path in (PROJECT / "tools/xptasks/contracts/generate").glob("*.py") if path.stem in ENDINGS
    ]
    outputs = [word for name in present for word in ("--out", f"{name}={folder / ENDINGS[name]}")]
    return [sys.executable, "-m", "xptasks.contracts.generation", contract, *outputs]


def peers(contract: Path, folder: Path, *, npx: bool) -> dict[str, list[str | Path]]:
    """The commands of the peers that are installed."""
    found: dict[str, list[str | Path]] = {}
    program = shutil.which("datamodel-codegen", path=str(Path(sys.executable).parent))
    if program:
        kind = ["--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel"]
        found["datamodel-code-generator"] = [program, "--input", contract, "--output", folder / "peer.py", *kind]
    if npx and shutil.which("npx"):
        found["openapi-typescript"] = ["npx", "--yes", "openapi-typescript", contract, "-o", folder / "peer.ts"]
    return found


def measure(contract: Path, rounds: int, *, npx: bool) -> None:
    """Print the least CPU time of each contender."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contenders = {"ours": ours(contract, folder), **peers(contract, folder, npx=npx)}
        times: dict[str, list[float]] = {}
        for _ in range(rounds):
            for who, argv in contenders.items():
                (folder / ".xp/generate.json").unlink(missing_ok=True)
                spent = cpu_seconds(argv, folder)
                if spent is not None:
                    times.setdefault(who, []).append(spent)
        cpu_seconds(ours(contract, folder), folder)
        unchanged = cpu_seconds(ours(contract, folder), folder)
    least = {who: min(found) for who, found in times.items()}
    total = sum(seconds for who, seconds in least.items() if who != "ours")
    shown = ", ".join(f"{who} {seconds:.2f}" for who, seconds in least.items())
    ratio = f"{least['ours'] / total:.2f}x of the peers" if total and "ours" in least else "no peer"
    print(f"{contract.name}: {shown} ({ratio}), unchanged {unchanged or 0:.2f}")
    for who in contenders.keys() - least.keys():
        print(f"  {who} failed")


def main() -> None:
    """Measure every contract that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contracts", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--npx", action="store_true")
    options = parser.parse_args()
    for contract in options.contracts:
        measure(contract.resolve(), options.rounds, npx=options.npx)


if __name__ == "__main__":
    main()
