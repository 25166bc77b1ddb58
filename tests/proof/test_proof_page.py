"""The page of the manual says what the records say, and every record has its part."""

import json

from tests.proof.proof_page import PAGE, PARTS, RECORDS, make_page


def test_the_page_says_what_the_records_say():
    assert PAGE.read_text() == make_page(), "run: python -m tests.proof"


def test_each_record_has_a_part_and_says_when_it_was_made():
    for path in RECORDS.glob("*.json"):
        assert path.stem in PARTS
        assert "20" in str(json.loads(path.read_text())["date"])
