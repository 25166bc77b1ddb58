"""`history` and `show` tell the same with and without a database, whatever became of the files."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.cli import run
from reconciler.cli.indexed_runs import outlines
from reconciler.cli.run_records import run_from_record
from reconciler.execution.journal import GENESIS, Content, Journal, parse_record
from reconciler.execution.run_index import (
    FRESH,
    index_content,
    index_runs,
    record_of_outline,
    stored_record,
)
from reconciler.reports.history import history_document
from reconciler.storage import engines
from reconciler.storage.approvals import Approval, latest_approvals, plan_approvals
from reconciler.storage.database import Database, open_state
from reconciler.storage.private import STATE
from reconciler.storage.runs import (
    count_runs,
    drop_run,
    find_run,
    latest_runs,
    run_lines,
    run_outlines,
)

BEGAN = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHO = {"user": "ops", "controller": "desk", "file": "c.yaml", "file_digest": "ab" * 32}
ACTION = {"cluster": "c", "action": "c/n1/mount/v", "host": "n1", "summary": "mount v"}
# Later than the files of a test are.
LATER = timedelta(seconds=FRESH + 1)


@pytest.fixture
def file_state(tmp_path: Path) -> Iterator[Database]:
    found = open_state(tmp_path / "state", BEGAN)
    yield found
    found.close()


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody cuts the power of a test: it does not wait for a disk."""
    monkeypatch.setattr(engines, "WRITING", (*engines.WRITING, "PRAGMA synchronous = OFF"))


def recorded(place: Path, name: str, *, end="converged", counts=None, actions=2) -> Path:
    ticks = iter(BEGAN + timedelta(seconds=n) for n in range(99))
    with Journal(place / "runs", name, lambda: next(ticks)) as journal:
        journal.emit("run-started", {"cluster": None, **WHO})
        journal.emit("observed", {"cluster": "c", "hosts": 3, "actions": 4, "plan": "9c1f"})
        approved = {"plan": "9c1f", "message": "plan 9c1f approved by --auto-approve"}
        journal.emit("approved", {"cluster": None, **approved})
        for _ in range(actions):
            journal.emit("action-started", {**ACTION, "command": "mount \udcff"})
            output = {"status": 0, "stdout": "x\n" * 20, "stderr": "", "proved": ["a = b"]}
            journal.emit("action-finished", {**ACTION, "seconds": 1.0, **output})
        if end:
            counts = {"done": actions} if counts is None else counts
            done = {"operations": ["mount"], "kernel": "6.1", "tools": "1.8.7"}
            journal.emit("operations-proven", {"cluster": "c", **done})
            ended = {"exit_code": 0, "result": end, "clusters": {"c": end}}
            journal.emit("run-finished", {"cluster": None, **ended, "counts": counts})
    return journal.path


def indexed(place: Path):
    """Index once, later than all files are; what that did."""
    database = open_state(place, BEGAN)
    try:
        return index_runs(database, place / "runs", datetime.now(UTC) + LATER)  # noqa: TID251
    finally:
        database.close()


def told(capsys, place: Path, *words) -> tuple[int, str, str]:
    code = run([*words, "--state-dir", str(place)])
    out, err = capsys.readouterr()
    return code, out, err


ASKED = (
    ("history",),
    ("history", "--format", "json"),
    ("history", "-n", "2"),
    ("show",),
    ("show", "20261101", "-v"),
    ("show", "20261101", "--format", "json"),
    ("show", "20261102"),
    ("show", "20261103", "--format", "json"),
    ("show", "20261104"),
    ("show", "20261101", "--verify"),
    ("passport", "--format", "json"),
)


