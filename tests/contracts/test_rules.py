"""Every rule finds its mistake at its place, and says nothing about a contract without it."""
# ruff: noqa: E501 - the table reads best with one case a line

from pathlib import Path

import pytest

from xptasks.contracts import rules
from xptasks.contracts.examine import SECOND_OPINION, examine
from xptasks.contracts.rules import loading

OPENAPI = """\
openapi: 3.1.0
info: {title: t, version: '1'}
tags: [{name: a}]
servers:
  - {url: 'https://{region}.localhost/', variables: {region: {default: eu, enum: [eu, us]}}}
security: [{token: []}]
paths:
  /things/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
    get:
      operationId: read
      parameters: [{$ref: '#/components/parameters/Page'}]
      responses:
        '200':
          description: fine
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Thing'}
              example: {kind: small, size: 1}
          links: {again: {operationId: read}}
components:
  parameters:
    Page: {name: page, in: query, schema: {type: integer, default: 1}}
  securitySchemes:
    token: {type: http, scheme: bearer}
  schemas:
    Thing:
      type: object
      required: [kind, size]
      properties:
        kind: {type: string, pattern: '^[a-z]+$'}
        size: {type: integer}
      discriminator: {propertyName: kind, mapping: {small: Thing}}
    When: {type: string, format: date-time, examples: ['2026-01-31T10:00:00Z']}
"""
ASYNC_2 = """\
asyncapi: 2.6.0
info: {title: t, version: '1'}
servers:
  main: {url: 'ws://{host}/', protocol: ws, variables: {host: {default: localhost}}, security: [{token: []}]}
channels:
  things/{id}:
    servers: [main]
    parameters: {id: {schema: {type: string}, location: '$message.payload#/id'}}
    subscribe:
      operationId: hear
      message: {$ref: '#/components/messages/Thing'}
    publish:
      operationId: tell
      message:
        oneOf: [{$ref: '#/components/messages/Thing'}, {messageId: other, payload: {type: string}}]
components:
  messages:
    Thing:
      messageId: thing
      payload: {$ref: '#/components/schemas/Thing'}
      examples: [{payload: {id: a}}]
  schemas:
    Thing: {type: object, required: [id], properties: {id: {type: string, default: a}}}
  securitySchemes: {token: {type: httpApiKey, name: token, in: query}}
"""
ASYNC_3 = """\
asyncapi: 3.0.0
info: {title: t, version: '1'}
servers:
  main:
    host: '{name}.localhost'
    protocol: ws
    variables: {name: {default: a}}
    security: [{$ref: '#/components/securitySchemes/token'}]
channels:
  things:
    address: things/{id}
    messages: {thing: {$ref: '#/components/messages/Thing'}}
    parameters: {id: {location: '$message.payload#/id'}}
    servers: [{$ref: '#/servers/main'}]
  answers:
    address: answers
    messages: {answer: {payload: {type: string}}}
operations:
  tell:
    action: send
    channel: {$ref: '#/channels/things'}
    messages: [{$ref: '#/channels/things/messages/thing'}]
    reply:
      channel: {$ref: '#/channels/answers'}
      messages: [{$ref: '#/channels/answers/messages/answer'}]
components:
  messages:
    Thing:
      payload:
        schemaFormat: application/vnd.aai.asyncapi+json;version=3.0.0
        schema: {$ref: '#/components/schemas/Thing'}
      examples: [{payload: {id: a}}]
  schemas:
    Thing: {type: object, required: [id], properties: {id: {type: string}}}
  securitySchemes: {token: {type: http, scheme: bearer}}
"""

