"""A contract as a whole: whether it is there, and its version where that has to move (`version_policy`)."""

from collections.abc import Iterator

from xptasks.contracts.compat.change import Policy, Rule
from xptasks.contracts.compat.rules.making import rule
from xptasks.contracts.compat.sample import OK, Contract, contract

_SEMVER = Policy(semver=True)
_GET = {"get": {"responses": OK}}


def rules() -> Iterator[Rule]:
    """The rules of this module."""
    yield rule(
        "contract", "none", "contract-removed", "error", "Nobody promises any more what it says.", contract(), None
    )
    one, two = {"/a": _GET}, {"/a": _GET, "/b": _GET}
    fewer = {"/a": {"get": {"responses": OK | {"404": {"description": "missing"}}}}}
    for name, sentence, before, after in (
        ("decreased", "The version went back.", _named("1.1.0", one), _named("1.0.0", one)),
        ("unreadable", "The version is no semantic version.", _named("1.0.0", one), _named("tuesday", one)),
        (
            "major-missing",
            "Clients see from the first number of a version that something breaks; it did not move.",
            _named("1.0.0", two),
            _named("1.1.0", one),
        ),
        (
            "minor-missing",
            "Clients see from the second number of a version that something was added; it did not move.",
            _named("1.0.0", one),
            _named("1.0.1", two),
        ),
        (
            "patch-missing",
            "Two contracts that differ have the same version.",
            _named("1.0.0", fewer),
            _named("1.0.0", one),
        ),
    ):
        yield rule("version", "none", f"version-{name}", "error", sentence, before, after, _SEMVER)


def _named(version: str, paths: Contract) -> Contract:
    return contract(info={"title": "Example", "version": version}, paths=paths)
