"""Every key of `xpconfig.toml` that has to do with the gate, and which edits of it loosen. Pure.

What is in no line here needs an approval.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from xptasks.landing.loosening.weigh import (
    MISSING,
    Edit,
    Path,
    Setting,
    Settings,
    Weight,
    edits,
    grows,
    items,
    less,
    more,
    neutral,
    of,
    off,
    on,
    shrinks,
    unknown,
)
from xptasks.settings import parse_duration


def _seconds(value: object) -> float | None:
    try:
        return parse_duration(value)
    except ValueError:
        return float(value) if isinstance(value, float) else None


_shorter, _longer = less(_seconds), more(_seconds)


def _limit(value: object) -> float | None:
    """Seconds; without a limit for ever."""
    return float("inf") if value is None or value is MISSING else _seconds(value)


_AMOUNT = {"-n": 1, "--durations": 1, "--color": 1}
_ALONE = {"-q", "-v", "-vv", "--quiet", "--verbose", "--no-header", "--strict-markers", "--strict-config", "-ra"}


def _args(before: Any, after: Any) -> Weight:  # noqa: ANN401
    """How tests are started and shown says nothing about which run."""
    return "neutral" if _which(before) == _which(after) else "unknown"


def _which(args: Any) -> list[str]:  # noqa: ANN401
    """The words that may choose tests."""
    words = iter(args if isinstance(args, list | tuple) else ())
    kept = []
    for word in words:
        if word in _AMOUNT:
            next(words, None)
        elif word not in _ALONE and not any(
            word.startswith(f"{name}=") or (word[2:].isdecimal() and word[:2] == name) for name in _AMOUNT
        ):
            kept.append(word)
    return kept


def _stages(before: Any, after: Any) -> Weight:  # noqa: ANN401
    """More careful are stages that keep every share at least as long, and may add smaller ones."""
    old, new = ({each["weight"]: _seconds(each["hold"]) or 0 for each in stages} for stages in (before, after))
    if not old.keys() <= new.keys():
        return "looser"
    return "tighter" if all(new[weight] >= hold for weight, hold in old.items()) else "looser"


def _secrets(before: Any, after: Any) -> Weight:  # noqa: ANN401
    """A table of texts: a new reference to a secret hands it to code of the change."""
    old, new = (set(map(str, value.values())) if isinstance(value, dict) else set() for value in (before, after))
    return "looser" if any(text.startswith(("env:", "file:")) for text in new - old) else "neutral"


def _generated(before: Any, after: Any) -> Weight:  # noqa: ANN401
    if after is None or after is MISSING:
        return "looser"
    fresh = before is None or before is MISSING
    return "neutral" if fresh and str(after).startswith("generated/") else "unknown"


def _memory(value: object) -> float | None:
    text = str(value)
    number = float(text[:-3]) if text[:-3].isdecimal() else None
    if number is None:
        return None
    return float("inf") if not number else number * {"KiB": 1, "MiB": 1024, "GiB": 1024**2}.get(text[-3:], 1)


def _authors(before: Any, after: Any) -> Weight:  # noqa: ANN401
    """Nobody named is everybody."""
    if not after or after is MISSING:
        return "looser"
    return "tighter" if not before or before is MISSING else shrinks(before, after)


# -- tables whose keys hang together -----------------------------------------------------------------------------------

_ENVIRONMENT = "the environment has a say in the result"
_IN_PROJECT: Settings = {
    ("name",): Setting(unknown, "what is kept about the project is kept under its name"),
    ("sources",): Setting(grows, "code is out of the gate's sight"),
    ("tests",): Setting(grows, "tests are out of the gate's sight"),
    ("python",): Setting(grows, "CI checks fewer versions"),
    ("env",): Setting(shrinks, "the environment has a say in more results"),
    ("sprint",): Setting(unknown, "it decides when floors move", whole=True),
}
_TIER: Settings = {
    ("steps",): Setting(grows, "a check does not run any more"),
    ("budget",): Setting(_shorter, "the tier may take longer"),
    ("allow_partial",): Setting(off, "a run that left something out is good enough"),
    ("description",): Setting(neutral),
    ("jobs",): Setting(neutral),
    ("**",): Setting(unknown, "it decides with which tools the gate runs"),
}
_CACHED = (True, False)
_STEP: Settings = {
    ("args",): Setting(_args, "it decides which tests run, and how"),
    ("run",): Setting(unknown, "the check is another one"),
    ("inputs",): Setting(grows, "a file that it depends on may change unseen"),
    ("needs",): Setting(grows, "the check lacks a tool"),
    ("cache",): Setting(of(*_CACHED), "an old result is taken for a new one"),
    ("defer",): Setting(off, "tests are left for another run"),
    ("env",): Setting(shrinks, _ENVIRONMENT),
    ("timeout",): Setting(neutral),
    ("idle_timeout",): Setting(neutral),
    ("max_time",): Setting(_longer, "it looks for a shorter time"),
    ("exclude_checks",): Setting(shrinks, "it finds less"),
    ("opaque",): Setting(shrinks, "it finds less"),
    ("refusals",): Setting(shrinks, "it finds less"),
    ("**",): Setting(unknown, "it decides what the check finds"),
}
_SIZE: Settings = {
    ("max_lines",): Setting(less(), "larger changes pass"),
    ("exclude",): Setting(shrinks, "fewer files count"),
}
_PROBE: Settings = {
    ("headers",): Setting(_secrets, "it is given a secret", whole=True),
    ("timeout",): Setting(_shorter, "a slow answer is good enough"),
    ("max_latency",): Setting(less(_limit), "a slow answer is good enough"),
    ("tls_min_days",): Setting(
        more(lambda value: float(value or 0) if value is not MISSING else 0), "certificates may run out"
    ),
    ("checks",): Setting(grows, "a wrong answer is good enough"),
}


def _project(before: Any, after: Any, path: Path) -> Iterator[Edit]:  # noqa: ANN401 - whatever the TOML holds
    old, new = (value if isinstance(value, dict) else {} for value in (before, after))
    for edit in _below(path, edits(old, new, _IN_PROJECT)):
        named = _texts(edit.after) - _texts(edit.before)
        if edit.path[-1] == "tests" and any(
            _overlap(one, other) for one in named for other in _texts(new.get("sources"))
        ):
            yield replace(edit, weight="looser", why="code that counts as tests needs no test of its own")
        else:
            yield edit


def _texts(value: Any) -> frozenset[str]:  # noqa: ANN401 - whatever the TOML holds
    return frozenset(each for each in items(value) or () if isinstance(each, str))


def _overlap(one: str, other: str) -> bool:
    return "." in {one, other} or f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _ratchet(before: Any, after: Any, path: Path) -> Iterator[Edit]:  # noqa: ANN401 - whatever the TOML holds
    if not isinstance(before, dict):
        yield Edit(path, before, after, "tighter")
        return
    if not isinstance(after, dict):
        yield Edit(path, before, after, "looser", "nothing holds this measurement any more")
        return
    if _sign(before) != _sign(after):
        yield Edit(path, before, after, "looser", "it is turned round: what was worse is better now")
        return
    better = more() if _sign(before) > 0 else less()
    settings: Settings = {
        ("start",): Setting(better, "the floor is lower"),
        ("target",): Setting(better, "the floor stops sooner"),
        ("step",): Setting(more(_size), "the floor moves more slowly"),
        ("every",): Setting(of("sprint", "week", "pr"), "the floor moves less often"),
        ("slack",): Setting(less(), "the floor stays further behind"),
        ("unit",): Setting(neutral),
        ("direction",): Setting(neutral),
        ("loosen",): Setting(shrinks, "an exception lets it get worse"),
    }
    yield from _below(path, edits(before, after, settings))


def _sign(ratchet: Mapping[str, Any]) -> int:
    start, target = ratchet.get("start"), ratchet.get("target")
    if isinstance(start, int | float) and isinstance(target, int | float) and start != target:
        return 1 if start < target else -1
    return -1 if ratchet.get("direction") == "down" else 1


def _size(value: object) -> float | None:
    return 1.0 if value is MISSING else abs(value) if isinstance(value, int | float) else None


def _tier(before: Any, after: Any, path: Path) -> Iterator[Edit]:  # noqa: ANN401
    if not isinstance(before, dict):
        yield Edit(path, before, after, "tighter")
    elif not isinstance(after, dict):
        yield Edit(path, before, after, "looser", "nobody runs it any more")
    else:
        yield from _below(path, edits(before, after, _TIER))


def _step(before: Any, after: Any, path: Path) -> Iterator[Edit]:  # noqa: ANN401
    """A step that nobody ran takes nothing away when it comes; one that nobody runs any more is its tier's matter."""
    if not isinstance(after, dict):
        return
    if isinstance(before, dict):
        more = _SIZE if path[-1] == "size" else {}
        yield from _below(path, edits(before, after, {**_STEP, **more}))
    elif after.get("env"):
        yield Edit((*path, "env"), MISSING, after["env"], "looser", _ENVIRONMENT)


