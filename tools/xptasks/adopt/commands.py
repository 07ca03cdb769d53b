"""`xptasks init`, `update`, `uninstall`: look, say what would be done, do it, and tell what was learnt."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from xptasks.adopt import blocks, compose, detect, repository, writing
from xptasks.adopt import manifest as manifests
from xptasks.adopt.listing import Listing, listing
from xptasks.adopt.manifest import Entry, Manifest
from xptasks.adopt.plan import Edit, Place, Plan, Setting, diff, plan
from xptasks.adopt.testing import Tests
from xptasks.adopt.trial import Trial, tell
from xptasks.errors import ExitCode, UsageError
from xptasks.tiers import environment

_SHOWN = 10
_WORKFLOW = ".github/workflows/autonomous.yml"


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for.

    Attributes:
        yes: write without asking.
        projects: folders, where not all that are found are meant.
        shared: one configuration at the top, whatever is below.
        measure: seconds that trying may take; 0 tries nothing.
        ci: write the workflow of CI, too.
        ask: a question to somebody at a terminal; None without one.
    """

    yes: bool = False
    projects: tuple[str, ...] = ()
    shared: bool = False
    measure: float = 20.0
    ci: bool = False
    ask: Callable[[str], bool] | None = None


def init(folder: Path, options: Options) -> int:
    """Adopt the repository in a folder; a second call changes nothing."""
    known = writing.read(folder)
    if known is not None and known.stage == "done":
        tell(f"xptasks is here already ({len(known.files)} files): nothing to do; `xptasks update` looks for news")
        return ExitCode.OK
    made, known = _planned(folder, known, options)
    _show(made)
    _refuse_dirty(folder, made.edits, known)
    if not _may(options, f"write {len(made.edits)} files"):
        tell("nothing was written; `xptasks init --yes` writes this")
        return ExitCode.OK
    known = writing.write(folder, made.edits, known, "written")
    if options.measure:
        known = Trial(folder, made.found, known, options.measure).run()
    if options.ci:
        known = _with_ci(folder, known)
    known = writing.write(folder, (), known, "done")
    tell(f"done: {len(known.files)} files. Next: `nox -s fast`, then commit. `xptasks uninstall` takes it all back.")
    return ExitCode.OK


def _with_ci(folder: Path, known: Manifest) -> Manifest:
    """The workflow that `inv generate-ci` writes, where none has its name; from then on the generator owns it."""
    if known.projects != (".",):
        tell("note  no CI file for several projects: call `inv generate-ci` where you want one")
        return known
    if writing.place(folder, _WORKFLOW) != Place():
        tell(f"note  {_WORKFLOW} is there already and is kept as it is")
        return known
    from xptasks.loop import workflows  # noqa: PLC0415 - only who asks for it pays for it

    parents = [name for name in (".github", ".github/workflows") if not (folder / name).exists()]
    if workflows.generate(folder, with_gitlab=False):
        tell("note  no CI file could be written: `inv generate-ci` says why")
        return known
    written = writing.place(folder, _WORKFLOW).content
    entry = Entry("machine", b"", manifests.digest(written))
    return replace(known, files={**known.files, _WORKFLOW: entry}, folders=(*reversed(parents), *known.folders))


def _planned(folder: Path, known: Manifest | None, options: Options) -> tuple[Plan, Manifest]:
    """The plan of today, as if nothing of ours were there, and the record that it continues."""
    files = _original(folder, known)
    asked = options.projects or (known.projects if known else ())
    shared = options.shared or (known.shared if known else False)
    folders, left = ([*asked], []) if asked else ((["."], []) if shared else detect.projects(files))
    unknown = [name for name in folders if name != "." and not files.below(name).names]
    if unknown:
        raise UsageError(f"there is no folder {unknown[0]}", hint="name folders relative to this one")
    found = tuple(
        detect.project(files, name, name.rpartition("/")[2] if name != "." else folder.name) for name in folders
    )
    if len(left) > detect.MOST_PROJECTS and not asked and not shared and not detect.is_project(files):
        found = tuple(replace(each, tests=Tests()) for each in found)
        left = [f"each of {len(left)} folders, for example {left[0]},"]
    choices = dict(known.choices) if known else {}
    made = plan(found, choices, lambda path: writing.original(folder, path, known), _setting(folder, folders, known))
    hints = [f"{name} looks like a project of its own and is left alone (`--project`)" for name in left[:_SHOWN]]
    hints += [f"and {len(left) - _SHOWN} more"] if len(left) > _SHOWN else []
    made = replace(made, hints=(*hints, *made.hints))
    return made, replace(known or Manifest(), projects=tuple(folders), shared=shared)


def _original(folder: Path, known: Manifest | None) -> Listing:
    """The files as they were before anything of ours."""
    files = repository.look(folder)
    ours = known.files if known else {}
    made = {path for path, entry in ours.items() if entry.before is None} | {manifests.NAME}

    def read(name: str) -> str:
        if name not in ours:
            return files.text(name)
        return (writing.original(folder, name, known).content or b"").decode("utf-8-sig", "replace")

    return listing((name for name in files.names if name not in made), read)


