"""A whole growth by hand, as the runbook has it, and what a step left out does."""

import pytest

from reconciler.hosts.simulator import connect, connect_all
from reconciler.hosts.simulator.presets import MIB, add_storage, bare_cluster, partition
from tests.unit.hosts.simulator.lab import GIB, gate, kinds, mkfs, mount, on, start_cluster

MAP, PART = "/dev/mapper/mpatha", "/dev/mapper/mpatha-part1"
START, END = MIB // 512, (2048 - 1) * MIB // 512 - 1
BYTES = (END + 1 - START) * 512


async def said(host, *words):
    return await answer(host, gate(*words))


async def said_on(host, node, *words, **more):
    return await answer(host, on(node, *words, **more))


async def answer(host, command):
    done = await host.run(command)
    assert (done.status, done.stderr) == (0, "")
    return done.stdout


async def members():
    world = bare_cluster(3, "san")
    extent = partition(world)
    await start_cluster(world)
    for host in connect_all(world).values():
        if host.name == "node01":
            assert (await host.run(mkfs(PART, size=extent.size))).status == 0
        assert (await host.run(mount(PART))).status == 0
    return world, list(connect_all(world).values()), extent.content


@pytest.mark.parametrize(
    ("skipped", "wrong"),
    [
        ("", []),
        ("reread-partition", [("short-device", "node02"), ("short-device", "node03")]),
    ],
)
async def test_a_volume_on_a_partition_of_a_san_grows_while_all_have_it_mounted(skipped, wrong):
    world, hosts, fs = await members()
    add_storage(world)
    await said(connect(world, "san"), "extend-lv", "vg0", "lun1", 2 * GIB)
    for host in hosts:
        await said_on(host, MAP, "rescan", 2 * GIB)
    await said_on(hosts[0], MAP, "grow-partition", 1, START, END)
    for host in hosts[1:]:
        if skipped != "reread-partition":
            await said_on(host, MAP, "reread-partition", 1, BYTES)
    grown = await said_on(hosts[0], PART, "grow-fs", BYTES // 4096, "mounted", uuid=fs.uuid)
    assert (grown, fs.size) == (f"ok grown {PART} {BYTES}\n", BYTES)
    assert [(v.kind, v.host) for v in world.violations()] == wrong


async def test_growth_of_the_unmounted_volume_with_slots_and_a_check():
    world, hosts, fs = await members()
    add_storage(world)
    for host in hosts:
        host.unmount("/srv/images")
    await said_on(hosts[1], PART, "check-fs", "o2cb", "ocfs2", uuid=fs.uuid)
    await said(connect(world, "san"), "extend-lv", "vg0", "lun1", 2 * GIB)
    for host in hosts:
        await said_on(host, MAP, "rescan", 2 * GIB)
    await said_on(hosts[1], MAP, "grow-partition", 1, START, END)
    await said_on(hosts[1], PART, "grow-fs", BYTES // 4096, "unmounted", uuid=fs.uuid)
    await said_on(hosts[1], PART, "add-slots", 8, uuid=fs.uuid)
    for host in hosts:
        await said_on(host, MAP, "reread-partition", 1, BYTES)
        assert (await host.run(mount(PART))).status == 0
    assert (fs.size, fs.slots, kinds(world)) == (BYTES, 8, [])
