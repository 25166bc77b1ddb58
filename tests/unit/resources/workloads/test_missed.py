"""A service that missed its start at boot is started; what else does not run stays as it is."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Observed, Unit, Unknown
from reconciler.model.plan import Fact
from reconciler.model.roles import PlanningState, with_volumes, withhold
from reconciler.planning.planner import make_plan, plan_cluster
from reconciler.planning.prediction import predict
from reconciler.resources.workloads.changes import diff
from reconciler.resources.workloads.missed import missed_facts
from tests.builders import REF, converged, file, mount, ordered, spec, volume, with_facts

AGENT = "agent.service"
HOST = "node01"
STOPPED = "/var/lib/reconcile/ocfs2/stopped.json"
BECAUSE = "it starts at boot, and has not since"
BOOT = 1000  # as the clock of the host has it


def cluster(state="present", by="reconcile", **more):
    members = [
        {"name": HOST, "interconnect": "10.0.0.11", "state": state},
        {"name": "node02", "interconnect": "10.0.0.12"},
    ]
    item = volume(
        mount={"path": "/srv/images", "by": by}, workloads={"services": ["agent"]}, **more
    )
    return spec(members=members, volumes=[item])


def unit(**more):
    """One that did not start at the last boot, for which its link was made long before."""
    usual = Unit(*(AGENT, "loaded", "inactive", "dead", True, BOOT - 500), since_boot="missed")
    return replace(usual, **more)


def seen(one, wanted=None, *, mounted=True, **more):
    """Two hosts as the file has them; on the first the service is as it is said."""
    wanted = wanted or cluster()
    world = converged(wanted)
    running = Unit(AGENT, "loaded", "active", "running", True, 1, since_boot="ran")
    for host, service in {HOST: one, "node02": running}.items():
        facts = world.hosts[host]
        identity = replace(facts.identity, clock=BOOT + 60, uptime=60.0)
        facts = replace(facts, services=(*facts.services, service), identity=identity)
        hosts = {**world.hosts, host: ordered(wanted, host, facts)}
        world = Observed(hosts)
    changed = more if mounted else {"mounts": (), **more}
    return with_facts(world, HOST, **changed)


def starts(wanted, world):
    return [(c.before, c.after, c.because) for c in diff(wanted, world) if c.host == HOST]


DUE = [("inactive", "active", f"{BECAUSE}: its volume was not mounted")]


@pytest.mark.parametrize("mounted", [True, False])
def test_what_missed_its_start_at_boot_is_started(mounted):
    assert starts(cluster(), seen(unit(), mounted=mounted)) == DUE


@pytest.mark.parametrize(
    "one",
    [
        pytest.param({"since_boot": "ran"}, id="stopped by hand"),
        pytest.param({"since_boot": "ran", "active": "failed"}, id="failed after it ran"),
        pytest.param({"active": "failed"}, id="failed before it could begin"),
        pytest.param({"active": "activating"}, id="on its way"),
        pytest.param({"active": "active", "since_boot": "ran"}, id="runs"),
        pytest.param({"enabled": False}, id="disabled"),
        pytest.param({"load": "masked"}, id="masked"),
        pytest.param({"load": "not-found"}, id="absent"),
        pytest.param({"since_boot": ""}, id="not told, as of older facts"),
        pytest.param({"written": None}, id="no link is known"),
        pytest.param({"written": BOOT + 1}, id="enabled since the boot"),
    ],
)
@pytest.mark.parametrize("mounted", [True, False])
def test_what_else_does_not_run_is_not_started(one, mounted):
    assert starts(cluster(), seen(unit(**one), mounted=mounted)) == []


def test_it_is_not_started_where_the_host_does_not_tell_when_it_booted():
    assert starts(cluster(), seen(unit(), identity=Unknown("no answer"))) == []


@pytest.mark.parametrize("state", ["drained", "absent"])
def test_it_is_not_started_on_a_host_that_does_not_mount(state):
    found = starts(cluster(state), seen(unit()))
    assert all(after != "active" for _before, after, _because in found)


def test_it_is_not_started_while_its_volume_is_withheld():
    wanted = cluster()
    held = with_volumes(wanted, [withhold(wanted.volumes[0])])
    assert all(after != "active" for _before, after, _ in starts(held, seen(unit())))


def test_what_its_conditions_kept_is_tried_when_the_mount_comes_and_only_then():
    unmet = unit(since_boot="unmet")
    assert starts(cluster(), seen(unmet, mounted=False)) == DUE
    assert starts(cluster(), seen(unmet)) == []
    assert starts(cluster(), seen(unmet, mounts=Unknown("no answer"))) == []
    hidden = replace(mount(), pid=77)  # a namespace of its own, which the service does not see
    assert starts(cluster(), seen(unmet, mounts=(hidden,))) == DUE


def test_an_agent_that_mounts_by_itself_is_started_unless_its_conditions_kept_it():
    wanted = cluster(by="workload")
    missed = starts(wanted, seen(unit(), wanted, mounted=False))
    assert missed == [("inactive", "active", BECAUSE)]
    assert starts(wanted, seen(unit(since_boot="unmet"), wanted, mounted=False)) == []


def actions_due(world, wanted=None):
    plan = plan_cluster(wanted or cluster(), world)
    assert plan.blocked == ()
    return {action.kind: action for action in plan.actions}


def test_it_starts_after_the_mount_if_nobody_has_started_it_meanwhile():
    found = actions_due(seen(unit(), mounted=False))
    start = found["start-service"]
    assert start.requires == (
        Fact((HOST,), "since-boot", AGENT, "missed"),
        Fact((HOST,), "mounted", f"/srv/images {REF}", "mounted"),
    )
    assert start.expects == (Fact((HOST,), "service", AGENT, "active"),)
    assert found["mount"].id in start.needs
    assert "strike-stopped" not in found


def test_no_mount_is_asked_of_a_volume_that_is_withdrawn():
    wanted = cluster()
    (kept,) = wanted.volumes
    gone = kept.model_copy(update={"label": "old"})
    gone = gone.with_planning_state(state=PlanningState.WITHDRAWN)
    facts = missed_facts(
        with_volumes(wanted, [kept, gone]), HOST, seen(unit()).hosts[HOST], AGENT
    )
    assert [fact.reading for fact in facts] == ["since-boot", "mounted"]


def test_what_was_started_has_run():
    wanted, world = cluster(), seen(unit())
    after = predict(wanted, world, tuple(actions_due(world).values())).hosts[HOST]
    (found,) = (one for one in after.services if one.name == AGENT)
    assert (found.active, found.since_boot) == ("active", "ran")


def test_its_start_is_all_that_is_done_where_the_volume_is_mounted():
    assert list(actions_due(seen(unit()))) == ["start-service"]


def test_of_an_agent_no_mount_is_asked_before():
    wanted = cluster(by="workload")
    start = actions_due(seen(unit(), wanted), wanted)["start-service"]
    assert [f.reading for f in start.requires] == ["since-boot", "heartbeats"]


def test_what_a_run_has_stopped_is_started_for_that_whatever_came_of_it_since_the_boot():
    owed = file(STOPPED, '{"services": ["agent.service"], "disabled": []}\n')
    found = actions_due(seen(unit(), records=(owed,)))
    assert found["start-service"].because == "an earlier step stopped it"
    assert found["start-service"].requires == ()
    assert "strike-stopped" in found


def test_what_came_of_a_service_does_not_make_another_plan_by_itself():
    wanted = cluster()
    plans = [
        make_plan([(wanted, seen(unit(active="active", since_boot=word)))])
        for word in ("ran", "")
    ]
    assert plans[0].clusters[0].actions == ()
    assert plans[0].id == plans[1].id
    missed = make_plan([(wanted, seen(unit()))])
    left = make_plan([(wanted, seen(unit(since_boot="ran")))])
    assert missed.id != left.id
    assert missed.facts == left.facts
