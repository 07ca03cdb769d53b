"""Tasks about a repository on GitHub."""

import sys

from xptasks.tasks._task import environ, task


@task(help={"profile": "a profile of xpconfig.toml", "json": "print JSON"})
def github_doctor(*, profile: str = "", json: bool = False) -> int:
    """Look at what changes need to land by themselves on GitHub, and say what is wrong; changes nothing."""
    from xptasks.landing.github import doctor  # noqa: PLC0415
    from xptasks.loop.landing import github as loop  # noqa: PLC0415

    points = loop.examine(loop.here(profile)[0])
    sys.stdout.write(loop.points_as_json(points) if json else loop.points_as_text(points))
    return doctor.exit_code(points)


@task(
    help={
        "folder": "a folder with results, at any depth; may be given several times; the last run's without it",
        "profile": "a profile of xpconfig.toml",
        "dry-run": "say what would be done",
        "json": "print JSON",
    },
    iterable=["folder"],
)
def report_failures(
    folder: tuple[str, ...] = (), *, profile: str = "", dry_run: bool = False, json: bool = False
) -> int:
    """Keep one issue on GitHub for each thing that fails: opened when it comes, closed when it is gone."""
    from xptasks.loop.landing import github as loop  # noqa: PLC0415

    at, _, project = loop.here(profile)
    acts = loop.decide_failures(at, loop.results(project, folder), loop.circumstances(environ(), loop.now()))
    done = acts if dry_run else list(loop.perform(at, acts))
    sys.stdout.write(loop.acts_as_json(done) if json else loop.acts_as_text(done))
    return 0


@task(help={"folder": "a folder with one result; the last run's without it", "profile": "a profile of xpconfig.toml"})
def report_run(folder: str = "", *, profile: str = "") -> int:
    """Report each step of a run as a status of its commit on GitHub."""
    from xptasks.loop.landing import github as loop  # noqa: PLC0415

    at, _, project = loop.here(profile)
    for run in loop.results(project, [folder] if folder else []):
        count = loop.report_run(at, run, loop.run_link(environ()))
        sys.stdout.write(f"{count} statuses of {run['commit'][:12]}\n")
    return 0


@task(
    help={
        "since": "what happened since then: a duration such as 7d, or a time such as 2026-11-02",
        "reruns": "also workflow runs that people started again; not where results of runs are imported",
        "profile": "a profile of xpconfig.toml",
    }
)
def history_github(since: str = "30d", *, reruns: bool = False, profile: str = "") -> int:
    """Record what happened to pull requests: landings, rejections, and where people stepped in."""
    from xptasks.loop.landing import github as loop  # noqa: PLC0415
    from xptasks.loop.listing import moment  # noqa: PLC0415

    at, config, project = loop.here(profile)
    count = loop.record(at, config, project, moment(since, loop.now()), reruns=reruns)
    sys.stdout.write(f"{count} events\n")
    return 0
