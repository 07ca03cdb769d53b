"""Talk to the service over its websockets: `python -m xptasks.steps._converse ORDER`, ORDER as JSON.

Starts the project's service. Prints one report as a line of JSON; exit code 0, 1 when there are faults, and those of
XpError. What is asked of the service:

- a handshake is answered as the contract says, and without the credentials that it asks for nothing is told;
- whatever it sends is a message of the contract;
- a right message that has a reply in the contract gets one, with its correlation id, and not only refusals;
- a wrong message is refused: by one of the refusing messages, or by closing with a code that blames the client.
"""

import json
import shlex
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.exceptions import InvalidHandshake

from xptasks.contracts.conform import MessageContract, Violation, samples
from xptasks.contracts.conform.channels import Channel, Message
from xptasks.contracts.conform.messages import Judged, label
from xptasks.contracts.conform.schemas import inside
from xptasks.contracts.document import Location
from xptasks.contracts.json_text import shorten
from xptasks.errors import CannotRunError, ConfigError, UsageError, XpError
from xptasks.service.launch import running
from xptasks.settings import mask
from xptasks.steps._client import Client, filled
from xptasks.steps._talk import Hearing, Talk, blames_client, talking

_GREETING = 0.3  # seconds in which a service that speaks first does so, and one that throws out a stranger does that
_HEX = "hex:"


@dataclass
class Report:
    """What was found so far."""

    findings: list[dict[str, Any]] = field(default_factory=list)
    told: set[tuple[str, str, str]] = field(default_factory=set)
    right: int = 0
    wrong: int = 0
    channels: int = 0
    untested: list[str] = field(default_factory=list)