def _setting(folder: Path, projects: Sequence[str], known: Manifest | None) -> Setting:
    state = repository.state(folder)
    litter = repository.environments(folder)
    wanted = {**compose.IGNORED, **{name: (name,) for name in litter}}
    places = ["" if name == "." else f"{name}/" for name in projects]
    probes = {name: [f"{place}{probe}" for place in places for probe in each] for name, each in wanted.items()}
    ignored = repository.ignores(folder, [probe for each in probes.values() for probe in each])
    # What only our own block ignores has to stay in it.
    ours = blocks.lines(writing.place(folder, ".gitignore").content or b"") if known else []
    return Setting(
        git=state.top is not None,
        top=state.top is not None and state.top.resolve() == folder.resolve(),
        ignored=frozenset(name for name, each in probes.items() if ignored.issuperset(each) and name not in ours),
        litter=tuple(litter),
    )


def _show(made: Plan) -> None:
    sys.stdout.write(diff(made.edits))
    sys.stdout.flush()
    for edit in made.edits:
        tell(f"{'new ' if edit.before is None else 'edit'}  {edit.path}: {edit.why}")
    for hint in made.hints:
        tell(f"note  {hint}")


def _refuse_dirty(folder: Path, edits: Sequence[Edit], known: Manifest) -> None:
    """What is not committed could not be told from ours later; other files may be as they like."""
    dirty = {path for path in repository.state(folder).dirty if not writing.is_ours(folder, path, known)}
    touched = [edit.path for edit in edits if edit.before is not None and edit.path in dirty]
    if touched:
        hint = "commit or put back these, and call it again"
        raise UsageError(f"{', '.join(touched)} has changes that are not committed", hint=hint)
    if dirty:
        tell(f"note  {len(dirty)} other files have changes that are not committed; they are not touched")


def _may(options: Options, what: str) -> bool:
    return options.yes or bool(options.ask and options.ask(f"{what}?"))


def update(folder: Path, options: Options) -> int:
    """Bring what was written up to date: a three-way merge of each file."""
    known = _required(folder)
    made, known = _planned(folder, known, options)
    result = writing.merged(folder, made.edits, known)
    _show(replace(made, edits=result.edits))
    for path, why in result.left.items():
        tell(f"left  {path}: {why}")
    if result.conflicts:
        tell("what we would change in those where you changed the same lines:")
        sys.stderr.write(diff(result.conflicts))
    conflict = bool(result.conflicts)
    if not result.edits:
        tell("everything is up to date" if not result.left else "nothing else to do")
        return ExitCode.GATE_FAILED if conflict else ExitCode.OK
    _refuse_dirty(folder, result.edits, known)
    if not _may(options, f"write {len(result.edits)} files"):
        tell("nothing was written; `xptasks update --yes` writes this")
        return ExitCode.OK
    writing.write(folder, result.edits, known, "done")
    return ExitCode.GATE_FAILED if conflict else ExitCode.OK


def _required(folder: Path) -> Manifest:
    known = writing.read(folder)
    if known is None:
        raise UsageError(f"xptasks init was not here: there is no {manifests.NAME}", hint="call `xptasks init` first")
    return known


def uninstall(folder: Path, options: Options) -> int:
    """Take back what was written, byte for byte where nobody edited it since."""
    known = _required(folder)
    what = writing.removal(folder, known)
    for path in what.restored:
        tell(f"back  {path}")
    for path in what.removed:
        tell(f"gone  {path}")
    for path, why in what.left.items():
        tell(f"left  {path}: {why}")
    if not _may(options, f"restore {len(what.restored)} files and remove {len(what.removed)}"):
        tell("nothing was changed; `xptasks uninstall --yes` does it")
        return ExitCode.OK
    ours = blocks.lines(writing.place(folder, ".gitignore").content or b"")
    writing.take_back(folder, what, known, [*_runs(folder, known)])
    _clear(folder, [name for name in compose.IGNORED if name in ours and name not in compose.STATE])
    tell("xptasks is gone from here")
    return ExitCode.OK


def _clear(folder: Path, patterns: Sequence[str]) -> None:
    """Caches that only our block hid from git would now be in sight: they go, too."""
    names = repository.in_sight(folder, patterns) if patterns else []
    for name in names:
        with suppress(OSError):
            (folder / name).unlink()
        for parent in list(Path(name).parents)[:-1]:
            with suppress(OSError):  # not empty
                (folder / parent).rmdir()
    if names:
        tell(f"gone  {len(names)} files that runs left and git does not ignore any more: {', '.join(patterns)}")


def _runs(folder: Path, known: Manifest) -> Iterator[Path]:
    """What runs left behind: ours alone, so not an environment that somebody else's session made."""
    for project in known.projects:
        yield folder / project / ".xp"
    made = list((folder / ".nox").glob("*"))
    ours = [place for place in made if environment.is_built(place)]
    litter = {".gitignore", "CACHEDIR.TAG"}  # Nox's own
    yield from [folder / ".nox"] if all(place in ours or place.name in litter for place in made) else ours


def as_json(folder: Path) -> str:
    """What is recorded, for programs."""
    known = _required(folder)
    told = {
        "stage": known.stage,
        "projects": known.projects,
        "files": {path: each.kind for path, each in known.files.items()},
    }
    return json.dumps(told, indent=2) + "\n"
