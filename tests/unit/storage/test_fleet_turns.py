"""Of one cluster one turn goes on; it ends once, by its worker or by who sweeps."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from reconciler.storage.fleet_turns import (
    begin_turn,
    end_turn,
    end_turns_of,
    forget_turns,
    going_turns,
    name_run,
    turn_history,
)
from reconciler.storage.fleet_workers import database_now


def test_of_one_cluster_one_turn_goes_on(state):
    with state.writing() as connection:
        first = begin_turn(connection, "a", "look", "w1", "")
        assert first is not None
        assert begin_turn(connection, "a", "apply", "w2", "r") is None
        assert begin_turn(connection, "b", "look", "w2", "") is not None
        assert [(one.cluster, one.worker) for one in going_turns(connection)] == [
            ("a", "w1"),
            ("b", "w2"),
        ]
        assert end_turn(connection, first, "converged")
        assert begin_turn(connection, "a", "apply", "w2", "r") is not None


def test_a_turn_ends_once(state):
    with state.writing() as connection:
        number = begin_turn(connection, "a", "look", "w1", "")
        begin_turn(connection, "b", "look", "w2", "")
        (ended,) = end_turns_of(connection, "w1", "lost")
        assert (ended.id, ended.result, ended.ended >= ended.began) == (number, "lost", True)
        assert not end_turn(connection, number, "converged")
        assert end_turns_of(connection, "w1", "lost") == []
        assert [one.result for one in turn_history(connection, "a", 9)] == ["lost"]


def test_turns_are_told_the_last_one_first(state):
    with state.writing() as connection:
        for result in ("first", "second", "third"):
            number = begin_turn(connection, "a", "look", "w1", "")
            name_run(connection, "a", f"run-{result}")
            end_turn(connection, number, result)
        found = turn_history(connection, "a", 2)
        assert [one.result for one in found] == ["third", "second"]
        assert found[0].run == "run-third"


def test_only_turns_that_have_ended_are_forgotten(state):
    with state.writing() as connection:
        end_turn(connection, begin_turn(connection, "a", "look", "w1", ""), "")
        begin_turn(connection, "a", "look", "w1", "")
        late = database_now(connection) + timedelta(seconds=1)
        assert forget_turns(connection, late - timedelta(hours=1)) == 0
        assert forget_turns(connection, late) == 1
        assert len(going_turns(connection)) == 1


@pytest.mark.usefixtures("cleared")
def test_of_two_connections_at_once_one_has_the_turn(server_state):
    def begin(worker: str) -> int | None:
        with server_state.writing() as connection:
            return begin_turn(connection, "a", "look", worker, "")

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(begin, "abcdefgh"))
    assert len([number for number in found if number is not None]) == 1
    with server_state.reading() as connection:
        assert [one.id for one in going_turns(connection)] == list(filter(None, found))
