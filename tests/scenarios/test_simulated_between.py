"""Between hosts: the next one is touched only while the cluster is well (I29)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.presets import Shape, bare_hosts
from tests.clock import drive
from tests.invariant_monitor import Witness
from tests.properties.recovery import twice
from tests.runs import MOUNTED, Controller, desired, happened, mounted, volume

MOVED = ("images /srv/new",)
FAILED = "sd 0:0:0:1: [sdb] tag#4 FAILED Result: hostbyte=DID_NO_CONNECT driverbyte=DRIVER_OK"


Trouble = Callable[["Troubled"], None]


@dataclass(slots=True)
class Troubled(Witness):
    """A world with ``trouble`` as soon as somebody mounts, and its end some seconds later."""

    trouble: Trouble | None = None
    end: tuple[float, Trouble] | None = None

    def record(self, host: str, what: str, detail: str = "") -> None:
        Witness.record(self, host, what, detail)
        if what == "mounted" and self.trouble:
            trouble, self.trouble = self.trouble, None
            trouble(self)

    def reach(self, moment: float) -> None:
        Witness.reach(self, moment)
        if self.end and self.now >= self.end[0]:
            self.end[1](self)
            self.end = None


def before():
    """Three members with a volume, which is to have another path: one turn after the other."""
    world = Troubled()
    bare_hosts(3, Shape(), world)
    controller = Controller(world)
    assert drive(world, controller.apply(desired(world))).word == "converged"
    return (
        world,
        controller,
        desired(world, volumes=[volume(world, mount={"path": "/srv/new"})]),
    )


def firewall(world):
    world.machines["node02"].filtered["10.88.1.13"] = "timeout"


def opened(world):
    world.machines["node02"].filtered.clear()


def cut_for_a_while(world):
    firewall(world)
    world.end = (world.now + 8, opened)


def message(world):
    world.machines["node03"].log(FAILED)


def read_only(world):
    running = world.machines["node03"].running
    running.mounts[0] = replace(running.mounts[0], options=("ro",))


def hung(world):
    (fs,) = world.filesystems()
    next(b for b in fs.beats.values() if b.host == "node03").stopped = world.now - 20


def gone(world):
    (fs,) = world.filesystems()
    next(b for b in fs.beats.values() if b.host == "node03").generation = 0


TROUBLES = {
    "a firewall": (firewall, "node02: healthy", "no connection to node03"),
    "a failed path": (message, "node03: healthy", "FAILED Result"),
    "a volume that is read-only": (read_only, "node03: healthy", "/srv/images is read-only"),
    "a heartbeat that hangs": (hung, "node03: healthy", "s old"),
    "a heartbeat that ended": (gone, "node03: healthy", "its own heartbeat"),
}


@pytest.mark.parametrize("what", TROUBLES)
def test_the_next_host_is_not_touched_while_the_cluster_is_not_well(what):
    world, controller, wish = before()
    trouble, where, words = TROUBLES[what]
    start = len(world.trace)
    world.trouble = trouble
    ended = drive(world, controller.apply(wish))
    assert ended.word == "partial"
    (failure,) = ended.failures.values()
    assert failure.startswith("ocfs2/node02/unmount/images/srv/images: not started: ")
    assert where in failure
    assert words in failure
    assert "reconcile explain cluster-not-well" in failure
    assert [e.host for e in world.trace[start:] if e.what == "unmounted"] == ["node01"]
    assert mounted(world) == {"node01": MOVED, "node02": MOUNTED, "node03": MOUNTED}


def test_it_waits_for_a_connection_that_is_made_anew():
    world, controller, wish = before()
    world.trouble = cut_for_a_while
    ended = drive(world, controller.apply(wish))
    assert (ended.word, ended.failures, twice(ended)) == ("converged", {}, [])
    assert (world.trouble, world.end) == (None, None)
    assert set(mounted(world).values()) == {MOVED}


def test_what_a_kernel_logged_before_the_run_is_none_of_its_troubles():
    world, controller, wish = before()
    for machine in world.machines.values():
        machine.log(FAILED)
        machine.log(
            "ocfs2: Mounting device (98,16) on (node 1, slot 0) with ordered data mode."
        )
    assert drive(world, controller.apply(wish)).word == "converged"


@pytest.mark.parametrize(
    ("trouble", "words"),
    [(firewall, "no connection to node03"), (gone, "recovery is under way")],
)
def test_a_cluster_that_is_not_well_is_not_begun_with(trouble, words):
    world, controller, wish = before()
    trouble(world)
    ended = drive(world, controller.apply(wish))
    assert (ended.word, ended.started) == ("refused", [])
    assert "cluster-not-well" in ended.codes
    assert any(words in b.message for o in ended.outcomes for b in o.blocked)
    assert happened(world, "unmounted") == []


def test_a_member_that_is_attested_offline_keeps_no_turn_from_the_others():
    world, controller, _ = before()
    connect(world, "node03").power_off()
    world.advance(200)
    attested = {"by": "ann", "at": "2026-11-30T12:00Z", "reason": "a board is replaced"}
    people = desired(world).model_dump(mode="json", exclude_none=True)["clusters"][0]["members"]
    people[2] |= {"state": "offline", "attested": attested}
    one = volume(world, mount={"path": "/srv/new"})
    ended = drive(world, controller.apply(desired(world, volumes=[one], members=people)))
    assert (ended.word, ended.failures, ended.codes) == ("converged", {}, set())
