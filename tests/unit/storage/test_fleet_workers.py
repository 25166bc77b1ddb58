"""Lives of workers: each is given up once, and who was given up writes nothing more."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from reconciler.errors import StoreFailed, WorkerLost
from reconciler.storage.fleet_identity import make_identity, read_identity
from reconciler.storage.fleet_tables import WORKERS
from reconciler.storage.fleet_workers import (
    Life,
    beat,
    begin_life,
    database_now,
    end_life,
    forget_workers,
    mark_lost,
    require_alive,
    workers,
)


def life(name: str) -> Life:
    return Life(name, ("north", "süd"), "host", 4711, "1.0", 99)


@pytest.fixture
def fleet(state):
    """A database with the identity of a fleet, and two lives."""
    with state.writing() as connection:
        make_identity(connection)
        begin_life(connection, life("one"))
        begin_life(connection, life("two"))
    return state


def silence(state, name: str, seconds: float) -> None:
    with state.writing() as connection:
        seen = database_now(connection) - timedelta(seconds=seconds)
        connection.execute(update(WORKERS).where(WORKERS.c.id == name).values(seen=seen))


def test_a_life_is_told_as_it_began(fleet):
    with fleet.reading() as connection:
        two, one = workers(connection)
        assert (one.id, one.number, one.state) == ("one", 1, "alive")
        assert (two.id, two.number, two.zones) == ("two", 2, ("north", "süd"))
        assert one.started == one.seen
        assert one.started - database_now(connection) < timedelta(minutes=1)


def test_no_life_has_the_number_of_one_that_was_forgotten(fleet):
    with fleet.writing() as connection:
        for name in ("one", "two"):
            end_life(connection, name)
        assert forget_workers(connection, database_now(connection) + timedelta(1)) == 2
        assert begin_life(connection, life("three")) == 3
        assert read_identity(connection).life == 3


def test_without_an_identity_nobody_begins(state):
    with state.writing() as connection:
        assert read_identity(connection) is None
        with pytest.raises(StoreFailed, match="fleet init"):
            begin_life(connection, life("one"))
        first = make_identity(connection)
        assert make_identity(connection) == first == read_identity(connection)
        assert begin_life(connection, life("one")) == 1


def test_who_was_silent_is_given_up_once(fleet):
    silence(fleet, "one", 60)
    with fleet.writing() as connection:
        (lost,) = mark_lost(connection, 8)
        assert (lost.id, lost.state, lost.session) == ("one", "lost", 99)
        assert mark_lost(connection, 8) == []
        require_alive(connection, "two")


@pytest.mark.parametrize("call", [require_alive, beat])
@pytest.mark.parametrize("name", ["one", "unknown"])
def test_who_was_given_up_or_was_never_there_is_lost(fleet, call, name):
    silence(fleet, "one", 60)
    with fleet.writing() as connection:
        mark_lost(connection, 8)
        end_life(connection, "one")
        assert workers(connection)[1].state == "lost"
        with pytest.raises(WorkerLost, match=name) as told:
            call(connection, name)
    assert isinstance(told.value, StoreFailed)


def test_who_beats_is_not_silent(fleet):
    silence(fleet, "one", 60)
    with fleet.writing() as connection:
        beat(connection, "one")
        assert mark_lost(connection, 8) == []


def test_only_what_is_over_is_forgotten(fleet):
    silence(fleet, "one", 60)
    silence(fleet, "two", 60)
    with fleet.writing() as connection:
        end_life(connection, "one")
        assert forget_workers(connection, database_now(connection)) == 1
        assert [one.id for one in workers(connection)] == ["two"]


@pytest.fixture
def server_fleet(server_state, request):
    """As ``fleet``, on PostgreSQL alone: there are two connections at once."""
    request.getfixturevalue("cleared")
    with server_state.writing() as connection:
        make_identity(connection)
        begin_life(connection, life("one"))
    return server_state


def test_nobody_is_given_up_while_it_writes_and_its_heart_beats_meanwhile(server_fleet):
    silence(server_fleet, "one", 60)
    with server_fleet.writing() as writer:
        require_alive(writer, "one")
        with server_fleet.writing() as sweeper:
            assert mark_lost(sweeper, 8) == []
        with server_fleet.writing() as heart:
            heart.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
            beat(heart, "one")
    silence(server_fleet, "one", 60)
    with server_fleet.writing() as sweeper:
        assert [one.id for one in mark_lost(sweeper, 8)] == ["one"]


def test_who_asks_while_it_is_given_up_waits_and_is_lost(server_fleet):
    silence(server_fleet, "one", 60)

    def ask() -> None:
        with server_fleet.writing() as writer:
            require_alive(writer, "one")

    with ThreadPoolExecutor(1) as pool:
        with server_fleet.writing() as sweeper:
            assert len(mark_lost(sweeper, 8)) == 1
            with server_fleet.writing() as writer:
                writer.exec_driver_sql("SET LOCAL lock_timeout = '10ms'")
                with pytest.raises(OperationalError, match="lock timeout"):
                    require_alive(writer, "one")
            asked = pool.submit(ask)
        with pytest.raises(WorkerLost):
            asked.result()


def test_two_sweeps_at_once_give_up_nobody_twice(server_fleet):
    silence(server_fleet, "one", 60)
    with server_fleet.writing() as first, server_fleet.writing() as second:
        assert len(mark_lost(first, 8)) == 1
        assert mark_lost(second, 8) == []


def test_two_that_begin_at_once_have_two_numbers(server_fleet):
    def begin(number: int) -> int:
        with server_fleet.writing() as connection:
            return begin_life(connection, life(f"w{number}"))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(begin, range(8))) == list(range(2, 10))


def test_what_is_stored_of_zones_is_a_list(fleet):
    with fleet.reading() as connection:
        assert json.loads(connection.execute(WORKERS.select()).first().zones) == [
            "north",
            "süd",
        ]
