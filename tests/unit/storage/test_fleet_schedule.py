"""What is due: each cluster to one who asks, who waits longest first."""

from datetime import timedelta

import pytest

from reconciler.storage.fleet_files import FleetFile, Wanted, keep_fleet_files
from reconciler.storage.fleet_schedule import (
    due_clusters,
    fleet_clusters,
    pause,
    put_forward,
    request,
    resume,
    set_due,
)
from reconciler.storage.fleet_turns import begin_turn, end_turn
from reconciler.storage.fleet_workers import database_now
from tests.unit.storage.moments import EPOCH

FILE = FleetFile("/f.yaml", "text", "c1", "", EPOCH)


def want(connection, *names: str, zone: str = "north") -> None:
    wanted = [Wanted(name, FILE.file, zone) for name in names]
    keep_fleet_files(connection, [FILE], wanted)


def test_who_waits_longest_is_first_and_a_zone_has_its_own(state):
    with state.writing() as connection:
        south = [Wanted("s", FILE.file, "south")]
        north = [Wanted(name, FILE.file, "north") for name in "abc"]
        keep_fleet_files(connection, [FILE], [*south, *north])
        set_due(connection, "c", -60, 0)
        assert due_clusters(connection, "north", 2) == ["c", "a"]
        assert due_clusters(connection, "south", 9) == ["s"]
        assert due_clusters(connection, "west", 9) == []


def test_what_is_not_due_is_paused_or_has_a_turn_is_left(state):
    with state.writing() as connection:
        want(connection, "a", "b", "c", "d")
        set_due(connection, "a", 60, 3)
        assert pause(connection, ["b", "x"], "cramer: disk is exchanged") == ["b"]
        turn = begin_turn(connection, "c", "look", "w1", "")
        assert due_clusters(connection, "north", 9) == ["d"]
        put_forward(connection, ["d"], 60)
        assert due_clusters(connection, "north", 9) == []
        assert request(connection, ["a", "b", "x"]) == ["a", "b"]
        end_turn(connection, turn, "")
        assert due_clusters(connection, "north", 9) == ["a", "c"]  # who is asked for is first
        assert resume(connection, ["b", "x"]) == ["b"]
        assert due_clusters(connection, "north", 9) == ["a", "b", "c"]


def test_what_is_known_of_clusters_is_told(state):
    with state.writing() as connection:
        want(connection, "a", "b")
        set_due(connection, "a", 3600, 3)
        pause(connection, ["b"], "why")
        a, b = fleet_clusters(connection)
        assert (a.name, a.file, a.zone, a.failures, a.paused) == (
            "a",
            "/f.yaml",
            "north",
            3,
            "",
        )
        assert a.due > database_now(connection) + timedelta(minutes=59)
        assert b.paused == "why"


@pytest.mark.usefixtures("cleared")
def test_two_who_ask_at_once_get_each_cluster_once(server_state):
    with server_state.writing() as connection:
        want(connection, "a", "b", "c")
    with server_state.writing() as first, server_state.writing() as second:
        assert due_clusters(first, "north", 2) == ["a", "b"]
        assert due_clusters(second, "north", 2) == ["c"]
