import pytest
from hypothesis import given
from hypothesis import strategies as st

from xptasks.landing import rejection
from xptasks.landing.merging import Unmergeable
from xptasks.landing.policy import Reason
from xptasks.landing.rejection import MOST, Setting
from xptasks.results import Position

HERE = Setting("origin", "main", "0123456789abcdef", "pr", "build-1")


def step(name: str, *findings: dict[str, object], status: str = "failed") -> dict[str, object]:
    reading = {"status": status, "summary": "1 failed", "findings": list(findings)}
    return {"step": name, "reading": reading, "rerun": f"nox -s pr -- {name}"}


def finding(message: str = "no", file: str = "app/a.py", severity: str = "error", hint: str = "") -> dict[str, object]:
    position = {"file": file, "line": 3, "column": None}
    return {"message": message, "rule": "F401", "severity": severity, "position": position, "hint": hint}


def test_what_failed_where_why_and_what_comes_next() -> None:
    wrong = (finding("unused", hint="remove it\nor use it"), finding("well", severity="warning"))
    run = {"steps": [step("lint", *wrong), step("unit", status="passed"), step("size", status="skipped")]}
    assert rejection.gate(run, ["lint F401"], HERE, "/logs/1").text.splitlines() == [
        "lint failed on main (0123456789ab) with this change, twice, and not without it",
        "lint failed: 1 failed",
        "  app/a.py:3: unused [F401]",
        "    remove it",
        "logs: /logs/1 on build-1",
        "next: git fetch origin && git rebase origin/main, then `nox -s pr -- lint`; mend it, commit, `inv land`",
    ]


def test_a_run_without_a_result_shows_the_end_of_its_output() -> None:
    text = rejection.gate({}, [], HERE, "/logs/1", [f"line {number}" for number in range(20)]).text
    assert text.startswith("the gate failed on main")
    assert "  | line 19\n" in text
    assert "line 11\n" not in text
    assert "`nox -s pr`" in text


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (
            Unmergeable("conflict", ("a.py", "b.py")),
            "it is in conflict with main (0123456789ab):\n  a.py\n  b.py\nnext: ",
        ),
        (Unmergeable("unrelated"), "it has no commit in common with main"),
        (Unmergeable("nothing"), "there is nothing to land: main (0123456789ab) has all of it"),
        (
            Unmergeable("no-commit"),
            "what was pushed to the queue is no commit\nnext: git push origin HEAD:refs/xp/queue/",
        ),
    ],
)
def test_what_cannot_be_merged(found: Unmergeable, says: str) -> None:
    why = rejection.unmergeable(found, HERE)
    assert why.text.startswith(says)
    assert why.rule == found.rule


def test_the_trunks_rules() -> None:
    reasons = [
        Reason("size", "needs approval", "too large", "land it in parts"),
        Reason("author", "needs approval", "who", position=Position("a", 1)),
    ]
    why = rejection.policy(reasons)
    assert (why.rule, why.fingerprint) == ("size", "author size")
    said = "too large [size]\n  land it in parts\na:1: who [author]\nnext: "
    assert why.text == f"{said}mend it, commit, `inv land`"
    assert rejection.policy(reasons, "ask").text == f"{said}ask"


def test_failures_that_look_the_same_have_one_fingerprint() -> None:
    one = rejection.gate({"steps": [step("lint", finding("a"))]}, ["b", "a"], HERE, "/logs/1")
    other = rejection.gate({"steps": [step("lint", finding("b"))]}, ["a", "b"], HERE, "/logs/2")
    assert one.fingerprint == other.fingerprint == "a b"
    conflicts = [rejection.unmergeable(Unmergeable("conflict", files), HERE) for files in (("a",), ("b",))]
    assert conflicts[0].fingerprint != conflicts[1].fingerprint


texts = st.text(max_size=400)


@given(st.lists(st.tuples(texts, texts, texts), max_size=40), texts, st.lists(texts, max_size=30))
def test_it_is_never_too_long_and_always_ends_with_what_comes_next(
    found: list[tuple[str, str, str]], logs: str, tail: list[str]
) -> None:
    run = {"steps": [step("unit", *(finding(message, file, hint=hint) for message, file, hint in found))]}
    for why in (
        rejection.gate(run if found else {}, [], HERE, logs, tail),
        rejection.broken([], HERE, logs, tail),
        rejection.unmergeable(Unmergeable("conflict", tuple(file for _, file, _ in found)), HERE),
    ):
        assert len(why.text.encode()) <= MOST
        assert why.text.splitlines()[-1].startswith("next: ")
        assert "\x1b" not in why.text
