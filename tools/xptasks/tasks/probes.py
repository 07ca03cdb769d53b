"""Tasks that look at a running service."""

import sys

from xptasks.tasks._task import environ, project, task, tier_python


@task(
    help={
        "url": "where the service listens, e.g. https://projects.example; without it the service is started here",
        "name": "a probe; all of them without it; may be given several times",
        "json": "print JSON",
    },
    iterable=["name"],
    positional=["url"],
)
def probe(url: str = "", name: tuple[str, ...] = (), json: bool = False) -> int:  # noqa: FBT001, FBT002
    """Let every probe look once at a service."""
    from xptasks.config import load  # noqa: PLC0415
    from xptasks.config.overrides import did_you_mean  # noqa: PLC0415
    from xptasks.errors import UsageError  # noqa: PLC0415
    from xptasks.probes import once  # noqa: PLC0415
    from xptasks.system.foreground import run_in_foreground  # noqa: PLC0415

    folder = project()
    config = load(folder, environ=environ()).config
    for each in name:
        if each not in config.probes:
            hint = did_you_mean(each, config.probes) or f"the probes are: {', '.join(config.probes)}"
            raise UsageError(f"xpconfig.toml has no probe {each!r}", hint=hint)
    wanted = {each: config.probes[each] for each in name} or config.probes
    words = [*([f"--url={url}"] if url else []), *(["--json"] if json else [])]
    request = once.request(config.service, config.contracts, wanted)
    sys.stdout.flush()
    python = tier_python(folder, config, "smoke")
    return run_in_foreground([python, "-m", "xptasks.probes.once", *words, request])
