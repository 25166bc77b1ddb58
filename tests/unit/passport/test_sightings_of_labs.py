"""The laboratory's rows come out of records of runs, and stay where they are newer."""

import json
from datetime import datetime

from reconciler.execution.journal import Journal
from tests.lab import sightings

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
