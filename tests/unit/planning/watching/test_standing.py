"""Conditions: for each reason a scene that has it, and Unknown where something was not read."""

import json
from dataclasses import replace

import pytest

from reconciler.model.observed import Lease, Pause, Unknown, Unreachable
from reconciler.planning.watching.standing import KINDS, reason_of
from reconciler.planning.watching.strikes import Attempt, History, difference_of
from reconciler.planning.watching.troubles import REASONS, Sight, find_slotless
from reconciler.reports.status import TOLD, status_document
from reconciler.resources.growth.sizes import IN_PROGRESS
from tests.clock import drive
from tests.pages import page, quoted, rows
from tests.runs import Controller, desired, members, witnessed
from tests.watching import (
    DRIFTS,
    HEAL,
    NOW,
    look,
    planned_anew,
    stand,
    with_facts,
)

CLUSTER, MEMBER, VOLUME = "cluster/ocfs2", "member/node01", "volume/images"
PATH = "/var/lib/reconcile/ocfs2"


def scene(*classes, change=None, policy=None):
    world = witnessed(2)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    for name in classes:
        DRIFTS[name](world)
    return look(world, desired(world, **(change or {})), policy)


@pytest.fixture(scope="module")
def well():
    return scene()


@pytest.fixture(scope="module")
def unmounted():
    return scene("mounts")


def facts(found):
    return found.observed.hosts["node01"]


def mount(found, **fields):
    mounts = tuple(replace(one, **fields) for one in facts(found).mounts)
    return with_facts(found, "node01", mounts=mounts)


def view(found, **fields):
    views = tuple(replace(one, **fields) for one in facts(found).wanted)
    return with_facts(found, "node01", wanted=views)


def live(found, **fields):
    (cluster,) = facts(found).live.clusters
    changed = replace(facts(found).live, clusters=(replace(cluster, **fields),))
    return with_facts(found, "node01", live=changed)


def block(found, **fields):
    superblock = facts(found).wanted[0].superblock
    return view(found, superblock=replace(superblock, **fields))


def note(found, name, value):
    records = facts(found).records
    file = replace(records[0], path=f"{PATH}/{name}", text=json.dumps(value))
    return with_facts(found, "node01", records=(*records, file))


GONE = {"name": "node09", "number": 9, "machine_id": "m", "nodes": [[9, "node09"]]}
OWED = {"services": [], "disabled": [], "guests": [["images", "vm1"]]}


def disabled(found):
    units = tuple(
        replace(u, enabled=False) if u.name == "o2cb.service" else u
        for u in facts(found).services
    )
    return with_facts(found, "node01", services=units)


# Reason -> what a scene is made of, and whose conditions have it beside the cluster's.
ILL = {
    "ReadOnly": (lambda s: mount(s, options=("ro",)), {MEMBER, VOLUME}),
    "Interrupted": (lambda s: block(s, incompat=str(IN_PROGRESS)), {VOLUME}),
    "ListsDiffer": (lambda s: live(s, nodes=facts(s).live.clusters[0].nodes[:1]), set()),
    "HeartbeatStale": (lambda s: view(s, advancing=(1,)), {MEMBER, VOLUME}),
    "NotWell": (
        lambda s: with_facts(s, "node01", live=replace(facts(s).live, links=())),
        {MEMBER},
    ),
    "ClusterOffline": (
        lambda s: with_facts(s, "node01", live=replace(facts(s).live, clusters=())),
        {MEMBER},
    ),
    "NotMounted": (lambda s: with_facts(s, "node01", mounts=()), {MEMBER, VOLUME}),
    "NoSlot": (lambda s: view(s, slot_map=()), {MEMBER, VOLUME}),
    "MountHidden": (lambda s: mount(s, pid=77), {MEMBER, VOLUME}),
    "DeviceUnread": (lambda s: view(s, unread="no path"), {MEMBER, VOLUME}),
    "NearlyFull": (lambda s: mount(s, size=100, free=4), {VOLUME}),
    "FillsSoon": (lambda s: mount(s, size=100, free=40), {VOLUME}),
    "RunUnfinished": (lambda s: note(s, "stopped.json", OWED), {MEMBER}),
    "HostQuarantined": (lambda s: note(s, "quarantine.json", {"hosts": [GONE]}), set()),
    "NextBoot": (disabled, {MEMBER}),
}


def test_each_reason_of_degraded_is_tested_here():
    assert list(ILL) == list(REASONS)


@pytest.mark.parametrize("reason", REASONS)
def test_what_is_wrong_degrades_those_whom_it_concerns(reason, well):
    change, concerned = ILL[reason]
    full_in = {"images": 3.2} if reason == "FillsSoon" else {}
    found = stand(change(well), full_in=full_in)
    for subject in (CLUSTER, MEMBER, VOLUME):
        reading = found[subject, "Degraded"]
        if subject in {CLUSTER, *concerned}:
            assert (reading.status, reading.reason) == ("True", reason)
            assert reading.message
        else:
            assert reason not in reading.reason
    assert found["member/node02", "Degraded"].reason in {"Well", "NotWell"}


