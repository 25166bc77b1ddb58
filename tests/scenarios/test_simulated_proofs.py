"""A command brings the look along that proves it: what that one does not tell is looked at anew."""

from dataclasses import dataclass, replace

import pytest

from reconciler.errors import HostUnreachable
from reconciler.execution.sightings import KEPT
from reconciler.hosts.simulator import Fault
from reconciler.hosts.simulator.kernel.live import CLUSTER_CONF
from reconciler.hosts.simulator.presets import Shape
from tests.clock import drive
from tests.fault_transport import Line
from tests.runs import MOUNTED, Controller, desired, kinds, mounted, witnessed


@dataclass(slots=True)
class Altered(Line):
    """What becomes of the looks that travel along: ``way`` says how they are lost."""

    way: str = "left out"
    looks: int = 0
    probes: int = 0

    async def carry(self, host, command):
        self.looks += bool(command.look)
        self.probes += command.argv[3:4] == ("probe",)
        match self.way:
            case "left out":
                return await Line.carry(self, host, replace(command, look=()))
            case "cut short":
                ended = await Line.carry(self, host, command)
                return replace(ended, look=ended.look[: len(ended.look) // 2])
            case "overtaken" if command.look:
                before = await Line.carry(
                    self, host, replace(command, argv=command.look, look=(), then=())
                )
                ended = await Line.carry(self, host, command)
                return replace(ended, look=before.stdout)
            case "lost":
                ended = await Line.carry(self, host, command)
                if command.look:
                    raise HostUnreachable(host.name, "connection-lost", "in the look")
                return ended
            case _:
                return await Line.carry(self, host, command)


def created(way):
    world = witnessed(2, Shape("scsi"))
    line = Altered(way=way)
    ended = drive(world, Controller(world).apply(desired(world), line=line))
    return world, line, ended


@pytest.mark.parametrize("way", ["left out", "cut short", "lost"])
def test_without_its_look_a_command_is_looked_after(way):
    world, line, ended = created(way)
    _, whole, _ = created("whole")
    assert (ended.word, ended.failures, world.wrongs()) == ("converged", {}, [])
    assert set(mounted(world).values()) == {MOUNTED}
    assert line.probes >= whole.probes + line.looks


def test_a_look_that_does_not_show_what_was_done_proves_nothing():
    """Facts from before the command are unmet, and looked at again until patience ends."""
    world, line, ended = created("overtaken")
    assert (ended.word, ended.failures, world.wrongs()) == ("converged", {}, [])
    assert line.probes > line.looks


DROP_IN = "/etc/systemd/system/o2cb.service.d/reconcile.conf"
NAMELESS = "node01 does not say who it is"
TOGETHER = ["load-module", "write-o2cb-settings", "write-order"]


def test_what_is_sent_together_is_told_and_proven_one_by_one():
    _, line, ended = created("whole")
    first = [event for event, details in ended.events if details.get("host") == "node01"][:6]
    assert first == ["action-started"] * 3 + ["action-finished"] * 3
    assert kinds(ended, "node01")[:3] == TOGETHER
    assert line.log.count(("node01", "modprobe ocfs2")) == 1


@pytest.mark.parametrize("at", [1, 2])
def test_after_one_that_fails_the_others_of_its_host_do_not_begin(at):
    world = witnessed(2, Shape("scsi"))
    machine = world.machines["node01"]
    machine.faults.append(
        Fault("fails", command="gate write-file", at=at, status=70, stderr="no")
    )
    ended = drive(world, Controller(world).apply(desired(world)))
    of_node01 = [name.split("/")[2] for name in ended.failures if "/node01/" in name]
    assert of_node01 == [TOGETHER[at]]
    assert machine.files.text(DROP_IN) == ""
    assert world.wrongs() == []
    assert drive(world, Controller(world, "beta").apply(desired(world))).word == "converged"


def test_a_connection_that_is_lost_among_several_leaves_each_to_be_looked_at():
    world = witnessed(2, Shape("scsi"))
    fault = Fault("lost", phase="after", command="gate write-file", at=1)
    world.machines["node01"].faults.append(fault)
    ended = drive(world, Controller(world).apply(desired(world)))
    assert {name for name in ended.failures if "/node01/" in name} == {
        "ocfs2/node01/write-order/o2cb.service"
    }
    assert world.wrongs() == []
    assert drive(world, Controller(world, "beta").apply(desired(world))).word == "converged"


@pytest.mark.parametrize("trouble", ["none", "no answer"])
def test_what_grew_old_while_the_record_was_written_is_looked_at_anew(trouble):
    world = witnessed(2, Shape("scsi"))
    machine = world.machines["node01"]
    slow = []

    def write(event, details):
        if event == "action-started" and details["host"] == "node01" and not slow:
            slow.append(details["action"])
            world.advance(KEPT + 1)
            if trouble == "no answer":
                machine.refusal = "sudo-refused"

    ended = drive(world, Controller(world, writes=write).apply(desired(world)))
    assert slow == ["ocfs2/node01/load-module"]
    of_node01 = {n.split("/")[2]: why for n, why in ended.failures.items() if "/node01/" in n}
    if trouble == "none":
        assert (ended.word, of_node01) == ("converged", {})
    else:
        assert sorted(of_node01) == sorted(TOGETHER)
        assert {why.split(": ", 2)[2] for why in of_node01.values()} == {NAMELESS}
        assert machine.files.text(DROP_IN) == ""
    assert world.wrongs() == []


def test_to_a_host_that_does_not_say_who_it_is_nothing_is_sent():
    world = witnessed(2, Shape("scsi"))
    machine = world.machines["node01"]
    hide = Fault(
        "meets",
        command="gate write-file",
        then=lambda: machine.broken.update(identity="no such luck"),
    )
    machine.faults.append(hide)
    ended = drive(world, Controller(world).apply(desired(world)))
    (why,) = [why for name, why in ended.failures.items() if "/node01/" in name]
    assert why.endswith(f": not started: {NAMELESS}")
    assert kinds(ended, "node01") == [*TOGETHER, "write-cluster-conf"]
    assert world.machines["node01"].files.text(CLUSTER_CONF) == ""
    machine.broken.clear()
    assert drive(world, Controller(world, "beta").apply(desired(world))).word == "converged"
    assert world.wrongs() == []
