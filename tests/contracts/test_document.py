"""Loading a contract: several files, references that stay below the folder, positions."""

import os
import socket
from pathlib import Path

import pytest

from xptasks.contracts.document import ContractError, load, read
from xptasks.contracts.source import Fault, Limits

HEAD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"
SPECS = Path(__file__).parents[2].parent / "shared/data/specs"


def write(folder: Path, **files: str) -> Path:
    """Writes files (`a__b_yaml` is `a/b.yaml`) and returns the contract's path."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/").replace("_yaml", ".yaml").replace("_json", ".json"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "openapi.yaml"


def rules(path: Path, limits: Limits | None = None) -> list[tuple[str, str]]:
    _, findings = read(path, limits or Limits())
    return [(finding.rule, str(finding.position).removeprefix(f"{path.parent}/")) for finding in findings]


def test_several_files_and_what_they_refer_to(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        openapi_yaml=HEAD + "components: {schemas: {A: {$ref: 'schemas/a.yaml#/A'}}}\n",
        schemas__a_yaml="A: {$ref: '../b%20c.json'}\n",
    )
    (tmp_path / "b c.json").write_text('{"type": "object",\n "properties": {"next": {"$ref": "schemas/a.yaml#/A"}}}')
    document = load(path)
    assert (document.kind, document.version, document.name) == ("openapi", (3, 1, 0), "openapi.yaml")
    assert list(document.files) == ["openapi.yaml", "schemas/a.yaml", "b c.json"]
    first = document.resolve("#/components/schemas/A")
    last = document.follow(first)
    assert (first.pointer, last.file, last.pointer, last.value["type"]) == (
        "/components/schemas/A",
        "b c.json",
        "",
        "object",
    )
    assert document.resolve("#/components/schemas/A/properties/next").pointer == "/properties/next"
    assert str(document.position("b c.json", "/properties/next")) == f"{tmp_path}/b c.json:2:17"
    assert str(document.position("b c.json", "/properties/next", value=True)) == f"{tmp_path}/b c.json:2:25"


def test_the_digest_sees_every_file_and_nothing_else(tmp_path: Path) -> None:
    path = write(tmp_path, openapi_yaml=HEAD + "x: {$ref: a.yaml}\n", a_yaml="type: object\n", unused_yaml="1")
    digest = load(path).digest
    write(tmp_path, unused_yaml="2")
    assert load(path).digest == digest
    write(tmp_path, a_yaml="type: string\n")
    assert load(path).digest != digest


REFUSED: list[tuple[str, str]] = [
    ("http://localhost/x.yaml", "ref-remote"),
    ("https://localhost/x.yaml#/a", "ref-remote"),
    ("//localhost/x.yaml", "ref-remote"),
    ("file:///etc/passwd", "ref-remote"),
    ("FILE:x.yaml", "ref-remote"),
    ("data:text/plain,1", "ref-remote"),
    ("C:/x.yaml", "ref-remote"),
    ("/etc/passwd", "ref-outside"),
    ("%2Fetc/passwd", "ref-outside"),
    ("../outside.yaml", "ref-outside"),
    ("a/../../outside.yaml", "ref-outside"),
    ("%2e%2e/outside.yaml", "ref-outside"),
    ("..%2Foutside.yaml", "ref-outside"),
    ("%2e%2e%2foutside.yaml#/a", "ref-outside"),
    ("..", "ref-outside"),
    ("..\\outside.yaml", "ref-outside"),
    ("%68ttp://localhost/x", "ref-outside"),
    ("a%00b.yaml", "ref-outside"),
    ("\\\\host\\share", "ref-remote"),
    ("%252e%252e/outside.yaml", "contract-missing"),
    ("%ff.yaml", "ref-syntax"),
    ("missing.yaml", "contract-missing"),
    ("folder", "contract-unreadable"),
    ("pipe", "contract-unreadable"),
    ("socket", "contract-unreadable"),
    ("loop.yaml", "contract-unreadable"),
    ("link.yaml", "ref-outside"),
    ("linked/outside.yaml", "ref-outside"),
    ("zero.yaml", "ref-outside"),
    ("x" * 5_000, "contract-unreadable"),
    ("openapi.yaml/x", "contract-unreadable"),
    ("#/info/none", "ref-missing"),
    ("#/info/title/0", "ref-missing"),
    ("#/x/9", "ref-missing"),
    ("#anchor", "ref-missing"),
    ("other.yaml#/none", "ref-missing"),
]


@pytest.mark.parametrize(("ref", "rule"), REFUSED, ids=[ref[:30] for ref, _ in REFUSED])
def test_a_reference_never_leaves_the_folder(tmp_path: Path, ref: str, rule: str) -> None:
    folder = tmp_path / "contract"
    path = write(
        folder, openapi_yaml=HEAD + f"x: {{schema: {{$ref: {ref!r}}}}}\n".replace("\\\\", "\\"), other_yaml="{}"
    )
    write(tmp_path, outside_yaml="type: object")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "loop.yaml").symlink_to("loop.yaml")
    (folder / "link.yaml").symlink_to("../outside.yaml")
    (folder / "linked").symlink_to("..")
    (folder / "zero.yaml").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        cwd = Path.cwd()
        os.chdir(folder)  # a socket's path is short
        try:
            listener.bind("socket")
        finally:
            os.chdir(cwd)
        assert rules(path) == [(rule, "openapi.yaml:3:20")]


def test_a_link_inside_the_folder_is_fine(tmp_path: Path) -> None:
    path = write(tmp_path, openapi_yaml=HEAD + "x: {$ref: link.yaml}\n", a_yaml="type: object")
    (tmp_path / "link.yaml").symlink_to("a.yaml")
    assert rules(path) == []


def test_the_contract_itself_must_not_be_a_link_out_of_its_folder(tmp_path: Path) -> None:
    write(tmp_path, openapi_yaml=HEAD)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/openapi.yaml").symlink_to("../openapi.yaml")
    assert rules(tmp_path / "inner/openapi.yaml") == [("ref-outside", "openapi.yaml")]


FINE: list[str] = [
    "x: {properties: {$ref: {type: string}}}",
    "x: {example: {$ref: 'http://localhost/'}}",
    "x: {examples: [{$ref: 'http://localhost/'}]}",
    "x: {const: {$ref: '../../x'}, default: {$ref: 1}, enum: [{$ref: a}]}",
    "x-y: {$ref: 'nowhere.yaml'}",
    "x: {examples: {one: {value: {$ref: 'http://localhost/'}}}}",
    "x: {$defs: {a: {$anchor: here}}, $ref: '#here'}",
    "x: {$defs: {a: {$id: 'https://localhost/a', type: string}}, $ref: 'https://localhost/a'}",
    "x: {$defs: {a: {$id: 'https://localhost/a', b: {}}}, $ref: 'https://localhost/a#/b'}",
    "x: {a/b: {~: [{$ref: '#/x/a~1b/~0'}]}}",
    "x: {properties: {next: {$ref: '#/x'}}}",
]


@pytest.mark.parametrize("text", FINE)
def test_text_that_is_no_bad_reference(tmp_path: Path, text: str) -> None:
    assert rules(write(tmp_path, openapi_yaml=f"{HEAD}{text}\n")) == []


FOUND: list[tuple[str, list[tuple[str, str]]]] = [
    ("properties: {example: {$ref: nowhere.yaml}}", [("contract-missing", "3:30")]),
    ("examples: {one: {$ref: nowhere.yaml}}", [("contract-missing", "3:24")]),
    ("headers: {type: object, properties: {default: {$ref: nowhere.yaml}}}", [("contract-missing", "3:54")]),
    ("discriminator: {mapping: {a: A, b: '#/b', c: c.yaml}}", [("contract-missing", "3:46"), ("ref-missing", "3:36")]),
    ("a: {$ref: '#/a'}", [("ref-circular", "3:11")]),
    ("a: {$ref: '#/b'}\nb: {$ref: '#/c'}\nc: {$ref: '#/b'}", [("ref-circular", "4:11"), ("ref-circular", "5:11")]),
    ("a: {$ref: '#/b/x'}\nb: {$ref: '#/a/y'}", [("ref-circular", "3:11"), ("ref-circular", "4:11")]),
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_bad_references_are_found_where_they_are(tmp_path: Path, text: str, expected: list[tuple[str, str]]) -> None:
    found = rules(write(tmp_path, openapi_yaml=f"{HEAD}{text}\n"))
    assert sorted(found) == [(rule, f"openapi.yaml:{place}") for rule, place in expected]


NO_CONTRACTS: list[tuple[str, str, str]] = [
    ("", "contract-kind", "openapi.yaml:1:1"),
    ("[]", "contract-kind", "openapi.yaml:1:1"),
    ("swagger: '2.0'", "contract-kind", "openapi.yaml:1:1"),
    ("title: x", "contract-kind", "openapi.yaml:1:1"),
    ("a: 1\nopenapi: 3.0", "contract-version", "openapi.yaml:2:10"),
    ("openapi: '4.0.0'", "contract-version", "openapi.yaml:1:10"),
    ("openapi: 3.1", "contract-version", "openapi.yaml:1:10"),
    ("openapi: [3]", "contract-version", "openapi.yaml:1:10"),
    ("asyncapi: 2.7.0", "contract-version", "openapi.yaml:1:11"),
    ("a: 1\na: 2", "contract-duplicate-key", "openapi.yaml:2:1"),
]


@pytest.mark.parametrize(("text", "rule", "place"), NO_CONTRACTS)
def test_what_is_no_contract(tmp_path: Path, text: str, rule: str, place: str) -> None:
    assert rules(write(tmp_path, openapi_yaml=text)) == [(rule, place)]


def test_a_fault_in_another_file_is_told_once_and_there(tmp_path: Path) -> None:
    path = write(tmp_path, openapi_yaml=HEAD + "x: [{$ref: a.yaml}, {$ref: 'a.yaml#/b'}]\n", a_yaml="b: 1\nb: 2\n")
    assert rules(path) == [("contract-duplicate-key", "a.yaml:2:1")]


LIMITS: list[tuple[Limits, str]] = [
    (Limits(file_bytes=60), "contract-too-large"),
    (Limits(total_bytes=70), "contract-too-large"),
    (Limits(files=1), "contract-too-large"),
    (Limits(nodes=8), "contract-too-large"),
]


@pytest.mark.parametrize(("limits", "rule"), LIMITS)
def test_a_contract_that_costs_too_much_is_refused(tmp_path: Path, limits: Limits, rule: str) -> None:
    path = write(tmp_path, openapi_yaml=HEAD + "x: {$ref: a.yaml}\n", a_yaml="a: [1, 2, 3, 4]")
    assert rule in dict(rules(path, limits))


def test_load_raises_one_clear_error(tmp_path: Path) -> None:
    path = write(tmp_path, openapi_yaml=HEAD + "x: [{$ref: '#/inf'}, {$ref: '#/y'}]\n")
    with pytest.raises(ContractError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}:3:12: '#/inf' leads nowhere: openapi.yaml has no member 'inf' (and 1 more: inv validate-contracts)\n"
        "  Did you mean 'info'?"
    )
    assert len(caught.value.findings) == 2


def test_resolving_what_is_not_there_is_a_fault(tmp_path: Path) -> None:
    document = load(write(tmp_path, openapi_yaml=HEAD))
    with pytest.raises(Fault, match="is not a file of the contract"):
        document.resolve("other.yaml")


POSITIONS: list[tuple[str, str, tuple[int, int], tuple[int, int]]] = [
    ("", "", (1, 1), (1, 1)),
    ("", "/info/title", (2, 8), (2, 15)),
    ("", "/info/none", (2, 1), (2, 7)),
    ("x: ['😀é', b]", "/x/1", (3, 11), (3, 11)),
    ("'a/b': {~: 1}", "/a~1b/~0", (3, 9), (3, 12)),
    ("a: &x\n  k: 1\nb: *x", "/b/k", (4, 3), (4, 6)),
    ("a: &x\n  k: 1\nb: *x", "/b", (5, 1), (3, 4)),
    ("a: &x\n  k: 1\nb: {<<: *x, l: 1}", "/b/k", (4, 3), (4, 6)),
    ("a: &x\n  k: 1\nb: [*x]", "/b/0", (5, 5), (5, 5)),
    ("a:\n  - b: |\n      text\n  - c", "/a/1", (6, 5), (6, 5)),
]


@pytest.mark.parametrize(("text", "pointer", "key", "value"), POSITIONS)
def test_positions(tmp_path: Path, text: str, pointer: str, key: tuple[int, int], value: tuple[int, int]) -> None:
    document = load(write(tmp_path, openapi_yaml=f"{HEAD}{text}\n"))
    found = [document.position("openapi.yaml", pointer, value=of_value) for of_value in (False, True)]
    assert [(place.line, place.column) for place in found] == [key, value]


def test_positions_in_json(tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text('{"openapi": "3.1.0",\n "é😀": [1, {"b\\u002fc": null}],\n\n  "d": {}}')
    document = load(tmp_path / "openapi.json")
    assert str(document.position("openapi.json", "/é😀/1/b~1c")).endswith("openapi.json:2:13")
    assert str(document.position("openapi.json", "/é😀/1/b~1c", value=True)).endswith("openapi.json:2:25")
    assert str(document.position("openapi.json", "/d")).endswith("openapi.json:4:3")


@pytest.mark.skipif(not SPECS.is_dir(), reason="the public contracts of ../shared/data/specs are not here")
def test_public_contracts_load_and_every_reference_has_its_position() -> None:
    paths = sorted(path for path in SPECS.glob("*/*") if path.name != "box.json")
    assert len(paths) == 38
    for path in paths:
        document = load(path)
        lines = document.texts[path.name].splitlines()
        for reference in document.references():
            place = document.position(reference.file, reference.pointer, value=True)
            assert reference.value in lines[(place.line or 0) - 1][(place.column or 0) - 1 :]
