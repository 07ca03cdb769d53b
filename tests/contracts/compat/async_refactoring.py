"""Ways to write an AsyncAPI document differently that change nothing for anybody, and from 2.6 to 3 and back."""

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

Contract = dict[str, Any]
_ORDERLESS = ("required", "enum", "messages", "security", "servers")
_SCHEMES = ("oauth2", "openIdConnect")
_WORDS = (("publish", "receive"), ("subscribe", "send"))


def holders(value: Any) -> Iterator[tuple[Any, Any, Any]]:  # noqa: ANN401 - any JSON value
    """Every member of every object and list: what holds it, its key, itself."""
    listed = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(listed):
        yield value, key, inner
        yield from holders(inner)


def target(document: Contract, ref: str) -> Any:  # noqa: ANN401
    """What a reference in the document leads to."""
    value: Any = document
    for token in ref.removeprefix("#/").split("/"):
        value = value[token.replace("~1", "/").replace("~0", "~")]
    return value


def reordered(document: Contract, random: Random) -> Contract:
    """Other orders of keys, and of lists whose order says nothing."""

    def shuffled(value: Any, key: str = "") -> Any:  # noqa: ANN401
        if isinstance(value, list):
            items = [shuffled(item) for item in value]
            if key in _ORDERLESS:
                random.shuffle(items)
            return items
        if not isinstance(value, dict):
            return value
        keys = list(value)
        random.shuffle(keys)
        return {key: shuffled(value[key], key) for key in keys}

    result: Contract = shuffled(document)
    return result


def inlined(document: Contract, random: Random) -> Contract:
    """A reference to a component replaced by what it leads to."""
    found = [
        (holder, key, inner["$ref"])
        for holder, key, inner in holders(document)
        if isinstance(inner, dict) and str(inner.get("$ref", "")).startswith("#/components/")
    ]
    if found:
        holder, key, ref = random.choice(found)
        value = copy.deepcopy(target(document, ref))
        if not any(inner == ref for _, word, inner in holders(value) if word == "$ref"):
            holder[key] = value
    return document


def extracted(document: Contract, random: Random) -> Contract:
    """A schema that is written out moved to the components."""
    found = [
        (holder, key)
        for holder, key, inner in holders(document.get("components", {}))
        if key in ("payload", "headers") and isinstance(inner, dict) and not inner.keys() & {"$ref", "schemaFormat"}
    ]
    if found:
        holder, key = random.choice(found)
        name = f"Moved{random.randrange(10**6)}"
        document.setdefault("components", {}).setdefault("schemas", {})[name] = holder[key]
        holder[key] = {"$ref": f"#/components/schemas/{name}"}
    return document


def with_traits(document: Contract, random: Random) -> Contract:
    """Part of a message or an operation said by a trait."""
    found = [inner for _, _, inner in holders(document) if isinstance(inner, dict) and "payload" in inner]
    found += [
        inner for _, _, inner in holders(document) if isinstance(inner, dict) and inner.keys() & {"action", "message"}
    ]
    for value in random.sample(found, min(len(found), 2)):
        words = [word for word in ("headers", "contentType", "correlationId", "bindings", "security") if word in value]
        if words and "traits" not in value:
            word = random.choice(words)
            value["traits"] = [{"summary": "split"}, {word: value.pop(word)}]
    return document


def wrapped(document: Contract, random: Random) -> Contract:
    """A payload as the only part of a conjunction or a union."""
    found = [
        inner
        for _, _, inner in holders(document)
        if isinstance(inner, dict) and isinstance(inner.get("payload"), dict) and "schemaFormat" not in inner["payload"]
    ]
    for value in random.sample(found, min(len(found), 1)):
        if "schemaFormat" not in value:
            value["payload"] = {random.choice(["allOf", "anyOf", "oneOf"]): [value["payload"]]}
    return document


