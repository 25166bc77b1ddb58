"""A rollout from its begin to its end, as workers find it in the database."""

import pytest
from sqlalchemy import event

from reconciler.fleet.rollout_progress import advance_rollouts, cancel_rollout, read_health
from reconciler.model.watched import Reading, Round
from reconciler.storage import engines
from reconciler.storage.clusters import add_cluster
from reconciler.storage.database import open_state
from reconciler.storage.fleet_files import FleetFile, Wanted, keep_fleet_files
from reconciler.storage.fleet_identity import make_identity
from reconciler.storage.fleet_turns import begin_turn, end_turn
from reconciler.storage.fleet_workers import Life, begin_life, database_now, mark_lost
from reconciler.storage.rollout_standing import Standing
from reconciler.storage.rollout_turns import claim_apply, end_apply
from reconciler.storage.rollouts import (
    Enrolled,
    Rollout,
    end_rollout,
    find_rollout,
    new_rollout,
    rollout_clusters,
    stop_rollout,
)
from reconciler.storage.rounds import record_round
from tests.unit.storage.moments import EPOCH

WELL = {"Converged": "True", "Blocked": "False", "Unreachable": "False", "Degraded": "False"}
WAVES = {"a": 1, "b": 2, "c": 2}


@pytest.fixture
def connection(tmp_path, monkeypatch):
    """A rollout of three clusters, of which the first is the canary."""
    monkeypatch.setattr(engines, "WRITING", (*engines.WRITING, "PRAGMA synchronous = OFF"))
    state = open_state(tmp_path / "state", EPOCH)
    with state.writing() as connection:
        file = FleetFile("x.yaml", "text", "c0ffee", "", EPOCH)
        keep_fleet_files(connection, [file], [Wanted(name, "x.yaml", "n") for name in WAVES])
        one = Rollout("r1", EPOCH, "alice", "c0ffee", ("1", "rest"), 0.0, "going", "", None)
        rows = [Enrolled(name, wave, "p", "{}", "[]") for name, wave in WAVES.items()]
        new_rollout(connection, one, rows)
        yield connection
    state.close()


def advance(connection):
    return [news.event for news in advance_rollouts(connection)]


def states(connection):
    return {one.cluster: one.state for one in rollout_clusters(connection, "r1")}


def apply(connection, name, result="converged"):
    turn = begin_turn(connection, name, "apply", "w1", "")
    claimed = claim_apply(connection, name, f"run of {name}")
    assert end_apply(connection, claimed, result, "")
    end_turn(connection, turn, "done")


def look(connection, name, **other):
    turn = begin_turn(connection, name, "look", "w1", "")
    kinds = WELL | other
    readings = [
        Reading(f"cluster/{name}", kind, status, "Reason", "words")
        for kind, status in kinds.items()
    ]
    number = add_cluster(connection, "x.yaml", name, EPOCH)
    record_round(
        connection, number, Round(0, "ok", "d", tuple(readings)), database_now(connection)
    )
    end_turn(connection, turn, "done")


def test_one_that_works_goes_through(connection):
    assert advance(connection) == ["wave-begins"]
    assert advance(connection) == []
    assert find_rollout(connection, "r1").message == "at work: a"
    apply(connection, "a")
    assert advance(connection) == []
    look(connection, "a")
    assert advance(connection) == ["wave-begins"]
    for name in ("b", "c"):
        apply(connection, name)
        look(connection, name)
    assert advance(connection) == ["rollout-converged"]
    assert set(states(connection).values()) == {"converged"}
    found = find_rollout(connection, "r1")
    assert (found.state, found.message, found.ended is None) == ("converged", "", False)
    assert advance(connection) == []


def test_a_canary_that_fails_stops_the_rest(connection):
    advance(connection)
    apply(connection, "a", "partial")
    assert advance(connection) == ["rollout-stops"]
    assert advance(connection) == ["rollout-failed"]
    assert states(connection) == {"a": "partial", "b": "not-begun", "c": "not-begun"}
    assert find_rollout(connection, "r1").message == "a ended partial"


