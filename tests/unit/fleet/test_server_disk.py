"""A worker keeps rounds as one daemon does; once its life is over nothing of it is kept any more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.errors import StoreFailed, WorkerLost
from reconciler.fleet import server_disk
from reconciler.fleet.server_disk import ServerDisk
from reconciler.model.outcome import AT_WORK
from reconciler.model.watched import Told
from reconciler.storage.clusters import named_clusters
from reconciler.storage.fleet_files import FleetFile, Wanted, keep_fleet_files
from reconciler.storage.fleet_identity import make_identity
from reconciler.storage.fleet_retention import FleetLimits, prune_fleet
from reconciler.storage.fleet_turns import begin_turn, end_turn, turn_history
from reconciler.storage.fleet_workers import Life, begin_life, database_now, end_life, workers
from reconciler.storage.retention import Limits
from reconciler.storage.runs import StoredRun, latest_runs, store_run
from reconciler.watch.heal_book import HealBook
from reconciler.watch.stores import Store
from tests.unit.storage.moments import EPOCH
from tests.unit.watch.test_stores import FINE, drifted, item, told

FILE = FleetFile("clusters/a.yaml", "text", "c1", "", EPOCH)
KEY = ("cluster/ocfs2", "Drifted")
HEARD = {KEY: Told("ChangedOutside", "warning", EPOCH)}


def want(connection, *names):
    keep_fleet_files(connection, [FILE], [Wanted(name, FILE.file, "north") for name in names])


@pytest.fixture
def fleet(state, tmp_path):
    """Two workers, each with its store, and a cluster that is wanted."""
    with state.writing() as connection:
        make_identity(connection)
        for name in ("one", "two"):
            begin_life(connection, Life(name, ("north",), "host", 1, "1", 1))
        want(connection, "ocfs2")
    return [
        Store(ServerDisk(replace(state, worker=name), tmp_path / name))
        for name in ("one", "two")
    ]


def over(fleet) -> None:
    """The life of the first is over."""
    with fleet[1].disk.writing() as connection:
        end_life(connection, "one")


def test_who_has_the_next_turn_goes_on_where_the_last_one_was(fleet):
    one, two = fleet
    came = ["Converged=False Differs", "drift-found node02"]
    assert told(one, FINE, drifted(item())) == [["observed"], came]
    two.reload("ocfs2")
    assert told(two, drifted(item()), FINE) == [
        [],
        ["Converged=True Well", "drift-gone node02"],
    ]
    one.reload("ocfs2")
    assert told(one, drifted(item())) == [came]


def test_what_is_known_of_healing_and_of_messages_is_that_of_the_last_turn(fleet):
    one, two = fleet
    told(one, FINE)
    assert two.load_told("ocfs2", "mail") == {}
    assert one.keep_told("ocfs2", "mail", HEARD, EPOCH) == ""
    assert one.keep_heals("ocfs2", HealBook(open_run="r"), EPOCH) == ""
    two.reload("ocfs2")
    assert two.load_told("ocfs2", "mail") == HEARD
    assert two.load_heals("ocfs2").open_run == "r"


def test_a_file_keeps_the_name_that_the_fleet_has_for_it(fleet):
    told(fleet[0], FINE)
    with fleet[1].disk.reading() as connection:
        (cluster,) = named_clusters(connection, {"ocfs2"})
        assert cluster.file == "cluster.yaml"


def test_once_its_life_is_over_a_worker_writes_nothing_and_tells_nobody(fleet):
    one, two = fleet
    told(one, FINE)
    over(fleet)
    with two.disk.reading() as connection:
        before = turn_history(connection, "ocfs2", 9), two.disk.load()
    calls = (
        lambda: told(one, drifted(item())),
        lambda: one.keep_told("ocfs2", "mail", HEARD, EPOCH),
        lambda: one.keep_heals("ocfs2", HealBook(), EPOCH),
        lambda: one.forget({"ocfs2"}),
        lambda: one.prune(EPOCH),
        lambda: one.disk.keep_files((), {"x"}),
    )
    for call in calls:
        with pytest.raises(WorkerLost):
            call()
    with two.disk.reading() as connection:
        assert (turn_history(connection, "ocfs2", 9), two.disk.load()) == before


def test_what_nobody_wants_any_more_leaves_nothing_behind(fleet):
    one, two = fleet
    told(one, FINE)
    with two.disk.writing() as connection:
        want(connection)
    told(one, drifted(item()))
    assert two.disk.load() == {}
    two.reload("ocfs2")
    assert two.last_rounds() == {}


def test_a_database_that_cannot_be_read_says_so_before_a_turn(fleet):
    class Gone(ServerDisk):
        def reading(self):
            raise StoreFailed("postgresql://", "cannot be reached")

    with pytest.raises(StoreFailed, match="reached"):
        Store(Gone(fleet[0].disk.database, fleet[0].disk.records)).reload("ocfs2")


def test_of_one_time_all_that_is_stored_is(fleet):
    told(fleet[0], replace(FINE, moment=EPOCH))
    with fleet[0].disk.reading() as connection:
        seen = fleet[0].disk.load()["ocfs2"].seen
        assert database_now(connection) - seen < timedelta(minutes=1)


def test_old_turns_and_lives_go(fleet, monkeypatch):
    _, two = fleet
    none = FleetLimits(timedelta(0), timedelta(0), timedelta(0))
    monkeypatch.setattr(server_disk, "FleetLimits", lambda: none)
    with two.disk.writing() as connection:
        end_turn(connection, begin_turn(connection, "ocfs2", "look", "one", ""), "")
        end_life(connection, "one")
        for run, result in (("old", "converged"), ("works", AT_WORK)):
            stored = StoredRun(
                run, "s", True, EPOCH, None, result, "", "", "", 0, None
            )  # its form
            store_run(connection, stored, ())
    assert two.prune(EPOCH) == ""
    with two.disk.reading() as connection:
        assert [one.run for one in latest_runs(connection, 9)] == ["works"]
        assert turn_history(connection, "ocfs2", 9) == []
        assert [one.id for one in workers(connection)] == ["two"]


def test_a_fleet_counts_no_rows(fleet, monkeypatch):
    """Samples of thousands of volumes are more than one daemon would keep, and trends need them."""
    seen = []
    monkeypatch.setattr(server_disk, "prune_fleet", lambda *some: bool(seen.append(some[1])))
    fleet[0].prune(EPOCH)
    assert [limits.rows for limits in seen] == [None]


@pytest.mark.usefixtures("cleared")
def test_while_one_prunes_nobody_else_does(server_state):
    limits = Limits(), FleetLimits(timedelta(0), timedelta(0))
    with server_state.writing() as connection:
        end_turn(connection, begin_turn(connection, "ocfs2", "look", "one", ""), "")
    with server_state.writing() as first, server_state.writing() as second:
        prune_fleet(first, *limits)
        assert prune_fleet(second, *limits) is False
        assert turn_history(first, "ocfs2", 9) == []
