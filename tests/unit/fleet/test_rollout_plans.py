"""What a rollout would do is what looks found; an approval is for exactly that, and begins exactly that."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.errors import UsageError
from reconciler.fleet.rollout_approval import (
    Consent,
    approving_command,
    begin_rollout,
    missing_words,
)
from reconciler.fleet.rollout_documents import draft_document, rollout_document
from reconciler.fleet.rollout_plans import Request, draft_rollout
from reconciler.model.outcome import Blocked
from reconciler.model.revision import Revision
from reconciler.model.watched import Reading
from reconciler.pipeline.approved import Approval
from reconciler.planning.review.approved_plan import read_approved
from reconciler.reports.rollout_lines import draft_lines, rollout_lines
from reconciler.storage import engines
from reconciler.storage.approvals import plan_approvals
from reconciler.storage.database import open_state
from reconciler.storage.fleet_files import (
    FleetFile,
    FleetSource,
    Wanted,
    keep_fleet_files,
    set_fleet_source,
)
from reconciler.storage.fleet_identity import make_identity
from reconciler.storage.fleet_schedule import pause
from reconciler.storage.fleet_workers import Life, begin_life, database_now
from reconciler.storage.rollouts import enrolled_clusters, find_rollout, rollout_clusters
from reconciler.watch.assessment import failed_round
from reconciler.watch.earlier import Earlier
from reconciler.watch.result import RoundResult
from reconciler.watch.round import observe_round
from reconciler.watch.state_rows import record_result
from tests.clock import drive
from tests.fault_transport import Line
from tests.runs import Controller, desired, witnessed
from tests.unit.storage.moments import EPOCH

ZONES = {"alpha": "north", "beta": "south", "gamma": "north", "delta": "south"}
ALL = Request((), True, (), (), ("1", "rest"), 300.0)


@pytest.fixture(scope="module")
def removal():
    """A cluster of two as its file wants only one: the world, the file, what a look finds."""
    world = witnessed(2)
    drive(world, Controller(world).apply(desired(world)))
    wanted = desired(world, "node02")
    fleet = Controller(world)._fleet(wanted, Line())
    looked = drive(world, observe_round(wanted, Earlier(), fleet, EPOCH))
    return world, wanted, looked


@pytest.fixture(scope="module")
def bare():
    """A look at two bare hosts, whose volume is to be formatted."""
    world = witnessed(2)
    wanted = desired(world)
    fleet = Controller(world)._fleet(wanted, Line())
    return drive(world, observe_round(wanted, Earlier(), fleet, EPOCH))


@pytest.fixture
def connection(tmp_path, monkeypatch, removal):
    """Four clusters of two zones that are wanted; all but delta have something to do."""
    monkeypatch.setattr(engines, "WRITING", (*engines.WRITING, "PRAGMA synchronous = OFF"))
    state = open_state(tmp_path / "state", EPOCH)
    with state.writing() as connection:
        begin(connection)
        for name in ZONES:
            found = removal[2] if name != "delta" else RoundResult("delta", EPOCH, 1.0)
            look(connection, name, found)
        yield connection
    state.close()


def begin(connection):
    now = database_now(connection)
    files = [FleetFile(f"{name}.yaml", "text", "c0ffee" * 6, "", now) for name in ZONES]
    keep_fleet_files(connection, files, [Wanted(n, f"{n}.yaml", z) for n, z in ZONES.items()])
    set_fleet_source(connection, FleetSource("c0ffee" * 6, "main", now, "", "git"))


def look(connection, name, found, *readings):
    result = replace(found, cluster=name, plan_id=found.plan_id and f"{found.plan_id}-{name}")
    failed = failed_round(name, found.failure)
    kept = failed if found.failure else replace(failed, readings=readings, is_whole=True)
    record_result(connection, f"{name}.yaml", result, kept, database_now(connection))


def waves(draft):
    return [[one.cluster for one in wave] for wave in draft.waves]


def refusals(draft):
    return {one.cluster: one.refusal for one in draft.refused}


def test_who_has_something_to_do_is_in_a_wave_and_who_has_nothing_is_left_out(connection):
    draft = draft_rollout(connection, ALL)
    assert waves(draft) == [["alpha"], ["beta", "gamma"]]
    assert (draft.idle, draft.refused, draft.commit) == (("delta",), (), "c0ffee" * 6)
    assert waves(draft_rollout(connection, replace(ALL, names=("gamma",)))) == [
        ["gamma"],
        ["alpha", "beta"],
    ]
    some = Request(("beta", "alpha"), False, (), (), ("1", "rest"), 0.0)
    assert waves(draft_rollout(connection, some)) == [["beta"], ["alpha"]]
    zone = Request((), False, ("north",), ("alpha",), ("1", "rest"), 0.0)
    assert waves(draft_rollout(connection, zone)) == [["gamma"]]


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (replace(ALL, everyone=False), "say which clusters"),
        (replace(ALL, names=("omega",)), "wants a cluster 'omega'"),
        (replace(ALL, without=("omega",)), "wants a cluster 'omega'"),
        (replace(ALL, zones=("west",)), "in a zone 'west'"),
    ],
)
def test_what_the_fleet_does_not_have_is_refused(connection, request_, told):
    with pytest.raises(UsageError, match=told):
        draft_rollout(connection, request_)


def test_its_id_is_of_clusters_plans_waves_and_soak_and_of_nothing_else(connection):
    first = draft_rollout(connection, ALL)
    same = replace(ALL, everyone=False, zones=("north", "south"))
    assert draft_rollout(connection, same).id == first.id
    others = [
        replace(ALL, soak=301.0),
        replace(ALL, sizes=("2", "rest")),
        replace(ALL, names=("beta",)),
        replace(ALL, without=("gamma",)),
    ]
    found = {draft_rollout(connection, one).id for one in others}
    assert len(found | {first.id}) == 5


def test_whoever_cannot_be_rolled_out_is_refused_by_name_unless_left_out(connection, removal):
    looked = removal[2]
    blocked = Blocked("device-not-blank", "volume/images", "it has data", "look")
    look(connection, "alpha", replace(looked, blocked=(blocked,)))
    pause(connection, ["beta"], "alice: new switch")
    look(connection, "gamma", RoundResult("gamma", EPOCH, 1.0, failure="no way there"))
    draft = draft_rollout(connection, ALL)
    assert refusals(draft) == {
        "alpha": "device-not-blank volume/images: it has data (look)",
        "beta": "it is paused: alice: new switch; to go on: reconcile fleet resume beta",
        "gamma": "its last look found nothing out: no way there",
    }
    assert draft.waves == ()
    left = replace(ALL, without=("alpha", "beta", "gamma"))
    assert draft_rollout(connection, left).refused == ()


def test_a_plan_of_another_commit_than_the_file_has_is_refused(connection, removal):
    at_commit = {"c0ffee" * 6: False, "dead" * 10: True}
    for commit, is_refused in at_commit.items():
        look(connection, "alpha", replace(removal[2], revision=Revision(commit, "main")))
        assert ("alpha" in refusals(draft_rollout(connection, ALL))) == is_refused


def test_what_is_wrong_with_a_cluster_before_is_told(connection, removal):
    wrong = Reading("cluster/alpha", "Degraded", "True", "Full", "images is full")
    look(connection, "alpha", removal[2], wrong)
    draft = draft_rollout(connection, ALL)
    document = draft_document(draft, database_now(connection))
    told = "    degraded now: images is full; if that stays, the rollout stops"
    assert told in [line for _, line in draft_lines(document, 0)]


def test_what_changed_since_it_was_looked_at_or_was_never_looked_at_is_refused(connection):
    later = database_now(connection) + timedelta(hours=1)
    files = [FleetFile(f"{name}.yaml", "other", "dead" * 10, "", later) for name in ZONES]
    files.append(FleetFile("new.yaml", "text", "", "", later))
    wanted = [Wanted(n, f"{n}.yaml", z) for n, z in ZONES.items()]
    keep_fleet_files(connection, files, [*wanted, Wanted("new", "new.yaml", "north")])
    found = refusals(draft_rollout(connection, ALL))
    assert found["alpha"].startswith(
        "its file has changed since it was looked at (commit deaddeaddead)"
    )
    assert found["new"].startswith("it was not looked at yet")
    assert found.keys() == {*ZONES, "new"}


def test_who_nobody_will_look_at_is_told_so_with_the_reason(connection):
    """Of a cluster that is not looked at by itself nobody is told to wait."""
    now = database_now(connection)
    unknown = (
        "4:7: zone-unknown: cluster 'lost' is in zone 'moon', which the fleet does not have"
    )
    files = [FleetFile(f"{name}.yaml", "text", "", "", now) for name in ("new", "idle", "held")]
    files.append(FleetFile("lost.yaml", "text", "", unknown, now))
    zones = {"new": "north", "idle": "west", "held": "west", "lost": "moon"}
    keep_fleet_files(connection, files, [Wanted(n, f"{n}.yaml", z) for n, z in zones.items()])
    pause(connection, ["held"], "alice: new switches")
    make_identity(connection)
    begin_life(connection, Life("w1", ("north",), "host1", 7, "1", 9))
    found = refusals(draft_rollout(connection, ALL))
    assert "looked at again by itself" in found["new"]
    assert "no worker serves its zone west" in found["idle"]
    assert "it is paused: alice: new switches" in found["held"]
    assert found["lost"].endswith(f"lost.yaml:{unknown}")


def test_a_file_that_is_not_taken_over_is_refused_also_where_nothing_is_to_be_done(connection):
    files = [
        FleetFile(f"{name}.yaml", "text", "c0ffee" * 6, "3:1: tab", EPOCH) for name in ZONES
    ]
    keep_fleet_files(connection, files, [Wanted(n, f"{n}.yaml", z) for n, z in ZONES.items()])
    draft = draft_rollout(connection, ALL)
    assert (refusals(draft).keys(), draft.idle) == (ZONES.keys(), ())


def test_an_approval_is_for_this_id_and_for_each_device(connection, bare):
    draft = draft_rollout(connection, ALL)
    assert missing_words(draft, Consent()) == (f"it needs --approve {draft.id}",)
    assert missing_words(draft, Consent("abc123")) == (
        f"--approve abc123 is not this plan; its id is {draft.id}",
    )
    assert missing_words(draft, Consent(draft.id)) == ()
    look(connection, "beta", bare)
    draft = draft_rollout(connection, ALL)
    device = bare.steps[[step.kind for step in bare.steps].index("format")].device
    told = f"formatting {device} of beta needs --accept-data {device}"
    assert missing_words(draft, Consent(draft.id)) == (told,)
    assert missing_words(draft, Consent(draft.id, frozenset({device}))) == ()
    command = approving_command(draft, ("--fleet", "my fleet.yaml"))
    assert command == (
        "reconcile fleet apply --all --wave 1,rest --soak 5m --fleet 'my fleet.yaml' "
        f"--approve {draft.id} --accept-data {device}"
    )


def test_what_was_approved_is_kept_and_who_did_and_its_clusters_are_busy(connection):
    draft = draft_rollout(connection, ALL)
    begin_rollout(connection, draft, "r1", "alice@desk")
    rows = rollout_clusters(connection, "r1")
    assert [(row.cluster, row.wave) for row in rows] == [
        ("alpha", 1),
        ("beta", 2),
        ("gamma", 2),
    ]
    first, kept = draft.waves[0][0], enrolled_clusters(connection, "r1")[0]
    assert read_approved(kept.plan, kept.actions, kept.devices) == first.plan
    (approval,) = plan_approvals(connection, first.plan.id)
    assert (approval.run, approval.who) == ("r1", "alice@desk")
    assert approval.scope == f"the plan of alpha of commit {'c0ffee' * 6}, in rollout r1"
    (whole,) = plan_approvals(connection, draft.id)
    assert whole.scope == "rollout of 3 clusters in 2 waves, 300 s apart"
    again = draft_rollout(connection, ALL)
    assert refusals(again)["beta"] == "it is in rollout r1, which has not ended"


def test_a_plan_is_not_carried_out_on_other_machines_of_the_same_names(connection, removal):
    """A commit after the approval may lead the names of hosts elsewhere, and change nothing else."""
    _, wanted, _ = removal
    world = deepcopy(removal[0])
    found = draft_rollout(connection, replace(ALL, names=("alpha",), everyone=False))
    ((plan,),) = found.waves
    kept = read_approved(plan.plan.id, plan.plan.text(), "[]")
    world.machines["node02"].machine_id = "0123456789abcdef" * 2
    approval = Approval(kept, "alice in rollout r1")
    outcome, events = drive(world, Controller(world).carry_out(wanted, approval))
    assert (outcome.result, [one.code for one in outcome.blocked]) == (
        "refused",
        ["plan-changed"],
    )
    assert "node02 is another machine" in outcome.blocked[0].message
    assert "action-started" not in [event for event, _ in events]


def test_a_plan_that_a_look_found_and_that_was_approved_is_carried_out(connection, removal):
    """From a look to the hosts: what is stored in between loses nothing of what is compared."""
    world, wanted, looked = removal
    found = draft_rollout(connection, replace(ALL, names=("alpha",), everyone=False))
    ((plan,),) = found.waves
    kept = read_approved(plan.plan.id, plan.plan.text(), "[]")
    approval = Approval(kept, "alice in rollout r1")
    outcome, events = drive(world, Controller(world).carry_out(wanted, approval))
    assert (outcome.result, outcome.blocked) == ("converged", ())
    (told,) = [about["message"] for event, about in events if event == "approved"]
    assert told == (
        f"plan {looked.plan_id}, the same actions as plan {looked.plan_id}-alpha, "
        "approved by alice in rollout r1"
    )


def test_it_is_told_to_people_and_to_programs(connection):
    draft = draft_rollout(connection, replace(ALL, without=("gamma",)))
    now = database_now(connection) + timedelta(seconds=90)
    document = json.loads(json.dumps(draft_document(draft, now)))
    lines = [line for _, line in draft_lines(document, 1)]
    assert lines[:2] == [
        f"plan {draft.id}: 2 clusters in 2 waves, 5 min 00 s apart, commit c0ffeec0ffee",
        "wave 1: 1 cluster",
    ]
    assert lines[2].startswith("  alpha (north): plan ")
    assert "actions, risk outage, looked at 1 min 30 s ago" in lines[2]
    assert any(line.startswith("    outage: images on node01") for line in lines)
    assert "    node01: unmount images from /srv/images" in lines
    assert "left out, nothing to do: delta" in lines
    begin_rollout(connection, draft, "r1", "alice@desk")
    one = rollout_document(find_rollout(connection, "r1"), rollout_clusters(connection, "r1"))
    assert [line for _, line in rollout_lines(json.loads(json.dumps(one)))] == [
        "rollout r1 (2 clusters, by alice@desk, commit c0ffeec0ffee): going: it begins",
        "  wave 1  alpha: waiting",
        "  wave 2  beta: waiting",
    ]
