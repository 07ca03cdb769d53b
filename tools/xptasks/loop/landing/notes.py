"""Takes down what waits, for the history: changes that are new in the queue, and humans who stepped in on them."""

from xptasks.history.events import Intervention
from xptasks.landing import merging
from xptasks.landing.ledger import What
from xptasks.landing.marks import Queued
from xptasks.loop.landing.acts import lines_between
from xptasks.loop.landing.line import Scene
from xptasks.loop.landing.record import Seen, is_agent, on_top
from xptasks.loop.landing.shop import Shop

_ENDINGS = (What.LANDED, What.REJECTED, What.WITHDRAWN)


def take(shop: Shop, scene: Scene) -> None:
    """Record what waits since the last look."""
    memory = shop.memory
    waiting = {each.change: each.value for each in scene.queue if each.head}
    if waiting == memory.waiting:
        return
    for queued in scene.queue:
        if queued.head and memory.waiting.get(queued.change) != queued.value:
            _take_one(shop, scene, queued)
    memory.waiting = waiting
    memory.save()


def _take_one(shop: Shop, scene: Scene, queued: Queued) -> None:
    git, tip, agents = shop.remote.git, scene.rules.tip, scene.rules.landing.agents
    kind = "agent" if is_agent(queued.signed.address, agents) else "human"
    actor = queued.actor or f"{kind}:{queued.signed.name or queued.signed.address}"
    endings = [each for each in scene.entries if each.change == queued.change and each.what in _ENDINGS]
    last = endings[-1] if endings else None
    seen = Seen(queued, shop.name, actor, (len(endings), last.at if last else 0.0))
    again = last is not None and last.what is What.REJECTED
    base = git.ask("merge-base", tip, queued.head).out.strip()
    lines = lines_between(shop.remote, base, queued.head) if base else 0
    events = [*seen.waits(base=base, lines=lines, again=again)]
    human = on_top(merging.commits_of(git, tip, queued.head), agents)
    if human:
        events.append(seen.stepped_in(Intervention.COMMIT, f"human:{human}", "a commit on top of an agent's"))
    if again and last and last.data.get("head") == queued.head and actor.startswith("human:"):
        events.append(seen.stepped_in(Intervention.RERUN, actor, "queued again without a change"))
    shop.record(*events)
