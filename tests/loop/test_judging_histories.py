"""Verdicts on changes whose history is out of the ordinary: merges, old branches, submodules, several projects."""

from pathlib import Path

import pytest

from tests.loop.change import CONFIG, HEAD, LANDING, TIERS, Change, rules

pytestmark = pytest.mark.pr

SMALL = {"app/more.py": "x = 1\n"}
STRICT = f"{CONFIG}max_lines = 100\n"


@pytest.fixture
def change(tmp_path: Path) -> Change:
    return Change(tmp_path / "small").begin()


def on_trunk(change: Change, files: dict[str, str]) -> None:
    """Something lands meanwhile."""
    change.git("checkout", "-q", "main")
    change.change(files, author="trunk@example.com")
    change.git("checkout", "-q", "work")


def test_what_landed_meanwhile_is_not_the_changes(change: Change) -> None:
    change.change(SMALL)
    on_trunk(change, {"xpconfig.toml": STRICT, "app/large.py": "x = 1\n" * 400})
    assert change.verdict().outcome == "may land"


def test_a_rule_that_landed_meanwhile_counts(change: Change) -> None:
    change.change({"app/more.py": "x = 1\n" * 150})
    on_trunk(change, {"xpconfig.toml": STRICT})
    (reason,) = change.verdict().reasons
    assert "fewer than 100 land by themselves" in reason.message


def test_bringing_the_trunk_in_is_no_change(change: Change) -> None:
    change.change(SMALL)
    on_trunk(change, {"xpconfig.toml": STRICT, "app/large.py": "x = 1\n" * 400})
    change.git("merge", "-q", "--no-edit", "main")
    assert change.verdict().outcome == "may land"


def test_a_merge_that_drops_what_the_trunk_did(change: Change) -> None:
    change.change(SMALL)
    on_trunk(change, {"xpconfig.toml": STRICT})
    change.git("merge", "-q", "--no-edit", "-s", "ours", "main")
    assert ("config-loosened", "xpconfig.toml:11") in rules(change.verdict())


def test_something_hidden_in_a_merge(change: Change) -> None:
    change.change(SMALL)
    on_trunk(change, {"app/other.py": "x = 1\n"})
    change.git("merge", "-q", "--no-commit", "--no-ff", "main")
    change.put({"tests/test_prices.py": None})
    change.commit_as()
    assert ("tests-removed", "tests/test_prices.py:4") in rules(change.verdict())


def test_merged_crosswise(change: Change) -> None:
    first = change.change(SMALL).head()
    on_trunk(change, {"app/other.py": "x = 1\n"})
    trunk = change.git("rev-parse", "main").strip()
    change.git("merge", "-q", "--no-edit", trunk)
    change.git("checkout", "-q", "main")
    change.git("merge", "-q", "--no-edit", first)
    change.git("checkout", "-q", "work")
    change.change({"app/last.py": "x = 1\n"})
    (reason,) = change.verdict().reasons
    assert (reason.rule, reason.outcome) == ("merge-base", "rejected")
    assert "git rebase" in reason.hint


def test_what_was_taken_back_is_not_there(change: Change) -> None:
    change.change({"xpconfig.toml": f"{CONFIG}max_lines = 9999\n"})
    change.change({"xpconfig.toml": CONFIG, **SMALL})
    assert change.verdict().outcome == "may land"


def test_nothing_at_all(change: Change) -> None:
    assert change.verdict().outcome == "may land"


def test_a_submodule(change: Change, tmp_path: Path) -> None:
    other = Change(tmp_path / "other").init()
    other.write("a.py", "x = 1\n")
    other.commit()
    change.git("submodule", "--quiet", "add", str(other.path), "app/vendor")
    change.commit_as()
    assert rules(change.verdict()) == [("gate-file", ".gitmodules"), ("submodule", "app/vendor")]
    other.write("a.py", "x = 2\n")
    other.commit()
    change.git("checkout", "-q", "main")
    change.git("merge", "-q", "--ff-only", "work")
    change.git("checkout", "-q", "work")
    change.git("-C", "app/vendor", "pull", "-q", str(other.path))
    change.commit_as()
    assert rules(change.verdict()) == [("submodule", "app/vendor")]


