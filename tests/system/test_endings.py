import os
import signal

import pytest

from xptasks.system import endings
from xptasks.system.process_table import Row

STOP, KILL = signal.SIGSTOP, signal.SIGKILL


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    record: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "killpg", lambda group, signum: record.append((group, signum)))
    monkeypatch.setattr(os, "kill", lambda pid, signum: record.append((-pid, signum)))
    return record


def row(pid: int, group: int) -> Row:
    return Row(pid, 1, group, float(pid))


def test_everything_is_stopped_before_anything_is_killed(sent: list[tuple[int, int]]) -> None:
    """The process of group 8 appears while group 7 is being stopped."""
    looks = iter([[row(2**22 + 1, 7)], [row(2**22 + 1, 7), row(2**22 + 2, 8)], [row(2**22 + 2, 8)]])
    endings.kill(lambda: next(looks))
    assert sent[:2] == [(7, STOP), (8, STOP)]
    assert sorted(sent[2:]) == [(7, KILL), (8, KILL)]


def test_what_keeps_growing_is_killed_nevertheless(sent: list[tuple[int, int]]) -> None:
    groups = iter(range(10**6, 10**6 + 1000))
    endings.kill(lambda: [row(2**22, next(groups))])
    assert len([group for group, signum in sent if signum == KILL]) == len(sent) / 2


def test_nothing_to_end(sent: list[tuple[int, int]]) -> None:
    endings.kill(list)
    assert sent == []


def test_our_own_group_is_never_signalled_as_a_whole(sent: list[tuple[int, int]]) -> None:
    endings.send([row(2**22 + 1, os.getpgrp()), row(2**22 + 2, 9)], signal.SIGTERM)
    assert sorted(sent) == [(-(2**22 + 1), signal.SIGTERM), (9, signal.SIGTERM)]


def test_what_is_gone_or_anothers_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(group: int, _: int) -> None:
        raise ProcessLookupError if group == 7 else PermissionError

    monkeypatch.setattr(os, "killpg", refuse)
    endings.send([row(2**22 + 1, 7), row(2**22 + 2, 8)], signal.SIGTERM)
