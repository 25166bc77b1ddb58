"""What the sections on coverage and on mutants say of their records, and that excuses have reasons."""

from tests.line_coverage import PACKAGES, excuses
from tests.mutants.groups import GROUPS
from tests.proof import coverage, mutants
from tests.proof.proof_page import load_record

WHOLE = {"files": 1, "lines": 10, "branches": 4, "all": 14, "run": 14}


def test_what_is_excused_has_its_reason():
    assert [one["where"] for one in excuses() if len(one["reason"].split()) < 3] == []


def test_what_is_not_run_is_not_shown_as_run():
    packages = {"planning": WHOLE, "gate": {**WHOLE, "run": 7}}
    excused = [{"where": "gate/a.py:1", "reason": "nobody comes here"}]
    record = {"date": "2026-11-29", "commit": "abc", "packages": packages, "excused": excused}
    text = coverage.section(record)
    assert "|planning|10|4|all|" in text
    assert "|gate|10|4|50.0 %, not 7|" in text
    assert "* `gate/a.py:1`: nobody comes here" in text


def test_the_measured_packages_are_those_of_the_record():
    record = load_record("coverage")
    assert record is None or tuple(record["packages"]) == PACKAGES


def test_a_survivor_is_not_shown_as_killed():
    told = {"killed": {"a": "test_a"}, "alive": {"b": "c says it", "d": ""}}
    text = mutants.section({"groups": {"edges": {**told, "date": "2026-11-29"}}})
    assert "|edges of the order|3|1|2026-11-29|" in text
    assert "* edges: b: c says it\n* edges: d: a gap" in text


def test_each_group_of_mutants_has_its_words():
    assert mutants.WHAT.keys() == GROUPS.keys()
