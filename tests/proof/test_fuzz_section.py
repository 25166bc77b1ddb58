"""What fuzzing recorded, as the manual tells it."""

from tests.proof.fuzz import section


def test_a_parser_that_had_less_inputs_is_counted() -> None:
    one = {
        "inputs": 1_000_000,
        "seconds": 200.0,
        "loaded": 90,
        "peak": 120,
        "corpus": 9,
        "findings": 0,
    }
    record = {
        "date": "2026-11-29",
        "commit": "abc",
        "targets": {"a": one, "b": {**one, "inputs": 10}},
    }
    text = section(record)
    assert "1,000,010 inputs of 2 parsers; inputs that no parser may answer so: 0." in text
    assert "1 of them have not had 1,000,000 inputs yet." in text
    assert "|a|1,000,000|5,000|30|9|" in text
