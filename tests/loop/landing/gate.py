"""A gate that takes no time: `python gate.py LOG TIER [STEP ...]` in a project. What lies in it says how it ends.

- a file `bad-NAME`: red; `broken-NAME`: cannot run; `silent-NAME`: writes no result
- files `clash-NAME-1` and `clash-NAME-2`: red together
- `flaky-NAME`: red the first time that this commit is tested
- `slow`: seconds that it takes; `wait`: the path of a file that it waits for
- `large-NAME`: the step `size` is red where it is asked for
- `crash`: ends by a signal
- `covered`: what is measured
- `litter`: the names of files that it leaves where they are in no commit
Every run adds a line to LOG: the commit, then the steps that were asked for.
"""

import json
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any


def finding(message: str, rule: str) -> dict[str, Any]:
    return {"message": message, "rule": rule, "severity": "error", "position": None, "hint": ""}


def step(name: str, findings: list[dict[str, Any]], status: str = "") -> dict[str, Any]:
    status = status or ("failed" if findings else "passed")
    reading = {"status": status, "summary": name, "findings": findings, "measurements": [], "deferred": []}
    return {"step": name, "reading": reading, "seconds": 0.0, "log": "", "rerun": f"nox -s pr -- {name}"}


def main(log: Path, tier: str, steps: list[str]) -> int:
    here = Path.cwd()
    head, trunk = (
        subprocess.run(["git", "rev-parse", name], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("HEAD", "refs/remotes/origin/main")
    )
    with log.open("a") as file:
        file.write(" ".join([head, trunk, *steps]) + "\n")
    seen = log.read_text().split().count(head)
    if (here / "slow").exists():
        time.sleep(float((here / "slow").read_text()))
    while (here / "wait").exists() and not Path((here / "wait").read_text()).exists():
        time.sleep(0.02)
    names = sorted(path.name for path in here.iterdir())
    if "crash" in names:
        os.abort()
    if any(name.startswith("silent-") for name in names):
        return 0
    wrong = [finding(f"{name} is here", name) for name in names if name.startswith("bad-")]
    wrong += [finding(f"{name} clashes", name) for name in names if _clashes(name, names)]
    wrong += [finding(f"{name} by chance", name) for name in names if name.startswith("flaky-") and seen == 1]
    added = subprocess.run(["git", "diff", "--name-only", trunk, head], capture_output=True, text=True, check=True)
    large = [name for name in added.stdout.split() if name.startswith("large-")]
    judged = {"check": wrong, "size": [finding(f"{name} is too large", "size") for name in large]}
    asked = steps or tomllib.loads((here / "xpconfig.toml").read_text())["tiers"][tier]["steps"]
    found = [step(name, judged.get(name, [])) for name in asked]
    code = 1 if any(each["reading"]["status"] == "failed" for each in found) else 0
    if "covered" in names and found[0]["step"] == "check":
        value = float((here / "covered").read_text())
        found[0]["reading"]["measurements"] = [{"name": "coverage", "value": value, "unit": "percent"}]
        found.append(step("ratchets", []))
    if any(name.startswith("broken-") for name in names):
        found, code = [step("check", [], "error")], 3
    status = {0: "passed", 1: "failed", 3: "error"}[code]
    run = {"schema": 1, "tier": tier, "run_id": f"{head[:8]}-{os.getpid()}", "commit": head, "status": status}
    if "litter" in names:
        dirty = (here / "litter").read_text().split()
        run |= {"commit": "", "dirty": [f"?? {name}" for name in dirty]}
    run |= {"exit_code": code, "seconds": 0.0, "budget": None, "steps": found, "notices": []}
    (here / ".xp").mkdir(exist_ok=True)
    (here / ".xp" / "last-run.json").write_text(json.dumps(run))
    print(f"the gate has run for {os.environ.get('XPTASKS_CHANGES', 'the trunk')}")  # noqa: T201 - as a gate does
    return 1 if code else 0


def _clashes(name: str, names: list[str]) -> bool:
    return name.startswith("clash-") and name.endswith("-2") and f"{name[:-1]}1" in names


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
