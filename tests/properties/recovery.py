"""What must hold after any history: the next runs converge, or refuse by name (I28)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reconciler.hosts.simulator import connect
from reconciler.model.desired import Desired
from tests.fault_transport import Line
from tests.invariant_monitor import Witness
from tests.runs import Controller, Ended, mounted

LOOPS = 3
GOOD = frozenset({"converged", "no-change"})
# The only thing that no run can repair: a file system that was cut off in its making.
CUT_SHORT = {"device-not-blank"}
# What is refused until the survivors have recovered who died: about 80 s (manual ocfs2, 2).
PASSING, RECOVERY = {"cluster-not-well"}, 90


async def disturbed(
    controller: Controller, wanted: Desired, line: Line | None = None
) -> tuple[Ended, list[str]]:
    """One run in trouble, and what hosts still did for it; its own broken laws."""
    line = line or Line()
    ended = await controller.apply(wanted, line=line)
    await line.settle()
    return ended, twice(ended)


def heal(world: Witness) -> None:
    """All faults cease, and whoever is off is switched on."""
    for name, machine in world.machines.items():
        for troubles in (machine.faults, machine.broken, machine.dead_maps, machine.down_paths):
            troubles.clear()
        machine.refusal = ""
        machine.files.room["/etc"].free = max(machine.files.room["/etc"].free, 1 << 24)
        if not machine.running.on:
            connect(world, name).power_on()


async def recover(world: Witness, controller: Controller, wanted: Desired) -> list[str]:
    """Up to three runs without faults; empty when the end is as it must be."""
    runs: list[Ended] = []
    while len(runs) < LOOPS:
        runs.append(await controller.apply(wanted))
        if runs[-1].word == "refused" and runs[-1].codes == PASSING:
            world.advance(RECOVERY)
        elif runs[-1].word in GOOD or runs[-1].word == "refused":
            break
    wrongs = [wrong for run in runs for wrong in twice(run)]
    return wrongs + _verdict(world, wanted, runs) + world.wrongs()


def twice(ended: Ended) -> list[str]:
    """No action starts twice in a run (I16)."""
    return [f"{name} started twice" for name, n in Counter(ended.started).items() if n > 1]


def _verdict(world: Witness, wanted: Desired, runs: Sequence[Ended]) -> list[str]:
    last, cut = runs[-1], any(event.what == "format-cut-short" for event in world.trace)
    if last.word == "refused" and cut and last.codes == CUT_SHORT:
        return []
    if last.word not in GOOD:
        said = [(run.word, sorted(run.codes), run.failures) for run in runs]
        return [f"no end after {len(runs)} runs: {said}"]
    missing, left = _missing(world, wanted), _left_over(world, wanted)
    return [
        *([f"said to be converged, yet not mounted: {missing}"] if missing else []),
        *([f"said to be converged, yet still mounted: {left}"] if left else []),
    ]


def _left_over(world: Witness, wanted: Desired) -> list[str]:
    """Hosts with something mounted that are no members."""
    names = {member.name for cluster in wanted.clusters for member in cluster.members}
    return [host for host, mounts in mounted(world).items() if mounts and host not in names]


def _missing(world: Witness, wanted: Desired) -> list[str]:
    """Mounts that the file asks for and the world does not have."""
    have = mounted(world)
    return [
        f"{member.name}:{volume.mount.path}"
        for cluster in wanted.clusters
        for member in cluster.members
        for volume in cluster.volumes
        if f"{volume.label} {volume.mount.path}" not in have[member.name]
    ]