@pytest.mark.parametrize("reason", ["Well", *REASONS])
def test_status_is_healthy_where_nothing_degrades_and_nowhere_else(reason, well):
    scene = ILL[reason][0](well) if reason in ILL else well
    known = {"images": 3.2} if reason == "FillsSoon" else {}
    cluster, observed = scene.cluster, scene.observed
    sights = {cluster.name: Sight(cluster, observed, known)}
    (status,) = status_document([(cluster, observed)], "now", sights)["clusters"]
    reading = stand(scene, full_in=known)[CLUSTER, "Degraded"]
    assert status["healthy"] is (reading.status == "False")
    assert [one["reason"] for one in status["degraded"]][:1] == [reason][: reason != "Well"]
    assert (status["state"] == "healthy") is status["healthy"]
    if reason not in {"Well", *TOLD}:
        words = {one["words"] for one in status["degraded"] if one["reason"] == reason}
        assert words <= {one["what"] for one in status["problems"]}


def test_a_mount_without_a_slot_is_told_once_it_lasts_and_no_run_is_at_work(well):
    bare = view(well, slot_map=())
    (slotless,) = (find_slotless(bare.cluster, bare.observed),)
    assert ("node01", "images") in slotless

    def reason(scene, before):
        return stand(scene, slotless=before)[MEMBER, "Degraded"].reason

    assert reason(bare, frozenset()) == "Well"
    assert reason(bare, slotless) == "NoSlot"
    assert reason(bare, None) == "NoSlot"
    at_work = with_facts(bare, "node01", leases=(Lease("beta-1", "{}", 3.0),))
    assert reason(at_work, slotless) == "Well"
    assert ("node01", "images") not in find_slotless(at_work.cluster, at_work.observed)


def test_an_ended_lease_is_an_unfinished_run_and_one_at_work_is_not(well):
    for age, reason in ((3.0, "Well"), (500.0, "RunUnfinished")):
        lease = Lease("beta-1", "{}", age)
        found = stand(with_facts(well, "node01", leases=(lease,)))
        assert found[MEMBER, "Degraded"].reason == reason
    sealed = Lease("beta-1", "{}", 500.0, sealed=True)
    found = stand(with_facts(well, "node01", leases=(sealed,)))
    assert found[MEMBER, "Degraded"].reason == "Well"


def test_a_volume_that_fills_slowly_is_well(well):
    filling = mount(well, size=100, free=40)
    assert stand(filling, full_in={"images": 30.0})[VOLUME, "Degraded"].reason == "Well"
    assert stand(filling)[VOLUME, "Degraded"].reason == "Well"


CALM = {
    "Converged": ("True", "AsTheFileSays"),
    "Drifted": ("False", "AsTheFileSays"),
    "Blocked": ("False", "NothingRefused"),
    "Unreachable": ("False", "Answers"),
    "Degraded": ("False", "Well"),
    "Paused": ("False", "NotPaused"),
    "Healing": ("False", "NothingToHeal"),
}


def test_a_cluster_that_is_well_has_each_condition_of_each_subject_once(well):
    found = stand(well)
    subjects = {CLUSTER: "cluster", MEMBER: "member", "member/node02": "member"}
    subjects |= {VOLUME: "volume"}
    assert set(found) == {(s, kind) for s, sort in subjects.items() for kind in KINDS[sort]}
    assert {(k, r.status, r.reason) for (_s, k), r in found.items()} == {
        (kind, *verdict) for kind, verdict in CALM.items()
    }
    assert all(reading.message for reading in found.values())


def silent(found):
    gone = Unreachable("node01", "host-key-changed", "its key is another")
    hosts = {**found.observed.hosts, "node01": gone}
    return planned_anew(replace(found, observed=replace(found.observed, hosts=hosts)))


def paused(found):
    pause = Pause("ocfs2", "the SAN moves", "alice", 1, None)
    return planned_anew(with_facts(found, "node01", pauses=(pause,)))


def busy(found):
    return with_facts(found, "node01", log=Unknown("no dmesg"))


def kept_out(found):
    wwid = replace(facts(found).wanted[0], nodes=(), node=None, disk_found=False)
    return planned_anew(with_facts(found, "node01", wanted=(wwid,), mounts=()))


