"""A fleet may have thousands of clusters: what is said of many takes few statements, however many they are.

A transaction that takes long holds up turns, and one that takes too long is broken off.
"""

from contextlib import contextmanager

import pytest
from sqlalchemy import event

from reconciler.storage import engines
from reconciler.storage.database import open_state
from reconciler.storage.fleet_files import (
    FleetChange,
    FleetFile,
    Wanted,
    fleet_files,
    keep_fleet_files,
)
from reconciler.storage.fleet_schedule import fleet_clusters, pause, request
from reconciler.storage.rollouts import (
    Enrolled,
    Rollout,
    begin_wave,
    count_states,
    new_rollout,
)
from tests.unit.storage.moments import EPOCH

NAMES = tuple(f"cluster{number:04d}" for number in range(1200))
# A few for each of three batches.
MOST = 24


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "WRITING", (*engines.WRITING, "PRAGMA synchronous = OFF"))
    state = open_state(tmp_path / "state", EPOCH)
    yield state
    state.close()


@contextmanager
def few_statements(state):
    asked = []

    def hear(*words):
        asked.append(words[2])

    event.listen(state.engine, "before_cursor_execute", hear)
    yield
    event.remove(state.engine, "before_cursor_execute", hear)
    assert len(asked) <= MOST


def keep(connection, text, names=NAMES):
    files = [FleetFile(f"{name}.yaml", text, text, "", EPOCH) for name in names]
    return keep_fleet_files(connection, files, [Wanted(n, f"{n}.yaml", "z") for n in names])


def test_what_a_source_says_of_many_takes_few_statements(state):
    with few_statements(state), state.writing() as connection:
        assert keep(connection, "one") == FleetChange(new=NAMES)
    with few_statements(state), state.writing() as connection:
        assert keep(connection, "two") == FleetChange(changed=NAMES)
    with few_statements(state), state.writing() as connection:
        assert keep(connection, "two") == FleetChange()
    with few_statements(state), state.writing() as connection:
        assert keep(connection, "two", NAMES[:1]) == FleetChange(gone=NAMES[1:])
        assert [one.name for one in fleet_clusters(connection)] == [NAMES[0]]


def test_so_does_what_is_asked_of_many(state):
    with state.writing() as connection:
        keep(connection, "one")
    with few_statements(state), state.writing() as connection:
        assert request(connection, ["other", *NAMES]) == list(NAMES)
        assert pause(connection, NAMES, "alice: why") == list(NAMES)


def test_a_wave_of_many_begins_in_few_statements(state):
    with state.writing() as connection:
        keep(connection, "one")
        one = Rollout("r1", EPOCH, "alice", "c1", ("rest",), 0.0, "going", "", None)
        new_rollout(connection, one, [Enrolled(name, 1, "p", "{}", "[]") for name in NAMES])
    with few_statements(state), state.writing() as connection:
        begin_wave(connection, "r1", NAMES)
        assert count_states(connection, "r1") == {"due": len(NAMES)}


def test_names_that_are_shown_alike_are_one_file(state):
    """As of two whose bytes are no UTF-8: whoever writes them stops no source."""
    twice = [
        FleetFile("\ufffd.yaml", text, "c", "1:1: entry-refused: x", EPOCH) for text in "ab"
    ]
    with state.writing() as connection:
        keep_fleet_files(connection, twice, [])
        keep_fleet_files(connection, twice, [])
        (one,) = fleet_files(connection)
        assert one == twice[1]
