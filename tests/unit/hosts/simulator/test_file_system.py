import pytest

from reconciler.errors import HostUnreachable
from reconciler.hosts.simulator import Fault, connect, connect_all
from reconciler.hosts.simulator.presets import bare_cluster, partition
from reconciler.model.gate_call import gate_call
from tests.unit.hosts.simulator.lab import (
    GIB,
    LUN,
    gate,
    kinds,
    log_of,
    mkfs,
    mount,
    mounted_cluster,
    on,
    refusal,
    restart,
    section,
    start_cluster,
)

MAP, REF = "/dev/mapper/mpatha", f"path={LUN}"
BLOCKS = 2 * GIB // 4096
OTHER = "11111111-1111-4111-8111-111111111111"


async def volume(storage="san", hosts=2, on=("node01", "node02")):
    """A volume of 1 GiB on a LUN of 2, which every kernel knows."""
    world = bare_cluster(hosts, storage)
    await mounted_cluster(world, *(on or ("node01",)))
    if not on:
        connect(world, "node01").unmount("/srv/images")
    world.grow("lun1", 2 * GIB)
    for name in world.machines:
        known(world, name, 2 * GIB)
    return world, connect(world, "node01"), next(world.filesystems())


def known(world, name, size):
    for device in world.machines[name].running.devices:
        if device.lun.name == "lun1":
            device.size = size


def grow(fs, blocks=BLOCKS, how="mounted", node=MAP):
    return on(node, "grow-fs", blocks, how, uuid=fs.uuid)


def slots(fs, count=8):
    return on(MAP, "add-slots", count, uuid=fs.uuid)


def label(fs, word="other"):
    return on(MAP, "set-label", word, uuid=fs.uuid)


def check(fs, stack="o2cb", cluster="ocfs2"):
    return on(MAP, "check-fs", stack, cluster, uuid=fs.uuid)


OFFLINE = {
    "grow-failed": lambda fs: grow(fs, how="unmounted"),
    "slots-failed": slots,
    "label-failed": label,
    "check-failed": check,
}


@pytest.mark.parametrize("tool", OFFLINE.values(), ids=OFFLINE)
async def test_a_host_beats_while_its_tool_has_the_cluster_lock(tool):
    world, host, fs = await volume(on=())
    world.later(9, lambda: seen.append((fs.beats[0].generation > 0, fs.beats[0].stopped)))
    seen = []
    assert (await host.run(tool(fs))).status == 0
    assert seen == [(True, None)]
    assert (fs.beats[0].generation, fs.beats[0].stopped) == (0, world.now)


async def test_a_tool_that_goes_with_its_host_leaves_a_heartbeat():
    world, host, fs = await volume(on=())
    at = world.now + 5
    world.later(5, host.power_off)
    with pytest.raises(HostUnreachable):
        await host.run(label(fs))
    world.advance(60)
    assert (fs.beats[0].generation > 0, fs.beats[0].stopped) == (True, at)


async def test_a_tool_stands_still_with_its_host_and_ends_after_it():
    world, host, fs = await volume(on=())
    at = world.now + 5
    world.later(5, host.stun)
    await host.run(label(fs))
    assert (fs.beats[0].generation > 0, fs.beats[0].stopped) == (True, at)
    world.advance(60)
    host.wake()
    assert (fs.beats[0].generation, fs.beats[0].stopped) == (0, world.now)


async def unlist(world, *stays):
    """The other hosts are off these hosts' live lists, and have themselves a list of all."""
    for name in stays:
        for node in world.machines.keys() - set(stays):
            world.machines[name].running.live.nodes.pop(node)


async def test_a_mounted_volume_grows_for_everybody_at_once():
    world, host, fs = await volume()
    for _ in range(2):
        done = await host.run(grow(fs))
        assert (done.status, done.stdout) == (0, f"ok grown {MAP} {2 * GIB}\n")
    assert fs.size == 2 * GIB
    for each in connect_all(world).values():
        told = await section(each, "mounts", "--size", "/srv/images")
        assert told[1] == ("size", "/srv/images", str(2 * GIB), str(2 * GIB))
    assert [e.detail for e in world.trace if e.what == "resized"] == [f"images {2 * GIB}"]
    assert kinds(world) == []


