"""The Invoke tasks. `tasks.py` needs one line: `from xptasks.tasks import ns`.

`inv --list` imports every module in this folder, so what takes time is imported by the task that needs it.
"""

from invoke.collection import Collection

from xptasks.tasks import (
    adoption,
    change,
    ci,
    contracts,
    deploy,
    github,
    history,
    landing,
    probes,
    project,
    quality,
    tiers,
)

ns = Collection()
"""All tasks, for `tasks.py` and for the console script `xptasks`."""

for _module in (tiers, contracts, probes, quality, change, landing, deploy, ci, github, history, project, adoption):
    for _task in Collection.from_module(_module).tasks.values():
        ns.add_task(_task)
