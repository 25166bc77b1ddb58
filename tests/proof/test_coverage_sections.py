"""What the sections on coverage and on mutants say of their records; and what they leave out."""

import re

from reconciler import gate
from tests.line_coverage import PACKAGES, excuses
from tests.mutants import gate_parts
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


def test_each_refusal_of_the_gate_is_left_out_once_and_each_look_where_it_is_called():
    found = [*gate_parts.refusals()]
    texts = "\n".join(part.text for part in gate.parts().values())
    code = "\n".join(line for line in texts.split("\n") if not line.lstrip().startswith("#"))
    said = re.findall(r"\brefuse [a-z]", gate_parts.REFUSAL.sub("", code))
    assert len([one for one in found if one.calls == "refuse"]) == len(said)
    assert {one.calls for one in found} >= gate_parts.GUARDS
    assert len({one.name for one in found}) == len(found)
