"""The page of the manual says what the records say, and every record has its part."""

import json

import pytest

from tests.lab.recipe import SUITES
from tests.proof import kernels, mutants, proof_page, simulation
from tests.proof.proof_page import PAGE, PARTS, RECORDS, make_page


def test_the_page_says_what_the_records_say():
    assert PAGE.read_text() == make_page(), "run: python -m tests.proof"


def test_each_record_has_a_part_and_says_when_it_was_made():
    for path in RECORDS.glob("*.json"):
        assert path.stem in PARTS
        assert "20" in str(json.loads(path.read_text())["date"])


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_which_nothing_is_recorded_is_named(part, tmp_path, monkeypatch):
    monkeypatch.setattr(proof_page, "RECORDS", tmp_path)
    assert PARTS[part] in make_page().partition("Not recorded yet")[2]


@pytest.mark.parametrize("path", sorted(RECORDS.glob("*.json")), ids=lambda path: path.stem)
def test_a_part_is_named_as_its_section_is_headed(path):
    heads = [line.lower() for line in make_page().splitlines() if line.startswith("## ")]
    assert any(PARTS[path.stem] in head for head in heads)


def test_a_broken_law_is_named_with_its_seeds():
    record = {
        "date": "2026-11-29",
        "commit": "5185fd69",
        "histories": 10,
        "seeds": [0, 10],
        "a_minute_and_core": 460.8,
        "violations": {"27": 1, "28": 2},
        "failing_seeds": [3, 5, 8],
        "seen": {"run": {"failed": 2, "converged": 7}},
        "mutants": {"leases bind nobody": ["1"], "a path is believed": []},
    }
    text = simulation.section(record)
    assert "histories that broke a law: 3." in text
    assert "I27 (in 1), I28 (in 2), of `reconcile manual invariants`; seeds 3, 5, 8." in text
    assert "How the runs ended: converged 7, failed 2." in text
    assert "|leases bind nobody|I1|\n|a path is believed|none|\n" in text
    assert "* after each event: I1." in text
    assert "* I20: `tests/unit/hosts/test_ssh_keys.py::" in text
    elsewhere = text.partition("its proof elsewhere")[2]
    assert ", I5, " in elsewhere.partition(": histories judge it by now")[0]
    assert "I1," not in elsewhere
    assert "Broken" not in simulation.section({**record, "violations": {}, "failing_seeds": []})


def test_a_group_of_mutants_that_was_never_played_is_told():
    one = {"killed": {"a": "test_a"}, "alive": {"b": ""}, "date": "2026-11-29"}
    text = mutants.section({"groups": {"edges": one}})
    assert "|edges of the order|2|1|2026-11-29|" in text
    assert "|statements that refuse a plan|-|-|not recorded yet|" in text
    assert "* edges: b: a gap" in text


def test_the_page_knows_every_kernel_of_the_laboratory():
    assert set(kernels.KERNELS) == set(SUITES)