class Examiner:
    """Examines the channels of one document; `offered` are the subprotocols of a client with credentials."""

    def __init__(self, contract: MessageContract, order: Mapping[str, Any], client: Client, url: str) -> None:
        self._contract = contract
        self._order = order
        self._client = client
        self._url = url
        self._until: float = time.monotonic() + order["max_time"]
        self._number = 0
        self.report = Report()

    def examine(self, channel: Channel) -> None:
        """Everything about one channel."""
        if channel.address is None or "{" in channel.address:
            self.report.untested.append(f"{label(channel)}: its address is only known at run time")
            return
        self.report.channels += 1
        if self._is_let_in(channel):
            self._stranger(channel)
            for message in channel.received.values():
                self._right(channel, message)
                self._wrong(channel, message.name, message.at, samples.wrong(self._contract, channel, message))
            self._wrong(channel, "malformed", channel.at, samples.malformed(self._contract, channel))

    def open(self, channel: Channel, *, stranger: bool = False) -> Any:  # noqa: ANN401 - a context manager
        """A websocket; a stranger shows no credentials."""
        headers = {} if stranger else self._client.headers
        return talking(self._contract, channel, self._url, headers, self._offered(channel, stranger=stranger))

    def _offered(self, channel: Channel, *, stranger: bool) -> tuple[str, ...]:
        own = () if stranger else tuple(filled(text, self._client, Path.cwd()) for text in self._order["subprotocols"])
        return own or channel.subprotocols or ()

    def _is_let_in(self, channel: Channel) -> bool:
        who = f"{label(channel)} handshake"
        try:
            with self.open(channel) as talk:
                offered = self._offered(channel, stranger=False)
                self._note_all(self._contract.handshake(channel.address or "", offered=offered, chosen=talk.chosen))
                hearing = talk.hear(_GREETING)
        except InvalidHandshake as error:
            self._note(who, "handshake", f"the service refuses it: {error}", channel.at)
            return False
        self._note_all(hearing.violations)
        if hearing.closed is not None:
            self._note(who, "handshake", f"the service closes with {hearing.closed} at once", channel.at)
        return hearing.closed is None

    def _stranger(self, channel: Channel) -> None:
        """Without credentials the service says nothing, where the contract asks for them."""
        place = _security(self._contract)
        if place is None:
            return
        try:
            with self.open(channel, stranger=True) as talk:
                hearing = talk.hear(self._order["reply_timeout"], lambda _: True)
        except InvalidHandshake:
            return
        if hearing.heard or hearing.closed is None or not blames_client(hearing.closed):
            did = "tells it something" if hearing.heard else f"does not close ({hearing.closed or 'it stays open'})"
            message = f"the contract asks for credentials, and to a client without any the service {did}"
            self._note(f"{label(channel)} handshake", "security", message, place, heard=hearing)

    def _right(self, channel: Channel, message: Message) -> None:
        request = channel.requests.get(message.name)
        replies = {reply.name for reply in request.replies} if request else set()
        names: list[str] = []
        who = f"{label(channel)} received {message.name}"
        for value in samples.valid(self._contract, message):
            if self._is_late(who):
                return
            text, ref = self._with_ref(message, value)
            hearing = self._ask(
                channel, text, lambda judged, ref=ref: _answers(channel, judged, replies, ref), bool(replies)
            )
            self.report.right += 1
            self._note_all(hearing.violations, text)
            if hearing.closed is not None:
                self._note(
                    who, "closed", f"a right message is answered by closing with {hearing.closed}", message.at, text
                )
            elif replies and hearing.answer is None:
                waited = f"{self._order['reply_timeout']:g} s"
                told = f"no reply within {waited}" + (f" with its correlation id {ref!r}" if ref else "")
                self._note(who, "reply", told, message.at, text, hearing, " or ".join(sorted(replies)))
                return
            elif hearing.answer is not None:
                names.append(hearing.answer.name)
        refusals = set(self._order["refusals"])
        if names and set(names) <= refusals and not replies <= refusals:
            told = "every right message is refused"
            self._note(who, "reply", told, message.at, "", None, " or ".join(sorted(replies - refusals)))

    def _wrong(self, channel: Channel, name: str, place: Location, wrongs: Iterable[samples.Wrong]) -> None:
        who = f"{label(channel)} received {name}"
        refusals = set(self._order["refusals"])
        replies = {reply for reply in channel.sent if reply not in channel.unprompted}
        for wrong in wrongs:
            if self._is_late(who):
                return
            hearing = self._ask(channel, wrong.text, lambda judged: judged.name in refusals | replies, waits=True)
            self.report.wrong += 1
            self._note_all(hearing.violations, wrong.text)
            refused = hearing.answer is not None and hearing.answer.name in refusals
            if refused or (hearing.closed is not None and blames_client(hearing.closed)) or hearing.violations:
                continue
            expected = f"{' or '.join(sorted(refusals))}, or closing with a code that blames the client"
            self._note(
                who, "refusal", f"a wrong message is not refused ({wrong.why})", place, wrong.text, hearing, expected
            )
            if hearing.answer is None and hearing.closed is None:
                return  # each silence costs the whole time

    def _ask(self, channel: Channel, text: str | bytes, is_answer: Any, waits: bool) -> Hearing:  # noqa: ANN401, FBT001
        """Say something on a websocket of its own, so that one message cannot spoil the next."""
        with self.open(channel) as talk:
            talk.say(text)
            hearing: Hearing = talk.hear(self._order["reply_timeout"] if waits else _GREETING, is_answer)
        return hearing

    def _with_ref(self, message: Message, value: Any) -> tuple[str, str]:  # noqa: ANN401
        """The payload with a correlation id of its own, where one may stand at the top."""
        if message.correlation and len(message.correlation) == 1 and isinstance(value, dict):
            self._number += 1
            ref = f"xptasks-{self._number}"
            if self._contract.fits(message, value | {message.correlation[0]: ref}):
                return json.dumps(value | {message.correlation[0]: ref}), ref
        return json.dumps(value), ""

    def _is_late(self, who: str) -> bool:
        late = time.monotonic() > self._until
        if late and who not in self.report.untested:
            self.report.untested.append(who)
        return late

    def _note_all(self, violations: Iterable[Violation], text: str | bytes = "") -> None:
        for violation in violations:
            self._keep(violation, text)

    def _note(  # noqa: PLR0913, PLR0917 - what a violation holds
        self,
        who: str,
        rule: str,
        message: str,
        place: Location,
        text: str | bytes = "",
        heard: Hearing | None = None,
        expected: str = "",
    ) -> None:
        got = ""
        if heard is not None:
            closed = [f"closed with {heard.closed}"] if heard.closed is not None else []
            got = shorten(" ".join([*(str(data) for data in heard.heard), *closed]) or "nothing", 150)
        document = self._contract.document
        found = Violation(who, rule, message, document, place, "", expected or ("silence" if heard else ""), got)
        self._keep(found, text)

    def _keep(self, violation: Violation, text: str | bytes) -> None:
        key = (violation.operation, violation.rule, f"{violation.place.file}{violation.place.pointer}")
        if key in self.report.told:
            return
        self.report.told.add(key)
        place = violation.position
        said = text if isinstance(text, str) else _HEX + text.hex()
        words = [str(self._order["rerun"]), shlex.quote(violation.operation.partition(" ")[0])]
        words += [shlex.quote(said)] if text else []
        message = f"{violation}\n  after     {shorten(said, 150)}" if text else str(violation)
        at = {"file": place.file, "line": place.line, "column": place.column}
        hint = f"to see it again: {' '.join(words)}"
        self.report.findings.append({"message": message, "rule": violation.rule, "hint": hint} | at)


