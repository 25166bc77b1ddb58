"""A healing in any trouble: only what the policy names is done, and what is on disks stays as it is."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reconciler.hosts.simulator import Fault
from reconciler.hosts.simulator.kernel import hypervisor
from reconciler.hosts.simulator.state.errors import ImpossibleWorld
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.lease_file import PAUSED
from reconciler.model.desired import Desired
from reconciler.planning.watching.healable import CLASS_OF, LOOKS
from tests.clock import drive
from tests.fault_transport import Kill, Line
from tests.invariant_monitor import Witness
from tests.properties.recovery import heal as end_troubles
from tests.properties.test_healing import BY_HAND, CLASSES, HARM
from tests.runs import Controller
from tests.scenarios.test_simulated_drift import RECORD
from tests.strategies import Drawn, Trouble, bounded, build, clusters, troubles

# What a healing never does. A host that loses its power in trouble loses what it has mounted, too.
NEVER = {
    *("formatted", "resized", "slots-added", "labelled", "checked", "partition-grown"),
    *("rescanned", "grown", "node-removed", "installed", "modules-unloaded", "archived"),
    *("guest-moved", "guest-started", "guest-stopped", "masked", "disabled", "disarmed"),
    *("unit-started", "evicted"),
}
TAKEN = {"unmounted", "cluster-offline", "unit-stopped"}
POWER = {"power-off", "booted", "evicted"}
# What a host does by itself as it boots; that no run starts a service its kinds of actions tell.
BOOT = {"unit-started"}
# What a host tells of a pause, and of a run that ends there.
QUIET = {"paused", "failed", "fault", "lease-released", "lease-sealed"}


@dataclass(frozen=True, slots=True)
class Story:
    """What befell a cluster, and then befalls a healing of it.

    ``cut`` is the command at which a run of somebody was killed before, of the file of all if
    ``everyone`` had joined. ``paused`` says of a host at which command there somebody pauses it.
    """

    drawn: Drawn
    harm: list[tuple[int, str]]
    classes: set[str]
    cut: tuple[bool, int] | None
    everyone: bool
    found: list[Trouble]
    kill: tuple[int, str] | None
    paused: tuple[int, int] | None

    def begin(self) -> tuple[Witness, Desired]:
        """The cluster as the healing finds it, and its file."""
        world, some, everyone = build(self.drawn)
        assume(drive(world, Controller(world).apply(some)).word == "converged")
        if self.cut is not None:
            line = Line(Kill(self.cut[1], "during"))
            file = everyone if self.cut[0] else some
            drive(world, Controller(world, "alice").apply(file, line=line))
        machines = list(world.machines.values())
        for host, what in self.harm:
            try:
                BY_HAND[what](machines[host % len(machines)])
            except (ImpossibleWorld, KeyError):
                continue
        world.advance(130)
        for trouble in self.found:
            trouble.put(world)
        file = everyone if self.everyone else some
        return world, with_policy(file, self.classes)

    def put_pause(self, world: Witness) -> None:
        """Somebody pauses a host a moment before a command there."""
        if self.paused is None:
            return
        host, at = self.paused
        machine = list(world.machines.values())[host % len(world.machines)]

        def pause() -> None:
            rows = {
                "cluster": "ocfs2",
                "reason": "work",
                "by": "alice",
                "since": 1,
                "until": "-",
            }
            lines = "".join(f"{key}\t{value}\n" for key, value in rows.items())
            machine.files.write(PAUSED, File(lines, "600"))
            machine.record("paused", "work")

        machine.faults.append(Fault("meets", at=at, then=pause))


def with_policy(file: Desired, classes: set[str]) -> Desired:
    plain: Any = file.model_dump()
    plain["clusters"][0]["policy"] = {"mode": "heal", "heal": sorted(classes)}
    return Desired.model_validate(plain)


def kept(world):
    """What a healing leaves as it is: records, what is on disks, guests."""
    disks = [
        (fs.uuid, fs.label, fs.slots, fs.clusters, fs.damage, fs.inprog, fs.used)
        for fs in world.filesystems()
    ]
    return records(world), disks, [hypervisor.running(m) for m in world.machines.values()]


def records(world):
    return [machine.files.text(RECORD) for machine in world.machines.values()]


async def heal_all(world, wanted, line):
    """A healing in trouble, then two in peace, each as the same daemon's; what they told."""
    watcher = Controller(world, "watcher", patience=0.0)
    runs = [await watcher.heal(wanted, line)]
    await line.settle()
    paused = [m.name for m in world.machines.values() if m.files.text(PAUSED)]
    end_troubles(world)
    world.advance(130)
    own = {f"watcher-{number}" for number in range(1, 4)}
    runs += [await watcher.heal(wanted, own_runs=own) for _ in range(2)]
    return runs, paused


def after_pause(world, past):
    """What happened on paused hosts since then."""
    found = set()
    for number, event in enumerate(world.trace[past:], past):
        if event.what == "paused":
            found |= {e.what for e in world.trace[number:] if e.host == event.host}
    return found


def check(story):
    """Nothing but what may be healed is done, whatever befalls it."""
    world, wanted = story.begin()
    before, wrongs, past = kept(world), world.wrongs(), len(world.trace)
    story.put_pause(world)
    runs, paused = drive(
        world, heal_all(world, wanted, Line(Kill(*story.kill) if story.kill else None))
    )
    kinds = {d["kind"] for _, events in runs for e, d in events if e == "action-started"}
    assert {kind for kind in kinds - LOOKS if CLASS_OF.get(kind) not in story.classes} == set()
    assert world.wrongs() == wrongs
    assert kept(world) == before
    done = {event.what for event in world.trace[past:]}
    assert not done & (NEVER - POWER - (BOOT if "booted" in done else set()))
    assert not done & TAKEN or done & POWER
    assert after_pause(world, past) <= QUIET or done & POWER
    last, _ = runs[-1]
    assert last is not None
    assert last.outcome is None or last.outcome.result not in {"converged", "no-change"}
    if paused:
        assert all(not run.attempts for run, _ in runs[1:])
    return world, runs, done


STORIES = st.builds(
    Story,
    drawn=clusters(most=3),
    harm=HARM,
    classes=CLASSES,
    cut=st.none() | st.tuples(st.booleans(), st.integers(1, 40)),
    everyone=st.booleans(),
    found=st.lists(troubles, max_size=2),
    kill=st.none()
    | st.tuples(st.integers(1, 40), st.sampled_from(["before", "during", "after"])),
    paused=st.none() | st.tuples(st.integers(0, 2), st.integers(1, 12)),
)


@settings(bounded, max_examples=15)
@given(STORIES)
def test_whatever_befalls_a_healing_it_does_nothing_else(story):
    check(story)


@pytest.mark.nightly
@settings(bounded, max_examples=1500)
@given(STORIES)
def test_whatever_befalls_many_healings_they_do_nothing_else(story):
    check(story)