def test_a_canary_that_is_not_well_afterwards_stops_the_rest(connection):
    advance(connection)
    apply(connection, "a")
    look(connection, "a", Degraded="True")
    assert advance(connection) == ["rollout-stops"]
    assert advance(connection) == ["rollout-failed"]
    assert states(connection) == {"a": "unwell", "b": "not-begun", "c": "not-begun"}
    told = "a is not well after its wave: Degraded: words"
    assert find_rollout(connection, "r1").message == told


def test_what_was_seen_before_the_apply_says_nothing_of_it(connection):
    look(connection, "a", Degraded="True")
    advance(connection)
    apply(connection, "a")
    assert advance(connection) == []
    look(connection, "a")
    assert advance(connection) == ["wave-begins"]


def test_one_that_is_cancelled_begins_nothing_and_what_has_begun_comes_to_its_end(connection):
    advance(connection)
    turn = begin_turn(connection, "a", "apply", "w1", "")
    claimed = claim_apply(connection, "a", "run")
    assert cancel_rollout(connection, "r1", "bob@desk")
    assert not cancel_rollout(connection, "r1", "carol@desk")
    assert advance(connection) == []
    assert end_apply(connection, claimed, "converged", "")
    end_turn(connection, turn, "done")
    assert advance(connection) == ["rollout-cancelled"]
    assert states(connection) == {"a": "converged", "b": "not-begun", "c": "not-begun"}
    assert find_rollout(connection, "r1").message == "cancelled by bob@desk"


def test_a_cluster_that_nobody_wants_any_more_stops_it(connection):
    advance(connection)
    keep_fleet_files(connection, [], [])
    assert advance(connection) == ["rollout-stops"]
    assert states(connection) == {"a": "gone", "b": "not-begun", "c": "not-begun"}


@pytest.mark.parametrize(
    ("other", "word", "message"),
    [
        ({}, "well", ""),
        ({"Degraded": ("True", "full")}, "unwell", "Degraded: full"),
        ({"Blocked": ("True", "no")}, "unwell", "Blocked: no"),
        ({"Unreachable": ("True", "off")}, "unwell", "Unreachable: off"),
        ({"Converged": ("False", "differs")}, "unwell", "not Converged: differs"),
        ({"Degraded": ("Unknown", "silent")}, "unknown", "Degraded: silent"),
        ({"Converged": ("Unknown", "x"), "Blocked": ("True", "no")}, "unwell", "Blocked: no"),
        ({"Drifted": ("True", "x"), "Healing": ("True", "x")}, "well", ""),
    ],
)
def test_health_is_read_of_conditions_and_unknown_is_not_well(other, word, message):
    kinds = {kind: (status, "") for kind, status in WELL.items()} | other
    found = read_health(Standing("", EPOCH, False, kinds))
    assert (found.word, found.message, found.looked) == (word, message, EPOCH)


def test_to_wait_asks_the_database_as_often_whatever_the_number_of_clusters(connection):
    asked, counts = [], []
    event.listen(connection, "before_cursor_execute", lambda *words: asked.append(words[2]))
    stop_rollout(connection, "r1", "stopping", "")
    advance(connection)
    for number in (2, 40):
        names = [f"{number}-{place}" for place in range(number)]
        file = FleetFile("x.yaml", "text", "c0ffee", "", EPOCH)
        keep_fleet_files(connection, [file], [Wanted(name, "x.yaml", "n") for name in names])
        one = Rollout(f"r{number}", EPOCH, "a", "", ("rest",), 0.0, "going", "", None)
        rows = [Enrolled(name, 1, "p", "{}", "[]") for name in names]
        new_rollout(connection, one, rows)
        advance(connection)
        for name in names:
            apply(connection, name)
        advance(connection)
        asked.clear()
        advance(connection)
        counts.append(len(asked))
        end_rollout(connection, one.id, "converged")
    assert counts[0] == counts[1] < 15


def test_what_was_never_looked_at_is_unknown():
    assert read_health(Standing()).word == "unknown"


def test_who_waits_for_a_worker_that_there_is_not_is_told_so(connection):
    make_identity(connection)
    begin_life(connection, Life("w1", ("n",), "h", 1, "1", 1))
    advance(connection)
    advance(connection)
    assert find_rollout(connection, "r1").message == "at work: a"
    mark_lost(connection, -1)
    begin_life(connection, Life("w2", ("south",), "h", 1, "1", 1))
    advance(connection)
    assert find_rollout(connection, "r1").message == "waits: no worker serves zone n of a"
