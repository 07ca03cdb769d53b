"""AsyncAPI: channels, operations, messages, servers and security belong together."""

import re
from collections.abc import Iterator
from typing import Any

from xptasks.contracts.document import Location
from xptasks.contracts.rules import Rule, View
from xptasks.contracts.shapes import Node
from xptasks.contracts.source import Fault
from xptasks.results import Finding

RULES = {
    "asyncapi-channel-parameter": Rule("AsyncAPI", "error", "The names in an address are the channel's parameters."),
    "asyncapi-operation-action": Rule("AsyncAPI 3", "error", "An operation's action is `send` or `receive`."),
    "asyncapi-operation-channel": Rule("AsyncAPI 3", "error", "An operation's channel is a `$ref` to a channel."),
    "asyncapi-operation-message": Rule(
        "AsyncAPI 3", "error", "The messages of an operation or a reply are messages of its channel."
    ),
    "asyncapi-operation-id": Rule("AsyncAPI 2", "error", "Every `operationId` is used once."),
    "asyncapi-message-id": Rule("AsyncAPI 2", "error", "Every `messageId` is used once."),
    "asyncapi-server": Rule("AsyncAPI 2", "error", "A channel's servers exist."),
    "asyncapi-server-variable": Rule("AsyncAPI", "error", "The names in a server's address are its variables."),
    "asyncapi-security": Rule("AsyncAPI", "error", "Security names a scheme that exists, of a type that exists."),
    "asyncapi-expression": Rule(
        "AsyncAPI", "error", "A location is `$message.header#/...` or `$message.payload#/...`."
    ),
    "asyncapi-same-address": Rule("AsyncAPI 3", "error", "No two channels of one server have the same address."),
}

_TEMPLATE = re.compile(r"\{([^{}]*)\}")
_EXPRESSION = re.compile(r"\$message\.(?:header|payload)#(?:/(?:[^~]|~[01])*)?", re.DOTALL)
_SECURITY_TYPES = frozenset({
    "userPassword", "apiKey", "X509", "symmetricEncryption", "asymmetricEncryption", "httpApiKey", "http", "oauth2",
    "openIdConnect", "plain", "scramSha256", "scramSha512", "gssapi",
})  # fmt: skip


def check(view: View) -> Iterator[Finding]:
    """Checks an AsyncAPI document; nothing in others."""
    if view.is_openapi:
        return
    for node in view.walk.of("server"):
        yield from _server(view, node)
    for node in view.walk.of("security-scheme"):
        yield from _scheme(view, node)
    for node in view.walk.of("correlation-id", "parameter", "reply-address"):
        yield from _expression(view, node)
    yield from _version_3(view) if view.document.version[0] == 3 else _version_2(view)  # noqa: PLR2004


def _server(view: View, node: Node) -> Iterator[Finding]:
    variables = _mapping(node.value, "variables")
    for key in ("url", "host", "pathname"):
        text = node.value.get(key)
        for name in _TEMPLATE.findall(text) if isinstance(text, str) else ():
            if name not in variables:
                yield view.at(node, "asyncapi-server-variable", f"the variable {name!r} is not defined", key)


def _scheme(view: View, node: Node) -> Iterator[Finding]:
    type_ = node.value.get("type")
    if isinstance(type_, str) and type_ not in _SECURITY_TYPES:
        hint = f"Known: {', '.join(sorted(_SECURITY_TYPES))}."
        yield view.at(node, "asyncapi-security", f"there is no type of security {type_!r}", "type", hint=hint)


def _expression(view: View, node: Node) -> Iterator[Finding]:
    location = node.value.get("location")
    if isinstance(location, str) and not _EXPRESSION.fullmatch(location):
        message = f"{location!r} is not a runtime expression"
        hint = "Write $message.header#/name or $message.payload#/name."
        yield view.at(node, "asyncapi-expression", message, "location", hint=hint)


def _parameters(view: View, node: Node, address: object, place: str) -> Iterator[Finding]:
    wanted = _TEMPLATE.findall(address) if isinstance(address, str) else []
    declared = _mapping(node.value, "parameters")
    for name in dict.fromkeys(wanted):
        if name not in declared:
            message = f"the parameter {name!r} of the address {address!r} is not declared"
            yield view.complain("asyncapi-channel-parameter", node.file, place, message, "Add it to `parameters`.")
    for name in declared:
        if name not in wanted:
            message = f"the address {address!r} has no parameter {name!r}"
            where = node.inside("parameters", name)
            yield view.complain("asyncapi-channel-parameter", node.file, where, message, value=False)


def _mapping(value: Any, key: str) -> dict[str, Any]:  # noqa: ANN401
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _list(value: Any, key: str) -> list[Any]:  # noqa: ANN401
    inner = value.get(key)
    return inner if isinstance(inner, list) else []


