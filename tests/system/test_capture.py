from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.system import capture
from xptasks.system.capture import Capture, Stream


class Watched:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, stream: Stream, lines: tuple[str, ...]) -> None:
        self.lines += lines


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"\xc3", b"\xa9", b"\xff", b"xyz"])))
def test_chunks_do_not_matter(chunks: list[bytes]) -> None:
    watch = Watched()
    output = Capture(None, watch)
    for chunk in chunks:
        output.feed("stdout", chunk)
    output.close()
    whole = b"".join(chunks).decode(errors="replace")
    assert output.text("stdout") == whole
    lines = whole.split("\n") if whole else []
    assert watch.lines == [line.removesuffix("\r") for line in (lines[:-1] if lines and not lines[-1] else lines)]


def test_a_line_without_end_does_not_wait_for_ever() -> None:
    watch = Watched()
    output = Capture(None, watch)
    for _ in range(3):
        output.feed("stderr", b"x" * 40_000)
    assert [len(line) for line in watch.lines] == [80_000]
    output.close()
    assert [len(line) for line in watch.lines] == [80_000, 40_000]


def test_memory_and_log_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "LIMIT", 10)
    log = tmp_path / "step.log"
    output = Capture(log, Watched())
    for chunk in (b"1234567", b"89\nABC", b"DEF"):
        output.feed("stdout", chunk)
    output.close()
    assert output.text("stdout") == log.read_text() == "123456789\n"
    assert output.problem == "the log is cut short after 10 bytes"
    assert output.tail == ("123456789", "ABCDEF")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_does_not_end_the_run() -> None:
    output = Capture(Path("/dev/full"), Watched())
    output.feed("stdout", b"kept\n")
    output.close()
    assert output.text("stdout") == "kept\n"
    assert output.problem == "the log is cut short: No space left on device"


def test_the_tail_is_of_both_streams() -> None:
    output = Capture(None, Watched())
    for number in range(12):
        output.feed("stdout" if number % 2 else "stderr", f"{number}\n".encode())
    assert output.tail == tuple(str(number) for number in range(2, 12))
