"""Contracts made to break their reader: each ends as a finding; nothing outside of its folder is opened, nobody is called."""
# ruff: noqa: E501 - the table reads best with one case a line

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from xptasks.contracts.validate import Bounds, Report, as_json, as_text, check

BOUNDS = Bounds()  # those of the command line
HEAD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"
HEAD_30 = HEAD.replace("3.1.0", "3.0.3")
ASYNC = "asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\n"
ASYNC_2 = "asyncapi: 2.6.0\ninfo: {title: t, version: '1'}\n"
SCHEMAS = HEAD + "components:\n  schemas:\n    A: "
SCHEMAS_30 = HEAD_30 + "paths: {}\ncomponents:\n  schemas:\n    A: "
Make = str | bytes | Callable[[Path], object]


def nested(opening: str, inner: str, closing: str, levels: int) -> str:
    return opening * levels + inner + closing * levels


def bomb(levels: int, width: int = 9) -> str:
    lines = ["x-0: &a0 [" + ", ".join("x" * width) + "]"]
    lines += [f"x-{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * width) + "]" for n in range(1, levels)]
    return HEAD + "paths: {}\n" + "\n".join(lines)


def quadratic(size: int) -> str:
    return HEAD + "paths: {}\nx-a: &a [" + "1, " * size + "1]\nx-b: [" + "*a, " * size + "*a]\n"


def merge_bomb(levels: int) -> str:
    lines = ["x-0: &m0 {" + ", ".join(f"k{n}: 1" for n in range(50)) + "}"]
    lines += [
        f"x-{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}], l{n}: [*m{n - 1}, *m{n - 1}]}}"
        for n in range(1, levels)
    ]
    return HEAD + "paths: {}\n" + "\n".join(lines)


def chain(length: int, *, closed: bool) -> str:
    lines = [f"    S{n}: {{$ref: '#/components/schemas/S{n + 1}'}}" for n in range(length)]
    last = "{$ref: '#/components/schemas/S0'}" if closed else "{type: string}"
    return HEAD + "components:\n  schemas:\n" + "\n".join(lines) + f"\n    S{length}: {last}\n"


