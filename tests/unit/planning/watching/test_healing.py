"""Healing: what is healed, what is left for which reason, and each rule seen to be alive."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from reconciler.hosts.simulator import connect
from reconciler.model.observed import Lease, Pause, Unknown, Unreachable
from reconciler.model.outcome import Blocked
from reconciler.planning.watching.healing import (
    ACTION_RULES,
    MOMENT_RULES,
    Code,
    Rules,
    choose_heals,
)
from reconciler.planning.watching.prospects import HEALS, find_prospects
from reconciler.planning.watching.strikes import Attempt, History, difference_of
from tests.clock import drive
from tests.pages import page, quoted, rows
from tests.runs import Controller, desired, volume, witnessed
from tests.watching import DRIFTS, HEAL, NOW, look, rewritten, with_facts

HOUR = timedelta(hours=1)
KINDS = {
    "files": ["write-o2cb-settings"],
    "boot": ["write-fstab"],
    "kernel": ["set-reconnect-delay"],
    "mounts": ["mount"],
}


@pytest.fixture(scope="module")
def converged():
    world = witnessed(2)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    return world


def drifted(*classes, change=None, policy=None):
    """A cluster after drift of these classes, with a file that ``change`` made of the applied."""
    world = witnessed(2)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    for name in classes:
        DRIFTS[name](world)
    return look(world, desired(world, **(change or {})), policy)


@pytest.fixture(scope="module")
def unmounted():
    """A volume that is not mounted on node02, and its policy heals everything."""
    return drifted("mounts")


def kinds(actions):
    return [action.kind for action in actions if action.command is not None]


def codes(found, kind=""):
    return {left.code for left in found.left if kind in {"", left.action.kind}}


@pytest.mark.parametrize("name", DRIFTS)
def test_what_somebody_changed_goes_back_where_its_class_is_named(name):
    found = choose_heals(drifted(name, policy={"mode": "heal", "heal": [name]}))
    assert kinds(found.actions) == KINDS[name]
    assert not {"class-not-named"} & codes(found)


@pytest.mark.parametrize("name", DRIFTS)
def test_what_no_class_names_is_left(name):
    others = [other for other in HEAL["heal"] if other != name]
    found = choose_heals(drifted(name, policy={"mode": "heal", "heal": others}))
    assert found.actions == ()
    assert "class-not-named" in codes(found)


def test_without_a_policy_nothing_is_healed():
    found = choose_heals(drifted(*DRIFTS, policy={"mode": "report", "heal": ["mounts"]}))
    assert (found.actions, codes(found)) == ((), {"policy-reports"})


def test_every_action_is_healed_or_left_once(unmounted):
    found = choose_heals(unmounted)
    listed = [*(a.id for a in found.actions), *(left.action.id for left in found.left)]
    assert sorted(listed) == sorted(action.id for action in unmounted.wanted.actions)


def test_what_needs_another_that_is_not_healed_is_left():
    """The line at boot is written when the volume is mounted."""
    world = witnessed(2)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    DRIFTS["mounts"](world)
    DRIFTS["boot"](world)
    found = choose_heals(look(world, desired(world), {"mode": "heal", "heal": ["boot"]}))
    assert found.actions == ()
    assert codes(found, "mount") == {"class-not-named"}
    assert codes(found, "write-fstab") == {"needs-another"}


def test_an_unmerged_change_is_not_shipped_and_the_rest_is_healed():
    change = {"network": {"reconnect_delay_ms": 5000}}
    found = choose_heals(drifted("boot", "kernel", change=change))
    assert kinds(found.actions) == ["write-fstab"]
    assert codes(found, "write-o2cb-settings") == {"not-last-applied"}
    assert codes(found, "set-reconnect-delay") == {"not-last-applied"}


def test_a_volume_that_nobody_applied_is_not_healed_into_being():
    world = witnessed(2)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    DRIFTS["files"](world)
    other = {**volume(world), "mount": {"path": "/srv/other"}}
    found = choose_heals(look(world, desired(world, volumes=[other])))
    assert kinds(found.actions) == ["write-o2cb-settings"]
    assert "not-last-applied" in codes(found, "mount")


@pytest.mark.parametrize("kind", ["allow", "deny"])
def test_a_window_that_is_open_heals_although_it_is_known_when_it_closes(kind):
    schedule = {"allow": "0 12 * * *", "deny": "0 13 * * *"}[kind]
    window = {"kind": kind, "schedule": schedule, "duration": "60s"}
    found = choose_heals(drifted("mounts", policy={**HEAL, "windows": [window]}))
    assert kinds(found.actions) == ["mount"]


def attempts(scene, *results, minutes=10):
    (action,) = (a for a in scene.wanted.actions if a.kind == "mount")
    first = NOW - timedelta(minutes=minutes * len(results))
    found = (
        Attempt(first + timedelta(minutes=minutes * n), difference_of(action), result)
        for n, result in enumerate(results)
    )
    return replace(scene, history=History(tuple(found)))


def unread(scene):
    return with_facts(scene, "node01", log=Unknown("no such luck"))


def silent(scene):
    gone = Unreachable("node01", "host-unreachable", "no answer")
    hosts = {**scene.observed.hosts, "node01": gone}
    return replace(scene, observed=replace(scene.observed, hosts=hosts))


def owed(scene):
    text = '{"services": [], "disabled": [], "guests": [["images", "vm1"]]}\n'
    facts = scene.observed.hosts["node01"]
    path = "/var/lib/reconcile/ocfs2/stopped.json"
    records = [f for f in facts.records if f.path != path]
    return with_facts(
        scene, "node01", records=(*records, replace(records[0], path=path, text=text))
    )


def forgetful(scene):
    records = scene.observed.hosts["node01"].records
    kept = tuple(f for f in records if not f.path.endswith("applied.json"))
    return with_facts(scene, "node01", records=kept)


def of_mode(scene, **policy):
    changed = scene.cluster.policy.model_copy(update=policy)
    return replace(scene, cluster=scene.cluster.model_copy(update={"policy": changed}))


def changed_action(scene, **fields):
    """The mount with other fields, in both plans alike."""
    actions = tuple(
        replace(a, **fields) if a.kind == "mount" else a for a in scene.wanted.actions
    )
    plan = replace(scene.wanted, actions=actions)
    return replace(scene, wanted=plan, applied=plan)


CLOSED = {"schedule": "0 22 * * *", "duration": "1h"}
BLOCKED = Blocked("paused", "cluster/ocfs2", "some", "remedy")
# Rule -> what makes it speak of a volume that is not mounted.
SPEAKS = {
    "policy-reports": lambda s: of_mode(s, mode="report"),
    "file-wrong": lambda s: replace(s, file_trouble="a.yaml:7: no key"),
    "never-healed": lambda s: changed_action(s, kind="start-guest"),
    "class-not-named": lambda s: of_mode(s, heal=("files",)),
    "not-safe": lambda s: changed_action(s, risk="outage"),
    "irreversible": lambda s: changed_action(s, irreversible=True),
    "not-last-applied": lambda s: replace(s, applied=replace(s.applied, actions=())),
    "failed-twice": lambda s: attempts(s, "failed", "failed"),
    "flapping": lambda s: attempts(s, "healed", "healed", "healed"),
    "member-unread": unread,
    "no-record": forgetful,
    "paused": lambda s: with_facts(
        s, "node01", pauses=(Pause("ocfs2", "SAN", "alice", 1, None),)
    ),
    "lease-held": lambda s: with_facts(s, "node01", leases=(Lease("beta-1", "{}", 3.0),)),
    "run-unfinished": owed,
    "plan-blocked": lambda s: replace(s, wanted=replace(s.wanted, blocked=(BLOCKED,))),
    "window-closed": lambda s: drifted("mounts", policy={**HEAL, "windows": [CLOSED]}),
}


def test_every_rule_is_tested_here():
    assert list(SPEAKS) == [code for code, _rule in (*ACTION_RULES, *MOMENT_RULES)]
    assert set(get_args(Code)) == {*SPEAKS, "needs-another", "only-looks"}


@pytest.mark.parametrize("code", SPEAKS)
def test_a_rule_keeps_the_volume_from_being_mounted_and_nothing_else_does(code, unmounted):
    assert kinds(choose_heals(unmounted).actions) == ["mount"]
    scene = SPEAKS[code](unmounted)
    found = choose_heals(scene)
    assert kinds(found.actions) == []
    assert code in codes(found)
    assert all(left.message for left in found.left)
    rest = Rules(
        tuple(rule for rule in ACTION_RULES if rule[0] != code),
        tuple(rule for rule in MOMENT_RULES if rule[0] != code),
    )
    assert len(kinds(choose_heals(scene, rest).actions)) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (silent, "node01 does not answer"),
        (unread, "node01: log could not be read"),
        (owed, "node01 is owed guest vm1 of images"),
        (forgetful, "no record of the last apply on node01"),
        (lambda s: replace(s, unfinished=("run 7",)), "run 7"),
    ],
)
def test_the_reason_is_said_in_words(change, words, unmounted):
    found = choose_heals(change(unmounted))
    assert {left.message for left in found.left} == {words}


def test_each_difference_has_a_prospect(unmounted):
    (mount,) = (a for a in unmounted.wanted.actions if a.kind == "mount")
    place = mount.host, mount.address
    assert find_prospects(choose_heals(unmounted)) == {place: HEALS}
    shut = choose_heals(drifted("mounts", policy={**HEAL, "windows": [CLOSED]}))
    assert find_prospects(shut)[place] == (
        "The daemon heals it by itself once that is over: "
        "no window that allows it is open, until 2026-05-01T22:00+00:00."
    )
    reports = find_prospects(choose_heals(of_mode(unmounted, mode="report")))
    assert reports[place] == (
        "Somebody has to act. It is not healed by itself: the policy is to report."
    )


def test_members_that_remember_different_applies_heal_nothing(unmounted):
    records = unmounted.observed.hosts["node01"].records
    other = tuple(
        replace(f, text=f"{f.text} ") if f.path.endswith("applied.json") else f for f in records
    )
    found = choose_heals(with_facts(unmounted, "node01", records=other))
    told = "the members remember different last applied states"
    assert {left.message for left in found.left} == {told}


def test_where_nobody_remembers_an_apply_nothing_is_healed(unmounted):
    assert choose_heals(replace(unmounted, applied=None)).actions == ()


def test_a_barrier_goes_with_what_needs_it():
    world = witnessed(2)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    rewritten("/etc/ocfs2/cluster.conf", "7777", "7778")(world)
    scene = look(world, desired(world))
    assert {"write-cluster-conf", "same-cluster-conf"} <= {a.kind for a in scene.wanted.actions}
    found = choose_heals(scene)
    assert kinds(found.actions) == ["write-cluster-conf"]
    assert codes(found, "same-cluster-conf") == {"only-looks"}


def test_a_node_that_a_kernel_has_lost_is_registered_and_its_volume_mounted():
    world = witnessed(3)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    connect(world, "node03").unmount("/srv/images")
    del world.machines["node01"].running.live.nodes["node03"]
    found = choose_heals(look(world, desired(world)))
    assert [action.kind for action in found.actions] == [
        *("register-nodes", "same-live-nodes", "peers-connect", "mount")
    ]
    assert found.left == ()
    found = choose_heals(look(world, desired(world), {"mode": "heal", "heal": ["mounts"]}))
    assert found.actions == ()


def test_the_manual_has_each_reason():
    told = [quoted(row[0])[0] for row in rows(page("policy"), "Reason")]
    assert told == list(get_args(Code))
