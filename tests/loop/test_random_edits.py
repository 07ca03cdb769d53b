"""Random edits of a small repository: a hit exactly when the files are what they were when the tier was green."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.repository import Project

Edit = tuple[str, str, str]
NAMES = ("app/main.py", "app/new.py", "docs/guide.md", "check.py", "app/sub/deep.py")
CONTENTS = ("x = 1\n", "x = 2\n", "x = 2\r\n", "")


def edit_file(project: Project, name: str, content: str) -> None:
    path = project.path / name
    if path.is_symlink() or path.is_file():
        path.unlink()
    project.write(name, content)


def edit_in_place_with_old_times(project: Project, name: str, content: str) -> None:
    path = project.path / name
    if path.is_file():
        times = path.stat()
        path.write_text(content, newline="")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def remove(project: Project, name: str, _: str) -> None:
    (project.path / name).unlink(missing_ok=True)


def toggle_mode(project: Project, name: str, _: str) -> None:
    path = project.path / name
    if path.is_file() and not path.is_symlink():
        path.chmod(path.stat().st_mode ^ 0o111)


def make_link(project: Project, name: str, content: str) -> None:
    if name != "docs/guide.md":
        remove(project, name, "")
        (project.path / name).parent.mkdir(parents=True, exist_ok=True)
        (project.path / name).symlink_to("../docs/guide.md" if content else "../check.py")


def stage(project: Project, *_: str) -> None:
    project.git("add", "-A")


def commit(project: Project, *_: str) -> None:
    project.commit()


def reset_index(project: Project, *_: str) -> None:
    project.git("reset", "-q")


EDITS: dict[str, Callable[[Project, str, str], None]] = {
    function.__name__: function
    for function in (
        edit_file, edit_in_place_with_old_times, remove, toggle_mode, make_link, stage, commit, reset_index,
    )
}  # fmt: skip

State = dict[str, tuple[object, ...]]


def state_of(project: Project) -> State:
    """What lies on the disk, looked at without git."""
    found: State = {}
    for path in sorted(project.path.rglob("*")):
        name = str(path.relative_to(project.path))
        if name.partition("/")[0] in {".git", ".xp"} or (path.is_dir() and not path.is_symlink()):
            continue
        content = path.read_bytes() if path.exists() else b"gone"
        found[name] = (path.readlink() if path.is_symlink() else path.stat().st_mode & 0o100, content)
    return found


edits = st.lists(
    st.tuples(st.sampled_from(sorted(EDITS)), st.sampled_from(NAMES), st.sampled_from(CONTENTS)), max_size=8
)


@given(edits, st.booleans())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([("edit_file", "app/main.py", "x = 2\r\n"), ("stage", "", ""), ("edit_file", "app/main.py", "x = 2\n")], True)  # noqa: FBT003
def test_a_hit_exactly_when_nothing_differs(template: Path, changes: list[Edit], line_ends: bool) -> None:  # noqa: FBT001
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(shutil.copytree(template, Path(folder) / "small")))
        if line_ends:
            project.git("config", "core.autocrlf", "input")
        project.run()
        green = state_of(project)
        for kind, name, content in changes:
            EDITS[kind](project, name, content)
            assert project.green() == (state_of(project) == green)
