from dataclasses import replace

import pytest

from reconciler.hosts.simulator import connect, connect_all
from reconciler.hosts.simulator.presets import Shape, World, bare_cluster, bare_hosts
from reconciler.hosts.simulator.state.disk import (
    Beat,
    Blank,
    Extent,
    Filesystem,
    Garbage,
    Signature,
)
from reconciler.hosts.simulator.state.reply import Failed
from reconciler.model.plan import Command
from tests.unit.hosts.simulator.lab import (
    CONF,
    GIB,
    LUN,
    REGISTER,
    conf,
    conf_of,
    enabled,
    entry,
    kinds,
    log_of,
    mkfs,
    mount,
    mounted_cluster,
    online,
    put,
    refusal,
    restart,
    section,
    start_cluster,
)

OTHER = "11111111-1111-4111-8111-111111111111"

OPTIONS = (
    "rw,noatime,rw,_netdev,heartbeat=local,nointr,data=ordered,errors=remount-ro,"
    "atime_quantum=60,cluster_stack=o2cb,coherency=full,user_xattr,acl"
)
WHERE = f"while mounting {LUN} on /srv/images"
SEE_DMESG = "Check 'dmesg' for more information on this error"
FAILED = "gate: mount-failed: mount.ocfs2:"
ERROR_107 = f"{FAILED} Transport endpoint is not connected {WHERE}. {SEE_DMESG} 107."
ERROR_22 = f"{FAILED} Invalid argument {WHERE}. {SEE_DMESG} 22."


@pytest.mark.parametrize("storage", ["plain", "san"])
async def test_a_formatted_volume_is_mounted_by_every_host(storage):
    world = bare_cluster(3, storage)
    await mounted_cluster(world)
    device = ("/dev/ubdb", "98:16") if storage == "plain" else ("/dev/mapper/mpatha", "254:0")
    for host in connect_all(world).values():
        assert await section(host, "mounts", "--size", "/srv/images") == [
            ("mount", "/srv/images", *device, OPTIONS, "1"),
            ("size", "/srv/images", str(GIB), str(GIB)),
        ]
    fs = world.luns["lun1"].whole.content
    assert isinstance(fs, Filesystem)
    assert fs.slot_map == {0: 0, 1: 1, 2: 2}
    assert {number: beat.host for number, beat in fs.beats.items()} == {
        0: "node01",
        1: "node02",
        2: "node03",
    }
    assert world.violations() == ()


async def test_a_region_and_a_domain_live_as_long_as_the_mount():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await mounted_cluster(world)
    fs = next(world.filesystems())
    kernel = [row for row in await section(host, "live") if row[0] in ("region", "domain")]
    assert kernel == [("region", "ocfs2", fs.region, "ubdb"), ("domain", fs.region)]
    host.unmount("/srv/images")
    kernel = [row for row in await section(host, "live") if row[0] in ("region", "domain")]
    assert (kernel, fs.slot_map) == ([], {})


async def test_the_kernel_tells_of_joining_and_of_leaving():
    world = bare_cluster(2)
    await mounted_cluster(world)
    connect(world, "node02").unmount("/srv/images")
    region = next(world.filesystems()).region
    peer = "node node01 (num 0) at 10.88.1.11:7777"
    assert await log_of(world, "node02") == [
        "ocfs2: Registered cluster interface o2cb",
        "OCFS2 User DLM kernel interface loaded",
        "o2hb: Heartbeat mode set to local",
        f"o2net: Connected to {peer}",
        f"o2dlm: Joining domain {region} ",
        "ocfs2: Mounting device (98,16) on (node 1, slot 1) with ordered data mode.",
        f"o2dlm: Leaving domain {region}",
        f"o2net: No longer connected to {peer}",
        "ocfs2: Unmounting device (98,16) on (node 1)",
    ]


