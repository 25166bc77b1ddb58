"""A command arrives twice, and what is heard is that the second one is refused.

What an action leaves there that names this run's own result, as a file's hash does, was done by
the first. What anybody else may have done just so is not taken for this run's.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from reconciler.hosts.simulator import SimulatedHost, connect
from reconciler.hosts.simulator.kernel import services
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.unit import Unit
from reconciler.model.gate_call import gate_call
from reconciler.model.plan import Command, Completed
from tests.clock import drive
from tests.fault_transport import Line
from tests.runs import Controller, kinds, volume, witnessed
from tests.scenarios import test_simulated_programs as programs
from tests.scenarios.test_simulated_membership import (
    AGENT,
    ATTESTED,
    CONF,
    EVICTION,
    THREE,
    after_a_death,
    cluster,
    running,
)
from tests.scenarios.test_simulated_strangers import attested, left_behind

FSTAB, SETTINGS = "/etc/fstab", "/etc/default/o2cb"
SERVED = {"workloads": {"services": ["agent"]}}
RETIMED = {"network": {"idle_timeout_ms": 25000}}


@dataclass
class Doubling(Line):
    """Each action of a kind arrives twice; the answer to the first is lost."""

    kind: str = ""

    async def carry(self, host: SimulatedHost, command: Command) -> Completed:
        call = gate_call(command.argv)
        if call and call.permit and f"/{self.kind}/" in f"{call.permit.action}/":
            await super().carry(host, command)
        return await super().carry(host, command)


def start_bare():
    """Nothing is there yet."""
    world = witnessed(2)
    return world, Controller(world), cluster(world, THREE[:2])


def empty_file(path):
    """Somebody has emptied a file of a member."""
    world, controller = running(2, THREE[:2])
    world.machines["node02"].files.write(path, File(""))
    return world, controller, cluster(world, THREE[:2])


def leave():
    """A member leaves."""
    world, controller = running(3)
    return world, controller, cluster(world, THREE[:2])


def change_agent(before, after, **more):
    """Of an agent that uses the volume, as the file had it and as it has it now."""
    world, controller = running(2, THREE[:2])
    for name in THREE[:2]:
        world.machines[name].units[AGENT] = Unit(enabled=True, uses=(("a", "/srv/images/a"),))
        services.start(world.machines[name], AGENT)
    first = cluster(world, THREE[:2], volumes=[volume(world, **before)])
    assert drive(world, controller.apply(first)).failures == {}
    return (
        world,
        controller,
        cluster(world, THREE[:2], volumes=[volume(world, **after)], **more),
    )


def ask_for_program():
    """A list command that no apply has approved yet."""
    world = witnessed(2)
    programs.Programs(world)
    return world, Controller(world), programs.wanted(world)


def leave_block():
    """A block of a host that nobody lists, and that somebody attests."""
    world, controller, _other = left_behind()
    return world, controller, cluster(world, THREE[:2], heartbeat=attested(7))


def attest(world, said):
    """Somebody says that a member is dead."""
    return cluster(world, THREE, {"node03": {"state": "dead", "attested": said}})


def lose_power():
    """A member died with the volume mounted."""
    world, controller = running(3)
    connect(world, "node03").power_off()
    world.advance(EVICTION)
    return world, controller, attest(world, ATTESTED)


def lose_access():
    """A dead member has lost its access to the LUN as well."""
    world, controller = after_a_death()
    return world, controller, attest(world, {**ATTESTED, "lun_access": "revoked"})


OWN = {
    "approve-programs": ask_for_program,
    "attest-heartbeat": leave_block,
    "write-quarantine": lose_power,
    "note-stopped": lambda: change_agent(SERVED, SERVED, **RETIMED),
    "clear-fstab": leave,
    "write-o2cb-settings": lambda: empty_file(SETTINGS),
    "archive-cluster-conf": leave,
    "write-cluster-conf": lambda: empty_file(CONF),
    "format": start_bare,
    "write-fstab": lambda: empty_file(FSTAB),
    "archive-order": lambda: change_agent(SERVED, {}),
    "write-order": lambda: change_agent({}, SERVED),
    "strike-stopped": lambda: change_agent(SERVED, SERVED, **RETIMED),
    "lift-quarantine": lose_access,
}


@pytest.mark.parametrize("kind", OWN)
def test_what_names_its_own_result_was_done(kind):
    world, controller, wanted = OWN[kind]()
    ended = drive(world, controller.apply(wanted, line=Doubling(kind=kind)))
    assert (ended.word, ended.failures) == ("converged", {})
    assert kind in kinds(ended)


@pytest.mark.parametrize(
    ("kind", "scene"), [("mount", start_bare), ("unmount", leave), ("stop-cluster", leave)]
)
def test_what_anybody_may_have_done_was_not_this_run(kind, scene):
    world, controller, wanted = scene()
    ended = drive(world, controller.apply(wanted, line=Doubling(kind=kind)))
    assert {action.split("/")[2] for action in ended.failures} == {kind}
    assert all("action-repeated" in why for why in ended.failures.values())
