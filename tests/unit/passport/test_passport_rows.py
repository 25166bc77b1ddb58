"""Rows: the laboratory's, those of an operator's records, and which of them proves something."""

import json
from datetime import date
from pathlib import Path

import pytest

from reconciler.passport import passport_rows
from reconciler.passport.field_rows import PROVEN, field_rows
from reconciler.passport.passport_rows import (
    SIGHTINGS,
    Row,
    find_row,
    lab_rows,
    merge_rows,
    parse_rows,
)
from reconciler.passport.platforms import Platform

OLD, NEW = Platform("6.1", "1.8.7"), Platform("6.12", "1.8.8")
BOOKWORM = {"kernel": "6.1", "tools": "1.8.7", "operation": "join", "date": "2026-11-29"}
LINE = {
    "event": PROVEN,
    "time": "2026-11-20T10:00:00.000+00:00",
    "cluster": "ocfs2",
    "operations": ["join", "mount"],
    "kernel": "6.1",
    "tools": "1.8.7",
}


def test_each_shipped_row_is_one_of_a_day_that_was():
    text = Path(passport_rows.__file__).with_name(SIGHTINGS).read_text()
    rows = parse_rows(text)
    assert len(merge_rows(rows)) == len(rows)
    for row in rows:
        assert date(2026, 11, 28) <= date.fromisoformat(row.date)


def test_who_is_made_or_joins_in_the_laboratory_mounts():
    found = {(row.platforms, row.operation) for row in lab_rows()}
    made = {platforms for platforms, name in found if name in {"create", "join"}}
    assert made == {platforms for platforms, name in found if name == "mount"}


def test_bookworm_is_proven():
    found = {row.operation for row in lab_rows() if row.platforms == (OLD,)}
    assert {"create", "join", "mount", "reboot"} <= found


@pytest.mark.parametrize(
    "wrong", [{"operation": "juggle"}, {"kernel": "six"}, {"tools": "1.8.7+1.8.8"}]
)
def test_a_row_that_is_none_is_refused(wrong):
    assert parse_rows(json.dumps([BOOKWORM])) == (Row((OLD,), "join", "2026-11-29"),)
    with pytest.raises(ValueError, match=r"operation|kernels|argument"):
        parse_rows(json.dumps([{**BOOKWORM, **wrong}]))


def test_rows_of_the_same_are_one_with_the_latest_day_and_all_runs():
    rows = [
        Row((OLD, NEW), "join", "2026-11-27"),
        Row((NEW,), "leave", "2026-11-27"),
        Row((NEW,), "join", "2026-11-29"),
        Row((NEW,), "join", "2026-11-28"),
        Row((OLD,), "leave", "2026-11-27"),
    ]
    assert merge_rows(rows) == (
        Row((OLD,), "leave", "2026-11-27"),
        Row((NEW,), "join", "2026-11-29", 2),
        Row((NEW,), "leave", "2026-11-27"),
        Row((OLD, NEW), "join", "2026-11-27"),
    )


def test_the_latest_proof_is_found_and_none_of_another_operation_or_pair():
    early, late = Row((OLD,), "join", "2026-11-27"), Row((OLD,), "join", "2026-11-29")
    assert find_row([early, late], (OLD,), "join") == late
    assert find_row([early, late], (OLD,), "leave") is None
    assert find_row([early, late], (NEW,), "join") is None


def test_the_lines_of_a_run_tell_what_it_proved():
    rows = [Row((OLD,), name, "2026-11-20") for name in ("join", "mount")]
    assert list(field_rows([{"event": "observed"}, LINE])) == rows


@pytest.mark.parametrize(
    "wrong",
    [
        {"tools": ""},
        {"kernel": None},
        {"operations": None},
        {"operations": ["juggle", ["join"], 7]},
        {"event": "observed"},
    ],
)
def test_lines_of_other_versions_and_of_unknown_pairs_tell_nothing(wrong):
    assert list(field_rows([{**LINE, **wrong}])) == []