def renamed(document: Contract, random: Random) -> Contract:
    """Another name for a component, or for a channel of 3.x."""
    kinds = [document.get("components", {}).get(kind) for kind in ("schemas", "securitySchemes", "messageTraits")]
    third = document["asyncapi"].startswith("3")
    named = [*kinds, document.get("channels")] if third else kinds
    found = [holder for holder in named if isinstance(holder, dict) and holder]
    if not found or (not third and "securitySchemes" in document.get("components", {})):
        return document
    holder = random.choice(found)
    name = random.choice(list(holder))
    place = "#/channels" if holder is document.get("channels") else _place(document, holder)
    holder[f"{name}X"] = holder.pop(name)
    for inner, key, value in holders(document):
        if key == "$ref" and isinstance(value, str):
            old = f"{place}/{name}"
            if value == old or value.startswith(f"{old}/"):
                inner[key] = f"{place}/{name}X{value[len(old) :]}"
    return document


def _place(document: Contract, holder: Contract) -> str:
    return next(f"#/components/{kind}" for kind, value in document["components"].items() if value is holder)


REFACTORINGS: tuple[Callable[[Contract, Random], Contract], ...] = (
    reordered,
    inlined,
    extracted,
    with_traits,
    wrapped,
    renamed,
)


def to_third(old: Contract) -> Contract:
    """An AsyncAPI 2 document as AsyncAPI 3 says it."""
    components = copy.deepcopy(old.get("components", {}))
    components["securitySchemes"] = {
        name: _scheme(value) for name, value in components.get("securitySchemes", {}).items()
    }
    components["parameters"] = {name: _parameter(value) for name, value in components.get("parameters", {}).items()}
    components["messages"] = {name: _message(value) for name, value in components.get("messages", {}).items()}
    new: Contract = {
        "asyncapi": "3.0.0",
        "info": old["info"],
        "channels": {},
        "operations": {},
        "components": components,
    }
    if "defaultContentType" in old:
        new["defaultContentType"] = old["defaultContentType"]
    new["servers"] = {name: _server(value, old) for name, value in old.get("servers", {}).items()}
    for number, (address, channel) in enumerate(old["channels"].items()):
        _channel(new, f"channel{number}", address, channel, old)
    return new


def _server(value: Contract, old: Contract) -> Contract:
    server = copy.deepcopy(value)
    host, slash, path = server.pop("url").rpartition("://")[2].partition("/")
    server |= {"host": host} | ({"pathname": f"/{path}"} if slash else {})
    return _secured(server, old)


def _secured(holder: Contract, old: Contract) -> Contract:
    if "security" in holder:
        holder["security"] = [_required(one, old) for one in holder["security"]]
    return holder


def _required(one: Contract, old: Contract) -> Contract:
    [(name, scopes)] = one.items()
    scheme = old["components"]["securitySchemes"][name]
    if scheme["type"] not in _SCHEMES:
        return {"$ref": f"#/components/securitySchemes/{name}"}
    return _scheme(scheme) | {"scopes": scopes}


def _scheme(value: Contract) -> Contract:
    scheme = copy.deepcopy(value)
    for flow in scheme.get("flows", {}).values():
        flow["availableScopes"] = flow.pop("scopes")
    return scheme


def _parameter(value: Contract) -> Contract:
    schema = value.get("schema", {})
    words = {word: schema[word] for word in ("enum", "default") if word in schema}
    return {"$ref": value["$ref"]} if "$ref" in value else words | {k: v for k, v in value.items() if k == "location"}


def _message(value: Contract) -> Contract:
    message = copy.deepcopy(value)
    if "schemaFormat" in message:
        message["payload"] = {"schemaFormat": message.pop("schemaFormat"), "schema": message["payload"]}
    return {word: inner for word, inner in message.items() if word != "messageId"}


def _channel(new: Contract, key: str, address: str, channel: Contract, old: Contract) -> None:
    parameters = {name: _parameter(value) for name, value in channel.get("parameters", {}).items()}
    made: Contract = {"address": address, "messages": {}, "parameters": parameters}
    if "bindings" in channel:
        made["bindings"] = channel["bindings"]
    if "servers" in channel:
        made["servers"] = [{"$ref": f"#/servers/{name}"} for name in channel["servers"]]
    new["channels"][key] = made
    for word, action in _WORDS:
        if word in channel:
            operation = copy.deepcopy(channel[word])
            message = operation.pop("message")
            listed = message.get("oneOf", [message])
            refs = []
            for index, one in enumerate(listed):
                made["messages"][f"{word}{index}"] = one if "$ref" in one else _message(one)
                refs.append({"$ref": f"#/channels/{key}/messages/{word}{index}"})
            name = operation.pop("operationId", f"{key}.{word}")
            new["operations"][name] = _secured(operation, old) | {
                "action": action,
                "channel": {"$ref": f"#/channels/{key}"},
                "messages": refs,
            }