def _target(view: View, node: Node, *tokens: object) -> Location | None:
    """Where the value below a node is really defined."""
    value = node.value
    for token in tokens:
        value = value[token]
    try:
        return view.document.follow(Location(node.file, node.inside(*tokens), value))
    except Fault:
        return None


# --- AsyncAPI 3 ---


def _version_3(view: View) -> Iterator[Finding]:
    for node in view.walk.of("channel"):
        yield from _parameters(view, node, node.value.get("address"), node.inside("address"))
    for node in view.walk.of("operation"):
        yield from _operation(view, node)
    yield from _addresses(view)


def _operation(view: View, node: Node) -> Iterator[Finding]:
    action = node.value.get("action")
    if isinstance(action, str) and action not in ("send", "receive"):
        yield view.at(node, "asyncapi-operation-action", f"{action!r} is neither 'send' nor 'receive'", "action")
    yield from _subset(view, node, "channel")
    reply = _target(view, node, "reply") if "reply" in node.value else None
    if reply is not None and isinstance(reply.value, dict):
        yield from _subset(view, Node("reply", *_parts(reply)), "channel")


def _parts(place: Location) -> tuple[str, str, Any]:
    return place.file, place.pointer, place.value


def _subset(view: View, node: Node, key: str) -> Iterator[Finding]:
    if key not in node.value:
        return
    if not isinstance(node.value[key], dict) or "$ref" not in node.value[key]:
        yield view.at(node, "asyncapi-operation-channel", "must be a $ref to a channel", key)
        return
    channel = _target(view, node, key)
    if channel is None or not isinstance(channel.value, dict):
        return
    messages = Node("channel", *_parts(channel))
    known = {_place(_target(view, messages, "messages", name)) for name in _mapping(channel.value, "messages")}
    for index in range(len(_list(node.value, "messages"))):
        target = _target(view, node, "messages", index)
        if target is not None and _place(target) not in known:
            message = "is not a message of the channel"
            hint = f"The channel has: {', '.join(_mapping(channel.value, 'messages')) or 'no messages'}."
            yield view.at(node, "asyncapi-operation-message", message, "messages", index, hint=hint)


def _place(target: Location | None) -> tuple[str, str] | None:
    return (target.file, target.pointer) if target else None


def _addresses(view: View) -> Iterator[Finding]:
    first: dict[tuple[str, str], str] = {}
    for name, value in _mapping(view.document.value, "channels").items():
        node = Node("channel", view.document.name, "/channels/" + name.replace("~", "~0").replace("/", "~1"), value)
        target = _target(view, node)
        address = target.value.get("address") if target and isinstance(target.value, dict) else None
        if target is None or not isinstance(address, str):
            continue
        servers = sorted(str(server) for server in _list(target.value, "servers"))
        key = (_TEMPLATE.sub("{}", address), str(servers))
        if first.setdefault(key, target.pointer) != target.pointer:
            message = f"the address {address!r} is already the one of another channel"
            yield view.complain("asyncapi-same-address", target.file, f"{target.pointer}/address", message)


# --- AsyncAPI 2 ---


def _version_2(view: View) -> Iterator[Finding]:
    for address, value in _mapping(view.document.value, "channels").items():
        pointer = "/channels/" + address.replace("~", "~0").replace("/", "~1")
        target = _target(view, Node("channel", view.document.name, pointer, value))
        if target is not None and isinstance(target.value, dict):
            yield from _parameters(view, Node("channel", *_parts(target)), address, pointer)
    yield from _unique(view, "operation", "operationId", "asyncapi-operation-id")
    yield from _unique(view, "message", "messageId", "asyncapi-message-id")
    yield from _servers(view)
    yield from _requirements(view)


def _unique(view: View, kind: str, key: str, rule: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for node in view.walk.of(kind):
        name = node.value.get(key)
        if isinstance(name, str) and name in seen:
            yield view.at(node, rule, f"the {key} {name!r} is already used", key)
        seen.add(name if isinstance(name, str) else "")


def _servers(view: View) -> Iterator[Finding]:
    known = _mapping(view.document.value, "servers")
    for node in view.walk.of("channel"):
        for index, name in enumerate(_list(node.value, "servers")):
            if isinstance(name, str) and name not in known:
                hint = f"Known: {', '.join(known) or 'none'}."
                yield view.at(node, "asyncapi-server", f"there is no server {name!r}", "servers", index, hint=hint)


def _requirements(view: View) -> Iterator[Finding]:
    schemes = _mapping(_mapping(view.document.value, "components"), "securitySchemes")
    for node in view.walk.of("server", "operation", "operation-trait"):
        for index, requirement in enumerate(_list(node.value, "security")):
            for name in requirement if isinstance(requirement, dict) else ():
                if name not in schemes:
                    message = f"there is no security scheme {name!r}"
                    hint = f"Known: {', '.join(schemes) or 'none'}."
                    place = node.inside("security", index, name)
                    yield view.complain("asyncapi-security", node.file, place, message, hint, value=False)
