"""The guide's table of rules is the one in the code."""

from pathlib import Path

from xptasks.contracts import rules

GUIDE = Path(__file__).parents[2] / "docs/guides/contracts.md"


def test_the_table_of_rules_is_fresh() -> None:
    table = GUIDE.read_text("utf-8").partition("<!-- rules -->\n")[2].partition("<!-- end of rules -->")[0]
    assert table == rules.as_markdown()