async def test_two_volumes_are_joined_over_one_connection():
    world = bare_cluster(2, luns=2)
    await mounted_cluster(world)
    second = "/dev/disk/by-id/lab-lun2"
    await connect(world, "node01").run(mkfs(second))
    for host in connect_all(world).values():
        assert (await host.run(mount(second, path="/srv/two"))).status == 0
    connect(world, "node02").unmount("/srv/two")
    lines = [line for line in await log_of(world, "node02") if line.startswith("o2net")]
    assert lines == ["o2net: Connected to node node01 (num 0) at 10.88.1.11:7777"]


async def test_the_gate_mounts_only_the_volume_it_was_told():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await start_cluster(world)
    await host.run(mkfs(LUN))
    uuid = next(world.filesystems()).uuid
    other = uuid[:-1] + ("0" if uuid[-1] != "0" else "1")
    assert refusal(await host.run(mount(uuid=other))) == (
        75,
        f"gate: wrong-uuid: {LUN} carries {uuid}, not {other}",
        0.1,
    )
    assert (await host.run(mount(uuid=uuid))).status == 0


async def test_another_cluster_cannot_mount_a_stamped_volume():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await start_cluster(world)
    world.luns["lun1"].whole.content = Filesystem(
        "u", "images", 4, 4096, 4096, 9, "o2cb", "other"
    )
    assert refusal(await host.run(mount())) == (
        70,
        f"{FAILED} Cluster name is invalid while trying to join the group",
        0.1,
    )


async def test_any_cluster_mounts_an_unstamped_volume():
    world = bare_cluster(1)
    await start_cluster(world)
    world.luns["lun1"].whole.content = Filesystem("u-1", "images", 4, 4096, 4096, 9, "", "")
    assert (await connect(world, "node01").run(mount())).status == 0
    options = (await section(connect(world, "node01"), "mounts"))[0][4]
    assert options == OPTIONS.replace("cluster_stack=o2cb,", "")


async def test_a_host_that_is_not_on_its_own_list_has_no_heartbeat():
    world = bare_cluster(2)
    await mounted_cluster(world, "node01")
    host = connect(world, "node02")
    await put(host, CONF, conf_of([1]), conf_of([1, 2]))
    assert (await host.run(restart())).status == 0
    said = "gate: lists-differ: this host is none of the nodes of ocfs2"
    assert refusal(await host.run(mount())) == (75, said, 0.1)
    with pytest.raises(Failed, match="Heartbeat mode is invalid while trying to join"):
        host.mount(LUN, "/srv/images")


async def test_without_a_live_cluster_nothing_is_mounted():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await host.run(mkfs(LUN))
    said = "gate: lists-differ: no cluster is online here"
    assert refusal(await host.run(mount())) == (75, said, 0.1)
    with pytest.raises(Failed, match="Unable to access cluster service while trying"):
        host.mount(LUN, "/srv/images")


async def test_a_kernel_with_another_list_than_the_file_mounts_nothing():
    world = bare_cluster(2)
    await mounted_cluster(world, "node01")
    host = connect(world, "node02")
    await put(host, CONF, conf_of([1, 2, 3]), conf_of([1, 2]))
    said = (
        "gate: lists-differ: the kernel's ocfs2 and cluster.conf differ in: "
        "node03 2 10.88.1.13 7777"
    )
    assert refusal(await host.run(mount())) == (75, said, 0.1)


async def test_an_unknown_option_is_error_22():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await mounted_cluster(world)
    host.unmount("/srv/images")
    command = mount()
    nofail = Command((*command.argv[:-1], "_netdev,nofail"), timeout=300)
    assert refusal(await host.run(nofail)) == (70, ERROR_22, 1.0)
    line = 'ocfs2: Unrecognized mount option "nofail" or missing value'
    assert (await log_of(world, "node01"))[-1] == line


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (Blank(), "no file system"),
        (Garbage(), "no file system"),
        (Signature("gpt"), "no file system"),
        (Signature("ext4"), "ext4"),
    ],
)
async def test_what_is_no_ocfs2_is_not_mounted(content, found):
    world = bare_cluster(1)
    host = connect(world, "node01")
    await start_cluster(world)
    world.luns["lun1"].whole.content = content
    message = f"gate: wrong-uuid: {LUN} carries {found}, not ocfs2"
    assert refusal(await host.run(mount())) == (75, message, 0.1)
    fstab = host.machine.files.text("/etc/fstab")
    await put(host, "/etc/fstab", f"{fstab}{LUN} /srv/images ocfs2 _netdev 0 0\n", fstab)
    host.reboot()
    assert world.trace[-1].detail == (
        "/srv/images: mount.ocfs2: Bad magic number in superblock while opening device /dev/ubdb"
    )


