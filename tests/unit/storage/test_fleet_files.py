"""What files of a fleet say at a commit, and what that changes of what is wanted."""

from datetime import datetime

import pytest
from sqlalchemy.exc import OperationalError

from reconciler.model.watched import Reading, Round
from reconciler.storage.clusters import add_cluster, count_clusters, named_clusters
from reconciler.storage.fleet_files import (
    FleetChange,
    FleetFile,
    FleetSource,
    Wanted,
    fleet_file_of,
    fleet_files,
    fleet_source,
    keep_fleet_files,
    set_fleet_source,
)
from reconciler.storage.fleet_schedule import (
    asked_for,
    due_clusters,
    fleet_clusters,
    request,
    set_due,
)
from reconciler.storage.rounds import record_round
from tests.unit.storage.moments import EPOCH, at

ROUND = Round(1, "s", "d", (Reading("cluster/a", "Blocked", "True", "r", "m"),))
A = FleetFile("clusters/a.yaml", "a", "c1", "", EPOCH)
B = FleetFile("clusters/b.yaml", "b", "c1", "", EPOCH)
WANTED = (Wanted("a", A.file, "north"), Wanted("b", B.file, "south"))


def changed(one: FleetFile, text: str, commit: str = "c2", problem: str = "") -> FleetFile:
    return FleetFile(one.file, text, commit, problem, at(1))


@pytest.fixture
def kept(state):
    with state.writing() as connection:
        assert keep_fleet_files(connection, [A, B], WANTED) == FleetChange(new=("a", "b"))
        for name in "ab":
            set_due(connection, name, 3600, 2)
            record_round(connection, add_cluster(connection, name, name, EPOCH), ROUND, EPOCH)
    return state


def due(connection) -> list[str]:
    return [name for zone in ("north", "south") for name in due_clusters(connection, zone, 9)]


def test_what_says_the_same_changes_nothing(kept):
    with kept.writing() as connection:
        assert keep_fleet_files(connection, [A, B], WANTED) == FleetChange()
        assert due(connection) == []
        assert fleet_files(connection) == [A, B]
        assert fleet_file_of(connection, "b") == B
        assert fleet_file_of(connection, "c") is None


def test_a_file_that_says_something_else_makes_its_clusters_due(kept):
    with kept.writing() as connection:
        new = changed(A, "another")
        assert keep_fleet_files(connection, [new, B], WANTED) == FleetChange(changed=("a",))
        assert due(connection) == ["a"]
        # Its hosts are tried, whatever became of them; whom somebody asks for comes before.
        assert asked_for(connection, ["a", "b"]) == {"a"}
        request(connection, ["b"])
        assert min(fleet_clusters(connection), key=lambda one: one.due).name == "b"
        assert fleet_file_of(connection, "a") == new


def test_a_problem_is_told_and_changes_nothing_that_is_wanted(kept):
    with kept.writing() as connection:
        bad = changed(A, A.text, A.commit, "line 3: no such key")
        assert keep_fleet_files(connection, [bad, B], WANTED) == FleetChange()
        assert fleet_file_of(connection, "a") == bad
        assert due(connection) == []


def test_a_cluster_that_another_file_has_or_another_zone_keeps_what_is_known_of_it(kept):
    with kept.writing() as connection:
        moved = (Wanted("a", B.file, "north"), Wanted("b", B.file, "north"))
        change = keep_fleet_files(connection, [B], moved)
        assert change == FleetChange(changed=("a", "b"))
        found = [
            (one.name, one.file, one.zone, one.failures) for one in fleet_clusters(connection)
        ]
        assert found == [("a", B.file, "north", 2), ("b", B.file, "north", 2)]
        assert fleet_files(connection) == [B]
        assert count_clusters(connection) == 2


def test_a_cluster_that_nobody_wants_is_forgotten_with_all_that_is_known(kept):
    with kept.writing() as connection:
        change = keep_fleet_files(connection, [A], WANTED[:1])
        assert change == FleetChange(gone=("b",))
        assert [one.name for one in fleet_clusters(connection)] == ["a"]
        assert named_clusters(connection, {"b"}) == []
        assert fleet_files(connection) == [A]


def test_the_text_of_a_file_is_not_shown_by_chance():
    assert "secret" not in repr(changed(A, "secret"))


def source(commit: str, moment: datetime) -> FleetSource:
    return FleetSource(commit, "main", moment, "")


def test_a_fetch_that_began_earlier_says_nothing_any_more(state):
    with state.writing() as connection:
        assert fleet_source(connection) is None
        assert set_fleet_source(connection, source("c2", at(2)))
        assert not set_fleet_source(connection, source("c1", at(1)))
        assert fleet_source(connection) == source("c2", at(2))
        assert set_fleet_source(connection, source("c2", at(3)))
        assert fleet_source(connection).fetched_at == at(3)


@pytest.mark.usefixtures("cleared")
def test_who_says_where_the_source_is_is_alone(server_state):
    with server_state.writing() as first:
        set_fleet_source(first, source("c1", at(1)))
    with server_state.writing() as first:
        set_fleet_source(first, source("c2", at(2)))
        with server_state.writing() as second:
            second.exec_driver_sql("SET LOCAL lock_timeout = '10ms'")
            with pytest.raises(OperationalError, match="lock timeout"):
                set_fleet_source(second, source("c3", at(3)))