# contract, what is replaced, by what, rule, the text that the finding points at, a part of the message
CASES: list[tuple[str, str, str, str, str, str]] = [
    (OPENAPI, "title: t,", "", "openapi-structure", "info", "the key 'title' is missing"),
    (OPENAPI, "title: t,", "title: 1,", "openapi-structure", "1,", "1 must be of the type string"),
    (OPENAPI, "description: fine", "descripton: fine", "openapi-structure", "descripton", "'descripton' is not known here"),
    (OPENAPI, "in: query,", "in: body,", "openapi-structure", "body", '"body" is not one of query, header, path, cookie'),
    (OPENAPI, "size: {type: integer}", "size: {type: int}", "openapi-structure", "int}", '"int" is not one of'),
    (OPENAPI, "paths:", "paths: []\nx-paths:", "openapi-structure", "[]", "[] must be of the type object"),
    (OPENAPI, "size: {type: integer}", "size: 5", "openapi-structure", "5", "5 must be of the type"),
    (OPENAPI, "'^[a-z]+$'", "'^[a-z+$'", "schema-pattern", "'^[a-z+$'", "'^[a-z+$' is not a regular expression: unterminated"),
    (OPENAPI, "'^[a-z]+$'", "'^[a-z]+\\Z'", "schema-pattern-dialect", "'^[", "is not read alike"),
    (OPENAPI, "schemas/Thing'", "parameters/Page'", "ref-kind", "'#/components/parameters", "a parameter where a schema"),
    (OPENAPI, "    get:", "    put: {operationId: read, responses: {}}\n    get:", "openapi-operation-id", "read", "'read' is"),
    (OPENAPI, "{name: id,", "{name: ident,", "openapi-path-parameter", "get:", "the parameter 'id' of the path"),
    (OPENAPI, "{name: id,", "{name: ident,", "openapi-path-parameter", "{name: ident", "has no parameter 'ident'"),
    (OPENAPI, "/things/{id}", "/things/{id}/{id}", "openapi-path-parameter", "/things/{id}/{id}", "'id' twice"),
    (OPENAPI, "\ncomponents:", "\n  /things/{no}: {}\ncomponents:", "openapi-same-path", "/things/{no}", "the same requests"),
    (
        OPENAPI,
        "[{$ref: '#/components/parameters/Page'}]",
        "[{$ref: '#/components/parameters/Page'}, {name: page, in: query, schema: {}}]",
        "openapi-parameter-twice",
        "{name: page, in: query, schema: {}}",
        "the query parameter 'page' is already in this list",
    ),
    (OPENAPI, "[{token: []}]", "[{tokn: []}]", "openapi-security", "tokn", "there is no security scheme 'tokn'"),
    (OPENAPI, "[{name: a}]", "[{name: a}, {name: a}]", "openapi-tag-twice", "a}]", "the tag 'a' is already"),
    (OPENAPI, "{small: Thing}", "{small: Thin}", "openapi-discriminator", "Thin}", "there is no schema 'Thin'"),
    (OPENAPI, "{operationId: read}", "{operationId: rea}", "openapi-link", "rea}", "there is no operation 'rea'"),
    (OPENAPI, "{operationId: read}", "{operationRef: '#/x'}", "openapi-link", "'#/x'", "leads nowhere"),
    (OPENAPI, "{region}", "{reg}", "openapi-server-variable", "'https://", "the variable 'reg' is not defined"),
    (OPENAPI, "default: eu", "default: asia", "openapi-server-variable", "asia", "'asia' is not one of"),
    (OPENAPI, "size: {type: integer}", "size: {allOf: [{$ref: '#/components/schemas/Thing/properties/size'}]}",
     "schema-endless", "{allOf:", "checking a value never ends"),
    (OPENAPI, "size: 1}", "size: big}", "example-invalid", "big}", '"big" must be of the type integer'),
    (OPENAPI, "size: {type: integer}", "size: {type: integer, $id: '{'}", "example-unchecked", "", "cannot be checked: 1; this is the first: Invalid URI"),
    (OPENAPI, "default: 1}", "default: one}", "default-invalid", "one}", '"one" must be of the type integer'),
    (OPENAPI, "'2026-01-31T10:00:00Z'", "today", "example-format", "today", "must be of the format date-time"),
    (OPENAPI, "example: {kind: small, size: 1}", f"example: {{kind: {'a' * 40}!, size: 1}}", "schema-slow-pattern", "{$ref", "too long"),
    (ASYNC_2, "title: t, ", "", "asyncapi-structure", "{version", "the key 'title' is missing"),
    (ASYNC_2, "protocol: ws", "protocl: ws", "asyncapi-structure", "ws, v", "'protocl' is not known here"),
    (ASYNC_2, "channels:", "channels: []\nx-channels:", "asyncapi-structure", "[]", "must be a mapping, not a list"),
    (ASYNC_2, "things/{id}:", "things/{no}:", "asyncapi-channel-parameter", "id: {schema", "has no parameter 'id'"),
    (ASYNC_2, "things/{id}:", "things/{no}:", "asyncapi-channel-parameter", "\n    servers", "'no' of the address"),
    (ASYNC_2, "operationId: tell", "operationId: hear", "asyncapi-operation-id", "hear\n      message:\n", "'hear' is already"),
    (ASYNC_2, "messageId: other", "messageId: thing", "asyncapi-message-id", "thing", "'thing' is already used"),
    (ASYNC_2, "servers: [main]", "servers: [man]", "asyncapi-server", "man]", "there is no server 'man'"),
    (ASYNC_2, "{host}", "{hst}", "asyncapi-server-variable", "'ws:", "the variable 'hst' is not defined"),
    (ASYNC_2, "[{token: []}]", "[{tokn: []}]", "asyncapi-security", "tokn", "there is no security scheme 'tokn'"),
    (ASYNC_2, "httpApiKey", "httpKey", "asyncapi-security", "httpKey", "there is no type of security 'httpKey'"),
    (ASYNC_2, "$message.payload#/id", "$payload#/id", "asyncapi-expression", "'$payload", "is not a runtime expression"),
    (ASYNC_2, "{id: a}}]", "{id: 1}}]", "example-invalid", "1}}]", "1 must be of the type string"),
    (ASYNC_2, "default: a", "default: 1", "default-invalid", "1}", "1 must be of the type string"),
    (ASYNC_2, "{type: string}}]", "{type: text}}]", "schema-structure", "text}}]", '"text" is not one of'),
    (ASYNC_3, "action: send", "action: publish", "asyncapi-operation-action", "publish", "neither 'send' nor 'receive'"),
    (ASYNC_3, "channel: {$ref: '#/channels/things'}", "channel: {address: x}", "asyncapi-operation-channel", "{address: x}",
     "must be a $ref to a channel"),
    (ASYNC_3, "[{$ref: '#/channels/things/messages/thing'}]", "[{$ref: '#/channels/answers/messages/answer'}]",
     "asyncapi-operation-message", "{$ref: '#/channels/answers/messages/answer'}]\n    reply", "not a message of the channel"),
    (ASYNC_3, "[{$ref: '#/channels/answers/messages/answer'}]", "[{$ref: '#/channels/things/messages/thing'}]",
     "asyncapi-operation-message", "{$ref: '#/channels/things/messages/thing'}]\ncomp", "not a message of the channel"),
    (ASYNC_3, "address: answers", "address: 'things/{id}'\n    servers: [{$ref: '#/servers/main'}]\n    parameters: {id: {}}",
     "asyncapi-same-address", "'things/{id}'", "is already the one of another channel"),
    (ASYNC_3, "{$ref: '#/channels/things'}", "{$ref: '#/components/messages/Thing'}", "ref-kind", "'#/components/messages",
     "leads to a message where a channel belongs"),
    (ASYNC_3, "{id: a}}]", "{id: 1}}]", "example-invalid", "1}}]", "1 must be of the type string"),
    (ASYNC_3, "address: answers", "address: 5", "asyncapi-structure", "5", "must be text or null, not a number"),
]  # fmt: skip


