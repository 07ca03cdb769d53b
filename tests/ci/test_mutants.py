"""Every mistake of `mutants.py` is caught by our own rules, and what is generated has none."""

import pytest

from tests.ci.conftest import PROJECTS, Look, Make, found
from tests.ci.mutants import MUTANTS, Mutant
from xptasks.ci import delivering, github
from xptasks.loop import workflows

CASES = [
    pytest.param(mutant, name, id=f"{number:03}-{mutant.rule}-{name}")
    for number, mutant in enumerate(MUTANTS, 1)
    for name in mutant.of
]


def test_there_are_at_least_forty_and_each_is_one_of_its_own() -> None:
    assert len(MUTANTS) >= 40
    assert len({mutant.sentence for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize(("mutant", "name"), CASES)
def test_mutant_is_caught_by_its_rule(mutant: Mutant, name: str, looked: Look) -> None:
    good = looked(name).fresh[mutant.file]
    bad = mutant.edit(good)
    assert bad != good, "the edit changed nothing"
    findings = found(looked(name).request, mutant.file, bad)
    assert mutant.rule in {finding.rule for finding in findings}
    for finding in findings:
        assert finding.position is not None
        assert finding.position.file == mutant.file
        assert (finding.position.line or 0) >= 1
        assert finding.hint


@pytest.mark.parametrize("name", PROJECTS)
def test_what_is_generated_has_no_finding(name: str, make: Make) -> None:
    project = make(name)
    looked = workflows.look(project)
    assert looked.stale == []
    assert workflows.findings(project, looked) == []


def test_every_rule_is_tried() -> None:
    from xptasks.ci import rules  # noqa: PLC0415 - the only test that needs it

    tried = {mutant.rule for mutant in MUTANTS}
    assert set(rules.names()) - tried == set()


def test_both_files_are_mutated() -> None:
    assert {mutant.file for mutant in MUTANTS} == {github.FILE, delivering.FILE}
