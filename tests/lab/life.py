"""How a lab comes up and goes down, also after a crash of whoever made it."""

import time
from dataclasses import dataclass
from pathlib import Path

from tests.lab import network, power, repository, san, seed, ssh
from tests.lab.files import remove
from tests.lab.images import CACHE, ensure_images
from tests.lab.inventory import write_inventory
from tests.lab.plan import SAN, Wish, make_plan
from tests.lab.processes import Process, in_namespace, launch, slay
from tests.lab.shell import LabError, need_root, say, wait_until
from tests.lab.world import (
    DIRECTORIES,
    MARK,
    REPOSITORY,
    World,
    load,
    namespace_inode,
    recorded,
    reserved,
)

LONGEST_DIRECTORY = 70  # unix sockets live below it, and their names have 107 characters


@dataclass(frozen=True)
class Place:
    """Where a lab is, and for whom: it may be removed when its owner is gone."""

    netns: str
    directory: Path | None = None
    owner: Process | None = None


def up(place: Place, wish: Wish, timeout: float) -> World:
    """Create and boot a lab; of one that is up already, boot what is off."""
    need_root()
    started = time.monotonic()
    directory = place.directory or DIRECTORIES / place.netns
    plan = make_plan(wish, directory)  # a bad wish fails here, before a build
    built = {suite: ensure_images(suite) for suite in plan.suites}
    with reserved(place.netns):
        world = load(place.netns)
        if world and world.is_up and world.owns_namespace:
            if (world.wish, world.directory) != (wish, directory):
                raise LabError(f"another lab {place.netns} is up: take it down first")
            start_repository(world)
            boot(world, timeout)
        else:
            clear(place.netns, directory)
            world = World(place.netns, directory, wish, built, place.owner)
            create_or_remove(world, timeout)
    say(
        f"{place.netns} is up after {time.monotonic() - started:.1f} s, see",
        directory / "inventory.json",
    )
    return world


def clear(netns: str, directory: Path) -> None:
    """Remove what an unfinished lab of this name left, and nothing else."""
    if world := load(netns):
        say("removing what an unfinished lab left")
        teardown(world)
    if namespace_inode(netns) is not None:
        raise LabError(f"a network namespace {netns} exists and is not a lab's")
    if len(str(directory)) > LONGEST_DIRECTORY:
        raise LabError(f"{directory} is longer than {LONGEST_DIRECTORY} characters")
    remove_directory(directory, netns)
    if directory.exists() and any(directory.iterdir()):
        raise LabError(f"{directory} is not empty and is not this lab's")


def remove_directory(directory: Path, netns: str) -> bool:
    """Remove a lab's directory if it is marked as this one's; whether it was."""
    mark = directory / MARK
    if not mark.is_file() or mark.read_text() != netns:
        return False
    for path in directory.iterdir():
        if path != mark:  # it goes last, so that this can be done again if it is interrupted
            remove(path)
    remove(directory)
    return True


def create_or_remove(world: World, timeout: float) -> None:
    """Make everything and boot it, or leave nothing."""
    world.save()
    try:
        create(world)
        boot(world, timeout)
    except BaseException:
        say("failed, removing what was made")
        teardown(world)
        raise


def create(world: World) -> None:
    """Files, network and the apt repository."""
    world.directory.mkdir(parents=True, exist_ok=True)
    (world.directory / MARK).write_text(world.netns)
    for name in ("uml", "luns", "hosts"):
        (world.directory / name).mkdir()
    network.create(world)
    power.install_script(world.directory)
    ssh.make_key(world.directory / "id", "lab")
    for host in world.plan.hosts.values():
        seed.write_seed(world, host)
        for disk in host.disks:
            with disk.file.open("ab") as file:
                file.truncate(disk.mib << 20)
    ssh.write_client_files(world)
    start_repository(world)
    write_inventory(world)
    world.is_up = True
    world.save()


def start_repository(world: World) -> None:
    """Serve packages on the controller's address, if that is not done already."""
    if not world.is_on(REPOSITORY):
        place = world.directory / "packages"
        offers = {suite: CACHE / built["repository"] for suite, built in world.built.items()}
        repository.link_packages(place, offers)
        command = repository.server(place, world.plan.controller)
        world.processes[REPOSITORY] = launch(
            network.inside(world.netns, *command),
            world.directory / "repository.log",
            world.directory,
        )
        world.save()


def boot(world: World, timeout: float) -> None:
    """Boot what is off and wait for it; the SAN first, as everybody else waits for it."""
    hosts = sorted(world.plan.hosts, key=lambda name: name != SAN)
    for name in hosts:
        power.switch_on(world, name)
    wait_for_hosts(world, hosts, timeout)


def wait_for_hosts(world: World, names: list[str], timeout: float) -> None:
    """Wait until hosts can be used; when the SAN was among them, so that all see it."""
    for name, seconds in ssh.wait_for_ssh(world, names, timeout).items():
        say(f"{name}: ssh after {seconds} s")
    if world.plan.storage == "san":
        watching = [
            name
            for name in world.plan.nodes
            if name in names or (SAN in names and world.is_on(name))
        ]
        san.wait_for_paths(world, watching, timeout)


def down(netns: str, directory: Path | None = None) -> bool:
    """Remove a lab, whatever state it is in; whether there was anything."""
    need_root()
    directory = directory or DIRECTORIES / netns
    with reserved(netns) as lock:
        world = load(netns)
        if world:
            teardown(world)
        left = remove_directory(directory, netns)
        lock.unlink()
    return bool(world) or left


def down_orphans() -> list[str]:
    """Remove the labs whose owner is gone."""
    orphans = [name for name in recorded() if (world := load(name)) and world.is_orphan]
    for name in orphans:
        down(name)
    return orphans


def teardown(world: World) -> None:
    """Remove everything that a lab made.  Safe to repeat, and after a crash."""
    slay(world.processes.values())
    if world.inode is None and world.is_of_this_boot:
        world.inode = namespace_inode(world.netns)  # died between adding and recording it
    if world.owns_namespace:
        # Started but not yet recorded when a command died, or left running by `exec`.
        slay(in_namespace(world.inode))
        wait_until(lambda: not in_namespace(world.inode), 10)
        network.remove(world.netns)
    remove_directory(world.directory, world.netns)
    world.forget()
