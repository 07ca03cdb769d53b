import pytest

from tests.ci.conftest import HASHED, LOCK
from xptasks.ci.detection import candidates, detect
from xptasks.ci.request import Install

UNPINNED = "nox\nxptasks>=0.1\n"
PLAIN = "nox==1\nxptasks==0.1.0\n"
OTHER = "nox==1 --hash=sha256:00\nxptasks-plugin==1 --hash=sha256:00\n"
PIP = (".venv/bin/python", "-m", "pip", "--disable-pip-version-check", "install")
VENV = ("python", "-m", "venv", ".venv")


def found(**files: str) -> Install:
    def path(name: str) -> str:
        return name.replace("__", "/").replace("_txt", ".txt").replace("_lock", ".lock")

    named = {path(name): text for name, text in files.items()}
    return detect(candidates(named), named.__getitem__, "0.1.0")


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ({"requirements__base_txt": HASHED}, (VENV, (*PIP, "--require-hashes", "-r", "requirements/base.txt"))),
        ({"requirements_txt": PLAIN}, (VENV, (*PIP, "-r", "requirements.txt"))),
        (
            {"requirements__pr_txt": HASHED, "requirements__base_txt": HASHED},
            (VENV, (*PIP, "--require-hashes", "-r", "requirements/base.txt")),
        ),
        ({"requirements_txt": OTHER}, (VENV, (*PIP, "xptasks==0.1.0"))),
        ({}, (VENV, (*PIP, "xptasks==0.1.0"))),
    ],
)  # fmt: skip
def test_pip(files: dict[str, str], commands: tuple[tuple[str, ...], ...]) -> None:
    install = found(**files)
    assert install.commands == commands
    assert (install.nox, install.inv) == ((".venv/bin/nox",), (".venv/bin/inv",))


def test_a_starter_of_the_repository_goes_before_all() -> None:
    install = detect(["requirements/base.txt", "tools/start.py"], lambda name: name, "0.1.0")
    assert install.inv == ("python", "tools/start.py", "inv")


def test_a_lock_file_that_has_xptasks() -> None:
    install = found(uv_lock=LOCK)
    assert install.commands[0][-1] == "uv==0.9.1"
    assert install.commands[1] == ("uv", "sync", "--locked")
    assert install.nox == ("uv", "run", "--locked", "nox")


def test_a_lock_file_without_xptasks_is_of_no_use() -> None:
    assert found(uv_lock=LOCK.replace('"xptasks"', '"other"')).commands[0] == VENV


def test_a_version_range_is_named_too() -> None:
    assert found(requirements_txt=UNPINNED).commands[1][-1] == "xptasks==0.1.0"


def test_only_files_that_may_say_so_are_read() -> None:
    assert candidates(["a/requirements.txt", "docs/x.txt", "requirements/a.txt", "uv.lock"]) == [
        "requirements/a.txt",
        "uv.lock",
    ]