def test_no_approval_helps_what_never_lands(change: Change) -> None:
    change.change({"xpconfig.toml": None, "tests/test_prices.py": None})
    verdict = change.verdict("ann@example.com")
    assert (verdict.outcome, [reason.rule for reason in verdict.against]) == ("rejected", ["config-gone"])


def test_a_trunk_that_this_version_does_not_understand(tmp_path: Path) -> None:
    """What cannot be filled with defaults is compared as it is written."""
    old = CONFIG + "[landing.breaker]\nfrom_the_past = 3\n"
    change = Change(tmp_path / "small").begin({"xpconfig.toml": old.replace("[landing]\n", "[landing]\n")})
    change.change(SMALL)
    verdict = change.verdict()
    assert (verdict.outcome, rules(verdict)) == ("rejected", [("config", "xpconfig.toml")])


def test_a_key_of_another_version(tmp_path: Path) -> None:
    old = CONFIG + "[from_the_past]\nkey = 1\n"
    change = Change(tmp_path / "small").begin({"xpconfig.toml": old}).change(SMALL)
    assert change.verdict().outcome == "may land"
    change.change({"xpconfig.toml": old + '[steps.unit]\nargs = ["-k", "x"]\n'})
    assert rules(change.verdict()) == [("config-unrecognised", "xpconfig.toml:16")]
    change.change({"xpconfig.toml": old.replace("key = 1", "key = 2")})
    assert rules(change.verdict()) == [("config-unrecognised", "xpconfig.toml:14")]


# -- several projects ------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path) -> Change:
    change = Change(tmp_path / "mono", folder="services/shop/")
    other = {f"../stock/{name}": text for name, text in {"xpconfig.toml": CONFIG, "app/a.py": "x = 1\n"}.items()}
    return change.begin({**other, "../../README.md": "# All\n"})


def test_a_change_of_one_project(shop: Change) -> None:
    assert shop.change(SMALL).verdict().outcome == "may land"


def test_a_change_of_two(shop: Change) -> None:
    verdict = shop.change({**SMALL, "../stock/app/a.py": "x = 2\n"}).verdict()
    assert rules(verdict) == [("other-project", "../stock/app/a.py")]
    assert "land it as a change of its own, from that project's folder" in verdict.against[0].hint


def test_anothers_rules_are_not_ours(shop: Change) -> None:
    shop.change({"../stock/xpconfig.toml": f"{CONFIG}max_lines = 9999\n"})
    assert rules(shop.verdict()) == [("other-project", "../stock/xpconfig.toml")]


def test_what_is_in_no_project_is_only_said(shop: Change) -> None:
    verdict = shop.change({"../../README.md": "# Both\n"}).verdict()
    assert (verdict.outcome, rules(verdict)) == ("may land", [("outside-project", "../../README.md")])


def test_a_project_that_adopts_beside_another(shop: Change) -> None:
    shop.folder = "services/new/"
    shop.change({"xpconfig.toml": f"{HEAD}{TIERS}{LANDING}", "app/a.py": "x = 1\n", "noxfile.py": "x = 1\n"})
    verdict = shop.verdict()
    assert (verdict.outcome, rules(verdict)) == ("may land", [("first-adoption", "")])


def test_a_project_that_moves_takes_its_rules_along(tmp_path: Path) -> None:
    change = Change(tmp_path / "mono", folder="old/").begin()
    change.folder = "new/"
    change.git("mv", "old", "new")
    change.commit_as()
    verdict = change.verdict()
    assert (verdict.outcome, rules(verdict)[0]) == ("needs approval", ("other-project", "../old/.gitignore"))