def _answers(channel: Channel, judged: Judged, replies: set[str], ref: str) -> bool:
    """Whether a message is the reply to what was said with this correlation id; any of the replies without one."""
    if judged.name not in replies:
        return False
    at = channel.sent[judged.name].correlation
    repeated: object = judged.value.get(at[0]) if at and isinstance(judged.value, dict) else None
    return not ref or not at or repeated == ref


def _security(contract: MessageContract) -> Location | None:
    """Where the contract asks for credentials: at a server."""
    root = Location(contract.document.name, "", contract.document.value)
    servers = root.value.get("servers")
    for name, server in servers.items() if isinstance(servers, dict) else ():
        if isinstance(server, dict) and server.get("security"):
            return inside(root, "servers", name, "security")
    return None


def retell(examiner: Examiner, channels: Iterable[Channel], words: list[str], seconds: float) -> list[Violation]:
    """Say what the words say, and print what is heard."""
    channel = next((channel for channel in channels if label(channel) == words[0]), None)
    if channel is None:
        raise UsageError(f"no channel is at {words[0]!r}", hint="the first word is a channel's address, then messages")
    violations: list[Violation] = []
    with examiner.open(channel) as talk:
        _listen(talk, _GREETING, violations)
        for word in words[1:]:
            sys.stdout.write(f"> {word}\n")
            talk.say(bytes.fromhex(word.removeprefix(_HEX)) if word.startswith(_HEX) else word)
            _listen(talk, seconds, violations)
    return violations


def _listen(talk: Talk, seconds: float, violations: list[Violation]) -> None:
    hearing = talk.hear(seconds)
    sys.stdout.writelines(f"< {data!s}\n" for data in hearing.heard)
    if hearing.closed is not None:
        sys.stdout.write(f"closed with {hearing.closed}\n")
    violations.extend(hearing.violations)


def main(text: str) -> int:
    """Start the service, talk to it, and print the report."""
    order = json.loads(text)
    try:
        client = Client.of(order, Path.cwd())
        contracts = [MessageContract.load(Path(path)) for path in order["asyncapi"]]
        if not contracts:
            hint = "[contracts] asyncapi names it"
            raise ConfigError("there is no AsyncAPI document", where="xpconfig.toml", hint=hint)
        with running(client.service, Path.cwd()) as service:
            reports = [_examined(contract, order, client, service.websocket_url) for contract in contracts]
    except XpError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"the service does not answer: {error}\n")
        return CannotRunError.exit_code
    return _print(reports, client)


def _examined(contract: MessageContract, order: Mapping[str, Any], client: Client, url: str) -> Report:
    examiner = Examiner(contract, order, client, url)
    if order["words"]:
        for violation in retell(examiner, contract.channels, order["words"], order["reply_timeout"]):
            sys.stdout.write(f"{violation}\n")
            examiner.report.findings.append(_told(violation))
        return examiner.report
    for channel in contract.channels:
        examiner.examine(channel)
    return examiner.report


def _told(violation: Violation) -> dict[str, Any]:
    place = violation.position
    at = {"file": place.file, "line": place.line, "column": place.column}
    return {"message": str(violation), "rule": violation.rule, "hint": ""} | at


def _print(reports: list[Report], client: Client) -> int:
    findings = [item for report in reports for item in report.findings]
    untested = [item for report in reports for item in report.untested]
    counts = {name: sum(getattr(report, name) for report in reports) for name in ("right", "wrong", "channels")}
    text = json.dumps({"findings": findings, "untested": untested} | counts)
    sys.stdout.write(mask(text, client.secrets) + "\n")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
