"""The commands with which an operator asks a fleet for something, and sees how it stands."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.cli import run
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
from reconciler.storage.fleet_turns import begin_turn
from reconciler.storage.fleet_workers import Life, begin_life, database_now
from reconciler.storage.server_address import server_address
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


def told(capsys, *words):
    code = run(["fleet", *words])
    return code, *capsys.readouterr()


def status(capsys):
    code, out, err = told(capsys, "status", "--format", "json")
    assert (code, err) == (0, "")
    return json.loads(out)


def due(database):
    with database.reading() as connection:
        clusters = fleet_clusters(connection)
    soon = min(one.due for one in clusters)
    return [one.name for one in clusters if (one.due - soon).total_seconds() < 60]


def test_who_is_submitted_is_due(database, capsys):
    code, _out, err = told(capsys, "submit", "beta")
    assert (code, "1 cluster will be looked at" in err) == (0, True)
    assert due(database) == ["beta"]
    assert told(capsys, "submit", "--zone", "north", "-q") == (0, "", "")
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
        code, _out, err = told(capsys, *words, *wrong)
        assert (code, said in err) == (64, True), err


def test_who_is_paused_says_who_did_it_and_is_left_alone_until_resumed(database, capsys):
    told(capsys, "pause", "alpha", "--reason", "new switches")
    (paused,) = [one["paused"] for one in status(capsys)["clusters"] if one["paused"]]
    assert paused.endswith(": new switches")
    _code, out, _err = told(capsys, "status")
    assert f"alpha: paused, {paused}" in out
    _code, _out, err = told(capsys, "submit", "alpha")
    assert "paused, until they are resumed: alpha" in err
    _code, _out, err = told(capsys, "resume", "--all")
    assert err == f"alpha is resumed, and was paused by {paused}\n1 cluster resumed\n"
    assert not any(one["paused"] for one in status(capsys)["clusters"])


def test_a_pause_of_who_is_paused_says_what_it_takes_the_place_of(database, capsys, tmp_path):
    told(capsys, "pause", "alpha", "--reason", "new switches")
    (tmp_path / "fleet.yaml").rename(tmp_path / "our fleet.yaml")
    at = ("--fleet", "our fleet.yaml")
    _code, _out, err = told(capsys, "pause", "alpha", "beta", "--reason", "moving", *at)
    first, second = err.splitlines()
    assert first.startswith("alpha was paused already, and this takes the place of: ")
    assert first.endswith(": new switches")
    command = "reconcile fleet resume alpha beta --fleet 'our fleet.yaml'"
    assert second == f"2 clusters paused; to go on: {command}"
    _code, _out, err = told(capsys, "resume", "alpha", "gamma", *at)
    assert err.splitlines()[1:] == ["not paused in the fleet: gamma", "1 cluster resumed"]
    _code, _out, err = told(
        capsys, "pause", "--zone", "north", "--reason", "x", "--fleet", at[1]
    )
    assert "to go on: reconcile fleet resume --zone north --fleet" in err


def test_what_waits_is_given_up_and_its_next_turn_is_told(database, capsys):
    with database.writing() as connection:
        begin_life(connection, Life("w1", ("north",), "host1", 7, "1", 9))
    told(capsys, "submit", "alpha")
    words = "alpha: given up, its next turn is in 5m\n"
    assert told(capsys, "cancel", "--all")[:2] == (0, words)
    assert "nothing waits" in told(capsys, "cancel", "--all")[2]


def test_what_waits_for_no_worker_is_not_said_to_be_given_up(database, capsys):
    told(capsys, "submit", "alpha", "beta")
    code, out, err = told(capsys, "cancel", "--all")
    assert (code, out) == (0, "")
    assert "no worker serves zone north" in err
    assert due(database) == ["alpha", "beta"]
    with database.writing() as connection:
        begin_life(connection, Life("w1", ("north",), "host1", 7, "1", 9))
    told(capsys, "pause", "alpha", "--reason", "new switches")
    code, out, _err = told(capsys, "cancel", "--all")
    assert (code, out) == (0, "beta: given up, its next turn is in 5m\n")
    assert due(database) == ["alpha"]  # as before: it waits for its end of the pause


def test_the_status_says_who_works_and_where_nobody_does(database, capsys):
    _code, out, _err = told(capsys, "status")
    assert "workers: none is alive" in out
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
    _code, out, _err = told(capsys, "status")
    assert re.search(r"worker w1: host1 \(process 7\), north, heard of \d+ s ago", out)
    assert "zone north: 3 clusters, 1 at work, 0 due" in out
    assert re.search(r"beta: look by w1, since \d+ s ago", out)


def test_the_status_says_which_commit_is_wanted_since_when_and_what_is_wrong(database, capsys):
    commit = "8f14e45fceea167a5a36dedd4bea2543deadbeef"
    address = "ssh://git@git.example.com/storage.git"
    failed = "source-unreachable: no route to the host"
    with database.writing() as connection:
        set_fleet_source(connection, FleetSource("", "main", NEVER, failed, address))
    _code, out, _err = told(capsys, "status")
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
    _code, out, _err = told(capsys, "status")
    first, second, third, fourth, *_ = out.splitlines()
    assert first == "source: 8f14e45fceea (main), as of 2 h 00 min ago"
    assert second == f"  {failed}"
    assert third == f"  {files[0].file}:3:4: bad-value: x"
    assert fourth == f"  {files[0].file}:5:6: bad-key: y"
    found = status(capsys)
    assert (found["source"]["address"], found["source"]["commit"]) == (address, commit)
    assert [one["commit"] for one in found["clusters"]] == [commit]
