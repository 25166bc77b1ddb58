"""Rollouts as they are stored: begun whole, worked on by one worker a cluster, stopped at once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.model.rollout_states import DUE, GOING, GONE, NOT_BEGUN, WAITING
from reconciler.model.watched import Reading, Round
from reconciler.storage.clusters import add_cluster
from reconciler.storage.fleet_files import FleetFile, Wanted, keep_fleet_files
from reconciler.storage.fleet_retention import FleetLimits, prune_fleet
from reconciler.storage.fleet_schedule import fleet_clusters, pause, resume, set_due
from reconciler.storage.fleet_turns import begin_turn, end_turn
from reconciler.storage.fleet_workers import database_now
from reconciler.storage.retention import Limits
from reconciler.storage.rollout_standing import Standing, look_by, standings
from reconciler.storage.rollout_turns import MOST_TURNS, claim_apply, end_apply, is_apply_due
from reconciler.storage.rollouts import (
    Enrolled,
    Rollout,
    begin_wave,
    busy_clusters,
    count_states,
    end_rollout,
    enrolled_clusters,
    find_rollout,
    latest_rollouts,
    lock_rollouts,
    new_rollout,
    open_rollouts,
    rollout_clusters,
    spoil_cluster,
    stop_rollout,
    tell_rollout,
    try_lock_rollouts,
)
from reconciler.storage.rounds import record_round
from tests.unit.storage.moments import EPOCH, at

FIRST = Rollout("r1", EPOCH, "alice@desk", "c0ffee", ("1", "rest"), 300.0, "going", "", None)
CLUSTERS = (
    Enrolled("a", 1, "p1", "actions", "[]"),
    Enrolled("b", 2, "p2", "more", '["/dev/x"]'),
    Enrolled("c", 2, "p3", "more", "[]"),
)


@pytest.fixture
def rolling(state):
    """A rollout of three clusters that are wanted, which are due in an hour."""
    wanted = [Wanted(one.cluster, "x.yaml", "north") for one in CLUSTERS]
    with state.writing() as connection:
        file = FleetFile("x.yaml", "text", "c0ffee", "", EPOCH)
        keep_fleet_files(connection, [file], wanted)
        for one in wanted:
            set_due(connection, one.name, 3600, 0)
        lock_rollouts(connection)
        new_rollout(connection, FIRST, CLUSTERS)
    return state


def states(connection, rollout="r1"):
    return {one.cluster: one.state for one in rollout_clusters(connection, rollout)}


def dues(connection):
    """In how many minutes each cluster is due; 0 if it is."""
    now = database_now(connection)
    return {
        one.name: max(0, round((one.due - now).total_seconds() / 60))
        for one in fleet_clusters(connection)
    }


def test_a_rollout_comes_back_as_it_was_approved(rolling):
    with rolling.reading() as connection:
        assert find_rollout(connection, "r1") == FIRST
        assert find_rollout(connection, "r2") is None
        assert open_rollouts(connection) == latest_rollouts(connection, 5) == [FIRST]
        assert enrolled_clusters(connection, "r1") == list(CLUSTERS)
        assert count_states(connection, "r1") == {WAITING: 3}
        assert busy_clusters(connection, {"a", "z"}) == {"a": "r1"}


def test_rollouts_have_pages_the_last_one_first(rolling):
    others = [replace(FIRST, id=f"r{n}", created=at(max(n, 3))) for n in (2, 3, 4)]
    with rolling.writing() as connection:
        for one in others:
            new_rollout(connection, one, CLUSTERS)
        asked, found = None, []
        while some := latest_rollouts(connection, 1, asked):
            (asked,) = some
            found.append(asked.id)
    assert found == ["r4", "r3", "r2", "r1"]


def test_a_wave_that_begins_is_due_at_once_and_the_others_are_not(rolling):
    with rolling.writing() as connection:
        begin_wave(connection, "r1", {"a"})
        assert states(connection) == {"a": DUE, "b": WAITING, "c": WAITING}
        assert dues(connection) == {"a": 0, "b": 60, "c": 60}
        assert [is_apply_due(connection, name) for name in "abz"] == [True, False, False]


def test_what_is_due_is_taken_once_begun_and_ends_once(rolling):
    with rolling.writing() as connection:
        assert claim_apply(connection, "a", "run1") is None
        begin_wave(connection, "r1", {"a"})
        first = claim_apply(connection, "a", "run1")
        assert (first.plan, first.who) == ("p1", "alice@desk")
        assert not first.is_begun
        set_due(connection, "a", 3600, 0)
        assert end_apply(connection, first, "converged", "")
        assert dues(connection)["a"] == 0
        assert not end_apply(connection, first, "failed", "late")
        (row, *_) = rollout_clusters(connection, "r1")
        assert (row.state, row.run, row.message) == ("converged", "run1", "")
        assert row.began <= row.ended
        assert claim_apply(connection, "a", "run2") is None


@pytest.mark.parametrize("is_told", [False, True])
def test_the_next_worker_goes_on_with_what_was_cut_off(rolling, is_told):
    with rolling.writing() as connection:
        begin_wave(connection, "r1", {"a"})
        first = claim_apply(connection, "a", "run1")
        if is_told:
            assert end_apply(connection, first, "interrupted", "the worker ends")
        assert states(connection)["a"] == GOING
        second = claim_apply(connection, "a", "run2")
        assert second == replace(first, run="run2", is_begun=True)
        assert not end_apply(connection, first, "converged", "it woke up")
        assert end_apply(connection, second, "converged", "")


def test_a_cluster_that_ends_its_workers_is_taken_for_failed(rolling):
    with rolling.writing() as connection:
        begin_wave(connection, "r1", {"a"})
        for number in range(MOST_TURNS):
            turn = begin_turn(connection, "a", "apply", "w1", f"run{number}")
            assert claim_apply(connection, "a", f"run{number}") is not None
            end_turn(connection, turn, "lost")
        assert claim_apply(connection, "a", "one too many") is None
        (row, *_) = rollout_clusters(connection, "r1")
        assert (row.state, row.message) == (
            "failed",
            "10 workers were cut off there; look at it by hand",
        )


def test_a_rollout_that_is_stopped_begins_nothing_and_lets_what_has_begun_go_on(rolling):
    with rolling.writing() as connection:
        begin_wave(connection, "r1", {"a", "b"})
        claim_apply(connection, "a", "run1")
        assert stop_rollout(connection, "r1", "stopping", "b is ill")
        assert not stop_rollout(connection, "r1", "cancelling", "somebody came late")
        assert states(connection) == {"a": GOING, "b": NOT_BEGUN, "c": NOT_BEGUN}
        assert claim_apply(connection, "b", "run2") is None
        assert claim_apply(connection, "a", "run3").is_begun
        end_rollout(connection, "r1", "failed")
        assert claim_apply(connection, "a", "run4") is None
        found = find_rollout(connection, "r1")
        assert (found.state, found.message) == ("failed", "b is ill")
        assert open_rollouts(connection) == []
        assert busy_clusters(connection, {"a"}) == {}


def test_nothing_is_taken_while_a_cluster_is_paused_or_when_nobody_wants_it(rolling):
    with rolling.writing() as connection:
        begin_wave(connection, "r1", {"a"})
        pause(connection, {"a"}, "alice: work")
        assert not is_apply_due(connection, "a")
        assert claim_apply(connection, "a", "run1") is None
        resume(connection, {"a"})
        assert claim_apply(connection, "a", "run1") is not None
        pause(connection, {"a"}, "alice: work")
        assert claim_apply(connection, "a", "run2") is None
        keep_fleet_files(connection, [], [])
        assert claim_apply(connection, "a", "run3") is None


def test_a_cluster_is_spoilt_and_what_is_waited_for_is_told(rolling):
    with rolling.writing() as connection:
        spoil_cluster(connection, "r1", "a", GONE, "no file wants it")
        tell_rollout(connection, "r1", "wave 1 stands")
    with rolling.reading() as connection:
        (row, *_) = rollout_clusters(connection, "r1")
        assert (row.state, row.message, row.ended is None) == (GONE, "no file wants it", False)
        assert find_rollout(connection, "r1").message == "wave 1 stands"


def looked_at(connection, name, result, kinds):
    turn = begin_turn(connection, name, "look", "w1", "")
    began = database_now(connection)
    number = add_cluster(connection, "x.yaml", name, at(1))
    readings = [Reading(f"cluster/{name}", *kind, "Reason", "words") for kind in kinds]
    of_members = Reading("member/node01", "Degraded", "True", "Reason", "words")
    found = Round(0, "ok", "d", (*readings, of_members))
    record_round(connection, number, found, at(2))
    end_turn(connection, turn, result)
    return began


def test_how_its_clusters_stand_is_told_of_looks_that_were_recorded(rolling):
    with rolling.writing() as connection:
        before = database_now(connection)
        looked_at(connection, "a", "ok", [("Converged", "True"), ("Degraded", "False")])
        looked_at(connection, "b", "lost", [])
        pause(connection, {"b"}, "alice: work")
        begin_turn(connection, "b", "apply", "w1", "run1")
        found = standings(connection, "r1", before)
        kinds = {"Converged": ("True", "words"), "Degraded": ("False", "words")}
        assert found["a"].looked >= before
        assert found["a"] == Standing("", found["a"].looked, False, kinds)
        assert found["b"] == Standing("alice: work", None, True, {})
        assert found["c"] == Standing("", None, False, {})
        keep_fleet_files(connection, [], [])
        later = database_now(connection) + timedelta(seconds=1)
        gone = standings(connection, "r1", later)
        assert gone["a"] == Standing(None, None, False, {})


def test_a_look_is_brought_forward_and_never_put_off(rolling):
    with rolling.writing() as connection:
        now = database_now(connection)
        soon = {"a": now - timedelta(minutes=1), "b": now + timedelta(minutes=5)}
        look_by(connection, "r1", soon | {"c": now + timedelta(hours=2)})
        assert dues(connection) == {"a": 0, "b": 5, "c": 60}
        set_due(connection, "a", 50, 0)
        look_by(connection, "r1", soon)
        assert dues(connection)["a"] == 1
        begin_turn(connection, "c", "look", "w1", "")
        look_by(connection, "r1", {"c": now})
        assert dues(connection)["c"] == 60


def test_what_ended_long_ago_is_forgotten_with_its_clusters(rolling):
    with rolling.writing() as connection:
        end_rollout(connection, "r1", "converged")
        prune_fleet(connection, Limits(), FleetLimits())
        assert find_rollout(connection, "r1") is not None
        new_rollout(connection, replace(FIRST, id="r2"), CLUSTERS[:1])
        prune_fleet(connection, Limits(), FleetLimits(rollouts=-timedelta(seconds=1)))
        assert rollout_clusters(connection, "r1") == []
        assert [one.id for one in latest_rollouts(connection, 5)] == ["r2"]


def test_only_one_goes_on_with_rollouts_at_a_time(server_state):
    with server_state.writing() as first, server_state.writing() as second:
        assert try_lock_rollouts(first)
        assert not try_lock_rollouts(second)