async def test_a_volume_grows_on_an_unmounted_host_when_nobody_has_it():
    world, host, fs = await volume(on=())
    done = await host.run(grow(fs, how="unmounted"))
    assert (done.status, fs.size, kinds(world)) == (0, 2 * GIB, [])


async def test_a_file_system_has_whole_clusters_and_never_shrinks():
    _, host, fs = await volume()
    fs.cluster_size, fs.clusters = 1 << 20, 1024
    done = await host.run(grow(fs, GIB // 4096 + 300))
    assert (done.stdout, fs.clusters) == (f"ok grown {MAP} {1025 << 20}\n", 1025)
    done = await host.run(grow(fs, 1))
    assert (done.stdout, fs.clusters) == (f"ok grown {MAP} {1025 << 20}\n", 1025)


async def test_only_the_right_volume_in_the_right_state_grows():
    _, host, fs = await volume()
    ran = [
        refusal(await host.run(command))[:2]
        for command in (
            on(MAP, "grow-fs", BLOCKS, "mounted", uuid=OTHER),
            grow(fs, node="/dev/ubda"),
            grow(fs, how="unmounted"),
            grow(fs, BLOCKS + 1),
        )
    ]
    host.unmount("/srv/images")
    ran.append(refusal(await host.run(grow(fs)))[:2])
    assert ran == [
        (75, f"gate: wrong-uuid: {MAP} carries {fs.uuid}, not {OTHER}"),
        (75, "gate: wrong-uuid: /dev/ubda carries ext4, not ocfs2"),
        (75, f"gate: volume-mounted: {MAP} is mounted, see /proc/1/mountinfo"),
        (
            75,
            f"gate: device-too-small: dm-0 has {2 * GIB} bytes, not {2 * GIB + 4096}",
        ),
        (75, f"gate: not-mounted: {MAP} is not mounted here"),
    ]


@pytest.mark.parametrize("small", ["dm-1", "dm-0", "sdb"])
async def test_every_layer_beneath_must_hold_the_file_system(small):
    world = bare_cluster(1, "san")
    await start_cluster(world)
    extent = partition(world)
    host, node = connect(world, "node01"), f"{MAP}-part1"
    assert (await host.run(mkfs(node, size=extent.size))).status == 0
    assert (await host.run(mount(node))).status == 0
    fs = extent.content
    fs.clusters //= 2
    layer = next(d for d in host.machine.running.devices if d.name == small)
    layer.size -= 4 << 20
    done = await host.run(grow(fs, extent.size // 4096, node=node))
    assert refusal(done)[1].startswith(f"gate: device-too-small: {small} has ")
    layer.size += 4 << 20
    assert (await host.run(grow(fs, extent.size // 4096, node=node))).status == 0


async def test_growth_over_the_end_of_a_peers_device_is_a_disaster():
    world, host, fs = await volume(hosts=3, on=("node01", "node02"))
    known(world, "node02", GIB)
    known(world, "node03", GIB)
    assert (await host.run(grow(fs))).status == 0
    assert [(v.kind, v.host) for v in world.violations()] == [("short-device", "node02")]
    await connect(world, "node03").run(mount(MAP))
    assert [(v.kind, v.host) for v in world.violations()][1:] == [("short-device", "node03")]


@pytest.mark.parametrize("code", OFFLINE)
async def test_nothing_offline_is_done_while_a_listed_peer_has_the_volume(code):
    world, host, fs = await volume(on=("node02",))
    done = await host.run(OFFLINE[code](fs))
    tool = "fsck" if code == "check-failed" else "tunefs"
    why = {
        "grow-failed": "Mountpoint not found for online operation",
    }.get(code, "Trylock failed while locking down the cluster")
    assert (done.status, done.seconds) == (70, 10.0)
    assert done.stderr.startswith(f"gate: {code}: {MAP}")
    assert done.stderr.endswith(f": {tool}.ocfs2: {why}\n")
    assert (fs.clusters, fs.slots, kinds(world)) == (GIB // 4096, 4, [])


@pytest.mark.parametrize("code", OFFLINE)
async def test_nothing_offline_is_done_without_the_cluster(code):
    _world, host, fs = await volume(on=())
    await host.run(gate("do", "systemctl", "stop", "o2cb.service"))
    done = await host.run(OFFLINE[code](fs))
    assert refusal(done)[:2][0] == 70
    assert "Unable to access cluster service" in done.stderr


@pytest.mark.parametrize("code", OFFLINE)
async def test_what_is_done_while_a_stranger_has_the_volume_is_a_disaster(code):
    world, host, fs = await volume(on=("node02",))
    await unlist(world, "node01")
    done = await host.run(OFFLINE[code](fs))
    tool = "fsck" if code == "check-failed" else "tunefs"
    assert kinds(world) == [f"{tool}-of-mounted"]
    if tool == "tunefs":
        why = "At least one journal has uncommitted changes"
        assert done.status == 70
        assert done.stderr.startswith(f"gate: {code}: {MAP} has ")
        assert done.stderr.endswith(f": tunefs.ocfs2: {why}\n")


@pytest.mark.parametrize("code", OFFLINE)
async def test_nothing_offline_is_done_where_the_volume_is_mounted(code):
    _world, host, fs = await volume(on=("node01",))
    for pid in (1, 77):
        host.hide("/srv/images", pid)
        said = f"gate: volume-mounted: {MAP} is mounted, see /proc/{pid}/mountinfo"
        assert refusal(await host.run(OFFLINE[code](fs)))[:2] == (75, said)


async def test_slots_are_added_once_and_never_taken():
    world, host, fs = await volume(on=())
    for wanted in (8, 8, 2):
        done = await host.run(slots(fs, wanted))
        assert (done.stdout, fs.slots) == (f"ok slots {MAP} 8\n", 8)
    assert [e.what for e in world.trace].count("slots-added") == 1


async def test_a_label_is_set_once_where_nobody_has_the_volume():
    world, host, fs = await volume(on=())
    for _ in range(2):
        done = await host.run(label(fs))
        assert (done.stdout, fs.label) == (f"ok label {MAP} other\n", "other")
    assert [e.detail for e in world.trace if e.what == "labelled"] == ["images other"]
    told = await section(connect(world, "node02"), "wanted", "--want", f"path={MAP}")
    assert next(row[3] for row in told if row[2] == "label") == "other"


async def test_a_dirty_journal_is_replayed_by_fsck_alone():
    world, host, fs = await volume(on=("node02",))
    connect(world, "node02").power_off()
    assert "uncommitted changes" in (await host.run(slots(fs))).stderr
    assert "uncommitted changes" in (await host.run(label(fs))).stderr
    assert (await host.run(check(fs))).stdout == f"ok clean {MAP}\n"
    assert fs.slot_map == {}
    assert (await host.run(slots(fs))).status == 0
    assert kinds(world) == []


async def cut(host, command):
    asked = gate_call(command.argv)
    verb = f"gate {asked.verb}"
    host.machine.faults.append(Fault("reboot", "during", verb))
    with pytest.raises(HostUnreachable):
        await host.run(command)
    await host.run(restart())


async def test_a_resize_that_is_cut_short_offline_is_marked_until_a_check():
    world, host, fs = await volume("plain", on=())
    host.reboot()
    ref = ("wanted", "--want", REF)
    clean = next(row[3] for row in await section(host, *ref) if row[2] == "incompat")
    await cut(host, grow(fs, how="unmounted", node=LUN))
    assert (fs.inprog, fs.size) == (True, GIB)
    marked = next(row[3] for row in await section(host, *ref) if row[2] == "incompat")
    assert clean.startswith("63312 sparse ")
    assert marked == clean.replace("63312", "63316 aborted-resize")
    for command in (
        grow(fs, how="unmounted", node=LUN),
        on(LUN, "add-slots", 8, uuid=fs.uuid),
    ):
        said = (
            f"gate: resize-interrupted: a tunefs.ocfs2 of {LUN} was cut short: incompat 63316"
        )
        assert refusal(await host.run(command)) == (75, said, 0.1)
    done = await host.run(mount())
    assert "Invalid argument" in done.stderr
    assert (await log_of(world, "node01"))[-1].endswith("unsupported optional features (4).")
    check_it = on(LUN, "check-fs", "o2cb", "ocfs2", uuid=fs.uuid)
    assert (await host.run(check_it)).stdout == f"ok clean {LUN}\n"
    assert (await host.run(grow(fs, how="unmounted", node=LUN))).status == 0
    assert (fs.inprog, fs.size, kinds(world)) == (False, 2 * GIB, [])


async def test_a_resize_that_is_cut_short_online_has_done_a_part_of_it():
    world, host, fs = await volume()
    await cut(host, grow(fs))
    assert (fs.inprog, fs.size) == (False, GIB + GIB // 2)
    other = connect(world, "node02")
    assert (await other.run(grow(fs))).status == 0
    assert (fs.size, kinds(world)) == (2 * GIB, [])


async def test_a_resize_with_nothing_to_do_cannot_be_cut_short():
    _, host, fs = await volume(on=())
    await cut(host, grow(fs, GIB // 4096, how="unmounted"))
    assert (fs.inprog, fs.size) == (False, GIB)


@pytest.mark.parametrize(
    ("damage", "answers"),
    [
        ("", [(0, f"ok clean {MAP}\n")] * 2),
        ("repairable", [(0, f"ok repaired {MAP}\n"), (0, f"ok clean {MAP}\n")]),
        ("lasting", [(70, ""), (70, "")]),
    ],
)
async def test_a_check_tells_clean_repaired_and_failed_apart(damage, answers):
    world, host, fs = await volume(on=())
    fs.damage = damage
    seen = [await host.run(check(fs)) for _ in range(2)]
    assert [(done.status, done.stdout) for done in seen] == answers
    if damage == "lasting":
        assert seen[0].stderr.startswith(f"gate: check-failed: {MAP}: [INODE_ORPHANED] ")
    assert kinds(world) == []


async def test_a_volume_of_another_cluster_is_not_checked():
    _world, host, fs = await volume(on=())
    for stack, cluster in (("pcmk", "ocfs2"), ("o2cb", "other")):
        said = f"gate: foreign-stack: {MAP} belongs to o2cb/ocfs2, not {stack}/{cluster}"
        assert refusal(await host.run(check(fs, stack, cluster)))[:2] == (75, said)
    fs.stack = fs.cluster = ""
    assert (await host.run(check(fs))).status == 0


async def test_fsck_in_another_live_cluster_takes_the_volume_and_is_a_disaster():
    world, host, fs = await volume(on=())
    fs.cluster = "other"
    assert (await host.run(check(fs, cluster="other"))).status == 0
    assert (fs.cluster, kinds(world)) == ("ocfs2", ["restamped"])


async def test_fsck_through_a_short_device_destroys_the_volume():
    world, host, fs = await volume(on=())
    known(world, "node01", GIB - 4096)
    assert refusal(await host.run(check(fs)))[0] == 70
    assert (fs.damage, kinds(world)) == ("lasting", ["fsck-of-short-device"])


async def test_the_gates_tools_are_named_when_they_are_missing():
    _world, host, fs = await volume(on=())
    host.machine.setup.commands = ("debugfs.ocfs2",)
    said = [refusal(await host.run(command(fs)))[1] for command in OFFLINE.values()]
    assert said == [
        *("gate: no-tool: tunefs.ocfs2 is not there",) * 3,
        "gate: no-tool: fsck.ocfs2 is not there",
    ]
