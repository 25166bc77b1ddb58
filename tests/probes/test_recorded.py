"""What the probe printed on real hosts (Debian 12 and 13, UML), and the facts it must become.

A case is two files: CASE.txt, the answer as it came, and CASE.json, the facts.
"""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from reconciler.hosts.observer import parse_facts
from reconciler.model.observed import Unknown
from reconciler.probe.sections import NAMES, read, split
from reconciler.resources import SECTIONS

CASES = sorted(Path(__file__).parent.glob("*/*.txt"), key=str)


def answer(case: Path) -> str:
    return case.read_bytes().decode()  # as it came: a carriage return stays one


def facts(text: str) -> object:
    return json.loads(json.dumps(asdict(parse_facts(text, SECTIONS))))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_a_real_answer_becomes_its_facts(case: Path) -> None:
    assert facts(answer(case)) == json.loads(case.with_suffix(".json").read_text())


def test_every_section_has_a_parser_and_the_other_way_round() -> None:
    assert set(SECTIONS) == set(NAMES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_a_truncated_answer_is_unknown_where_it_is_cut_and_never_something_else(
    case: Path,
) -> None:
    text = answer(case)
    whole = {name: read(section, SECTIONS[name]) for name, section in split(text).items()}
    for cut in range(0, len(text), 97):
        for name, section in split(text[:cut]).items():
            assert isinstance(section, Unknown) or read(section, SECTIONS[name]) == whole[name]
