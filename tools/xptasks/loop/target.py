"""From a configuration to a target that can be deployed to: its home, driver, releases, journal and probes."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from xptasks.config.settings import Config
from xptasks.delivery import drivers
from xptasks.delivery.drivers import Setup
from xptasks.delivery.journal import Journal
from xptasks.delivery.manifest import Manifest
from xptasks.delivery.plan import Strategy
from xptasks.delivery.release import Source, build
from xptasks.delivery.releases import Releases
from xptasks.delivery.supervisor import Supervisor
from xptasks.loop import chronicle, deploy
from xptasks.loop.deploy import Target
from xptasks.loop.releases import JOURNAL, recipe_reader, releases_of
from xptasks.probes.look import Looker
from xptasks.settings import resolved


@dataclass(frozen=True, slots=True)
class Place:
    """What the tasks about deployments work with.

    Attributes:
        target: what can be asked for.
        releases: what is kept on disk.
        config: the project's configuration.
        project: its folder.
        environ: the caller's environment.
    """

    target: Target
    releases: Releases
    config: Config
    project: Path
    environ: Mapping[str, str]

    @property
    def name(self) -> str:
        """What the history calls it: `TARGET@HOST`."""
        return chronicle.name_of(self.config.deploy.target)

    def looker(self, release: str = "") -> Looker:
        """What looks at a release past the split, or at the public entrance."""
        secrets = resolved(self.config.service.environment, self.environ, self.project)
        address = self.target.driver.address(release)
        return Looker(address, self.config.contracts, {**self.environ, **secrets}, self.project)

    def build(self, revision: str = "", *, dirty: bool = False) -> Manifest:
        """The release of a commit: built, or the one that is there."""
        return build(self.releases, Source(self.project, self.environ, revision, dirty), recipe_reader(self.environ))

    def prune(self) -> None:
        """Remove the oldest releases; what runs, or served before, stays."""
        running = self.target.driver.observe().conditions.keys()
        self.releases.prune(self.config.deploy.keep_releases, running)


@contextmanager
def opened(
    config: Config,
    project: Path,
    environ: Mapping[str, str] = os.environ,
    tell: Callable[[float, str], None] | None = None,
) -> Iterator[Place]:
    """The configured target.

    Args:
        config: the configuration.
        project: the project's folder.
        environ: the caller's environment.
        tell: gets what happens during a deployment, with its time.
    """
    releases, deployment = releases_of(config, environ), config.deploy
    folder = releases.home
    setup = Setup(
        folder,
        lambda release: releases.launch(release, environ, project),
        deployment.port,
        deployment.drain_timeout,
        config.service.stop_timeout,
        deployment.exec,
        project,
        environ,
        deployment.haproxy,
    )
    driver = drivers.load(deployment.target).driver(setup)
    with ExitStack() as stack:
        journal = Journal(folder / JOURNAL)
        stack.callback(journal.close)

        def supervisor() -> Supervisor:
            from xptasks.loop.canary import CanaryProbes  # noqa: PLC0415 - only a deployment needs it
            from xptasks.loop.measuring import Measured  # noqa: PLC0415

            probes = stack.enter_context(CanaryProbes(config.probes, place.looker))
            made = Supervisor(journal, driver, deployment.analysis.false_abort, probes, sticky=deployment.sticky)
            if deployment.analysis.metrics.used:
                made.counters = stack.enter_context(Measured(driver, deployment.analysis.metrics))
            if tell is not None:
                made.tell = tell
            return made

        place = Place(Target(folder, driver, journal, deployment, supervisor), releases, config, project, environ)
        yield place


def plan_in_words(place: Place, revision: str, strategy: Strategy) -> list[str]:
    """What a deployment would do, a line each; for `--dry-run`."""
    plan = deploy.plan_for(place.target, revision or "HEAD", deploy.serving(place.target), strategy)
    lines = [f"build {plan.new}", f"start it, and wait at most {plan.start_timeout:g} s until it is ready"]
    if plan.old is None:
        return [*lines, "give it all traffic: nothing else serves"]
    lines += [f"{stage.weight} % of the traffic for {stage.hold:g} s" for stage in plan.stages]
    return [*lines, f"keep {plan.old} warm, end what served before it"]
