"""Who is at work, and on what: read from the environment, and from whether somebody sits at a terminal. Pure."""

from collections.abc import Mapping

from xptasks.history.events import Actor

VARIABLE = "XPTASKS_ACTOR"
"""Says who acts, as `human:NAME`, `agent:NAME` or `machine:NAME`; whoever sets it is believed."""


CHANGES = "XPTASKS_CHANGES"
"""Says which changes a run is about, with spaces between: no name of a ref has any. The queue sets it for its gate."""


def changes(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The changes that a run is about; none but where the queue runs its gate."""
    return tuple(environ.get(CHANGES, "").split())


def actor(environ: Mapping[str, str], *, terminal: bool) -> Actor:
    """Who runs this command.

    Args:
        environ: the environment.
        terminal: whether standard input is a terminal: nobody types into anything else.
    """
    said = environ.get(VARIABLE, "").strip()
    if said:
        return Actor.parse(said)
    if environ.get("CI"):
        return Actor("machine", environ.get("GITHUB_ACTOR") or environ.get("GITLAB_USER_LOGIN") or "ci")
    name = environ.get("USER") or environ.get("LOGNAME") or "somebody"
    return Actor("human" if terminal else "agent", name)


def again(environ: Mapping[str, str]) -> Actor | None:
    """Who asked GitHub for another attempt of a run; None at the first one, and elsewhere."""
    name = environ.get("GITHUB_TRIGGERING_ACTOR", "")
    if not name or environ.get("GITHUB_RUN_ATTEMPT", "1") in {"", "1"}:
        return None
    return Actor("machine" if name.endswith("[bot]") else "human", name)