# Subject, kind -> a scene of a cluster that was well, and what is then said of it.
SAID = [
    (CLUSTER, "Unreachable", silent, "True", "HostKeyChanged"),
    (MEMBER, "Unreachable", silent, "True", "HostKeyChanged"),
    ("member/node02", "Unreachable", silent, "False", "Answers"),
    (MEMBER, "Converged", silent, "False", "Blocked"),
    (VOLUME, "Converged", silent, "Unknown", "NotRead"),
    (MEMBER, "Drifted", silent, "Unknown", "NotRead"),
    ("member/node02", "Drifted", silent, "False", "AsTheFileSays"),
    (MEMBER, "Degraded", silent, "Unknown", "NotRead"),
    (MEMBER, "Paused", silent, "Unknown", "NotRead"),
    (CLUSTER, "Blocked", silent, "True", "HostKeyChanged"),
    (MEMBER, "Converged", busy, "Unknown", "NotRead"),
    (VOLUME, "Degraded", busy, "Unknown", "NotRead"),
    (CLUSTER, "Paused", paused, "True", "PausedByOperator"),
    (MEMBER, "Paused", paused, "True", "PausedByOperator"),
    ("member/node02", "Paused", paused, "False", "NotPaused"),
    (CLUSTER, "Blocked", paused, "False", "NothingRefused"),
    (VOLUME, "Blocked", kept_out, "True", "DeviceMissing"),
    (MEMBER, "Blocked", lambda s: s, "False", "NothingRefused"),
]


@pytest.mark.parametrize("case", SAID, ids=lambda case: f"{case[0]}-{case[1]}-{case[4]}")
def test_a_condition_has_its_status_and_reason(case, well):
    subject, kind, change, *said = case
    reading = stand(change(well))[subject, kind]
    assert [reading.status, reading.reason] == said
    assert reading.message


def test_pauses_that_cannot_be_read_are_not_known(well):
    found = stand(with_facts(well, "node01", pauses=Unknown("garbled")))
    told = "whether it is paused could not be read: node01"
    assert found[MEMBER, "Paused"].message == told
    assert found[MEMBER, "Paused"].status == found[CLUSTER, "Paused"].status == "Unknown"


def test_a_member_that_is_off_is_not_asked():
    world = witnessed(3)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    off = {"state": "offline", "attested": {"by": "J", "at": "2026-05-01", "reason": "disk"}}
    some = [{**m, **off} if m["name"] == "node01" else m for m in members(world)]
    reading = stand(look(world, desired(world, members=some)))[MEMBER, "Unreachable"]
    assert (reading.status, reading.reason) == ("False", "NotAsked")


def test_what_was_changed_outside_and_what_was_not_applied_is_drift(unmounted):
    found = stand(unmounted)
    for subject in (CLUSTER, "member/node02", VOLUME):
        reading = found[subject, "Drifted"]
        assert (reading.status, reading.reason) == ("True", "ChangedOutside")
        assert found[subject, "Converged"].reason == "Differs"
    assert found[VOLUME, "Converged"].message == "1 difference, 1 action to make it good"
    told = "1 difference (degrades): the host does without the volume"
    assert found[VOLUME, "Drifted"].message == told
    assert found[MEMBER, "Drifted"].status == "False"
    change = {"network": {"reconnect_delay_ms": 5000}}
    assert stand(scene(change=change))[CLUSTER, "Drifted"].reason == "NotApplied"


def struck(found, *results):
    (action,) = (a for a in found.wanted.actions if a.kind == "mount")
    tries = tuple(Attempt(NOW, difference_of(action), result) for result in results)
    return replace(found, history=History(tries))


HEALED = [
    (lambda s: s, "True", "AtWork"),
    (lambda s: struck(s, "failed", "failed"), "False", "FailedTwice"),
    (lambda s: struck(s, "healed", "healed", "healed"), "False", "Flapping"),
    (lambda s: replace(s, unfinished=("run 7",)), "False", "RunUnfinished"),
]


@pytest.mark.parametrize(("change", "status", "reason"), HEALED)
def test_healing_says_what_it_does_or_why_not(change, status, reason, unmounted):
    found = stand(change(unmounted))
    for subject in (CLUSTER, "member/node02", VOLUME):
        reading = found[subject, "Healing"]
        assert (reading.status, reading.reason) == (status, reason)
    assert "mount images on /srv/images on node02" in found[CLUSTER, "Healing"].message or (
        reason == "RunUnfinished"
    )
    assert found[MEMBER, "Healing"].reason == "NothingToHeal"


def test_what_is_healed_is_said_with_its_host(unmounted):
    reading = stand(unmounted)[VOLUME, "Healing"]
    assert reading.message == "mount images on /srv/images on node02"


def test_a_closed_window_and_a_policy_that_reports_are_said():
    closed = {**HEAL, "windows": [{"schedule": "0 22 * * *", "duration": "1h"}]}
    for policy, reason in ((closed, "WindowClosed"), ({"mode": "report"}, "PolicyReports")):
        assert stand(scene("mounts", policy=policy))[CLUSTER, "Healing"].reason == reason


def test_a_code_is_a_reason_in_kubernetes_form():
    assert reason_of("cluster-not-well") == "ClusterNotWell"


def test_the_manual_has_each_reason_of_degraded():
    told = [quoted(row[0])[0] for row in rows(page("policy"), "Degraded")]
    assert told == list(REASONS)