def found(folder: Path, text: str) -> list[tuple[str, str, str]]:
    """Rule, message and the text at the place of every finding."""
    path = folder / "contract.yaml"
    path.write_text(text)
    result = []
    for finding in examine(path, None, thorough=False)[0]:
        assert finding.position is not None
        line, column = finding.position.line or 1, finding.position.column or 1
        rest = "\n".join(text.split("\n")[line - 1 :])[column - 1 :]
        result.append((finding.rule, finding.message, rest))
    return result


@pytest.mark.parametrize("text", [OPENAPI, OPENAPI.replace("3.1.0", "3.2.0"), ASYNC_2, ASYNC_3])
def test_a_good_contract_has_no_finding(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "old", "new", "rule", "place", "message"), CASES, ids=[f"{c[3]}-{c[2][:20]}" for c in CASES]
)
def test_a_mistake_is_found_where_it_is(  # noqa: PLR0913, PLR0917 - a table
    tmp_path: Path, text: str, old: str, new: str, rule: str, place: str, message: str
) -> None:
    assert old in text
    broken = text.replace(old, new, 1) if old != "{id: a}}]" else text.replace(old, new)
    if rule == "schema-slow-pattern":
        broken = broken.replace("^[a-z]+$", "^(a|aa|a?)+(?<!b)$")
    findings = found(tmp_path, broken)
    matching = [item for item in findings if item[0] == rule and message in item[1]]
    assert matching, findings
    assert any(rest.startswith(place.lstrip()) for _, _, rest in matching), matching


