"""The laboratory's rows come out of records of runs, and stay where they are newer."""

import json
from datetime import datetime

import pytest

from reconciler.execution.journal import Journal
from reconciler.passport.operations import OPERATIONS
from reconciler.passport.passport_rows import lab_rows
from tests.faults.operations import OPERATIONS as MATRIX
from tests.lab import sightings

CELL = {"outcome": "converged", "date": "2026-11-30T08:25:20Z"}
MIXED = {"kernel": "6.1+6.12", "tools": "1.8.7+1.8.8"}


def leave_record(home, name, day, **line):
    now = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    with Journal(home / "state/runs", name, lambda: now) as journal:
        journal.emit("run-started", {"cluster": None})
        journal.emit("operations-proven", {"cluster": "ocfs2", **line})
    return journal.path


def test_rows_of_whole_records_are_merged_into_the_file(tmp_path, monkeypatch):
    file = tmp_path / "sightings.json"
    old = {"kernel": "6.1", "tools": "1.8.7", "operation": "join", "date": "2026-11-29"}
    file.write_text(sightings.rows_text(sightings.parse_rows(json.dumps([old]))))
    monkeypatch.setattr(sightings, "FILE", file)
    monkeypatch.setattr(sightings, "CELLS", tmp_path / "faults.json")
    (tmp_path / "faults.json").write_text('{"cells": {}}')
    one = {"kernel": "6.1", "tools": "1.8.7", "operations": ["join", "leave"]}
    leave_record(tmp_path / "a", "20261128T000000Z-aaaaaa", "2026-11-28", **one)
    leave_record(
        tmp_path / "b", "20261130T000000Z-aaaaaa", "2026-11-30", **MIXED, operations=["join"]
    )
    wrong = leave_record(tmp_path / "b", "20261130T000000Z-bbbbbb", "2026-11-30", **one)
    wrong.write_bytes(wrong.read_bytes().replace(b"leave", b"slots"))
    sightings.main([str(tmp_path / "a"), str(tmp_path / "b"), "--reboot", "6.12/1.8.8"])
    rows = json.loads(file.read_text())
    reboot = rows.pop(2)
    assert rows == [
        old,
        {**old, "operation": "leave", "date": "2026-11-28"},
        {**MIXED, "operation": "join", "date": "2026-11-30"},
    ]
    assert (reboot["kernel"], reboot["operation"]) == ("6.12", "reboot")
    assert file.read_text().count("\n") == 6


def plain_rows(cells):
    record = {"kernel": "6.1.176", "tools": "1.8.7-1+b1", "cells": cells}
    return [tuple(row.as_plain().values()) for row in sightings.cell_rows(record)]


def test_a_cell_that_ended_well_proves_its_operation_where_it_was_played():
    elsewhere = {**CELL, "kernel": "6.12.113", "tools": "1.8.8-3"}
    assert plain_rows({"slots/power": CELL, "upgrade-tools/killed": elsewhere}) == [
        ("6.1", "1.8.7", "slots", "2026-11-30"),
        ("6.12", "1.8.8", "upgrade", "2026-11-30"),
    ]


@pytest.mark.parametrize("outcome", ["wrong", "refused", "missed"])
def test_a_cell_that_did_not_end_well_proves_nothing(outcome):
    assert plain_rows({"slots/power": {**CELL, "outcome": outcome}}) == []


def test_the_passport_that_is_shipped_has_what_the_recorded_cells_prove():
    """Where it has not: python -m tests.lab.sightings."""
    shipped = {(row.platforms, row.operation) for row in lab_rows()}
    record = json.loads(sightings.CELLS.read_text())
    assert {(row.platforms, row.operation) for row in sightings.cell_rows(record)} <= shipped


def test_every_operation_of_the_matrix_is_one_of_the_passport():
    assert {sightings.RENAMED.get(name, name) for name in MATRIX} <= {*OPERATIONS}