async def test_a_path_below_multipath_is_busy():
    world = bare_cluster(1, "san")
    await mounted_cluster(world)
    done = await connect(world, "node01").run(mount("/dev/sda", path="/srv/other"))
    assert done.stderr.startswith(f"{FAILED} Device or resource busy while mounting /dev/sda")


async def test_mounting_again_is_done_already_and_another_path_shares_the_slot():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await mounted_cluster(world)
    assert refusal(await host.run(mount())) == (0, "", 0.1)
    assert len(host.machine.running.mounts) == 1
    assert (await host.run(mount(path="/srv/again"))).status == 0
    host.unmount("/srv/images")
    assert next(world.filesystems()).slot_map == {0: 0}


async def test_a_path_that_something_else_is_mounted_on_is_refused():
    world = bare_cluster(1, luns=2)
    host = connect(world, "node01")
    await mounted_cluster(world)
    world.luns["lun2"].whole.content = replace(next(world.filesystems()), uuid=OTHER)
    host.machine.running.others["/srv/tmp"] = ("tmpfs", "none")
    busy = "gate: mount-path-busy: {} already has a file system mounted: {}"
    assert [
        refusal(await host.run(command))
        for command in (mount(path="/srv/tmp"), mount("/dev/disk/by-id/lab-lun2"))
    ] == [
        (75, busy.format("/srv/tmp", "0:99 tmpfs"), 0.1),
        (75, busy.format("/srv/images", "98:16 ocfs2"), 0.1),
    ]


async def test_other_clusters_may_use_the_same_path():
    world = bare_cluster(2, luns=2)
    one, two = connect_all(world).values()
    await start_cluster(world, "node01")
    await put(two, CONF, conf_of([2]).replace("ocfs2", "other"))
    await online(two, enabled(BOOTCLUSTER="other"))
    fs = Filesystem("u-1", "theirs", 4, 4096, 4096, 9, "o2cb", "other")
    world.luns["lun2"].whole.content = fs
    await one.run(mkfs(LUN))
    assert (await one.run(mount())).status == 0
    assert (await two.run(mount("/dev/disk/by-id/lab-lun2"))).status == 0
    assert kinds(world) == []


async def test_two_volumes_on_one_path_are_a_violation():
    world = bare_hosts(2, Shape(split=("lun1",)), World())
    await start_cluster(world)
    for host, letter in zip(connect_all(world).values(), "ab", strict=True):
        uuid = "-".join(letter * count for count in (8, 4, 4, 4, 12))
        await host.run(mkfs(LUN, "-U", uuid))
        assert (await host.run(mount())).status == 0
    assert kinds(world) == ["different-volume"]


