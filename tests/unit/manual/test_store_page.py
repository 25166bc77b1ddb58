"""The page on the database is of the database that is made."""

import re
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.model.watched import Round
from reconciler.storage.clusters import add_cluster, count_clusters
from reconciler.storage.database import open_state, read_state
from reconciler.storage.engines import BUSY
from reconciler.storage.exclusive import hold_state
from reconciler.storage.retention import STRIDE, THIN_AFTER, YOUNGEST, Limits, used_bytes
from reconciler.storage.rounds import BACK, record_round
from reconciler.storage.samples import APART
from tests.pages import page, quoted, rows

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = page("store")


def test_each_table_is_told_and_no_other(tmp_path):
    open_state(tmp_path / "state", NOW).close()
    connection = sqlite3.connect(tmp_path / "state/state.db")
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    made = {name for (name,) in found}
    connection.close()
    assert {name for row in rows(PAGE, "Table") for name in quoted(row[0])} == made


def test_the_files_have_the_names_and_the_mode_that_are_told(tmp_path):
    place = tmp_path / "state"
    with hold_state(place):
        database = open_state(place, NOW)
        with database.writing() as connection:
            add_cluster(connection, "/f", "c", NOW)
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()}
        database.close()
    told = {name for row in rows(PAGE, "File") for name in quoted(row[0])}
    assert told == {*found, "state.db.damaged-TIME"}
    assert set(found.values()) == {0o600}


def test_how_long_what_is_kept_is_told():
    limits = Limits()
    kept = {name: row[2] for row in rows(PAGE, "Table") for name in quoted(row[0])}
    assert f"{limits.age.days} days" in kept["conditions"]
    assert limits.approvals.days == 2 * 365
    assert kept["approvals"] == "Two years"
    words = " ".join(PAGE.split())
    assert f"Of each table {limits.rows:,} rows" in words
    assert limits.size == 1 << 30
    assert "1 GiB" in words
    assert APART == YOUNGEST
    assert "at most one an hour" in words
    assert "younger than an hour" in words
    assert f"after {THIN_AFTER.days} days one a day" in words
    assert f"for {BUSY // 1000} seconds" in words
    assert f"at most {STRIDE.days:d} days further".replace("2", "two") in words
    assert BACK.total_seconds() == 600
    assert "more than ten minutes" in words


@pytest.mark.parametrize("how", ["backup", "vacuum"])
def test_a_backup_is_made_while_the_daemon_writes(tmp_path, how):
    assert ".backup" in PAGE
    assert "VACUUM INTO" in PAGE
    database = open_state(tmp_path / "state", NOW)
    copy = tmp_path / "copy"
    copy.mkdir(mode=0o700)
    with database.writing() as connection:
        add_cluster(connection, "/kept", "c", NOW)
    with database.writing() as connection:
        add_cluster(connection, "/later", "c", NOW)
        _copy(tmp_path / "state/state.db", copy / "state.db", how)
    database.close()
    (copy / "state.db").chmod(0o600)
    restored = read_state(copy)
    with restored.reading() as connection:
        assert count_clusters(connection) == 1
    restored.close()


def _copy(source: Path, target: Path, how: str) -> None:
    connection = sqlite3.connect(source)
    if how == "backup":
        other = sqlite3.connect(target)
        connection.backup(other)
        other.close()
    else:
        connection.execute("VACUUM INTO ?", (str(target),))
    connection.close()


def test_a_quiet_day_takes_the_bytes_that_are_told(tmp_path):
    assert "|11 KB; after 14 days 0.5 KB" in PAGE
    database = open_state(tmp_path / "state", NOW)
    sizes = tuple((f"images{number}", 10**13, 10**12) for number in range(3))
    with database.writing() as connection:
        clusters = [add_cluster(connection, f"/{number}", "c", NOW) for number in range(8)]
        before = used_bytes(connection)
        for minute in range(0, 24 * 60, 5):
            for cluster in clusters:
                found = Round(0, "converged", "f" * 64, sizes=sizes)
                record_round(connection, cluster, found, NOW + timedelta(minutes=minute))
        grown = used_bytes(connection) - before
    database.close()
    assert grown / len(clusters) <= 12 * 1000


def test_deleting_it_is_told_with_all_that_is_beside_it():
    (removed,) = re.findall(r"`rm (state\.db [^`]+)`", PAGE)
    assert removed.split() == ["state.db", "state.db-wal", "state.db-shm"]