def test_every_rule_has_a_case() -> None:
    tried = {case[3] for case in CASES} | set(loading.RULES) | {SECOND_OPINION}
    assert set(rules.all_rules()) - tried == set()


def test_the_rules_of_a_topic_are_not_those_of_another() -> None:
    names = [name for topic in rules.topics() for name in topic.RULES]
    assert len(names) == len(set(names))


OPENAPI_30 = OPENAPI.replace("3.1.0", "3.0.3").replace(
    "examples: ['2026-01-31T10:00:00Z']", "nullable: true, example: null"
)


def test_openapi_30_has_its_own_dialect(tmp_path: Path) -> None:
    assert found(tmp_path, OPENAPI_30) == []
    assert found(tmp_path, OPENAPI_30.replace("nullable: true, ", ""))[0][0] == "example-invalid"
    broken = OPENAPI_30.replace("size: {type: integer}", "size: {type: integer, minimum: 5, exclusiveMinimum: 7}")
    assert sorted((rule, message) for rule, message, _ in found(tmp_path, broken)) == [
        ("example-invalid", "1 must be at least 5"),
        ("openapi-structure", "7 must be of the type boolean"),
    ]


def test_other_files_are_checked_too(tmp_path: Path) -> None:
    (tmp_path / "thing.yaml").write_text("Thing: {type: object, properties: {a: {type: txt, example: 1}}}\n")
    text = OPENAPI.replace("'#/components/schemas/Thing'", "'thing.yaml#/Thing'")
    for version in ("3.1.0", "3.0.3", "3.2.0"):
        (tmp_path / "contract.yaml").write_text(text.replace("3.1.0", version).split("    When:")[0])
        findings, _ = examine(tmp_path / "contract.yaml", None, thorough=False)
        structure = [finding for finding in findings if finding.rule == "openapi-structure"]
        assert [str(finding.position) for finding in structure] == [f"{tmp_path}/thing.yaml:1:46"]


def test_examples_in_other_files_are_checked_through_references(tmp_path: Path) -> None:
    (tmp_path / "a b.yaml").write_text(
        "Thing: {type: object, properties: {a: {$ref: 'contract.yaml#/components/schemas/When'}}}"
    )
    text = OPENAPI.replace("{$ref: '#/components/schemas/Thing'}", "{$ref: 'a%20b.yaml#/Thing'}")
    rules_found = {
        rule for rule, _, _ in found(tmp_path, text.replace("example: {kind: small, size: 1}", "example: {a: 1}"))
    }
    assert rules_found == {"example-invalid"}


def test_read_only_properties_may_be_missing_in_an_example(tmp_path: Path) -> None:
    text = OPENAPI.replace("size: {type: integer}", "size: {type: integer, readOnly: true}")
    assert found(tmp_path, text.replace("{kind: small, size: 1}", "{kind: small}")) == []


def test_the_second_opinion_is_asked_once_and_not_for_what_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, verdicts = tmp_path / "contract.yaml", tmp_path / "verdicts"
    path.write_text(OPENAPI)
    assert examine(path, verdicts, thorough=False) == ([], [])
    assert len(list(verdicts.iterdir())) == 1
    monkeypatch.setattr("xptasks.contracts.examine._BEARABLE", 3)
    monkeypatch.setattr("xptasks.contracts.examine._ask", lambda document: [])
    assert examine(path, verdicts, thorough=False) == ([], [])
    path.write_text(OPENAPI + "x-changed: 1\n")
    findings, deferred = examine(path, verdicts, thorough=False)
    assert findings == []
    assert ["objects take it too long" in notice for notice in deferred] == [True]
    assert examine(path, verdicts, thorough=True) == ([], [])
    assert len(list(verdicts.iterdir())) == 2
