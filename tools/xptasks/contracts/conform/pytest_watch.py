"""What the pytest plugin does in a project with contracts: an edge.

Answers are judged while a test runs, and a test whose service broke a contract fails when its own code is done. What
clients say is never held against a test: wrong requests are sent on purpose. With pytest-xdist the workers judge, and
the controller puts together what they touched.
"""

import json
import sys
import tomllib
from collections.abc import Generator
from contextlib import ExitStack
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from xptasks.contracts.conform.contracts import Contracts, Seen, covered
from xptasks.contracts.conform.http import Exchange
from xptasks.contracts.conform.interception import Door, Talk, intercepted
from xptasks.contracts.conform.messages import Conversation, Judged
from xptasks.contracts.conform.violation import Violation
from xptasks.errors import XpError

if TYPE_CHECKING:
    from types import FrameType

_KEY = "xptasks-conform"
_MARKER = "no_contract"
_MOST_TOLD = 5
_MOST_LISTED = 20


def watch(config: pytest.Config, report: str) -> "Watch | None":
    """The watch over a project's tests; None when its `[contracts]` names no document."""
    root = config.rootpath
    try:
        table = tomllib.loads((root / "xpconfig.toml").read_text(encoding="utf-8")).get("contracts")
    except (OSError, ValueError):
        return None  # the commands of xptasks say what is wrong with it
    documents = {kind: _paths(root, table, kind) for kind in ("openapi", "asyncapi")}
    return Watch(config, documents, report) if any(documents.values()) else None


def _paths(root: Path, table: object, kind: str) -> list[Path]:
    named = table.get(kind, ()) if isinstance(table, dict) else ()
    listed = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    return [_relative(root / str(name)) for name in listed]


def _relative(path: Path) -> Path:
    """As the user would name it, so that messages are short."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


class Judge:
    """Hears what clients hear, and notes what is wrong with what the service said."""

    def __init__(self, config: pytest.Config, documents: dict[str, list[Path]]) -> None:
        self._root = config.rootpath
        self._documents = documents
        self._urls = tuple(config.getini("contract_urls") or ())
        self._ignored = tuple(config.getini("contract_ignore"))
        self._broken: list[tuple[str, Violation]] = []
        self.seen = Seen()
        self.count = 0
        self.judging = False

    @cached_property
    def contracts(self) -> Contracts:
        """Read when the first answer comes."""
        try:
            return Contracts.load(self._documents["openapi"], self._documents["asyncapi"])
        except XpError as error:
            raise pytest.UsageError(str(error)) from None

    def response(self, exchange: Exchange, door: Door, address: str) -> None:
        """Judge a response, when it is the service's."""
        if not self.judging or not self._is_service(door, address) or self._is_ignored(exchange.path):
            return
        name = self.contracts.operation(exchange.method, exchange.path)
        if not name and door == "loopback":
            return  # some other server of the test's
        violations = self.contracts.check(exchange)
        if name and not any(violation.rule == "status" for violation in violations):
            self.seen.operations.add(name)
        self._blame(violations)

    def websocket(self, path: str, offered: list[str], chosen: str | None, door: Door, address: str) -> Talk | None:
        """Judge a handshake, when it is the service's, and listen on."""
        if not self.judging or not self._is_service(door, address):
            return None
        known = self.contracts.knows_channel(path)
        if known or door != "loopback":
            self._blame(self.contracts.handshake(path, offered, chosen))
        conversation = self.contracts.conversation(path) if known else None
        return _Listener(self, conversation) if conversation else None

    def heard(self, judged: Judged, *, of_client: bool) -> None:
        """Judge a message; of a client's only note which it was."""
        if self.judging and judged.title and not judged.violations:
            self.seen.messages.add(judged.title)
        if self.judging and not of_client:
            self._blame(judged.violations)

    def told(self) -> str:
        """What was wrong since the last time, as text; empty when nothing was."""
        broken, self._broken = self._broken, []
        self.count += len(broken)
        told = [f"{violation}\n  heard at  {line}" if line else str(violation) for line, violation in broken]
        more = [f"and {len(told) - _MOST_TOLD} more"] if len(told) > _MOST_TOLD else []
        return "\n".join(told[:_MOST_TOLD] + more)

    def _is_service(self, door: Door, address: str) -> bool:
        return door != "network" or any(address.startswith(url) for url in self._urls)

    def _is_ignored(self, path: str) -> bool:
        return any(fnmatchcase(path, pattern) for pattern in self._ignored)

    def _blame(self, violations: tuple[Violation, ...]) -> None:
        if violations:
            line = _line_of_test(self._root)
            self._broken += [(line, violation) for violation in violations]


