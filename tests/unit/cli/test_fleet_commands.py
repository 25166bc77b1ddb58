"""The commands with which an operator asks a fleet for something, and sees how it stands."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.cli import run
from reconciler.model.watched import Reading
from reconciler.storage.fleet_database import open_fleet
from reconciler.storage.fleet_files import (
    NEVER,
    FleetSource,
    Wanted,
    fleet_files,
    keep_fleet_files,
    set_fleet_source,
)
from reconciler.storage.fleet_schedule import fleet_clusters, set_due
from reconciler.storage.fleet_turns import begin_turn, end_turns_of
from reconciler.storage.fleet_workers import Life, begin_life, database_now, mark_lost
from reconciler.storage.rollouts import Enrolled, Rollout, new_rollout
from reconciler.storage.server_address import server_address
from reconciler.watch.assessment import failed_round
from reconciler.watch.result import RoundResult
from reconciler.watch.state_rows import record_result
from tests.fleets import want

SETTINGS = """
version: 1
database: env:FLEET_DATABASE
source: {directory: /srv/clusters}
zones: [{name: north}, {name: south}]
"""


@pytest.fixture
def database(tmp_path, monkeypatch, fleets):
    """A fleet of three clusters in the zone north, none of which is due."""
    url = fleets.new()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEET_DATABASE", url)
    (tmp_path / "fleet.yaml").write_text(SETTINGS)
    found = open_fleet(server_address(url))
    want(found, ["alpha", "beta", "gamma"], "north")
    with found.writing() as connection:
        for name in ("alpha", "beta", "gamma"):
            set_due(connection, name, 3600, 0)
    yield found
    found.close()


def run_command(capsys, *words):
    code = run(["fleet", *words])
    return code, *capsys.readouterr()


def status(capsys):
    code, out, err = run_command(capsys, "status", "--format", "json")
    assert (code, err) == (0, "")
    return json.loads(out)


def due(database):
    with database.reading() as connection:
        clusters = fleet_clusters(connection)
    soon = min(one.due for one in clusters)
    return [one.name for one in clusters if (one.due - soon).total_seconds() < 60]


def test_who_is_submitted_is_due(database, capsys):
    code, _out, err = run_command(capsys, "submit", "beta")
    assert (code, "1 cluster will be looked at" in err) == (0, True)
    assert due(database) == ["beta"]
    assert run_command(capsys, "submit", "--zone", "north", "-q") == (0, "", "")
    assert due(database) == ["alpha", "beta", "gamma"]


@pytest.mark.parametrize("name", ["submit", "cancel", "resume", "pause"])
def test_who_is_meant_is_said(database, capsys, name):
    words = (name, *(("--reason", "x") if name == "pause" else ()))
    for wrong, said in (
        ((), "name clusters or a --zone, or say --all"),
        (("--all", "alpha"), "name clusters or a --zone, or say --all"),
        (("alpa",), "the fleet has no cluster 'alpa': did you mean alpha?"),
        (("--zone", "east"), "the fleet has no zone 'east'"),
    ):
        code, _out, err = run_command(capsys, *words, *wrong)
        assert (code, said in err) == (64, True), err


def test_who_is_paused_says_who_did_it_and_is_left_alone_until_resumed(database, capsys):
    run_command(capsys, "pause", "alpha", "--reason", "new switches")
    (paused,) = [one["paused"] for one in status(capsys)["clusters"] if one["paused"]]
    assert paused.endswith(": new switches")
    _code, out, _err = run_command(capsys, "status")
    assert f"alpha: paused, {paused}" in out
    _code, _out, err = run_command(capsys, "submit", "alpha")
    assert "paused, until they are resumed: alpha" in err
    _code, _out, err = run_command(capsys, "resume", "--all")
    assert err == f"alpha is resumed, and was paused by {paused}\n1 cluster resumed\n"
    assert not any(one["paused"] for one in status(capsys)["clusters"])


def test_a_pause_of_who_is_paused_says_what_it_takes_the_place_of(database, capsys, tmp_path):
    run_command(capsys, "pause", "alpha", "--reason", "new switches")
    (tmp_path / "fleet.yaml").rename(tmp_path / "our fleet.yaml")
    at = ("--fleet", "our fleet.yaml")
    _code, _out, err = run_command(capsys, "pause", "alpha", "beta", "--reason", "moving", *at)
    first, second = err.splitlines()
    assert first.startswith("alpha was paused already, and this takes the place of: ")
    assert first.endswith(": new switches")
    command = "reconcile fleet resume alpha beta --fleet 'our fleet.yaml'"
    assert second == f"2 clusters paused; to go on: {command}"
    _code, _out, err = run_command(capsys, "resume", "alpha", "gamma", *at)
    assert err.splitlines()[1:] == ["not paused in the fleet: gamma", "1 cluster resumed"]
    _code, _out, err = run_command(
        capsys, "pause", "--zone", "north", "--reason", "x", "--fleet", at[1]
    )
    assert "to go on: reconcile fleet resume --zone north --fleet" in err


def test_what_waits_is_given_up_and_its_next_turn_is_told(database, capsys):
    with database.writing() as connection:
        begin_life(connection, Life("w1", ("north",), "host1", 7, "1", 9))
    run_command(capsys, "submit", "alpha")
    words = "alpha: given up, its next turn is in 5m\n"
    assert run_command(capsys, "cancel", "--all")[:2] == (0, words)
    assert "nothing waits" in run_command(capsys, "cancel", "--all")[2]


def test_what_waits_for_no_worker_is_not_said_to_be_given_up(database, capsys):
    run_command(capsys, "submit", "alpha", "beta")
    code, out, err = run_command(capsys, "cancel", "--all")
    assert (code, out) == (0, "")
    assert "no worker serves zone north" in err
    assert due(database) == ["alpha", "beta"]
    with database.writing() as connection:
        begin_life(connection, Life("w1", ("north",), "host1", 7, "1", 9))
    run_command(capsys, "pause", "alpha", "--reason", "new switches")
    code, out, _err = run_command(capsys, "cancel", "--all")
    assert (code, out) == (0, "beta: given up, its next turn is in 5m\n")
    assert due(database) == ["alpha"]  # as before: it waits for its end of the pause


def test_the_status_says_who_works_and_where_nobody_does(database, capsys):
    _code, out, _err = run_command(capsys, "status")
    assert "workers: none is alive; start one: reconcile fleet worker\n" in out
    assert out.startswith("source: not read yet; a worker reads it: reconcile fleet worker\n")
    assert "no worker serves zone north" in out
    with database.writing() as connection:
        begin_life(connection, Life("w1", ("north",), "host1", 7, "1", 9))
        begin_turn(connection, "beta", "look", "w1", "")
    found = status(capsys)
    assert [(one["id"], one["host"], one["zones"]) for one in found["workers"]] == [
        ("w1", "host1", ["north"])
    ]
    turns = {one["cluster"]: one["turn"] for one in found["clusters"]}
    assert turns["alpha"] is None
    assert (turns["beta"]["kind"], turns["beta"]["worker"]) == ("look", "w1")
    _code, out, _err = run_command(capsys, "status")
    assert re.search(r"worker w1: host1 \(process 7\), north, heard of \d+ s ago", out)
    assert "zone north: 3 clusters, 1 at work, 0 due" in out
    assert re.search(r"beta: look by w1, since \d+ s ago", out)


def test_the_status_says_which_commit_is_wanted_since_when_and_what_is_wrong(database, capsys):
    commit = "8f14e45fceea167a5a36dedd4bea2543deadbeef"
    address = "ssh://git@git.example.com/storage.git"
    failed = "source-unreachable: no route to the host"
    with database.writing() as connection:
        set_fleet_source(connection, FleetSource("", "main", NEVER, failed, address))
    _code, out, _err = run_command(capsys, "status")
    assert out.startswith(f"source: not taken over yet\n  {failed}\n")
    assert status(capsys)["source"]["fetched_at"] is None
    with database.writing() as connection:
        began = database_now(connection) - timedelta(hours=2)
        set_fleet_source(connection, FleetSource(commit, "main", began, failed, address))
        files = [
            replace(one, commit=commit, problem="3:4: bad-value: x\n5:6: bad-key: y")
            for one in fleet_files(connection)
        ]
        keep_fleet_files(connection, files, [Wanted("alpha", files[0].file, "north")])
    _code, out, _err = run_command(capsys, "status")
    first, second, third, fourth, *_ = out.splitlines()
    assert first == "source: 8f14e45fceea (main), as of 2 h 00 min ago"
    assert second == f"  {failed}"
    assert third == f"  {files[0].file}:3:4: bad-value: x"
    assert fourth == f"  {files[0].file}:5:6: bad-key: y"
    assert "  what to do: reconcile explain source-unreachable\n" in out
    found = status(capsys)
    assert (found["source"]["address"], found["source"]["commit"]) == (address, commit)
    assert [one["commit"] for one in found["clusters"]] == [commit]


def test_the_status_says_how_clusters_stand_what_is_rolled_out_and_who_was_lost(
    database, capsys
):
    with database.writing() as connection:
        for name, kind in (("beta", "Drifted"), ("alpha", "Blocked")):
            reading = Reading(f"cluster/{name}", kind, "True", "Because", "it is so")
            kept = replace(failed_round(name, ""), readings=(reading,), is_whole=True)
            result = RoundResult(name, database_now(connection), 1.0)
            record_result(connection, f"/{name}.yaml", result, kept, database_now(connection))
    with database.writing() as connection:
        begin_life(connection, Life("w1", ("north",), "host1", 7, "1", 9))
        begin_turn(connection, "beta", "look", "w1", "")
        mark_lost(connection, -1)
        end_turns_of(connection, "w1", "lost")
        about = ("r1", database_now(connection), "alice", "", ("1",), 1.0)
        new_rollout(
            connection,
            Rollout(*about, "going", "wave 1 begins", None),
            [Enrolled("alpha", 1, "p", "{}", "[]")],
        )
    _code, out, _err = run_command(capsys, "status")
    assert "Blocked: 1 cluster: alpha\n" in out
    assert "Drifted: 1 cluster: beta\n" in out
    assert "rollout r1: going: wave 1 begins\n" in out
    assert re.search(r"worker w1: lost, host1, last heard of \d+ s ago; it had beta\n", out)
    assert [(one["id"], one["had"]) for one in status(capsys)["lost"]] == [("w1", ["beta"])]
