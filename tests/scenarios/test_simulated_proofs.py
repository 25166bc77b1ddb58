"""A command brings the look along that proves it: what that one does not tell is looked at anew."""

from dataclasses import dataclass, replace

import pytest

from reconciler.errors import HostUnreachable
from tests.clock import drive
from tests.fault_transport import Line
from tests.runs import MOUNTED, Controller, desired, mounted, witnessed


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
                    self, host, replace(command, argv=command.look, look=())
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
    world = witnessed(2)
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
