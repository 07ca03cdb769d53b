"""Nobody loosens his own gate: every cheat is named with its place, its harmless twin lands by itself."""

from pathlib import Path

import pytest

from tests.loop.change import Change, Files
from tests.loop.cheats import CHEATS, Cheat

pytestmark = pytest.mark.pr
AT_TOP = (".github/", ".gitlab-ci.yml")  # where a repository has them, whatever projects are in it
UP = "../../"
_NAMED = pytest.mark.parametrize("cheat", CHEATS, ids=[cheat.name.replace(" ", "-") for cheat in CHEATS])


def placed(files: Files, folder: str) -> Files:
    """The files of a project in a folder: CI's are at the top all the same."""
    return {f"{UP}{name}" if folder and name.startswith(AT_TOP) else name: text for name, text in files.items()}


def play(cheat: Cheat, files: Files, path: Path, *, whole: bool = True, folder: str = "") -> Change:
    change = Change(path / "small", folder=folder).begin(placed(cheat.trunk, folder))
    change.put(placed(files, folder))
    for name, target in cheat.links.items() if whole else ():
        (change.project / name).parent.mkdir(parents=True, exist_ok=True)
        if (change.project / name).is_dir():
            (change.project / name).rmdir()
        (change.project / name).symlink_to(target)
    for name in cheat.force:
        if (change.project / name).exists():
            change.git("add", "--force", str(change.project / name))
    change.commit_as()
    return change


@pytest.mark.parametrize(
    "folder", [pytest.param("", id="top"), pytest.param("services/shop/", id="below", marks=pytest.mark.slow)]
)
@_NAMED
def test_a_cheat_is_caught(cheat: Cheat, folder: str, tmp_path: Path) -> None:
    change = play(cheat, cheat.change, tmp_path, folder=folder)
    place = f"{UP}{cheat.place}" if folder and cheat.place.startswith(AT_TOP) else cheat.place
    verdict = change.verdict()
    found = {(reason.rule, str(reason.position)): reason for reason in verdict.against}
    assert verdict.outcome == cheat.outcome
    assert (cheat.rule, place) in found
    assert cheat.words in found[cheat.rule, place].message
    assert found[cheat.rule, place].hint
    approved = change.verdict("ann@example.com")
    assert approved.outcome == ("may land" if cheat.outcome == "needs approval" else "rejected")


@_NAMED
def test_its_harmless_twin_lands(cheat: Cheat, tmp_path: Path) -> None:
    verdict = play(cheat, cheat.twin, tmp_path, whole=False).verdict()
    assert [str(reason) for reason in verdict.against] == []


def test_there_are_many() -> None:
    assert len({cheat.name for cheat in CHEATS}) == len(CHEATS) > 80