def _below(path: Path, found: Iterable[Edit]) -> Iterator[Edit]:
    for edit in found:
        yield replace(edit, path=(*path, *edit.path))


def _probe(before: Any, after: Any, path: Path) -> Iterator[Edit]:  # noqa: ANN401
    if not isinstance(before, dict):
        yield Edit(path, before, after, "looser" if _asks_secret(after) else "tighter", "it is given a secret")
    elif not isinstance(after, dict):
        yield Edit(path, before, after, "looser", "nobody looks there any more")
    else:
        yield from _below(path, edits(before, after, _PROBE))


def _asks_secret(probe: Any) -> bool:  # noqa: ANN401
    headers = probe.get("headers", {}) if isinstance(probe, dict) else {}
    return isinstance(probe, dict) and (bool(probe.get("auth")) or _secrets(MISSING, headers) == "looser")


# -- the table -------------------------------------------------------------------------------------------------------

_WHO = "more people's changes land by themselves"
_CLIENTS = "fewer breaks are found"
_CAREFUL = "a bad release reaches more people, or for longer"

_PROJECT: Settings = {("project",): Setting(unknown, split=_project)}
_LANDING: Settings = {
    ("landing", "max_lines"): Setting(less(), "larger changes land by themselves"),
    ("landing", "hold_labels"): Setting(grows, "a label does not hold a change back any more"),
    ("landing", "authors"): Setting(_authors, _WHO),
    ("landing", "approvers"): Setting(shrinks, "somebody else may approve"),
    ("landing", "protected"): Setting(grows, "files are not protected any more"),
    ("landing", "waivers"): Setting(shrinks, "a trailer lets a gate pass"),
    ("landing", "checks"): Setting(grows, "a check need not pass any more"),
    ("landing", "batch"): Setting(neutral),
    ("landing", "poll"): Setting(neutral),
    ("landing", "patience"): Setting(neutral),
    ("landing", "after", "tighten"): Setting(on, "floors do not rise any more"),
    ("landing", "after", "revert"): Setting(on, "what was rolled back stays on the trunk"),
    ("landing", "breaker", "*"): Setting(less(), "the loop stops later"),
    ("landing", "**"): Setting(unknown, "it decides how changes land"),
}
_CONTRACTS: Settings = {
    ("contracts", "openapi"): Setting(grows, "a contract is not held any more"),
    ("contracts", "asyncapi"): Setting(grows, "a contract is not held any more"),
    ("contracts", "served"): Setting(
        lambda before, _: "neutral" if not before else "unknown", "another application answers"
    ),
    ("contracts", "profiles"): Setting(grows, _CLIENTS),
    ("contracts", "baseline"): Setting(grows, _CLIENTS),
    ("contracts", "version_policy"): Setting(of("none", "semver"), "versions need not tell of breaks"),
    ("contracts", "deprecation_days_stable"): Setting(more(), "clients get shorter notice"),
    ("contracts", "deprecation_days_beta"): Setting(more(), "clients get shorter notice"),
    ("contracts", "allow"): Setting(shrinks, "the change allows itself a break"),
    ("contracts", "oasdiff_ignore"): Setting(shrinks, _CLIENTS),
    ("contracts", "timeout"): Setting(neutral),
    ("contracts", "memory"): Setting(neutral),
}
_SERVICE: Settings = {
    ("generate", "tolerant_enums"): Setting(neutral),
    ("generate", "*"): Setting(_generated, "types may be stale, and generated files do not count for the size"),
    ("service", "command"): Setting(
        lambda before, _: "neutral" if not before else "unknown", "probes and tests talk to something else"
    ),
    ("service", "environment"): Setting(_secrets, "the change's code is given a secret", whole=True),
    ("service", "health"): Setting(neutral),
    ("service", "start_timeout"): Setting(neutral),
    ("service", "stop_timeout"): Setting(neutral),
}
_PROBES: Settings = {
    ("probes", "*"): Setting(unknown, split=_probe),
    ("probe_policy", "interval"): Setting(_shorter, "failures are seen later"),
    ("probe_policy", "canary_interval"): Setting(_shorter, "failures of a canary are seen later"),
    ("probe_policy", "window"): Setting(_longer, "fewer failures count together"),
    ("probe_policy", "alert_after"): Setting(less(), "alerts come later"),
    ("probe_policy", "rollback_after"): Setting(less(), "rollbacks come later"),
    ("probe_policy", "recover_after"): Setting(more(), "alerts end sooner"),
    ("probe_policy", "recent"): Setting(_longer, "fewer failures roll back"),
    ("alerts", "stdout"): Setting(on, "alerts are not written any more"),
    ("alerts", "**"): Setting(unknown, "it decides who is told"),
}
_DEPLOY: Settings = {
    ("deploy", "stages"): Setting(_stages, _CAREFUL, whole=True),
    ("deploy", "analysis", "false_abort"): Setting(more(), "a bad release is found later"),
    ("deploy", "analysis", "min_requests"): Setting(more(), "a canary passes on less evidence"),
    ("deploy", "analysis", "on_inconclusive"): Setting(of("promote", "probe", "pause", "rollback"), _CAREFUL),
    ("deploy", "analysis", "patience"): Setting(neutral),
    ("deploy", "keep_releases"): Setting(more(), "there are fewer releases to go back to"),
    ("deploy", "max_memory"): Setting(less(_memory), "a release may hold more memory"),
    ("deploy", "start_timeout"): Setting(neutral),
    ("deploy", "drain_timeout"): Setting(neutral),
    ("deploy", "**"): Setting(unknown, "it decides how releases reach people"),
}
_REST: Settings = {
    ("version",): Setting(neutral),
    ("tiers", "*"): Setting(unknown, split=_tier),
    ("steps", "*"): Setting(unknown, split=_step),
    ("ratchets", "*"): Setting(unknown, split=_ratchet),
    ("history", "retention"): Setting(_longer, "what happened is forgotten sooner"),
    ("history", "**"): Setting(unknown, "it decides what is remembered, and where"),
    ("ci", "**"): Setting(unknown, "it decides how CI runs the gate"),
}
SETTINGS: Settings = {
    **_PROJECT,
    **_LANDING,
    **_CONTRACTS,
    **_SERVICE,
    **_PROBES,
    **_DEPLOY,
    **_REST,
}