async def test_a_mount_on_a_device_that_is_too_small_succeeds_and_is_a_violation():
    world = bare_cluster(1)
    await start_cluster(world)
    fs = Filesystem("u-1", "images", 4, 4096, 4096, GIB // 4096 + 1, "o2cb", "ocfs2")
    world.luns["lun1"].whole.content = fs
    assert (await connect(world, "node01").run(mount())).status == 0
    assert kinds(world) == ["short-device"]


async def test_a_killed_host_stays_listed_until_a_survivor_evicts_it():
    world = bare_cluster(2)
    await mounted_cluster(world)
    fs = next(world.filesystems())
    connect(world, "node02").power_off()
    beat = fs.beats[1]
    world.advance(64.5)
    assert fs.slot_map == {0: 0, 1: 1}
    world.advance(0.5)
    assert fs.slot_map == {0: 0}
    assert fs.beats[1] == Beat("node02", beat.generation, round(world.now - 65, 3))
    assert (await log_of(world, "node01"))[-1] == f"ocfs2: End recovery of node 1 on {fs.uuid}"


async def test_the_only_mounter_stays_listed_until_the_next_mount():
    world = bare_cluster(2)
    await mounted_cluster(world, "node01")
    fs = next(world.filesystems())
    connect(world, "node01").power_off()
    world.advance(1000)
    assert fs.slot_map == {0: 0}
    assert (await connect(world, "node02").run(mount())).status == 0
    assert (fs.slot_map, kinds(world)) == ({1: 1}, [])


async def test_a_clean_leave_writes_generation_0_and_frees_the_slot():
    world = bare_cluster(2)
    await mounted_cluster(world)
    host = connect(world, "node02")
    host.unmount("/srv/images")
    left = (1_800_000_000 + int(world.now)).to_bytes(8, "little").hex()
    world.advance(30)
    rows = await section(connect(world, "node01"), "wanted", "--want", f"path={LUN}")
    beats = [row[2:] for row in rows if row[0] in ("beat", "slot")]
    fs = next(world.filesystems())
    assert beats == [
        ("0", "0"),
        ("0", fs.beats[0].block(0, world.now - 0.5)),
        ("1", fs.beats[1].block(1, world.now)),
    ]
    assert (beats[2][1][:18], beats[2][1][32:48]) == (f"{left}01", "0" * 16)


async def test_a_host_rejoins_under_its_number_after_a_crash():
    world = bare_cluster(2)
    await mounted_cluster(world)
    host = connect(world, "node02")
    host.power_off()
    host.power_on()
    assert (await host.run(mount())).status == 0
    assert (next(world.filesystems()).slot_map, kinds(world)) == ({0: 0, 1: 1}, [])


async def test_a_hidden_mount_keeps_the_region_and_shows_its_process():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await mounted_cluster(world)
    host.hide("/srv/images", 812)
    assert [row[-1] for row in await section(host, "mounts")] == ["812"]
    assert "region" in [row[0] for row in await section(host, "live")]
    assert refusal(await host.run(restart()))[0] == 0
    assert ("cluster", "ocfs2") in await section(host, "live")


async def test_the_stale_host_that_returns_mounts_by_itself_and_is_a_disaster():
    world = bare_cluster(3)
    one, two, three = connect_all(world).values()
    for host in (one, two):
        await put(host, CONF, conf_of([1, 2]))
        await online(host)
    await one.run(mkfs(LUN))
    fstab = two.machine.files.text("/etc/fstab")
    await put(two, "/etc/fstab", f"{fstab}{LUN} /srv/images ocfs2 _netdev 0 0\n", fstab)
    await one.run(mount())
    two.power_off()
    for host, old in ((one, conf_of([1, 2])), (three, None)):
        await put(host, CONF, conf(entry(0, 1), entry(2, 3)), old)
    assert (await one.run(REGISTER)).status == 0
    await online(three)
    assert (await three.run(mount())).status == 0
    one.unmount("/srv/images")
    assert kinds(world) == []
    two.power_on()
    assert kinds(world) == ["split-brain", "live-journal-replayed"]


async def test_a_disk_is_one_content_under_all_its_names():
    world = bare_cluster(1, "san")
    assert world.luns["lun1"].whole == Extent(GIB)
    host = connect(world, "node01")
    wwid = world.luns["lun1"].wwid
    node = f"/dev/disk/by-id/dm-uuid-mpath-{wwid}"
    assert (await host.run(mkfs(node))).stdout == f"ok formatted {node}\n"
    for name in ("/dev/dm-0", "/dev/mapper/mpatha", f"/dev/disk/by-id/scsi-{wwid}"):
        assert host.machine.device(name).extent.content.label == "images"