class Watch:
    """Judges what a process's tests hear; in xdist's controller, puts together what the workers saw."""

    def __init__(self, config: pytest.Config, documents: dict[str, list[Path]], report: str) -> None:
        self._config = config
        self._judge = Judge(config, documents)
        self._report = report
        self._stack = ExitStack()
        self._under = [config.rootpath / folder for folder in config.getini("contract_paths")]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Begin to listen, after the tests were imported with all that they use."""
        if session.items and not session.config.getoption("collectonly"):
            self._stack.enter_context(intercepted(self._judge))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Fixtures get answers, too."""
        under = not self._under or any(item.path.is_relative_to(folder) for folder in self._under)
        self._judge.judging = under and item.get_closest_marker(_MARKER) is None
        yield
        self._fail()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """A test that passed, and whose service broke a contract, fails."""
        try:
            yield
        except BaseException:
            item.add_report_section("call", "contracts", self._judge.told())
            raise
        self._fail()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, None, None]:
        """What a fixture hears while it tears down."""
        yield
        self._judge.judging = False
        self._fail()

    def pytest_sessionfinish(self) -> None:
        """Stop listening; a worker tells its controller what its tests touched."""
        self._stack.close()
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_KEY] = self._judge.seen.as_lists() | {"violations": self._judge.count}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - pytest-xdist need not be installed
        """Hear from a worker."""
        told = getattr(node, "workeroutput", {}).get(_KEY)
        if told:
            self._judge.seen.add(told)
            self._judge.count += told["violations"]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 - its class is private
        """Say what no test touched, and write the report; nothing when nobody asked the service anything."""
        seen = self._judge.seen
        if not seen.operations and not seen.messages:
            return
        found = covered(self._judge.contracts, seen)
        if self._report:
            text = json.dumps(found | {"violations": self._judge.count}, indent=1)
            Path(self._report).write_text(text + "\n", encoding="utf-8")
        terminalreporter.section("contracts", sep="-")
        for line in _lines(found):
            terminalreporter.line(line)

    def _fail(self) -> None:
        text = self._judge.told()
        if text:
            pytest.fail(text, pytrace=False)


class _Listener:
    """Hears one websocket for the watch."""

    def __init__(self, judge: Judge, conversation: Conversation) -> None:
        self._judge = judge
        self._conversation = conversation

    def sent(self, data: str | bytes) -> None:
        """The service said this."""
        self._judge.heard(self._conversation.sent(data), of_client=False)

    def received(self, data: str | bytes) -> None:
        """The client said this."""
        self._judge.heard(self._conversation.received(data), of_client=True)


def _line_of_test(root: Path) -> str:
    """The nearest line of the project's own that waits for the answer."""
    here = Path(__file__).parent
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - traceback.extract_stack reads every file
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(root) and not file.is_relative_to(here) and "site-packages" not in file.parts:
            return f"{file.relative_to(root)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def _lines(found: dict[str, Any]) -> list[str]:
    lines = []
    for kind, part in found.items():
        touched, untouched = part["touched"], part["untouched"]
        total = len(touched) + len(untouched)
        lines.append(f"{len(touched)} of {total} {kind} of the contracts were touched")
        lines += [f"  not touched: {name}" for name in untouched[:_MOST_LISTED]]
        if len(untouched) > _MOST_LISTED:
            lines.append(f"  and {len(untouched) - _MOST_LISTED} more (--contract-report=FILE has all)")
    return lines
