"""What a target leaves out: never a part of what is all or nothing."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Guest, Live, Unit
from reconciler.planning.planner import plan_cluster, restrict
from tests.builders import converged, everywhere, file, spec, volume, with_facts
from tests.golden.scenes import SCENES

THREE = ("node01", "node02", "node03")
PLAIN, MOUNTED = spec(), spec(volumes=[volume()])
AGENT = Unit("agent.service", "loaded", "active", "running", enabled=True)
SERVED = {"services": ["agent"]}
MIGRATES = {"kind": "libvirt", "migrate": ["virsh", "migrate", "{guest}", "{target}"]}


def cluster(states=None, **more):
    """Three hosts with the volume, some of them with other fields."""
    items = [
        {"name": name, "interconnect": f"10.0.0.1{place}", **(states or {}).get(name, {})}
        for place, name in enumerate(THREE, 1)
    ]
    return spec(members=items, **{"volumes": [volume()], **more})


def leave_with_agent():
    """An agent uses the volume on each host, and one of them leaves."""
    wanted = cluster({"node03": {"state": "absent"}}, volumes=[volume(workloads=SERVED)])
    return wanted, everywhere(converged(MOUNTED), services=lambda f: (*f.services, AGENT))


def drain_with_guest(kind):
    """A guest runs where the volume shall be used no more."""
    wanted = cluster(
        {"node03": {"state": "drained"}}, volumes=[volume(workloads={"guests": kind})]
    )
    listed = everywhere(
        converged(MOUNTED),
        packages=lambda f: replace(f.packages, commands=(*f.packages.commands, "virsh")),
    )
    return wanted, with_facts(listed, "node03", guests=(Guest("/srv/images", "vm1"),))


def lose_host():
    """A host is known to be dead; those that are left have to keep it out."""
    (pair,) = SCENES["dead"]().pairs
    return pair


def remount_all():
    """Options that need the volume mounted anew, on one host after the other."""
    options = {"path": "/srv/images", "options": ["localflocks"]}
    return cluster(volumes=[volume(mount=options)]), converged(MOUNTED)


def retime_all():
    """Every kernel starts again, and nothing is mounted."""
    return spec(heartbeat={"dead_threshold": 61}), converged(PLAIN)


# Who takes something away, alone: nothing else that a target keeps would keep the rest.
WHOLE = {
    "write-quarantine": (lose_host, "member/node01/quarantine/enter"),
    "migrate-guest": (lambda: drain_with_guest(MIGRATES), "member/node03/guest/images/vm1"),
    "stop-guest": (
        lambda: drain_with_guest({"kind": "libvirt"}),
        "member/node03/guest/images/vm1",
    ),
    "stop-service": (leave_with_agent, "member/node03/service/agent.service"),
    "unmount": (remount_all, "member/node01"),
    "stop-cluster": (retime_all, "member/node01"),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_what_takes_something_away_is_done_with_all_of_its_plan(kind):
    scene, target = WHOLE[kind]
    wanted, observed = scene()
    plan = plan_cluster(wanted, observed)
    aimed_at = [a.kind for a in plan.actions if target in (a.address, f"member/{a.host}")]
    assert (plan.blocked, kind in aimed_at) == ((), True)
    assert restrict(wanted, observed, [target]) == plan


def empty_one_file():
    """The file of one host names nobody."""
    seen = converged(MOUNTED)
    found = seen.hosts["node01"].cluster_conf
    return MOUNTED, with_facts(seen, "node01", cluster_conf=file(found.path, ""))


def shorten_one_list():
    """The kernel of one host does not know another."""
    seen = converged(MOUNTED)
    live = seen.hosts["node01"].live
    (one,) = live.clusters
    short = replace(live, clusters=(replace(one, nodes=one.nodes[:2]),))
    return MOUNTED, with_facts(seen, "node01", live=short)


def stop_one_cluster():
    """One host has no cluster online."""
    return PLAIN, with_facts(converged(PLAIN), "node01", live=Live("o2cb", (), ()))


@pytest.mark.parametrize(
    ("scene", "kept"),
    [
        (empty_one_file, ["write-cluster-conf", "same-cluster-conf"]),
        (shorten_one_list, ["register-nodes", "same-live-nodes"]),
        (stop_one_cluster, ["start-cluster", "same-live-nodes"]),
    ],
)
def test_a_list_that_one_host_gets_is_compared_with_all_others(scene, kept):
    wanted, observed = scene()
    part = restrict(wanted, observed, ["member/node01"])
    assert ([a.kind for a in part.actions], part.blocked) == (kept, ())


def test_what_only_an_other_host_lacks_is_left_out():
    wanted, observed = stop_one_cluster()
    assert restrict(wanted, observed, ["member/node02"]).actions == ()
