"""The hosts of ``watch --demo``: simulated, behind real SSH on loopback, each cluster in its world."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.interruption import ending_signals
from reconciler.cli.watch_demo.past import keep_past
from reconciler.cli.watch_demo.sites import GIB, SITES, Doors, Site, file_text
from reconciler.cli.watch_demo.story import SEED
from reconciler.execution.author import claim, new_run, now
from reconciler.hosts.loopback import real_pace, serve_hosts
from reconciler.hosts.simulator.host import connect
from reconciler.hosts.simulator.presets import Shape, bare_hosts
from reconciler.hosts.simulator.state.world import World
from reconciler.loading import read
from reconciler.pipeline import Options, Run, plan
from reconciler.storage.private import write_private

if TYPE_CHECKING:
    from reconciler.hosts import Host
    from reconciler.hosts.simulator.state.disk import Filesystem
    from reconciler.hosts.simulator.state.machine import Machine
    from reconciler.model.desired import Member

LUN = "lun1"
# Below the demo's directory: what the daemon knows.
STATE = "state"
# Simulated seconds in which clusters are made, before anybody looks.
BEFOREHAND = 120.0
# What the partition table and the label of a disk take is not the volume's.
SLACK = GIB


@dataclass(slots=True)
class Place:
    """A cluster of the demo as it is now; ``members`` and ``size`` are what its file says."""

    site: Site
    world: World
    doors: Doors
    file: Path
    members: tuple[str, ...]
    size: int

    def host(self, name: str) -> Machine:
        """One of its hosts."""
        return self.world.machines[name]

    def write(self) -> None:
        """Its file says what it is to be."""
        text = file_text(self.site, self.doors, self.members, self.size)
        write_private(str(self.file), text)

    def connect(self, _cluster: str, member: Member) -> Host:
        """As an operator who types at the host itself."""
        return connect(self.world, member.name)

    def file_system(self) -> Filesystem | None:
        """What is on its disk."""
        return next(self.world.filesystems(), None)

    def fill(self, share: float) -> None:
        """So full is its volume now."""
        if found := self.file_system():
            found.used = int(found.size * share)


@dataclass(frozen=True, slots=True)
class Stage:
    """All clusters by name; ``files`` is the directory that is watched, ``state`` the daemon's."""

    files: Path
    state: Path
    places: Mapping[str, Place]


@contextmanager
def own_directory() -> Iterator[Path]:
    """Where all of a demo is, and nothing afterwards; signals end it too, also before all is up."""
    ends = ending_signals() - {signal.SIGINT}
    before = {number: signal.signal(number, lambda *_of_it: sys.exit()) for number in ends}
    try:
        with tempfile.TemporaryDirectory(prefix="reconcile-demo-") as name:
            yield Path(name)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@asynccontextmanager
async def set_stage(directory: Path) -> AsyncIterator[Stage]:
    """Hosts that answer, and clusters that are as their files say, with a past."""
    stage = Stage(directory / "clusters", directory / STATE, places := {})
    stage.files.mkdir()
    async with AsyncExitStack() as stack:
        for site in SITES:
            keys = directory / "keys" / site.name
            keys.mkdir(parents=True)
            places[site.name] = await _open(site, stage.files, keys, stack)
        known = [(place.site, place.file) for place in places.values() if place.site.is_there]
        keep_past(stage.state, known, SEED, now())
        yield stage


async def _open(site: Site, files: Path, keys: Path, stack: AsyncExitStack) -> Place:
    world = _make_world(site)
    served = await stack.enter_async_context(serve_hosts(world, keys, real_pace(world)))
    wwid = world.luns[LUN].wwid or ""
    identity, known = str(served.identity), str(served.known_hosts)
    doors = Doors(served.host, served.ports, identity, known, wwid)
    file = files / f"{site.name}.yaml"
    place = Place(site, world, doors, file, site.at_first(), site.size)
    if site.is_there:
        place.write()
        await converge(place)
        place.fill(site.used)
    world.advance(BEFOREHAND - world.now)
    return place


def _make_world(site: Site) -> World:
    """Its clock is behind by what the first apply takes, so that in the end it is right."""
    shape = Shape("san", lun_size=site.size + SLACK, prefix=site.name)
    world = bare_hosts(site.hosts, shape, World(SITES.index(site)))
    for machine in world.machines.values():
        machine.setup.skew = int(time.time() - BEFOREHAND) - world.clock(machine)
    return world


async def converge(place: Place) -> None:
    """What its file says, at once: no time passes while nobody looks."""
    desired, options, run = read(str(place.file)), Options(), new_run()
    found, pairs = await plan(desired, place.connect, options)
    work = Run(
        place.connect,
        options,
        lambda _event, _details: None,
        asyncio.Event(),
        lambda name: claim(name, run, 0.0),
        desired,
    )
    (ended,) = await work.execute(found, pairs)
    assert ended.result == "converged", ended  # noqa: S101  # the simulator's own story
