import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from xptasks.tiers import poetry


@pytest.mark.parametrize(
    ("text", "inside", "beyond"),
    [
        ("^1.2.3", "1.9", "2.0"),
        ("^0.2.3", "0.2.9", "0.3"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("^0", "0.9", "1"),
        ("^1", "1.5", "2"),
        ("~1.2.3", "1.2.9", "1.3"),
        ("~1", "1.9", "2"),
        ("1.2.*", "1.2.7", "1.3"),
        ("1.2", "1.2", "1.3"),
        (">=1,<2", "1.5", "2"),
        (">=1 <2", "1.5", "2"),
        ("~=1.2", "1.9", "2"),
        ("^1.0 || ^2.0", "2.5", "1.5"),
        ("!=1.3", "1.2", "1.3"),
    ],
)
def test_a_constraint_means_the_same(text: str, inside: str, beyond: str) -> None:
    found = SpecifierSet(poetry.specifier(text))
    assert inside in found
    assert beyond not in found


@pytest.mark.parametrize("text", ["*", "latest", "^"])
def test_anything_goes(text: str) -> None:
    assert poetry.specifier(text) == ""


def test_entries() -> None:
    table = {
        "python": "^3.11",
        "a": "*",
        "b": {"version": "^2", "extras": ["x", "y"], "markers": "sys_platform == 'linux'"},
        "c": {"git": "https://git.invalid/c", "tag": "v1"},
        "d": {"path": "../d", "develop": True},
        "e": {"path": "e.whl"},
        "f": {"url": "https://files.invalid/f.whl"},
        "g": [{"version": "1", "python": "<3.9"}, {"version": "2", "python": "^3.9"}],
        "h": {"version": "1", "optional": True},
        "i": {"version": "1", "platform": "darwin"},
    }
    found = poetry.requirements(table)
    assert found == [
        "a",
        "b[x,y]>=2,<3 ; (sys_platform == 'linux')",
        "c @ git+https://git.invalid/c@v1",
        "-e ../d",
        "e.whl",
        "f @ https://files.invalid/f.whl",
        "g==1 ; python_version < '3.9'",
        "g==2 ; python_version >= '3.9' and python_version < '4'",
        "i==1 ; sys_platform == 'darwin'",
    ]
    assert poetry.requirements({"h": table["h"]}, extras=["H"]) == ["h==1"]
    for word in found:
        if not word.startswith("-e") and word != "e.whl":
            Requirement(word)
