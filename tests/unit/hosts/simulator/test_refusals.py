"""What the simulated gate refuses, and that it does nothing then; ``conftest`` asks for its words."""

from dataclasses import dataclass, field

import pytest

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.presets import bare_cluster
from tests.unit.hosts.simulator.lab import (
    GIB,
    LUN,
    gate,
    mkfs,
    mount,
    mounted_cluster,
    on,
    refusal,
    start_cluster,
)

UUID = "3a834138-14c1-48f8-b806-f86334225bac"
BACKUP = f"/var/lib/reconcile/ocfs2/backup-{UUID}.json"
OF = ("images", UUID, GIB, "san01", "5" * 64)
MAP = "/dev/mapper/mpatha"


async def refusal_line(world, command):
    """The one line that it says; nothing was changed, but that it was refused."""
    done = await connect(world, "node01").run(command)
    status, line, _seconds = refusal(done)
    assert (status, done.stdout) == (75, "")
    return line.removeprefix("gate: ")


@pytest.mark.parametrize("word", ["begun", "made"])
async def test_a_backup_is_noted_where_there_is_room_and_made_after_it_began(word):
    world = bare_cluster(1)
    room = world.machines["node01"].files.room["/var/lib"]
    room.free, note = 0, gate("note-backup", "ocfs2", word, *OF)
    why = {
        "begun": f"no-space: {BACKUP}: no space left on device",
        "made": f"changed-since: {BACKUP} is not what was noted before the backup",
    }
    assert await refusal_line(world, note) == why[word]
    assert BACKUP not in world.machines["node01"].files.by_path


async def test_a_path_that_multipath_calls_failed_is_down_though_the_disk_says_nothing():
    world = bare_cluster(1, "san")
    world.grow("lun1", 2 * GIB)
    world.machines["node01"].failed_paths.add("sdb")
    before = {d.name: d.size for d in world.machines["node01"].running.devices}
    why = await refusal_line(world, on(MAP, "rescan", 2 * GIB))
    assert why == "path-down: sdb is F in mpatha"
    assert {d.name: d.size for d in world.machines["node01"].running.devices} == before


async def test_a_guest_is_not_started_where_nothing_is_mounted():
    world = bare_cluster(1)
    words = ("guests\nlist\n/srv/images", "guests\nstart\nvm1")
    why = await refusal_line(world, gate("start-guest", "/srv/images", "vm1", 60, *words))
    assert why == "not-mounted: /srv/images has nothing mounted"


async def test_a_module_is_not_taken_from_another_kernel_nor_from_under_a_cluster():
    world = bare_cluster(1)
    kernel = world.machines["node01"].setup.kernel
    assert await refusal_line(world, gate("reload-module", "1.2.3")) == (
        f"changed-since: {kernel} runs, not 1.2.3"
    )
    await start_cluster(world)
    assert await refusal_line(world, gate("reload-module", kernel)) == (
        "module-in-use: cluster ocfs2 is online"
    )
    await connect(world, "node01").run(mkfs(LUN))
    await connect(world, "node01").run(mount())
    assert (await refusal_line(world, gate("reload-module", kernel))).startswith(
        "module-in-use: ocfs2 is mounted, see /proc/"
    )
    assert "ocfs2" in world.machines["node01"].running.loaded


async def test_the_first_pause_counts():
    world = bare_cluster(1)
    host = connect(world, "node01")
    assert (await host.run(gate("pause", "ocfs2", "one", "alice", "+60"))).status == 0
    assert (
        await refusal_line(world, gate("pause", "ocfs2", "two", "bob", "-"))
        == "paused: alice: one"
    )
    assert (await host.run(gate("resume"))).status == 0
    assert (await host.run(gate("pause", "ocfs2", "two", "bob", "-"))).status == 0


async def test_under_global_heartbeat_nothing_is_mounted_nor_written():
    world = bare_cluster(1)
    await start_cluster(world)
    await connect(world, "node01").run(mkfs(LUN))
    (fs,) = world.filesystems()
    fs.global_heartbeat = True
    check = on(LUN, "check-fs", "o2cb", "ocfs2", uuid=fs.uuid)
    for command in (mount(), check):
        assert await refusal_line(world, command) == (
            f"heartbeat-mode-differs: the heartbeat of {LUN} is global"
        )
    world.machines["node01"].running.live.mode = "global"
    assert (
        await refusal_line(world, mount())
        == "not-supported-yet: the heartbeat of ocfs2 is global"
    )


async def test_nobody_waits_for_a_dead_time_that_nobody_sets():
    world = bare_cluster(2)
    await mounted_cluster(world, "node02")
    connect(world, "node02").power_off()
    (fs,) = world.filesystems()
    fs.beats[1].dead_ms = 600_001
    beats = f"1~{fs.beats[1].block(1, world.now)}"
    world.advance(3600)
    why = await refusal_line(world, on(LUN, "mount", "/srv/images", "noatime", beats=beats))
    assert why == (
        f"foreign-heartbeat: {LUN} has a block with a dead time of 600001 ms, which nobody waits for"
    )


@dataclass
class Packages:
    """What surrounds the packages of a host, what it is asked to install, and why it does not."""

    why: str
    words: tuple[str, ...] = ("install-packages", "dpkg", "parted")
    around: dict = field(default_factory=dict)
    host: dict = field(default_factory=dict)


PACKAGES = {
    "manager": Packages(
        "package-manager-unsupported: zypper installs packages here, and only apt, dnf and yum are used",
        ("install-packages", "rpm", "parted"),
        host={"manager": "zypper"},
    ),
    "database": Packages(
        "package-database-broken: lab-tools is half-configured",
        around={"broken": "lab-tools is half-configured"},
    ),
    "held": Packages("package-held: parted is on hold", around={"held": {"parted"}}),
    "no build": Packages(
        "package-missing: no repository has ocfs2-kmod",
        ("install-module", "dpkg", "ocfs2-kmod", "6.1.176"),
        host={"module": False},
    ),
}


@pytest.mark.parametrize("name", PACKAGES)
@pytest.mark.parametrize("before", [(), ("fetch",)])
async def test_nothing_is_installed_nor_fetched(name, before):
    case, world = PACKAGES[name], bare_cluster(1)
    machine = world.machines["node01"]
    del machine.setup.versions["parted"]
    for of, values in ((machine.setup, case.host), (machine.packaging, case.around)):
        for key, value in values.items():
            setattr(of, key, value)
    installed = dict(machine.setup.versions)
    assert await refusal_line(world, gate(*before, *case.words)) == case.why
    assert machine.setup.versions == installed
