"""Each property is seen to fail once: the product is broken on purpose, by its own tables."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from reconciler import pipeline
from reconciler.execution import executor, leases, machine
from reconciler.execution.locks import Held
from reconciler.gate import lease_decision
from reconciler.hosts.simulator import Fault, connect
from reconciler.hosts.simulator.gate import format as gate_format
from reconciler.hosts.simulator.gate import heartbeats
from reconciler.hosts.simulator.kernel.live import CLUSTER_CONF
from reconciler.hosts.simulator.presets import Shape
from reconciler.hosts.simulator.state.disk import Blank
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.machine import Machine
from reconciler.model.plan import Change
from reconciler.planning import order, planner
from reconciler.planning.checks import invariants, rehearsal
from reconciler.resources import READINGS, RESOURCES, Resource
from tests.clock import drive
from tests.fault_transport import Kill, Line, Trick
from tests.properties.recovery import disturbed, heal, recover
from tests.runs import Controller, desired, witnessed
from tests.scenarios.test_simulated_membership import THREE, cluster
from tests.scenarios.test_simulated_strangers import (
    LUN,
    PATH,
    meets,
    two_and_a_stranger,
    unmounted,
)


def anywhere(_first, _second):
    return True


def reordered(monkeypatch, dropped, added):
    """Another order, and nobody who would notice; rows are kind and what it needs."""
    kept = tuple(row for row in order.ORDER if row[:2] not in dropped)
    rows = (*kept, *((*row, anywhere) for row in added))
    monkeypatch.setattr(order, "ORDER", rows)
    monkeypatch.setattr(order, "EDGES", order._by_kind(rows))
    monkeypatch.setattr(invariants, "INVARIANTS", ())
    monkeypatch.setattr(rehearsal.Rehearsal, "_missing", lambda *_: ())


def blind(monkeypatch, *readings):
    """Facts of these readings hold whatever the hosts say."""

    def unmet(facts, observed):
        return really([fact for fact in facts if fact.reading not in readings], observed)

    really = executor.unmet
    monkeypatch.setattr(executor, "unmet", unmet)


def test_a_mount_before_the_lists_agree_is_seen(monkeypatch):
    lists = ("same-live-nodes", "same-timeouts", "peers-connect")
    dropped = [("start-cluster", "register-nodes"), *(("mount", barrier) for barrier in lists)]
    reordered(monkeypatch, dropped, [("mount", "start-cluster"), ("register-nodes", "mount")])
    blind(monkeypatch, "live-nodes", "reaches")
    world = witnessed(3)
    names, controller = list(world.machines), Controller(world)
    drive(world, controller.apply(desired(world, *names[:2])))
    drive(world, controller.apply(desired(world)))
    found = [wrong.split(": ")[1] for wrong in world.wrongs()]
    assert "it is to mount while the live list of node01 is another" in found


def test_a_mount_before_all_see_one_file_system_is_seen(monkeypatch):
    dropped = [("mount", "same-file-system"), ("write-fstab", "same-file-system")]
    reordered(monkeypatch, dropped, [("mount", "format")])
    world = witnessed(2, Shape(split=("lun1",)))
    drive(world, Controller(world).apply(desired(world)))
    assert [event.host for event in world.trace if event.what == "mounted"] == ["node01"]


def test_a_second_format_is_seen(monkeypatch):
    monkeypatch.setitem(READINGS, "blank", READINGS["blank"].__class__((), lambda *_: "blank"))
    monkeypatch.setattr(gate_format, "_blank", lambda *_: None)
    world = witnessed(1)
    controller, wanted = Controller(world), desired(world)
    plan = drive(world, controller.plan(wanted))
    drive(world, controller.apply(wanted))
    connect(world, "node01").unmount("/srv/images")
    (again,) = [a for a in plan.actions if a.kind == "format"]
    drive(world, connect(world, "node01").run(again.command))  # by hand: no run has the lease
    kinds = {wrong.split(" ", 1)[0] for wrong in world.wrongs()}
    assert kinds >= {"format-of-data"}
    assert any("lun1 is formatted again" in wrong for wrong in world.wrongs())


def test_an_action_that_starts_twice_is_seen(monkeypatch):
    monkeypatch.setitem(machine.NEXT, ("running", "fail"), "pending")
    forgetful = property(lambda _: False, lambda _, __: None)
    monkeypatch.setattr(executor.Executor, "failed", forgetful)
    world = witnessed(1)
    world.machines["node01"].faults.append(Fault("fails", command="modprobe"))
    _, wrongs = drive(world, disturbed(Controller(world), desired(world)))
    again = ("load-module", "write-o2cb-settings")  # which are sent together
    assert wrongs == [f"ocfs2/node01/{kind} started twice" for kind in again]


def test_a_command_without_a_lease_does_nothing(monkeypatch):
    """The host decides: a run that takes itself to be locked changes nothing."""

    @asynccontextmanager
    async def unleased(members, _helpers, claim, door):
        seats = {name: leases.seat(name, door) for name in members}
        yield Held(claim, door, seats, True, dict.fromkeys(seats, leases.Grant(0)))

    monkeypatch.setattr(pipeline, "hold_leases", unleased)
    world = witnessed(1)
    ended = drive(world, Controller(world).apply(desired(world)))
    assert ended.word == "failed"
    assert all("lease-lost" in why for why in ended.failures.values())
    assert world.machines["node01"].running.loaded == set()


def test_two_runs_that_share_a_host_are_seen(monkeypatch):
    monkeypatch.setattr(lease_decision, "EXPIRY", -1)
    monkeypatch.setitem(lease_decision.REFUSALS, lease_decision.Act, ())
    monkeypatch.setitem(lease_decision.REFUSALS, lease_decision.Renew, ())
    world = witnessed(1)
    wanted = desired(world)

    async def story():
        runs = [Controller(world, name).apply(wanted) for name in ("alpha", "beta")]
        await asyncio.gather(*runs)

    drive(world, story())
    assert any(wrong.startswith("interleaved-runs") for wrong in world.wrongs())


def test_a_second_run_with_something_to_do_is_seen(monkeypatch):
    def always(_cluster, _observed):
        yield Change("cluster/ocfs2", "node01", "file", None, None, "for ever")

    def again(_cluster, observed, _changes):
        settings = next(r for r in RESOURCES if r.name == "packages")
        change = Change("member/node01/module", "node01", "kernel", None, "ocfs2", "for ever")
        yield from settings.actions(_cluster, observed, [change])

    restless = Resource("restless", (), lambda *_: (), always, again)
    monkeypatch.setattr(planner, "RESOURCES", (restless,))
    world = witnessed(1)
    wrongs = drive(world, recover(world, Controller(world), desired(world)))
    assert wrongs[0].startswith("no end after 3 runs")


def test_a_dead_run_that_is_never_displaced_is_seen(monkeypatch):
    monkeypatch.setattr(lease_decision, "EXPIRY", 10**9)
    world = witnessed(1)
    wanted = desired(world)

    async def story():
        await disturbed(Controller(world), wanted, Line(Kill(2)))
        heal(world)
        world.advance(121)
        return await recover(world, Controller(world, "beta"), wanted)

    (wrong,) = drive(world, story())
    assert wrong.startswith("no end after 3 runs: [('locked', ['lease-held'], {})")


def test_a_success_that_is_believed_instead_of_seen_is_seen(monkeypatch):
    kept = [r for r in RESOURCES if r.name not in {"mounts", "ordering"}]
    monkeypatch.setattr(planner, "RESOURCES", tuple(kept))
    world = witnessed(2)
    (wrong,) = drive(world, recover(world, Controller(world), desired(world)))
    expected = ["node01:/srv/images", "node02:/srv/images"]
    assert wrong == f"said to be converged, yet not mounted: {expected}"


@pytest.mark.parametrize(
    "text",
    [
        "cluster:\n\tnode_cou",
        "node:\nname = x\n",
        "cluster:\n\tnode_count = 3\n\tname = ocfs2\n",
    ],
)
def test_a_torn_cluster_conf_is_seen(text):
    world = witnessed(1)
    machine = world.machines["node01"]
    machine.files.write(CLUSTER_CONF, File(text))
    machine.record("wrote", f"{CLUSTER_CONF} abc")
    assert len(world.wrongs()) == 1


def test_a_node_that_is_dropped_while_it_mounts_is_seen():
    world = witnessed(2)
    drive(world, Controller(world).apply(desired(world)))
    machine = world.machines["node01"]
    machine.record("node-removed", "node02 1")
    assert world.wrongs() == []  # its file has it still: it comes again with what is put right
    machine.files.write(CLUSTER_CONF, File("cluster:\n\tnode_count = 0\n\tname = ocfs2\n"))
    machine.record("node-removed", "node02 1")
    assert [wrong.split(": ")[1] for wrong in world.wrongs()] == [
        "node02 is dropped while it has a volume mounted as node 1"
    ]


def test_a_gate_that_does_not_look_at_heartbeats_is_seen(monkeypatch):
    monkeypatch.setattr(heartbeats, "_look", lambda *_: iter(()))
    monkeypatch.setattr(heartbeats, "refuse_our_number", lambda *_: None)
    world, controller, other = two_and_a_stranger()
    unmounted(world)
    meets(world, "node01", "mount", lambda: other.mount(LUN, PATH))
    drive(world, controller.apply(cluster(world, THREE[:2])))
    assert {wrong.split(" ")[0] for wrong in world.wrongs()} >= {"split-brain"}


def test_a_gate_that_formats_whatever_is_behind_the_path_is_seen(monkeypatch):
    monkeypatch.setattr(Machine, "wwids", lambda _self, device: (device.dm_uuid[6:],))
    world = witnessed(2, Shape(storage="san", luns=2))
    world.machines["node01"].faults.append(
        Fault("meets", command="gate format", then=lambda: swapped(world))
    )
    drive(world, Controller(world).apply(desired(world)))
    assert not isinstance(world.luns["lun2"].whole.content, Blank)


def swapped(world):
    connect(world, "node01").swap("lun1", "lun2")


@pytest.mark.parametrize("believed", [True, False])
def test_a_refusal_that_counts_as_done_is_seen(monkeypatch, believed):
    """The run wakes too late; what it was refused to do, another one has done by then."""
    if believed:
        monkeypatch.setattr(executor, "is_own", lambda _kind: True)
    world = witnessed(1)
    wanted = desired(world)
    line = Line(trick=Trick("stunned", 1, 190, lambda name: name == "gate mount"))

    async def story():
        first = asyncio.create_task(Controller(world).apply(wanted, line=line))
        await asyncio.sleep(160)
        await Controller(world, "beta").apply(wanted)
        return await first

    ended = drive(world, story())
    assert ("ocfs2/node01/mount/images" in ended.failures) is not believed
