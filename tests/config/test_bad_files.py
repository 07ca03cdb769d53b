"""Every bad file that we can name stands beside the exact message that its author reads."""

from pathlib import Path

import pytest

from xptasks import config
from xptasks.errors import ConfigError, ExitCode

BAD = Path(__file__).parent / "bad"
FILES = sorted(BAD.glob("*.toml"))


def message(file: Path, project: Path) -> str:
    (project / "xpconfig.toml").write_bytes(file.read_bytes())
    with pytest.raises(ConfigError) as caught:
        config.load(project, environ={})
    assert caught.value.exit_code is ExitCode.USAGE
    return f"{caught.value}\n"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_message_is_exact(file: Path, tmp_path: Path) -> None:
    assert message(file, tmp_path) == file.with_suffix(".txt").read_text("utf-8")


def test_every_file_in_the_folder_is_checked() -> None:
    expected = {file.with_suffix(suffix).name for file in FILES for suffix in (".toml", ".txt")}
    assert {file.name for file in BAD.iterdir()} == expected
    assert len(FILES) >= 60
