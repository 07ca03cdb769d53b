"""Tasks about what is deployed."""

import sys
import time

from xptasks.tasks._task import environ, project, task

_DEPLOY_HELP = {
    "rev": "the commit to deploy; the one that is checked out without it",
    "dirty": "take the working tree as it is, and mark the release",
    "profile": "a profile of xpconfig.toml, for example demo",
    "wait": "wait so long for a deployment that is under way, for example 10m",
    "detach": "return at once; the deployment goes on by itself",
    "dry-run": "print the plan and do nothing",
    "confirm": "before all traffic, wait for `inv promote` or `inv deploy-follow --until promoted`",
    "json": "print JSON",
}


@task(help=_DEPLOY_HELP)
def deploy_canary(  # noqa: PLR0913 - one parameter an option
    rev: str = "",
    *,
    dirty: bool = False,
    profile: str = "",
    wait: str = "0s",
    detach: bool = False,
    dry_run: bool = False,
    confirm: bool = False,
    json: bool = False,
) -> int:
    """Build a release and bring it to all traffic in steps, watched; back by itself when it is worse."""
    from xptasks.loop.commands import Deployment, deploy  # noqa: PLC0415

    asked = Deployment("canary", rev, profile, wait, dirty, detach, dry_run, json, confirm)
    return deploy(asked)


@task(help=_DEPLOY_HELP)
def deploy_blue_green(  # noqa: PLR0913 - one parameter an option
    rev: str = "",
    *,
    dirty: bool = False,
    profile: str = "",
    wait: str = "0s",
    detach: bool = False,
    dry_run: bool = False,
    confirm: bool = False,
    json: bool = False,
) -> int:
    """Build a release and give it all traffic at once; the old one stays warm to switch back to."""
    from xptasks.loop.commands import Deployment, deploy  # noqa: PLC0415

    asked = Deployment("blue-green", rev, profile, wait, dirty, detach, dry_run, json, confirm)
    return deploy(asked)


@task(help={"watch": "again each second until Ctrl-C", "profile": "a profile of xpconfig.toml", "json": "print JSON"})
def deploy_status(
    *,
    watch: bool = False,
    profile: str = "",
    json: bool = False,
) -> int:
    """Show what serves, and how far a deployment is."""
    from xptasks.loop.commands import status  # noqa: PLC0415

    while True:
        sys.stdout.write(status(profile, as_json=json))
        sys.stdout.flush()
        if not watch:
            return 0
        time.sleep(1)


@task(help={"profile": "a profile of xpconfig.toml", "json": "print JSON"})
def promote(*, profile: str = "", json: bool = False) -> int:
    """End the stage that a deployment is in: the next share, or all traffic."""
    from xptasks.loop.commands import ask  # noqa: PLC0415

    return ask("promote", profile, as_json=json)


@task(help={"profile": "a profile of xpconfig.toml", "json": "print JSON"})
def pause(*, profile: str = "", json: bool = False) -> int:
    """Hold a deployment where it is; it still goes back when the new release is worse."""
    from xptasks.loop.commands import ask  # noqa: PLC0415

    return ask("pause", profile, as_json=json)


@task(help={"profile": "a profile of xpconfig.toml", "json": "print JSON"})
def resume(*, profile: str = "", json: bool = False) -> int:
    """Let a paused deployment go on."""
    from xptasks.loop.commands import ask  # noqa: PLC0415

    return ask("resume", profile, as_json=json)


@task(help={"profile": "a profile of xpconfig.toml", "json": "print JSON"})
def abort(*, profile: str = "", json: bool = False) -> int:
    """Roll back the deployment that is under way."""
    from xptasks.loop.commands import ask  # noqa: PLC0415

    return ask("abort", profile, as_json=json)


@task(
    help={
        "rev": "the commit; the one that is checked out without it",
        "until": "canary: it has its first share; observed: it may be promoted; promoted: it has everything",
        "timeout": "give up after so long, for example 20m; without it as long as a deployment may take",
        "profile": "a profile of xpconfig.toml",
        "json": "print JSON",
    }
)
def deploy_follow(
    rev: str = "HEAD",
    *,
    until: str = "promoted",
    timeout: str = "",
    profile: str = "",
    json: bool = False,
) -> int:
    """Wait for the deployment of a commit that another process drives; `--until promoted` promotes it when it may."""
    from xptasks.loop.commands import follow  # noqa: PLC0415

    return follow(rev, until, timeout, profile, as_json=json)


@task(
    help={
        "rev": "the commit; the one that is checked out without it",
        "profile": "a profile of xpconfig.toml",
        "json": "print JSON",
    }
)
def deploy_undo(rev: str = "HEAD", *, profile: str = "", json: bool = False) -> int:
    """Take back the deployment of a commit if it is under way; what has ended, and other commits', stays as it is."""
    from xptasks.loop.commands import undo  # noqa: PLC0415

    return undo(rev, profile, as_json=json)


@task(
    help={
        "to": "the release to go to: its name or its commit, or the beginning of one; the one before without it",
        "profile": "a profile of xpconfig.toml",
        "dry-run": "print the plan and do nothing",
        "json": "print JSON",
    }
)
def rollback(to: str = "", *, profile: str = "", dry_run: bool = False, json: bool = False) -> int:
    """Give all traffic to the release that served before."""
    from xptasks.loop.commands import rollback as roll_back  # noqa: PLC0415

    return roll_back(to, profile, as_json=json, dry_run=dry_run)


@task(help={"profile": "a profile of xpconfig.toml"})
def deploy_down(profile: str = "") -> int:
    """End everything that is deployed: every release, the proxy, the watcher."""
    from xptasks.loop.commands import down  # noqa: PLC0415

    return down(profile)


@task(
    help={
        "detach": "return at once; the watcher goes on by itself",
        "install": "write the systemd unit or the cron line that keeps a watcher alive, and say how to switch it on",
        "metrics-port": "serve /metrics on this port of 127.0.0.1; 0 takes a free one",
        "profile": "a profile of xpconfig.toml",
    }
)
def watch(
    *,
    detach: bool = False,
    install: bool = False,
    metrics_port: str = "",
    profile: str = "",
) -> int:
    """Look at what is deployed until Ctrl-C: alert, roll back, start again what died."""
    from xptasks.loop import commands  # noqa: PLC0415

    if install:
        return commands.install_watch(profile)
    return commands.watch_detached(profile) if detach else commands.watch(profile, metrics_port)


@task(help={"json": "print JSON"})
def releases(json: bool = False) -> None:  # noqa: FBT001, FBT002
    """List the releases on this machine: which serves, which is warm, which are kept."""
    from xptasks.config import load  # noqa: PLC0415
    from xptasks.loop import releases as loop  # noqa: PLC0415

    found = loop.releases_of(load(project(), environ=environ()).config, environ())
    listed = loop.listing(found, loop.states(found))
    sys.stdout.write(loop.as_json(listed) if json else loop.as_text(listed))
