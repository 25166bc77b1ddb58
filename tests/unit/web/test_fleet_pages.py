"""The pages of a fleet: zone, commit and worker are shown, and what workers elsewhere do is told."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.errors import StoreFailed
from reconciler.execution.journal import Journal
from reconciler.execution.run_index import index_runs
from reconciler.model.watched import Reading, Round
from reconciler.storage.approvals import Approval, store_approval
from reconciler.storage.database import Database
from reconciler.storage.fleet_files import (
    FleetFile,
    FleetSource,
    Wanted,
    keep_fleet_files,
    set_fleet_source,
)
from reconciler.storage.fleet_identity import make_identity
from reconciler.storage.fleet_schedule import pause, resume, set_due
from reconciler.storage.fleet_turns import begin_turn, end_turn, end_turns_of
from reconciler.storage.fleet_workers import Life, begin_life, end_life
from reconciler.storage.rollout_turns import claim_apply, end_apply
from reconciler.storage.rollouts import (
    Enrolled,
    Rollout,
    begin_wave,
    end_rollout,
    new_rollout,
    stop_rollout,
    tell_rollout,
)
from reconciler.web.events import EventHub
from reconciler.web.fleet_metrics import FleetCollector
from reconciler.web.fleet_news import FleetNews
from reconciler.web.metrics import Metrics
from tests.unit.web.conftest import NOW, Site, drift_round, quiet_round
from tests.unit.web.test_metrics import parse_metrics

COMMIT = "8f14e45fceea167a5a36dedd4bea2543deadbeef"
FILE = FleetFile("clusters/<b>.yaml", "text", COMMIT, "line 3: no such <key>", NOW)
RUN = "20260301T115900Z-aaaaaa"


@pytest.fixture
def fleet(state: Database) -> Site:
    """A cluster of the zone north, of which a worker has the turn."""
    with state.writing() as connection:
        make_identity(connection)
        begin_life(connection, Life("w1", ("north",), "wrk01", 1, "1", 1))
        keep_fleet_files(connection, [FILE], [Wanted("beta", FILE.file, "north")])
        end_turn(connection, begin_turn(connection, "beta", "look", "gone", ""), "lost")
        begin_turn(connection, "beta", "look", "w1", "")
    return Site(state)


def ran(fleet: Site, place: Path, *more: str) -> None:
    """A run of the worker, as far as its database knows it."""
    ticks = (NOW + timedelta(seconds=n) for n in range(99))
    with Journal(place, RUN, lambda: next(ticks)) as journal:
        journal.emit("run-started", {"cluster": None, "user": "ops", "controller": "wrk01"})
        journal.emit("observed", {"cluster": "beta", "hosts": 2, "actions": 1, "plan": "9c1f"})
        for event in more:
            journal.emit(event, {"cluster": "beta"})
        index_runs(replace(fleet.database, worker="w1"), place, NOW)


async def test_a_cluster_has_its_zone_its_commit_and_who_has_its_turn(fleet):
    number = fleet.record("beta", drift_round())
    page = (await fleet.get(f"/clusters/{number}")).text
    for words in (
        "north",
        COMMIT,
        "line 3: no such &lt;key&gt;",
        "wrk01",
        "it goes on",
        "lost",
    ):
        assert words in page
    assert "zone north" in (await fleet.get("/")).text
    with fleet.database.writing() as connection:
        pause(connection, ["beta"], "cramer: disk is exchanged")
    assert "cramer: disk is exchanged" in (await fleet.get(f"/clusters/{number}")).text


async def test_a_file_that_is_not_taken_over_is_told_in_the_list_and_of_its_clusters(fleet):
    number = fleet.record("beta", drift_round())
    page = (await fleet.get("/")).text
    assert "File: not taken over" in page
    assert 'href="/workers#files">Files not taken over <b>1</b>' in page
    about = "What its file says now is not taken over: line 3: no such &lt;key&gt;"
    assert about in (await fleet.get(f"/clusters/{number}")).text
    with fleet.database.writing() as connection:
        good = replace(FILE, problem="")
        keep_fleet_files(connection, [good], [Wanted("beta", FILE.file, "north")])
    page = (await fleet.get("/")).text
    assert "File: not taken over" not in page
    assert "Files not taken over <b>0</b>" in page
    assert "not taken over" not in (await fleet.get(f"/clusters/{number}")).text


async def test_a_cluster_that_is_paused_in_the_fleet_is_shown_so_and_heals_no_more(fleet):
    words = ("cluster/beta", "Healing", "True", "AtWork", "mount images")
    number = fleet.record("beta", Round(5, "Drifted", "1", (Reading(*words),)))
    fleet.record("alpha", quiet_round())
    with fleet.database.writing() as connection:
        pause(connection, ["beta"], "cramer: disk is exchanged")
    for path in ("/", f"/clusters/{number}"):  # its worker has not ended yet
        assert "AtWork" in (await fleet.get(path)).text
    with fleet.database.writing() as connection:
        end_turns_of(connection, "w1", "interrupted")
    page = (await fleet.get("/")).text
    assert "Paused: in the fleet (cramer: disk is exchanged)" in page
    assert "Paused in the fleet <b>1</b>" in page
    assert "AtWork" not in page + (await fleet.get(f"/clusters/{number}")).text
    some = (await fleet.get("/?paused=fleet")).text
    assert "<b>beta</b>" in some
    assert "<b>alpha</b>" not in some
    assert (await fleet.get("/?paused=odd")).status_code == 422
    with fleet.database.writing() as connection:
        resume(connection, ["beta"])
    assert "AtWork" in (await fleet.get("/")).text


async def test_a_zone_that_no_worker_serves_is_told(fleet):
    number = fleet.record("beta", drift_round())
    page = f"/clusters/{number}"
    for path in ("/workers", page):
        assert "no worker serves it" not in (await fleet.get(path)).text
    with fleet.database.writing() as connection:
        end_life(connection, "w1")
    for path in ("/workers", page):
        assert "no worker serves it" in (await fleet.get(path)).text


async def test_where_one_daemon_watches_there_is_nothing_of_a_fleet(site):
    number = site.record("alpha", quiet_round())
    assert "<h2>Fleet</h2>" not in (await site.get(f"/clusters/{number}")).text
    assert "zone" not in (await site.get("/")).text


async def test_a_run_has_its_worker(fleet, tmp_path):
    ran(fleet, tmp_path)
    page = (await fleet.get(f"/runs/{RUN}")).text
    assert "<dt>Worker</dt><dd>wrk01, <code>w1</code></dd>" in page
    document = (await fleet.get(f"/api/v1/runs/{RUN}")).json()
    assert document["worker"] == "w1"


async def test_workers_have_a_page_with_what_they_do(fleet):
    with fleet.database.writing() as connection:
        set_fleet_source(
            connection, FleetSource(COMMIT, "main", NOW, "commit-unsigned: nobody")
        )
    number = fleet.record("beta", drift_round())
    page = (await fleet.get("/workers")).text
    turn = f'<a href="/clusters/{number}">beta</a> <span class="dim">look</span>'
    for words in (
        "wrk01",
        "w1, process 1",
        "alive",
        COMMIT,
        "commit-unsigned",
        turn,
        "<b>north",
    ):
        assert words in page
    assert "<code>clusters/&lt;b&gt;.yaml</code>: line 3: no such &lt;key&gt;" in page


@pytest.fixture
def rollout(fleet: Site, tmp_path: Path) -> Rollout:
    """A rollout of two waves: the cluster of the first had its run, that of the second is paused."""
    ran(fleet, tmp_path)
    who = "<ops>@desk"
    one = Rollout("r1", NOW, who, COMMIT, ("1", "rest"), 300.0, "going", "it begins", None)
    both = [Enrolled(name, wave, f"p{wave}", "{}", "[]") for wave, name in enumerate(PAIR, 1)]
    with fleet.database.writing() as connection:
        wanted = [Wanted(name, FILE.file, "north") for name in PAIR]
        keep_fleet_files(connection, [replace(FILE, problem="")], wanted)
        new_rollout(connection, one, both)
        begin_wave(connection, "r1", ["beta"])
        done = claim_apply(connection, "beta", RUN)
        assert done
        end_apply(connection, done, "converged", "2 <actions>")
        pause(connection, ["gamma"], "cramer: disk is exchanged")
        tell_rollout(connection, "r1", "gamma is paused")
        for plan, scope in (("9c1f", "all of it"), ("p1", "the plan of beta")):
            store_approval(connection, Approval("r1", plan, NOW, who, scope))
    return one


PAIR = ("beta", "gamma")


async def test_a_rollout_has_a_page_with_waves_clusters_plans_and_who_approved(fleet, rollout):
    number = fleet.record("beta", drift_round())
    page = (await fleet.get("/rollouts/r1")).text
    for words in (
        *("Wave 1</h2>", "Wave 2</h2>", "gamma is paused", "2 of the sizes 1, rest"),
        *("converged</span>", "waiting</span>", "paused (cramer: disk is exchanged)"),
        f'<a href="/clusters/{number}"><b>beta</b></a>',
        f'<a href="/runs/{RUN}">{RUN}</a>',
        *("<code>p2</code>", COMMIT, "2 &lt;actions&gt;", "5 min 00 s apart"),
        "the plan of beta, by &lt;ops&gt;@desk",
    ):
        assert words in page
    listed = (await fleet.get("/rollouts")).text
    assert '<a href="/rollouts/r1">r1</a>' in listed
    assert "1 converged" in listed
    assert (await fleet.get("/rollouts/%00")).status_code == 404
    with fleet.database.writing() as connection:
        stop_rollout(connection, "r1", "cancelling", "cancelled by ops")
        end_rollout(connection, "r1", "cancelled")
    page = (await fleet.get("/rollouts/r1")).text
    assert "not-begun" in page
    assert "--cancel" not in page


async def test_a_rollout_is_in_the_api(fleet, rollout):
    found = (await fleet.get("/api/v1/rollouts/r1")).json()
    assert [(one["cluster"], one["state"], one["run"]) for one in found["clusters"]] == [
        ("beta", "converged", RUN),
        ("gamma", "waiting", None),
    ]
    assert found["states"] == {"converged": 1, "waiting": 1}
    assert [one["scope"] for one in found["approvals"]] == ["all of it", "the plan of beta"]
    with fleet.database.writing() as connection:
        end_rollout(connection, "r1", "converged")
        new_rollout(
            connection, replace(rollout, id="r2"), [Enrolled("beta", 1, "", "{}", "[]")]
        )
    first = (await fleet.get("/api/v1/rollouts?limit=1")).json()
    assert ([one["rollout"] for one in first["items"]], first["next"]) == (["r2"], "r2")
    last = (await fleet.get("/api/v1/rollouts?limit=1&after=r2")).json()
    assert ([one["rollout"] for one in last["items"]], last["next"]) == (["r1"], None)
    for path in ("/rollouts?after=none", "/api/v1/rollouts?after=none"):
        assert (await fleet.get(path)).status_code == 400
    assert (await fleet.get("/api/v1/rollouts/none")).status_code == 404


async def test_only_a_fleet_leads_to_its_workers(site):
    assert "/workers" not in (await site.get("/")).text
    assert "/rollouts" not in (await site.get("/")).text
    site.records = ""
    assert 'href="/rollouts"' in (await site.get("/")).text
    assert "Nothing was rolled out yet" in (await site.get("/rollouts")).text
    assert 'href="/workers"' in (await site.get("/")).text
    assert "No worker has begun yet." in (await site.get("/workers")).text


def test_what_workers_do_is_told_as_a_daemon_tells_its_own(fleet, tmp_path):
    news = FleetNews(fleet.database, EventHub())
    fleet.record("alpha", quiet_round())
    assert news.look() == news.look() == []
    fleet.record("beta", drift_round(), NOW + timedelta(minutes=1))
    assert news.look() == [("round", {"cluster": "beta", "result": "Drifted"})]
    ran(fleet, tmp_path)
    about = {"run": RUN, "clusters": ("beta",), "result": "at work"}
    assert news.look() == [("run", about)]
    assert news.look() == []


def test_what_prometheus_is_told_of_the_fleet(fleet):
    with fleet.database.writing() as connection:
        more = [Wanted(name, FILE.file, "south") for name in ("late", "paused", "soon")]
        keep_fleet_files(connection, [FILE], [Wanted("beta", FILE.file, "north"), *more])
        for name, seconds in (("late", -99), ("paused", -99), ("soon", -9)):
            set_due(connection, name, seconds, 0)
        pause(connection, ["paused"], "why")
        set_fleet_source(connection, FleetSource(COMMIT, "main", NOW, "no such ref"))
    metrics = Metrics(fleet.database)
    metrics.registry.register(FleetCollector(fleet.database))
    found = parse_metrics(metrics.text().decode())
    ours = {(name[16:], *labels): v for (name, *labels), v in found.items() if "fleet" in name}
    zones = {("clusters", "south"): 3, ("overdue", "south"): 1, ("paused", "south"): 1}
    quiet = {("clusters", "north"): 1, ("overdue", "north"): 0, ("paused", "north"): 0}
    turns = {("turns", "look"): 1, ("turns", "apply"): 0}
    source = {("source_failed",): 1, ("source_timestamp_seconds",): NOW.timestamp()}
    assert ours == {("workers",): 1, ("files_wrong",): 1, **zones, **quiet, **turns, **source}


async def test_a_database_that_cannot_be_read_ends_nothing(fleet, monkeypatch):
    monkeypatch.setattr("reconciler.web.fleet_news.APART", 0.0)
    asked = iter([True, True, False])

    class Reads:
        def reading(self):
            if next(asked):
                raise StoreFailed("postgresql://", "cannot be reached")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await FleetNews(Reads(), EventHub()).follow()
