import asyncio

import pytest

from reconciler.errors import HostUnreachable
from reconciler.hosts.simulator import Fault, ImpossibleWorld, connect
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.model.plan import Command
from tests.unit.hosts.simulator.lab import (
    CONF,
    kinds,
    mkfs,
    mount,
    mounted_cluster,
    probe,
    start_cluster,
    write,
)

MODPROBE = Command(("modprobe", "ocfs2"))


async def code_of(host, command):
    with pytest.raises(HostUnreachable) as caught:
        await host.run(command)
    assert caught.value.host == host.name
    return caught.value.code


@pytest.mark.parametrize("code", ["host-unreachable", "sudo-refused", "host-key-changed"])
async def test_a_host_that_refuses_is_unreachable_under_that_code(code):
    host = connect(bare_cluster(1), "node01")
    host.machine.refusal = code
    assert await code_of(host, probe()) == code
    host.machine.refusal = ""
    assert (await host.run(probe())).status == 0


async def test_a_host_that_is_off_is_unreachable():
    host = connect(bare_cluster(1), "node01")
    host.power_off()
    assert await code_of(host, probe()) == "host-unreachable"


@pytest.mark.parametrize(("phase", "written"), [("before", False), ("after", True)])
async def test_a_lost_connection_hides_whether_the_command_ran(phase, written):
    host = connect(bare_cluster(1), "node01")
    host.machine.faults.append(Fault("lost", phase))
    assert await code_of(host, write(CONF, None, "x\n")) == "connection-lost"
    assert (CONF in host.machine.files.by_path) is written
    assert (await host.run(probe())).status == 0


@pytest.mark.parametrize(
    ("phase", "written"), [("before", False), ("during", False), ("after", True)]
)
async def test_a_crash_takes_the_host_down_before_within_or_after_the_command(phase, written):
    host = connect(bare_cluster(1), "node01")
    host.machine.faults.append(Fault("crash", phase))
    assert await code_of(host, write(CONF, None, "x\n")) == "connection-lost"
    assert await code_of(host, probe()) == "host-unreachable"
    host.power_on()
    assert (CONF in host.machine.files.by_path) is written


async def test_a_reboot_comes_back_with_a_new_boot_id():
    host = connect(bare_cluster(1), "node01")
    before = host.machine.running.boot_id
    host.machine.faults.append(Fault("reboot", "after"))
    assert await code_of(host, MODPROBE) == "connection-lost"
    assert (host.machine.running.on, host.machine.running.loaded) == (True, set())
    assert host.machine.running.boot_id != before


async def test_a_fault_waits_for_the_nth_fitting_command_and_happens_once():
    host = connect(bare_cluster(1), "node01")
    host.machine.faults.append(
        Fault("fails", command="modprobe", at=2, status=7, stderr="no\n")
    )
    seen = [(await host.run(command)).status for command in (MODPROBE, probe(), MODPROBE)]
    assert [*seen, (await host.run(MODPROBE)).status] == [0, 0, 7, 0]
    assert host.machine.ran == ["modprobe ocfs2", "probe", "modprobe ocfs2", "modprobe ocfs2"]


async def test_an_answer_that_comes_too_late_is_lost_but_its_effect_stays():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await start_cluster(world)
    await host.run(mkfs("/dev/ubdb"))
    began = world.now
    short = Command(mount().argv, timeout=3.0)
    assert await code_of(host, short) == "command-timeout"
    assert (world.now - began, len(host.machine.running.mounts)) == (3.0, 1)


async def test_a_host_that_loses_power_meanwhile_ends_the_running_command():
    world = bare_cluster(1)
    host = connect(world, "node01")

    async def power_goes(_seconds):
        host.power_off()

    world.pace = power_goes
    assert await code_of(host, write(CONF, None, "x\n")) == "connection-lost"


async def test_commands_at_the_same_time_take_the_time_of_the_longest():
    world = bare_cluster(3)
    await mounted_cluster(world, "node01")
    connect(world, "node02").machine.running.live.idle_timeout_ms = 1
    began = world.now
    hosts = (connect(world, "node02"), connect(world, "node03"))
    done = await asyncio.gather(*(host.run(mount()) for host in hosts))
    assert [answer.seconds for answer in done] == [70.0, 4.0]
    assert world.now - began == 70.0


async def test_two_commands_at_once_on_one_host_are_a_violation_and_a_probe_is_none():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await asyncio.gather(host.run(MODPROBE), host.run(probe()))
    assert kinds(world) == []
    await asyncio.gather(host.run(MODPROBE), host.run(MODPROBE))
    assert kinds(world) == ["overlapping-commands"]


async def test_the_trace_tells_what_happened_and_when():
    world = bare_cluster(1)
    await mounted_cluster(world)
    uuid = next(world.filesystems()).uuid
    told = {event.what: (event.time, event.host, event.detail) for event in world.trace}
    assert (told["formatted"], told["mounted"]) == (
        (4.7, "node01", f"/dev/disk/by-id/lab-lun1 images {uuid}"),
        (9.7, "node01", f"images {uuid} on /srv/images as node 0"),
    )


async def test_the_same_commands_in_the_same_world_leave_the_same_trace():
    digests = set()
    for _ in range(2):
        world = bare_cluster(3, "san", seed=7)
        await mounted_cluster(world)
        connect(world, "node03").power_off()
        world.advance(100)
        digests.add(world.digest())
    assert len(digests) == 1
    assert bare_cluster(3, "san", seed=8).luns["lun1"].wwid != world.luns["lun1"].wwid


def test_impossible_worlds_are_refused():
    world = bare_cluster(1, "san")
    lun = world.luns["lun1"]
    lun.add_partition(1, 1 << 20, 1 << 20)
    lun.add_partition(3, 2 << 20, 1 << 20)
    attempts = [
        lambda: world.add_lun(lun),
        lambda: world.add_machine(world.machines["node01"]),
        lambda: world.grow("lun1", 1),
        lambda: lun.add_partition(2, 1 << 20, 1 << 20),
        lambda: lun.add_partition(2, 1 << 29, 1 << 30),
        connect(world, "node01").power_on,
        lambda: connect(world, "node01").unmount("/srv"),
    ]
    for attempt in attempts:
        with pytest.raises(ImpossibleWorld):
            attempt()
