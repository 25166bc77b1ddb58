import errno
import fcntl
import json
import os
import resource
import stat
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from reconciler.errors import RecordFailed
from reconciler.execution.journal import GENESIS, Journal, broken_line, read_record

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def written(directory):
    heard = []
    with Journal(directory, "run1", lambda: NOON) as journal:
        journal.listeners.append(heard.append)
        for number in range(3):
            journal.emit("observed", {"cluster": "ocfs2", "number": number})
    return journal.path, heard


def test_every_line_is_on_disk_private_and_told_to_the_listeners(tmp_path):
    path, heard = written(tmp_path / "runs")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    chain = {"previous", "hash"}
    assert [{k: v for k, v in line.items() if k not in chain} for line in lines] == heard
    assert heard[0] == {
        "event": "observed",
        "time": "2026-11-22T12:00:00.000+00:00",
        "run": "run1",
        "cluster": "ocfs2",
        "number": 0,
    }
    assert [line["previous"] for line in lines] == [GENESIS, *(x["hash"] for x in lines[:-1])]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_chain_shows_which_line_was_edited_or_taken_out(tmp_path):
    path, _ = written(tmp_path)
    text = path.read_text()
    assert broken_line(text) is None
    assert broken_line(text.replace('"number": 1', '"number": 7')) == 2
    assert broken_line(text.replace('"number": 2', '"number": 7')) == 3
    first, second, third = text.splitlines()
    assert broken_line(f"{first}\n{third}\n") == 2
    assert broken_line(f"{second}\n{first}\n{third}\n") == 1
    assert broken_line("not json\n") == 1


def test_any_byte_that_is_another_is_noticed(tmp_path):
    path, _ = written(tmp_path)
    whole = path.read_bytes()
    for place in range(0, len(whole) - 1, 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert read_record(path).broken is not None, whole[place - 20 : place + 1]


@pytest.mark.parametrize("lost", [1, 2, 40])
def test_a_line_without_its_end_is_a_crash_and_no_forgery(tmp_path, lost):
    path, _ = written(tmp_path)
    whole = read_record(path)
    path.write_bytes(path.read_bytes()[:-lost])
    record = read_record(path)
    assert (whole.cut, len(whole.lines)) == (False, 3)
    assert (record.broken, record.cut, len(record.lines)) == (None, True, 2)
    assert record.head == whole.lines[1]["hash"]


def test_a_run_that_still_writes_is_told_from_one_that_was_cut_off(tmp_path):
    with Journal(tmp_path, "run1", lambda: NOON) as journal:
        journal.emit("run-started", {"cluster": None})
        assert read_record(journal.path).at_work
    assert not read_record(journal.path).at_work


@contextmanager
def full(room):
    """No file of this process may become larger: as on a full disk, half a line is written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_whole_lines_and_what_comes_later_follows(tmp_path):
    with Journal(tmp_path, "run1", lambda: NOON) as journal:
        journal.emit("run-started", {"cluster": None})
        size = journal.path.stat().st_size
        with full(size + 100), pytest.raises(RecordFailed, match="File too large"):
            journal.emit("observed", {"cluster": "ocfs2"})
        assert journal.path.stat().st_size == size
        journal.emit("run-finished", {"cluster": None})
    record = read_record(journal.path)
    assert (record.broken, record.cut) == (None, False)
    assert [line["event"] for line in record.lines] == ["run-started", "run-finished"]


def test_what_was_done_and_cannot_be_recorded_is_told_all_the_same(tmp_path):
    heard = []
    with Journal(tmp_path, "run1", lambda: NOON) as journal:
        journal.listeners.append(heard.append)
        assert journal.tell("observed", {"number": 1}) == ""
        with full(journal.path.stat().st_size):
            why = journal.tell("observed", {"number": 2})
    assert why.startswith(f"the record {journal.path} could not be written")
    assert [line["number"] for line in heard] == [1, 2]
    assert [line["number"] for line in read_record(journal.path).lines] == [1]


def test_a_record_is_read_where_files_have_no_locks(tmp_path, monkeypatch):
    path, _ = written(tmp_path)

    def flock(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    assert (read_record(path).at_work, read_record(path).broken) == (False, None)


def test_what_is_no_file_is_not_believed(tmp_path):
    os.mkfifo(tmp_path / "run1.jsonl")
    with pytest.raises(PermissionError, match="no regular file"):
        read_record(tmp_path / "run1.jsonl")
