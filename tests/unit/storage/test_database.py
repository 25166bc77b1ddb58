"""The file of the state: opened, damaged, full, held by another, of another version."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.errors import (
    StoreBusy,
    StoreDamaged,
    StoreFailed,
    StoreFull,
    StoreHeld,
    StoreOutdated,
    UsageError,
)
from reconciler.storage import engines
from reconciler.storage.clusters import add_cluster, count_clusters, find_cluster
from reconciler.storage.database import created_at, open_state, read_state
from reconciler.storage.exclusive import hold_state
from reconciler.storage.private import STATE
from tests.unit.storage.moments import EPOCH, at

pytestmark = pytest.mark.usefixtures("unsynced")


def with_clusters(place: Path, count: int) -> Path:
    """A closed state with some clusters: its file."""
    found = open_state(place, EPOCH)
    add_many(found, count)
    found.close()
    return place / STATE


def counted(place: Path) -> int:
    found = open_state(place, at(1))
    try:
        with found.reading() as connection:
            return count_clusters(connection)
    finally:
        found.close()


def test_a_state_is_made_for_its_owner_alone_and_found_again(tmp_path):
    path = with_clusters(tmp_path / "state", 3)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert counted(path.parent) == 3


def test_it_is_known_when_it_was_begun(state):
    with state.reading() as connection:
        assert created_at(connection) == EPOCH


def test_connections_wait_sync_and_keep_links(tmp_path, monkeypatch):
    monkeypatch.undo()  # as it is when nobody tests
    found = open_state(tmp_path / "state", EPOCH)
    with found.reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        vacuum = connection.exec_driver_sql("PRAGMA auto_vacuum").scalar()
    found.close()
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": engines.BUSY,
    }
    assert vacuum == 2


def add_many(state, count: int) -> None:
    with state.writing() as connection:
        for number in range(count):
            add_cluster(connection, f"/{number}", "c" * 500, EPOCH)


def add_and_fail(state) -> None:
    with state.writing() as connection:
        add_cluster(connection, "/a", "c", EPOCH)
        raise ZeroDivisionError


def test_what_failed_is_not_there(state):
    with pytest.raises(ZeroDivisionError):
        add_and_fail(state)
    with state.reading() as connection:
        assert count_clusters(connection) == 0


def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(state):
    with state.reading() as reader:
        assert count_clusters(reader) == 0
        with state.writing() as writer:
            add_cluster(writer, "/a", "c", EPOCH)
        assert count_clusters(reader) == 0
    with state.reading() as reader:
        assert count_clusters(reader) == 1


def overwrite_pages(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))


def truncate_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 + 100)


def write_words(path: Path) -> None:
    path.write_text("this is no database " * 99)


@pytest.mark.parametrize("damage", [overwrite_pages, truncate_half, write_words])
def test_a_damaged_state_is_kept_aside_and_begun_anew(tmp_path, damage):
    path = with_clusters(tmp_path / "state", 99)
    damage(path)
    damaged = path.read_bytes()
    found = open_state(path.parent, at(3))
    try:
        assert found.aside == path.with_name("state.db.damaged-20260101T000300Z")
        assert found.aside.read_bytes() == damaged
        with found.writing() as connection:
            assert count_clusters(connection) == 0
            assert created_at(connection) == at(3)
    finally:
        found.close()
    write_words(path)
    again = open_state(path.parent, at(3))
    again.close()
    assert again.aside == path.with_name("state.db.damaged-20260101T000300Z-2")


def test_what_is_beside_a_damaged_state_goes_aside_with_it(tmp_path):
    place = tmp_path / "state"
    found = open_state(place, EPOCH)
    add_many(found, 9)
    left = shutil.copytree(place, tmp_path / "left")  # as a killed writer leaves it
    found.close()
    write_words(left / STATE)
    written = (left / f"{STATE}-wal").read_bytes()
    assert written
    found = open_state(left, at(3))
    try:
        assert found.aside.with_name(f"{found.aside.name}-wal").read_bytes() == written
        with found.reading() as connection:
            assert count_clusters(connection) == 0
    finally:
        found.close()


def test_damage_that_shows_while_it_is_used_is_told_as_such(tmp_path):
    path = with_clusters(tmp_path / "state", 99)
    found = open_state(path.parent, EPOCH)
    try:
        with found.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        found.close()
        overwrite_pages(path)
        with pytest.raises(StoreDamaged, match="is damaged"), found.reading() as connection:
            find_cluster(connection, "/77", "c" * 500)
    finally:
        found.close()


def test_a_full_disk_is_told_leaves_what_was_and_is_written_again_later(tmp_path):
    found = open_state(tmp_path / "state", EPOCH)
    try:
        with found.writing() as connection:
            add_cluster(connection, "/first", "c", EPOCH)
        # As many pages as there are: SQLite then says what it says of a full disk.
        with found.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreFull, match="no room") as told:
            add_many(found, 999)
        assert told.value.retryable
        with found.reading() as connection:
            assert count_clusters(connection) == 1
        with found.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 999}")
        add_many(found, 99)
        with found.reading() as connection:
            assert count_clusters(connection) == 100
    finally:
        found.close()


def test_who_holds_it_too_long_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "BUSY", 1)
    path = with_clusters(tmp_path / "state", 1)
    found = open_state(path.parent, EPOCH)
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="another program"), found.writing():
            pass
        other.execute("ROLLBACK")
        with found.writing() as connection:
            assert count_clusters(connection) == 1
    finally:
        other.close()
        found.close()


def test_a_reader_cannot_write(tmp_path):
    path = with_clusters(tmp_path / "state", 1)
    found = read_state(path.parent)
    try:
        with found.reading() as connection:
            assert count_clusters(connection) == 1
        with pytest.raises(StoreFailed, match="readonly"), found.writing() as connection:
            add_cluster(connection, "/x", "c", EPOCH)
    finally:
        found.close()


def test_a_reader_of_nothing_finds_nothing_and_makes_nothing(tmp_path):
    assert read_state(tmp_path) is None
    assert read_state(tmp_path / "missing") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("revision", ["9999", "0000"])
def test_a_reader_leaves_tables_of_another_version(tmp_path, revision):
    path = with_clusters(tmp_path / "state", 1)
    _revise(path, revision)
    with pytest.raises(StoreOutdated, match=f"revision {revision}"):
        read_state(path.parent)


def test_tables_of_a_newer_version_are_left_alone(tmp_path):
    path = with_clusters(tmp_path / "state", 1)
    _revise(path, "9999")
    before = path.read_bytes()
    with pytest.raises(StoreOutdated, match=r"newer version.*move the file away"):
        open_state(path.parent, at(1))
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [STATE]


def _revise(path: Path, revision: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def test_a_damaged_state_is_no_answer_to_a_reader(tmp_path):
    path = with_clusters(tmp_path / "state", 1)
    write_words(path)
    with pytest.raises(StoreDamaged):
        read_state(path.parent)


def make_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def make_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def open_to_others(path: Path) -> None:
    path.chmod(0o666)


@pytest.mark.parametrize("change", [make_link, make_directory, open_to_others])
def test_a_reader_does_not_believe_what_others_may_have_made(tmp_path, change):
    path = with_clusters(tmp_path / "state", 1)
    change(path)
    with pytest.raises(StoreFailed, match="not believed"):
        read_state(path.parent)


@pytest.mark.parametrize("change", [make_link, make_directory])
def test_a_state_that_is_no_file_is_refused(tmp_path, change):
    path = with_clusters(tmp_path / "state", 1)
    change(path)
    with pytest.raises(UsageError, match=STATE):
        open_state(path.parent, EPOCH)


def test_one_daemon_holds_a_state_directory(tmp_path):
    place = tmp_path / "state"
    with hold_state(place):
        words = f"process {os.getpid()}"
        with pytest.raises(StoreHeld, match=words), hold_state(place):
            pass
        assert StoreHeld.exit_code == 5
    with hold_state(place):
        pass


def test_a_state_outlives_the_kill_of_its_writer(tmp_path):
    place = tmp_path / "state"
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from reconciler.storage.clusters import add_cluster\n"
        "from reconciler.storage.database import open_state\n"
        "from reconciler.storage.exclusive import hold_state\n"
        "from tests.unit.storage.moments import EPOCH\n"
        f"place = Path({str(place)!r})\n"
        "with hold_state(place):\n"
        "    found = open_state(place, EPOCH)\n"
        "    with found.writing() as connection:\n"
        "        add_cluster(connection, '/kept', 'c', EPOCH)\n"
        "    with found.writing() as connection:\n"
        "        add_cluster(connection, '/lost', 'c', EPOCH)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, check=False)
    assert done.returncode == -9
    with hold_state(place):
        assert counted(place) == 1