def linked(target: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        (path.parent / "link.yaml").symlink_to(target)
        path.write_text(HEAD + "paths: {$ref: link.yaml}\n")

    return make


def itself(target: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(target)


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


def many_files(path: Path) -> None:
    for n in range(2_100):
        (path.parent / f"{n}.yaml").write_text(f"{{$ref: {n + 1}.yaml}}")
    (path.parent / "2100.yaml").write_text("type: string")
    path.write_text(SCHEMAS + "{$ref: 0.yaml}\n")


def ref(text: str) -> str:
    return SCHEMAS + "{$ref: " + text + "}\n"


# name, what to write, the rules that must be found ("" for none)
CASES: list[tuple[str, Make, str]] = [
    ("alias-bomb", bomb(30), "contract-alias"),
    ("alias-bomb-small", bomb(6), "contract-alias"),
    ("alias-quadratic", quadratic(2_000), "contract-alias"),
    ("alias-merge", merge_bomb(30), "contract-alias"),
    ("alias-circle", HEAD + "paths: &a {x: *a}\n", "contract-alias"),
    ("alias-circle-merge", HEAD + "paths: &a {<<: *a}\n", "contract-alias"),
    ("alias-undefined", HEAD + "paths: *nothing\n", "contract-alias"),
    ("merge-scalar", HEAD + "paths: {<<: 5}\n", "contract-key"),
    ("merge-list-of-scalars", HEAD + "paths: {<<: [5]}\n", "contract-key"),
    ("merge-twice", HEAD + "paths: {<<: {}, <<: {}}\n", "contract-duplicate-key"),
    ("merge-overrides-openapi", "<<: {openapi: 3.1.0}\nopenapi: 3.9.0\n", "contract-version"),
    ("deep-flow", HEAD + "paths: " + nested("[", "", "]", 10_000), "contract-too-deep"),
    ("deep-mappings", HEAD + "paths: " + nested("{a: ", "1", "}", 10_000), "contract-too-deep"),
    ("deep-open-only", HEAD + "paths: " + "[" * 10_000, "contract-too-deep"),
    ("deep-block", HEAD + "\n".join(" " * n + "a:" for n in range(3_000)), "contract-too-deep"),
    ("deep-block-list", HEAD + "paths: \n " + "- " * 10_000, "contract-too-deep"),
    ("deep-question-marks", "? " * 10_000, "contract-key"),
    ("deep-json", b"[" * 10_000 + b"]" * 10_000, "contract-too-deep"),
    ("deep-json-objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "contract-too-deep"),
    ("deep-json-open", b"[" * 1_000_000, "contract-too-deep"),
    ("deep-schema", SCHEMAS + nested("{properties: {a: ", "{type: wrong}", "}}", 90), "openapi-structure"),
    ("deep-schema-30", SCHEMAS_30 + nested("{properties: {a: ", "{type: wrong}", "}}", 90), "openapi-structure"),
    ("deep-allof-30", SCHEMAS_30 + nested("{allOf: [", "{type: wrong}", "]}", 90), "openapi-structure"),
    ("deep-anyof-example", SCHEMAS + nested("{anyOf: [{}, ", "{type: string}", "], example: 1}", 60), ""),
    ("wide-anyof-example", SCHEMAS + "{anyOf: [" + "{type: string}, " * 3_000 + "{type: boolean}], example: 1}\n", "example-invalid"),
    ("huge-integer", HEAD + "paths: " + "9" * 100_000, "contract-number"),
    ("huge-integer-json", b'{"openapi": ' + b"9" * 100_000 + b"}", "contract-number"),
    ("huge-exponent", HEAD + "paths: 1e999999999\n", "contract-number"),
    ("huge-exponent-json", b'{"openapi": 1e999999999}', "contract-number"),
    ("huge-hex", HEAD + "paths: 0x" + "f" * 100_000, "contract-number"),
    ("huge-multiple-of", SCHEMAS + "{type: number, multipleOf: 1e-300, example: 1.0e+300}\n", ""),
    ("huge-lengths", SCHEMAS + "{type: string, minLength: 1e300, example: a}\n", "example-invalid"),
    ("infinity", HEAD + "paths: .inf\n", "contract-number"),
    ("not-a-number-json", b'{"openapi": NaN}', "contract-number"),
    ("minus-infinity-json", b'{"openapi": -Infinity}', "contract-number"),
    ("duplicate-top", HEAD + "openapi: 3.1.0\n", "contract-duplicate-key"),
    ("duplicate-deep", HEAD + "paths:\n  /a:\n    get:\n      responses: {'200': {}, 200: {}}\n", "contract-duplicate-key"),
    ("duplicate-json-escaped", b'{"openapi": "3.1.0", "open\\u0061pi": "3.1.0"}', "contract-duplicate-key"),
    ("ref-http", ref("'http://127.0.0.1:9/a.yaml'"), "ref-remote"),
    ("ref-https-upper", ref("'HTTPS://localhost/a.yaml#/x'"), "ref-remote"),
    ("ref-scheme-relative", ref("'//localhost/a.yaml'"), "ref-remote"),
    ("ref-file-scheme", ref("'file:///etc/passwd'"), "ref-remote"),
    ("ref-absolute", ref("/etc/passwd"), "ref-outside"),
    ("ref-parents", ref("../../../../../../etc/passwd"), "ref-outside"),
    ("ref-percent", ref("'%2e%2e/%2e%2e/etc/passwd'"), "ref-outside"),
    ("ref-percent-slash", ref("'..%2f..%2fetc%2fpasswd'"), "ref-outside"),
    ("ref-backslash", ref("'..\\..\\etc\\passwd'"), "ref-outside"),
    ("ref-null-byte", ref("'a%00.yaml'"), "ref-outside"),
    ("ref-device", ref("/dev/zero"), "ref-outside"),
    ("ref-proc", ref("/proc/self/environ"), "ref-outside"),
    ("ref-meta-schema", ref("'https://json-schema.org/draft/2020-12/schema'"), "ref-remote"),
    ("ref-mapping", SCHEMAS + "{discriminator: {propertyName: a, mapping: {a: 'http://localhost/a'}}}\n", "ref-remote"),
    ("ref-dynamic", SCHEMAS + "{$dynamicRef: 'http://localhost/a#b'}\n", "ref-remote"),
    ("ref-number", ref("5"), "openapi-structure"),
    ("ref-null", ref("null"), "openapi-structure"),
    ("ref-long", ref("'" + "a/" * 50_000 + "'"), "contract-missing"),
    ("ref-long-pointer", ref("'#" + "/a" * 50_000 + "'"), "ref-missing"),
    ("ref-id", SCHEMAS + "{$id: 'http://localhost/a', properties: {a: {$ref: b}}, example: {a: 1}}\n", "contract-missing"),
    ("ref-other-dialect", SCHEMAS + "{$schema: 'http://localhost/dialect', example: 1}\n", ""),
    ("ref-circle-self", ref("'#/components/schemas/A'"), "ref-circular"),
    ("ref-circle-two", SCHEMAS + "{$ref: '#/components/schemas/B'}\n    B: {$ref: '#/components/schemas/A'}\n", "ref-circular"),
    ("ref-circle-pointer", SCHEMAS + "{$ref: '#/components/schemas/B/x'}\n    B: {$ref: '#/components/schemas/A/x'}\n", "ref-circular"),
    ("ref-circle-document", HEAD + "paths: {$ref: contract.yaml#/paths}\n", "ref-circular"),
    ("ref-whole-document", SCHEMAS + "{properties: {a: {$ref: contract.yaml}}, example: {a: 1}}\n", "ref-kind"),
    ("ref-chain-closed", chain(2_000, closed=True), "ref-circular"),
    ("ref-chain-open", chain(2_000, closed=False), ""),
    ("allof-self", SCHEMAS + "{allOf: [{$ref: '#/components/schemas/A'}], example: 1}\n", "schema-endless"),
    ("anyof-self", SCHEMAS + "{anyOf: [{type: string}, {$ref: '#/components/schemas/A'}], example: 1}\n", "schema-endless"),
    ("not-self", SCHEMAS + "{not: {$ref: '#/components/schemas/A'}, default: 1}\n", "schema-endless"),
    ("dependent-self", SCHEMAS + "{dependentSchemas: {a: {$ref: '#/components/schemas/A'}}, example: {a: 1}}\n", "schema-endless"),
    ("dynamic-self", SCHEMAS + "{$dynamicAnchor: m, allOf: [{$dynamicRef: '#m'}], example: 1}\n", "schema-endless"),
    ("link-outside", linked("../../../../../../../../etc/passwd"), "ref-outside"),
    ("link-absolute", linked("/etc/passwd"), "ref-outside"),
    ("link-loop", linked("link.yaml"), "contract-unreadable"),
    ("link-dangling", linked("nothing.yaml"), "contract-missing"),
    ("link-device", linked("/dev/zero"), "ref-outside"),
    ("link-proc", linked("/proc/self/mem"), "ref-outside"),
    ("link-folder", linked("."), "contract-unreadable"),
    ("itself-link", itself("/etc/passwd"), "ref-outside"),
    ("itself-loop", itself("contract.yaml"), "contract-unreadable"),
    ("itself-device", itself("/dev/zero"), "ref-outside"),
    ("itself-folder", Path.mkdir, "contract-unreadable"),
    ("itself-pipe", os.mkfifo, "contract-unreadable"),
    ("itself-missing", lambda path: None, "contract-missing"),
    ("pattern-exponential", SCHEMAS + f"{{pattern: '^(a+)+$', example: '{'a' * 5_000}!'}}\n", "example-invalid"),
    ("pattern-backtracking", SCHEMAS + f"{{pattern: '^(?=a)(a|aa|a?)+(?<!b)$', example: '{'a' * 5_000}!'}}\n", "schema-slow-pattern"),
    ("pattern-backreference", SCHEMAS + f"{{pattern: '(a*)*\\1b', example: '{'a' * 5_000}!'}}\n", "schema-slow-pattern"),
    ("pattern-repetition", SCHEMAS + "{pattern: '((((a{1000}){1000}){1000}){1000})', example: a}\n", ""),
    ("pattern-long", SCHEMAS + "{pattern: '" + "(a|b)" * 50_000 + "', example: a}\n", "example-invalid"),
    ("pattern-deep", SCHEMAS + "{pattern: '" + nested("(", "a", ")", 10_000) + "', example: a}\n", "schema-pattern"),
    ("pattern-broken", SCHEMAS + "{pattern: '[', example: a}\n", "schema-pattern"),
    ("pattern-properties", SCHEMAS + "{patternProperties: {'[': {}}, example: {a: 1}}\n", "schema-pattern"),
    ("null-bytes", HEAD.encode() + b"paths: a\0b\n", "contract-syntax"),
    ("only-null-bytes", b"\0" * 10_000, "contract-syntax"),
    ("utf-16", HEAD.encode("utf-16"), "contract-encoding"),
    ("utf-16-without-mark", HEAD.encode("utf-16-le"), "contract-syntax"),
    ("utf-32", HEAD.encode("utf-32"), "contract-encoding"),
    ("latin-1", HEAD.encode() + b"x-a: \xe9\n", "contract-encoding"),
    ("overlong", HEAD.encode() + b"x-a: \xc0\xaf\n", "contract-encoding"),
    ("encoded-surrogate", HEAD.encode() + b"x-a: \xed\xa0\x80\n", "contract-encoding"),
    ("surrogate-json", b'{"openapi": "\\ud800"}', "contract-encoding"),
    ("surrogate-key-json", b'{"\\udfff": 1}', "contract-encoding"),
    ("surrogate-yaml", HEAD + 'x-a: "\\ud800"\n', "contract-syntax"),
    ("random-bytes", bytes(range(256)) * 100, "contract-encoding"),
    ("gzip", b"\x1f\x8b\x08\x00" + b"\0" * 100, "contract-encoding"),
    ("tag-python", HEAD + "paths: !!python/object/apply:os.system ['touch pwned']\n", "contract-tag"),
    ("tag-python-name", HEAD + "paths: !!python/name:os.system ''\n", "contract-tag"),
    ("tag-include", HEAD + "paths: !include /etc/passwd\n", "contract-tag"),
    ("tag-env", HEAD + "paths: !ENV ${HOME}\n", "contract-tag"),
    ("tag-directive", "%TAG ! tag:yaml.org,2002:python/\n---\nopenapi: !name:os.system x\n", "contract-tag"),
    ("tag-binary", HEAD + "paths: !!binary aGVsbG8=\n", "contract-tag"),
    ("key-list", HEAD + "? [a, b]\n: 1\n", "contract-key"),
    ("key-mapping", HEAD + "? {a: b}\n: 1\n", "contract-key"),
    ("key-null", HEAD + "paths: {}\n~: 1\n", "openapi-structure"),
    ("key-proto", HEAD + "paths: {}\n__proto__: 1\n", "openapi-structure"),
    ("empty", "", "contract-kind"),
    ("null", "null", "contract-kind"),
    ("scalar", "openapi", "contract-kind"),
    ("list", "- openapi: 3.1.0\n", "contract-kind"),
    ("documents", HEAD + "paths: {}\n---\n" + HEAD, "contract-syntax"),
    ("swagger", "swagger: '2.0'\n", "contract-kind"),
    ("both-kinds", HEAD + "asyncapi: 3.0.0\npaths: {}\n", "openapi-structure"),
    ("version-number", "openapi: 3.1\n", "contract-version"),
    ("version-mapping", "openapi: {}\n", "contract-version"),
    ("version-huge", "openapi: " + "9" * 100 + ".0.0\n", "contract-version"),
    ("version-digits", "openapi: '\u0663.1.0'\n", "contract-version"),
    ("json-comments", b'// hello\n{"openapi": "3.1.0"}', "contract-syntax"),
    ("json-trailing-comma", b'{"openapi": "3.1.0",}', "contract-syntax"),
    ("json-single-quotes", b"{'openapi': '3.1.0'}", "contract-syntax"),
    ("json-twice", b'{"openapi": "3.1.0"}{}', "contract-syntax"),
    ("json-cut", b'{"openapi": "3.1', "contract-syntax"),
    ("long-line", HEAD + "paths: {}\nx-a: '" + "a" * 5_000_000 + "'\n", ""),
    ("long-key", HEAD + "paths: {}\n'x-" + "a" * 2_000 + "': 1\n", "contract-syntax"),
    ("tabs", HEAD + "paths:\n\t/a: {}\n", "contract-syntax"),
    ("control-characters", HEAD + "paths: \x1b[31m\n", "contract-syntax"),
    ("paths-list", HEAD + "paths: []\n", "openapi-structure"),
    ("paths-number", HEAD + "paths: 5\n", "openapi-structure"),
    ("schema-number", SCHEMAS + "5\n", "openapi-structure"),
    ("schema-null", SCHEMAS + "null\n", "openapi-structure"),
    ("everything-null", HEAD + "paths: null\ncomponents: null\ntags: null\nservers: null\nsecurity: null\nwebhooks: null\n", "openapi-structure"),
    ("everything-lists", HEAD + "paths: []\ncomponents: []\ntags: {}\nservers: {}\nsecurity: {}\nwebhooks: []\n", "openapi-structure"),
    ("operation-parts", HEAD + "paths: {'/{a': {get: {parameters: 5, responses: 5, security: [5, {a: 5}], callbacks: 5, operationId: []}}, 5: 5, /b: [], /c: {parameters: [5, null, {in: 5, name: []}]}}\n", "openapi-structure"),
    ("schema-parts", SCHEMAS + "{properties: [], required: {}, allOf: {}, enum: 5, discriminator: 5, type: [[]], examples: {}}\n", "openapi-structure"),
    ("schema-parts-30", SCHEMAS_30 + "{properties: [], required: {}, allOf: {}, enum: 5, discriminator: [], nullable: 5, type: []}\n", "openapi-structure"),
    ("servers-parts", HEAD + "paths: {}\nservers: [5, {url: 5}, {url: '{a}{', variables: 5}, {url: '', variables: {a: 5, b: {enum: 5, default: []}}}]\n", "openapi-structure"),
    ("async-3-parts", ASYNC + "channels: {a: 5, b: {address: [], messages: 5, parameters: [], servers: 5}}\noperations: {a: 5, b: {action: [], channel: 5, messages: 5, reply: 5}, c: {channel: {$ref: '#/info'}, messages: [5, {$ref: '#/info/title'}]}}\nservers: []\n", "asyncapi-structure"),
    ("async-2-parts", ASYNC_2 + "channels: {a: 5, b: {subscribe: 5, publish: {message: {oneOf: 5, payload: 5, examples: 5}}, parameters: 5, servers: [5]}}\nservers: {a: 5, b: {security: [5, []], variables: 5}}\ncomponents: 5\n", "asyncapi-structure"),
    ("async-channels-list", ASYNC_2 + "channels: []\n", "asyncapi-structure"),
    ("async-schema", ASYNC + "components: {schemas: {a: {type: 5}, b: 5, c: {schemaFormat: 5, schema: 5}}}\n", "schema-structure"),
    ("async-circle", ASYNC + "channels: {a: {$ref: '#/channels/b'}, b: {$ref: '#/channels/a'}}\n", "ref-circular"),
    ("async-remote", ASYNC + "channels: {a: {$ref: 'https://localhost/a'}}\n", "ref-remote"),
]  # fmt: skip
SLOW: list[tuple[str, Make, str]] = [
    ("large-string", lambda path: path.write_text(HEAD + "x-a: '" + "a" * 50_000_000 + "'\n"), "contract-too-large"),
    ("large-sparse", sparse, "contract-too-large"),
    ("million-keys", lambda path: path.write_text(HEAD + "paths: {}\n" + "".join(f"x-{n}: {n}\n" for n in range(1_000_000))), "contract-too-large"),
    ("million-keys-json", lambda path: path.write_text('{"openapi": "3.1.0", "paths": {' + ",".join(f'"/{n}": {{}}' for n in range(1_000_000)) + "}}"), "contract-too-large"),
    ("million-schemas", lambda path: path.write_text(HEAD + "components:\n  schemas:\n" + "".join(f"    S{n}: {{type: string, example: 1}}\n" for n in range(300_000))), "contract-too-costly"),
    ("million-commas", HEAD + "paths: [" + "," * 1_000_000, "contract-syntax"),
    ("million-open-quotes", HEAD + "paths: " + '"' * 1_000_001, "contract-syntax"),
    ("million-anchors", HEAD + "paths: {}\n" + "".join(f"x-{n}: &a{n} {n}\n" for n in range(300_000)), ""),
    ("many-files", many_files, "contract-too-large"),
    ("anyof-tree", SCHEMAS + "{anyOf: [{$ref: '#/components/schemas/B0'}], example: 1}\n" + "".join(f"    B{n}: {{anyOf: [{{$ref: '#/components/schemas/B{n + 1}'}}, {{$ref: '#/components/schemas/B{n + 1}'}}]}}\n" for n in range(40)) + "    B40: {type: string}\n", "contract-too-costly"),
    ("chain-of-references", chain(20_000, closed=True), "ref-circular"),
]  # fmt: skip


def make(folder: Path, name: str, content: Make) -> Path:
    path = folder / name / ("contract.json" if "json" in name else "contract.yaml")
    path.parent.mkdir(parents=True)
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8", newline="")
    elif isinstance(content, bytes):
        path = path.with_suffix(".json" if content.startswith((b"{", b"[", b"//")) else ".yaml")
        path.write_bytes(content)
    else:
        content(path)
    return path


def run(
    folder: Path, cases: list[tuple[str, Make, str]], monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, set[str]], Report]:
    """Checks all cases in one go; returns the rules found for each, and what was opened and called meanwhile."""
    contracts = folder / "contracts"
    paths = {name: make(contracts, name, content) for name, content, _ in cases}
    log = folder / "audit.log"
    log.touch()
    audit = str(Path(__file__).parent / "audit")
    tools = str(Path(__file__).parents[2] / "tools")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((audit, tools)))
    monkeypatch.setenv("XP_AUDIT", str(log))
    report = check(list(paths.values()), project=folder, bounds=BOUNDS)
    found: dict[str, set[str]] = {name: set() for name in paths}
    for finding in report.findings:
        assert finding.position is not None
        name = Path(finding.position.file).relative_to(contracts).parts[0]
        if finding.severity == "error":
            found[name].add(finding.rule)
    return found, report


def outside(log: Path, folder: Path) -> list[str]:
    """Recorded events that a check has no reason for."""
    fine = tuple(str(path.resolve()) for path in (folder / "contracts", folder / ".xp", Path(__file__).parents[2]))
    fine += (sys.prefix, sys.base_prefix, str(Path(sys.base_prefix).resolve()))
    events = [line.split("\t", 1) for line in log.read_text().splitlines()]
    own = f"('file://{sys.prefix}"  # openapi-spec-validator reads its own schemas as addresses
    events = [[event, text] for event, text in events if not (event == "urllib.Request" and text.startswith(own))]
    # urllib3, which a library imports where it is installed, asks the kernel once whether it knows IPv6.
    asks = [text for event, text in events if event == "socket.bind" and text.endswith(", ('::1', 0))")]
    events = [[event, text] for event, text in events if not (asks and event in {"socket.__new__", "socket.bind"})]
    return [f"{event} {text}" for event, text in events if event != "open" or (text and not text.startswith(fine))]


def test_every_hostile_contract_ends_as_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, report = run(tmp_path, CASES, monkeypatch)
    wrong = {name: (rule, found[name]) for name, _, rule in CASES if (rule not in found[name] if rule else found[name])}
    assert wrong == {}
    assert outside(tmp_path / "audit.log", tmp_path) == []
    assert "Traceback" not in as_text(report) + as_json(report)
    assert not list(tmp_path.rglob("pwned"))


def test_the_audit_sees_what_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, [("fine", HEAD + "paths: {}\n", "")], monkeypatch)
    assert f"{tmp_path}/contracts/fine/contract.yaml" in (tmp_path / "audit.log").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("case", SLOW, ids=[name for name, _, _ in SLOW])
def test_large_contracts_end_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[str, Make, str]
) -> None:
    name, _, rule = case
    found, _ = run(tmp_path, [case], monkeypatch)
    assert found[name] == {"contract-too-costly"} or (rule in found[name] if rule else not found[name])  # busy machine
    assert outside(tmp_path / "audit.log", tmp_path) == []


def test_there_are_enough_of_them() -> None:
    names = [name for name, _, _ in CASES + SLOW]
    assert len(names) == len(set(names)) >= 160