def to_second(new: Contract) -> Contract:
    """An AsyncAPI 3 document as AsyncAPI 2 says it; replies are what is said at their channel."""
    components = copy.deepcopy(new.get("components", {}))
    for scheme in components.get("securitySchemes", {}).values():
        for flow in scheme.get("flows", {}).values():
            flow["scopes"] = flow.pop("availableScopes")
        scheme.pop("scopes", None)
    components["parameters"] = {name: _varying(value) for name, value in components.get("parameters", {}).items()}
    old: Contract = {"asyncapi": "2.6.0", "info": new["info"], "channels": {}, "components": components}
    if "defaultContentType" in new:
        old["defaultContentType"] = new["defaultContentType"]
    old["servers"] = {name: _old_server(new, server, components) for name, server in new.get("servers", {}).items()}
    for channel in new["channels"].values():
        parameters = {name: _varying(value) for name, value in (channel.get("parameters") or {}).items()}
        made: Contract = {"parameters": parameters}
        made |= {"bindings": channel["bindings"]} if "bindings" in channel else {}
        if "servers" in channel:
            made["servers"] = [one["$ref"].rpartition("/")[2] for one in channel["servers"]]
        old["channels"][channel["address"]] = made
    for name, operation in new["operations"].items():
        _speak(new, old, name, operation, operation["action"])
        if "reply" in operation:
            flipped = "send" if operation["action"] == "receive" else "receive"
            _speak(new, old, f"{name}Reply", operation["reply"], flipped)
    return old


def _old_server(new: Contract, value: Contract, components: Contract) -> Contract:
    server = copy.deepcopy(value)
    server["url"] = server.pop("host") + server.pop("pathname", "")
    if "security" in server:
        server["security"] = [_by_name(new, one, components) for one in server["security"]]
    return server


def _by_name(new: Contract, one: Contract, components: Contract) -> Contract:
    """A requirement by name; a scheme that is written out gets one."""
    if "$ref" in one:
        name = one["$ref"].rpartition("/")[2]
        return {name: target(new, one["$ref"]).get("scopes", [])}
    scheme = copy.deepcopy(one)
    scopes = scheme.pop("scopes", [])
    for flow in scheme.get("flows", {}).values():
        flow["scopes"] = flow.pop("availableScopes")
    known = (name for name, value in components["securitySchemes"].items() if value == scheme)
    name = next(known, f"scheme{len(components['securitySchemes'])}")
    components["securitySchemes"][name] = scheme
    return {name: scopes}


def _varying(value: Contract | None) -> Contract:
    given = value or {}
    if "$ref" in given:
        return given
    schema = {"type": "string"} | {word: given[word] for word in ("enum", "default") if word in given}
    return {"schema": schema} | {word: inner for word, inner in given.items() if word == "location"}


def _speak(new: Contract, old: Contract, name: str, holder: Contract, action: str) -> None:
    channel = target(new, holder["channel"]["$ref"])
    word = "publish" if action == "receive" else "subscribe"
    refs = [one["$ref"] for one in holder["messages"]] if "messages" in holder else None
    messages = [target(new, ref) for ref in refs] if refs is not None else list(channel["messages"].values())
    kept = {word: inner for word, inner in holder.items() if word in ("bindings", "traits")}
    if "security" in holder:
        kept["security"] = [_by_name(new, one, old["components"]) for one in holder["security"]]
    said = old["channels"][channel["address"]].setdefault(word, {"operationId": name, **kept, "message": {"oneOf": []}})
    said["message"]["oneOf"] += [message for message in messages if message not in said["message"]["oneOf"]]
