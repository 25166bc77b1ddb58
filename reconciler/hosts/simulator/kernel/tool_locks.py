"""The cluster lock of tunefs.ocfs2 and fsck.ocfs2: a host beats on a volume while its tool has it.

libocfs2 joins the heartbeat's group for the lock, and leaves it with the lock
(ocfs2_initialize_dlm and ocfs2_shutdown_dlm in libocfs2/dlm.c). So hosts of other lists see that
somebody is at work there, and a crash leaves a block that did not end. The region that the
kernel has meanwhile is in no answer of the simulated probe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.hosts.simulator.state.disk import Beat

if TYPE_CHECKING:
    from reconciler.hosts.simulator.state.cluster import Cluster
    from reconciler.hosts.simulator.state.disk import Filesystem
    from reconciler.hosts.simulator.state.machine import Machine


def hold(machine: Machine, live: Cluster, fs: Filesystem, seconds: float) -> None:
    """Beats on the volume for so long; under global heartbeat that is elsewhere."""
    me = live.local
    if me is None or fs.global_heartbeat:
        return
    generation = machine.world.rng.getrandbits(64) | 1
    beat = Beat(
        machine.name, generation, dead_ms=live.dead_threshold * 2000, skew=machine.setup.skew
    )
    fs.beats[me.number] = beat
    machine.running.locks.append(beat)
    machine.world.later(seconds, lambda: _release(machine, beat))


def _release(machine: Machine, beat: Beat) -> None:
    """Leaves cleanly; not so a tool that went with its host, or that stands still with it."""
    if beat in machine.running.locks and beat.stopped is None:
        machine.running.locks.remove(beat)
        beat.generation, beat.stopped = 0, machine.world.now


def freeze(machine: Machine) -> None:
    """The host stops, and with it what its tools wrote."""
    for beat in machine.running.locks:
        beat.stopped = machine.world.now


def go_on(machine: Machine) -> None:
    """The host goes on, and its tools end."""
    for beat in tuple(machine.running.locks):
        beat.stopped = None
        _release(machine, beat)
