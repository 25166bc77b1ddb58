"""What a run does for its part of the lock; the table itself is in tests/model."""

import asyncio
import json
from dataclasses import dataclass

import pytest

from reconciler.errors import HostUnreachable, LockHeld
from reconciler.execution.locks import Claim, Holder, hold_leases
from reconciler.hosts.simulator import World, connect
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.hosts.simulator.state import lease_file
from reconciler.model.gate_call import gate_call
from tests.clock import drive

ALL = ("node01", "node02", "node03")


def claim(run, *dead, patience=0.0, excused=()):
    """A claim that knows these runs' controllers to have ended."""
    holder = Holder("root", run, "machine", "boot", 1, 1)
    return Claim(
        "ocfs2",
        run,
        holder,
        patience,
        lambda text: json.loads(text)["controller"] in dead,
        frozenset(excused),
    )


@dataclass
class Before:
    """A host at which something happens just before it is first asked for its lease."""

    host: object
    then: object

    @property
    def name(self):
        return self.host.name

    async def run(self, command):
        if self.then and (call := gate_call(command.argv)) and call.verb == "lease-acquire":
            then, self.then = self.then, None
            await then()
        return await self.host.run(command)


def door(world: World):
    return lambda name: connect(world, name)


async def died(world, run, *members, helpers=()):
    """A run that took the lease and never gave it back."""

    locked = asyncio.Event()

    async def hold():
        async with hold_leases(members, helpers, claim(run), door(world)):
            locked.set()
            await asyncio.sleep(10**6)

    task = asyncio.create_task(hold())
    await locked.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def holders(world):
    return {name: lease_file.read(machine).run for name, machine in world.machines.items()}


def test_the_hosts_of_a_run_that_is_displaced_are_asked_as_well():
    world = bare_cluster(3)

    async def story():
        await died(world, "old", *ALL)
        async with hold_leases(["node02"], [], claim("new", "old"), door(world)) as held:
            assert set(held.seats) == set(ALL)
            assert holders(world) == dict.fromkeys(ALL, "new")
            lists = {lease_file.read(machine).hosts for machine in world.machines.values()}
            assert lists == {ALL}

    drive(world, story())
    assert holders(world) == dict.fromkeys(ALL, "")


def test_a_run_whose_list_has_grown_asks_all_again():
    """Else a host that it asked before would tell whoever displaces it only of the shorter list."""
    world = bare_cluster(3)

    async def story():
        await died(world, "old", "node02", "node03")
        mine = ["node01", "node02"]
        async with hold_leases(mine, [], claim("new", "old"), door(world)):
            lists = {tuple(sorted(lease_file.read(m).hosts)) for m in world.machines.values()}
            assert lists == {ALL}

    drive(world, story())


def test_what_a_displaced_run_held_and_cannot_be_asked_blocks_this_run_and_the_next():
    world = bare_cluster(3)

    async def story():
        await died(world, "old", *ALL)
        world.machines["node03"].refusal = "host-unreachable"
        for run in ("new", "newer"):
            with pytest.raises(HostUnreachable):
                async with hold_leases(["node02"], [], claim(run, "old", "new"), door(world)):
                    pytest.fail("it is not locked")
        assert "node03" in lease_file.read(world.machines["node02"]).hosts
        one = claim("newest", "old", excused=["node03"])
        async with hold_leases(["node02"], [], one, door(world)) as held:
            assert "node03" not in held.seats

    drive(world, story())


def test_a_storage_host_of_a_displaced_run_is_asked_for_that_cluster_s_lease():
    world = bare_cluster(2)

    async def story():
        await died(world, "old", "node01", helpers=["node02"])
        assert lease_file.read(world.machines["node02"], "ocfs2").run == "old"
        async with hold_leases(["node01"], [], claim("new", "old"), door(world)) as held:
            assert set(held.seats) == {"node01", "node02:ocfs2"}
            assert lease_file.read(world.machines["node02"], "ocfs2").run == "new"

    drive(world, story())


def test_a_run_that_was_displaced_while_it_still_acquired_is_not_locked():
    world = bare_cluster(2)
    entered = []

    async def another():
        async with hold_leases(["node01"], [], claim("fast", "slow"), door(world)):
            await asyncio.sleep(0.1)

    async def story():
        second = Before(connect(world, "node02"), another)
        doors = {"node01": connect(world, "node01"), "node02": second}
        async with hold_leases(["node01", "node02"], [], claim("slow"), doors.__getitem__):
            entered.append("slow")

    # It learns of it when node02 is asked, or when every host confirms; it is never inside.
    with pytest.raises((LockHeld, HostUnreachable)):
        drive(world, story())
    assert entered == []


def test_a_lease_that_cannot_be_sealed_everywhere_is_freed_nowhere():
    world = bare_cluster(2)

    async def story():
        async with hold_leases(["node01", "node02"], [], claim("one"), door(world)):
            world.machines["node02"].refusal = "host-unreachable"
        first = lease_file.read(world.machines["node01"])
        assert (first.run, first.sealed) == ("one", True)

    drive(world, story())
