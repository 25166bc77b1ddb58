"""Clusters of one file do not depend on each other."""

import asyncio

import pytest

from reconciler.hosts.simulator import Fault
from reconciler.hosts.simulator.presets import Shape
from tests.clock import drive
from tests.fault_transport import Line
from tests.runs import MOUNTED, Controller, members, mounted, of, volume, witnessed


def pair(luns=2):
    """node01 and node02 are cluster one on lun1; node03 and node04 are two on lun2."""
    world = witnessed(4, Shape("san", luns=luns))
    clusters = [
        {"name": name, "members": members(world, *hosts), "volumes": [volume(world, lun)]}
        for name, lun, hosts in (
            ("one", "lun1", ("node01", "node02")),
            ("two", "lun2", ("node03", "node04")),
        )
    ]
    return world, of(*clusters)


def test_two_clusters_converge_in_one_run():
    world, wanted = pair()
    ended = drive(world, Controller(world).apply(wanted))
    assert (ended.word, ended.results) == (
        "converged",
        {"one": "converged", "two": "converged"},
    )
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)
    assert world.wrongs() == []


@pytest.mark.parametrize("code", ["host-unreachable", "sudo-refused", "host-key-changed"])
def test_a_cluster_that_is_refused_leaves_the_other_to_converge(code):
    world, wanted = pair()
    world.machines["node01"].refusal = code
    ended = drive(world, Controller(world).apply(wanted))
    assert (ended.word, ended.results) == ("partial", {"one": "refused", "two": "converged"})
    assert mounted(world) == {"node01": (), "node02": (), "node03": MOUNTED, "node04": MOUNTED}
    assert world.wrongs() == []


@pytest.mark.parametrize("command", ["modprobe", "systemctl restart", "gate format"])
def test_a_cluster_that_fails_leaves_the_other_to_converge(command):
    world, wanted = pair()
    world.machines["node01"].faults.append(Fault("fails", command=command))
    ended = drive(world, Controller(world).apply(wanted))
    assert ended.results["two"] == "converged"
    assert ended.results["one"] in ("failed", "partial")
    assert mounted(world) == {"node01": (), "node02": (), "node03": MOUNTED, "node04": MOUNTED}
    assert world.wrongs() == []


def test_a_cluster_whose_lease_is_lost_leaves_the_other_to_converge():
    world, wanted = pair()

    async def story():
        line = Line()
        run = asyncio.create_task(Controller(world).apply(wanted, line=line))
        await asyncio.sleep(10)
        for name in ("node01", "node02"):
            world.machines[name].files.remove("/var/lib/reconcile/lease")
        return await run

    ended = drive(world, story())
    assert ended.results == {"one": "partial", "two": "converged"}
    assert "the lease was lost" in ended.outcomes[0].message


def test_a_crash_in_one_cluster_leaves_the_other_to_converge():
    world, wanted = pair()
    world.machines["node04"].faults.append(Fault("crash", command="gate mount"))
    ended = drive(world, Controller(world).apply(wanted))
    assert ended.results == {"one": "converged", "two": "partial"}
    assert world.wrongs() == []
