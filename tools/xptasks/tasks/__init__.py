"""The Invoke tasks. `tasks.py` needs one line: `from xptasks.tasks import ns`.

`inv --list` imports every module in this folder, so what takes time is imported by the task that needs it.
"""

from importlib import import_module

from invoke.collection import Collection

ns = Collection()
"""All tasks, for `tasks.py` and for the console script `xptasks`."""

_PARTS = (
    "tiers",
    "contracts",
    "probes",
    "quality",
    "change",
    "landing",
    "deploy",
    "ci",
    "github",
    "history",
    "adoption",
    "drill",
    "project",
)

for _part in _PARTS:
    for _task in Collection.from_module(import_module(f"xptasks.tasks.{_part}")).tasks.values():
        ns.add_task(_task)