def everything(capsys, place: Path):
    return [told(capsys, place, *words) for words in ASKED]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Runs that ended, were cut off, did not count, and one with a damaged line."""
    found = tmp_path / "state"
    recorded(found, "20261101T000000Z-aaaaaa")
    recorded(found, "20261102T000000Z-aaaaaa", end=None)
    recorded(found, "20261103T000000Z-aaaaaa", end="interrupted", counts={"done": 0})
    damaged = recorded(found, "20261104T000000Z-aaaaaa")
    damaged.write_bytes(damaged.read_bytes().replace(b"mount v", b"mount w", 1))
    recorded(found, "20261105T000000Z-aaaaaa", end="no-change", actions=0)
    return found


def test_what_is_told_is_the_same_with_a_database(place, capsys):
    before = everything(capsys, place)
    done = indexed(place)
    assert (len(done.read), done.forgotten, done.unreadable) == (5, (), ())
    assert everything(capsys, place) == before
    assert set(outlines(place, "")) == {"20261101T000000Z-aaaaaa", "20261105T000000Z-aaaaaa"}


def test_a_list_of_indexed_runs_opens_no_file_of_theirs(place, capsys, monkeypatch):
    indexed(place)
    read = []
    real = os.open

    def note(path, *rest, **more):
        if str(path).endswith(".jsonl"):
            read.append(Path(path).name[:8])
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", note)
    told(capsys, place, "history")
    assert sorted(read) == ["20261102", "20261103", "20261104"]
    read.clear()
    told(capsys, place, "show", "20261101")
    assert read == []
    told(capsys, place, "show", "20261101", "--verify")
    assert read == ["20261101"]


def test_it_is_read_while_the_daemon_writes(place, capsys):
    indexed(place)
    before = everything(capsys, place)
    database = open_state(place, BEGAN)
    try:
        with database.writing() as connection:
            drop_run(connection, "20261101T000000Z-aaaaaa")
            assert everything(capsys, place) == before
    finally:
        database.close()


def edit(path: Path) -> None:
    """Of the same size, at the same time of change of its content."""
    was = path.stat()
    path.write_bytes(path.read_bytes().replace(b"converged", b"unplugged", 1))
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def replace_file(path: Path) -> None:
    copy = path.with_suffix(".new")
    shutil.copy(path, copy)
    edit(copy)
    copy.rename(path)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 9)


def open_to_all(path: Path) -> None:
    path.chmod(0o666)


def link(path: Path) -> None:
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))


@pytest.mark.parametrize("change", [edit, replace_file, cut, open_to_all, link])
def test_a_file_that_is_another_by_now_is_read(place, capsys, change):
    indexed(place)
    change(place / "runs/20261101T000000Z-aaaaaa.jsonl")
    with_it = [told(capsys, place, *words) for words in ASKED[:3]]
    (place / STATE).unlink()
    assert with_it == [told(capsys, place, *words) for words in ASKED[:3]]


@pytest.mark.parametrize("damage", ["garbage", "newer", "not ours"])
def test_a_database_that_cannot_be_used_is_told_and_files_are_read(place, capsys, damage):
    before = everything(capsys, place)
    indexed(place)
    if damage == "garbage":
        (place / STATE).write_text("no database" * 999)
    elif damage == "newer":
        database = open_state(place, BEGAN)
        with database.writing() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        database.close()
    else:
        (place / STATE).chmod(0o666)
    for words, (code, out, _err) in zip(ASKED, before, strict=True):
        now = told(capsys, place, *words)
        assert now[:2] == (code, out)
        if "--verify" not in words:
            assert now[2].startswith(f"note: the state in {place / STATE} ")
            assert now[2].endswith("; the records of runs are read instead\n")


def test_only_what_changed_is_read_again(place):
    indexed(place)
    assert indexed(place).read == ()
    recorded(place, "20261106T000000Z-aaaaaa")
    (place / "runs/20261101T000000Z-aaaaaa.jsonl").unlink()
    done = indexed(place)
    assert done.read == ("20261106T000000Z-aaaaaa",)
    assert done.forgotten == ("20261101T000000Z-aaaaaa",)


def test_a_file_is_read_again_until_it_cannot_have_changed_unseen(place):
    path = recorded(place, "20261107T000000Z-aaaaaa")
    database = open_state(place, BEGAN)
    try:
        wrote = datetime.fromtimestamp(path.stat().st_ctime, UTC)
        index_runs(database, place / "runs", wrote + timedelta(seconds=FRESH - 0.1))
        with database.reading() as connection:
            assert find_run(connection, path.stem).stamp == ""
        again = index_runs(database, place / "runs", wrote + LATER)
        assert path.stem in again.read
        with database.reading() as connection:
            assert find_run(connection, path.stem).stamp
    finally:
        database.close()


def test_a_run_at_work_grows_in_the_index_and_its_end_is_seen(tmp_path):
    database = open_state(tmp_path, BEGAN)
    now = datetime.now(UTC) + LATER  # noqa: TID251  # files have the real time
    try:
        with Journal(tmp_path / "runs", "20261101T000000Z-aaaaaa", lambda: BEGAN) as journal:
            journal.emit("run-started", {"cluster": None, **WHO})
            index_runs(database, tmp_path / "runs", now)
            with database.reading() as connection:
                assert find_run(connection, journal.path.stem).result == "at work"
            journal.emit("observed", {"cluster": "c", "plan": "9c1f"})
            index_runs(database, tmp_path / "runs", now)
            with database.reading() as connection:
                texts = run_lines(connection, journal.path.stem)
                assert b"\n".join(texts) + b"\n" == journal.path.read_bytes()
                assert run_lines(connection, journal.path.stem, after=1) == texts[1:]
        index_runs(database, tmp_path / "runs", now)
        with database.reading() as connection:
            assert find_run(connection, journal.path.stem).result == "cut off"
        assert index_runs(database, tmp_path / "runs", now).read == ()
    finally:
        database.close()


def test_runs_are_found_by_cluster_and_approvals_by_plan(place):
    indexed(place)
    database = open_state(place, BEGAN)
    try:
        with database.reading() as connection:
            latest = latest_runs(connection, 2, cluster="c")
            assert [one.run[:8] for one in latest] == ["20261105", "20261104"]
            (older,) = latest_runs(connection, 1, before=latest[-1].run, cluster="c")
            assert (older.run[:8], older.result) == ("20261103", "interrupted")
            assert (older.clusters, older.who) == ({"c": "interrupted"}, "ops@desk")
            assert latest_runs(connection, 9, cluster="d") == []
            assert count_runs(connection)["cut off"] == 1
            one = plan_approvals(connection, "9c1f")[0]
            assert one == Approval(
                "20261101T000000Z-aaaaaa",
                "9c1f",
                BEGAN + timedelta(seconds=2),
                "ops@desk",
                "plan 9c1f approved by --auto-approve",
            )
            # a damaged record tells of no approval
            assert len(latest_approvals(connection, 9)) == 4
    finally:
        database.close()


def test_garbage_beside_the_records_stops_no_indexing(place, capsys):
    runs = place / "runs"
    (runs / "empty.jsonl").touch(0o600)
    (runs / "words.jsonl").write_text("no json\n{}\n[]\n")
    (runs / "words.jsonl").chmod(0o600)
    (runs / "directory.jsonl").mkdir()
    (runs / "link.jsonl").symlink_to("nothing")
    odd = {"event": "run-finished", "time": "9" * 40, "counts": {"done": 1}, "result": ["x"]}
    (runs / "odd.jsonl").write_text(json.dumps(odd) + "\n")
    (runs / "odd.jsonl").chmod(0o600)
    before = told(capsys, place, "history")
    done = indexed(place)
    assert set(done.unreadable) == {"directory", "link"}
    assert told(capsys, place, "history") == before


EVENTS = st.sampled_from(
    [
        ("run-started", {"cluster": None, **WHO}),
        ("observed", {"cluster": "c", "plan": "9c1f", "actions": 3}),
        ("observed", {"cluster": "d", "plan": "aaaa", "actions": 1}),
        ("action-started", ACTION),
        ("action-finished", {**ACTION, "seconds": 1.0}),
        ("action-failed", {**ACTION, "message": "no"}),
        ("barrier", ACTION),
        ("told", {"cluster": "c", "message": "é\u2028\udcff"}),
        (
            "run-finished",
            {"result": "converged", "counts": {"done": 1}, "clusters": {"c": "x"}},
        ),
        ("run-finished", {"result": "failed", "counts": {"done": 0}, "exit_code": 4}),
        ("run-finished", {"result": "refused"}),
    ]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(EVENTS, st.integers(0, 999)), max_size=8))
def test_whatever_a_record_says_its_index_says_the_same(file_state, events):
    texts, last, at = [], GENESIS, BEGAN
    for (event, details), seconds in events:
        at += timedelta(seconds=seconds)
        line = {"event": event, "time": at.isoformat(), "run": "r", **details}
        body = json.dumps({**line, "previous": last})
        last = hashlib.sha256(body.encode()).hexdigest()
        texts.append(f'{body[:-1]}, "hash": "{last}"}}'.encode())
    content = Content(b"".join(text + b"\n" for text in texts), False, "1", 0.0)
    record = parse_record(content.text, "r", at_work=False)
    assert record.broken is None
    index_content(file_state, "r", content, BEGAN)
    with file_state.reading() as connection:
        stored = find_run(connection, "r")
        outline = run_outlines(connection, "").get("r")
        whole = stored_record(stored, run_lines(connection, "r"))
    expected = history_document([run_from_record(record)])
    assert stored.settled == (whole is not None)
    if whole is not None:
        assert whole == record
    if outline is not None:
        assert stored.settled
        found = record_of_outline("r", outline[1])
        assert history_document([run_from_record(found)]) == expected
    assert stored.result == expected["runs"][0]["result"]


def test_without_a_database_nothing_of_it_is_imported(tmp_path):
    recorded(tmp_path / "state", "20261101T000000Z-aaaaaa")
    words = f"'--state-dir', {str(tmp_path / 'state')!r}"
    code = (
        "import sys\n"
        "from reconciler.cli import run\n"
        f"run(['history', {words}])\n"
        f"run(['show', {words}])\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "converged" in done.stdout
    assert not {"sqlalchemy", "alembic"} & set(done.stderr.split())
