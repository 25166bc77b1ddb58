import pytest

from reconciler.hosts.simulator import connect, connect_all
from reconciler.hosts.simulator.presets import Shape, World, bare_cluster, bare_hosts
from reconciler.hosts.simulator.probe.answer import SECTIONS
from reconciler.hosts.simulator.state.disk import EPOCH, Garbage, Signature
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.machine import Process
from tests.unit.hosts.simulator.lab import (
    CONF,
    GIB,
    LUN,
    digest,
    mounted_cluster,
    probe,
    section,
)

REF = f"path={LUN}"
ALL = [
    *("identity", "kernel", "packages", "addresses", "cluster_conf", "o2cb_config", "live"),
    *("services", "ordering", "mounts", "disks", "wanted", "fstab", "processes", "space"),
    *("records", "leases", "pauses", "log", "automounts", "interconnect", "logical_volumes"),
    "guests",
]
FOUND = [("want", REF, "ubdb", "yes"), ("node", REF, "ubdb", "98:16", str(GIB))]


async def test_the_answer_is_framed_and_has_every_section_once_in_order():
    host = connect(bare_cluster(1), "node01")
    done = await host.run(probe())
    lines = done.stdout.splitlines()
    frames = [line for line in lines if line.startswith("@@")]
    wanted = [line for name in ALL for line in (f"@@begin\t{name}", f"@@end\t{name}\t0")]
    assert frames == ["@@reconcile-probe\t1", *wanted, "@@done"]
    assert (lines[0], lines[-1], list(SECTIONS)) == (frames[0], frames[-1], ALL)
    assert (done.status, done.stderr, done.stdout[-1]) == (0, "", "\n")


async def test_a_broken_section_says_why_and_ends_with_status_1():
    host = connect(bare_cluster(1), "node01")
    host.machine.broken["live"] = "configfs is not mounted"
    text = (await host.run(probe())).stdout
    assert (
        "@@begin\tlive\n@@fail\tconfigfs is not mounted\n@@end\tlive\t1\n@@begin\tserv" in text
    )


async def test_a_bare_host_says_who_it_is():
    world = bare_cluster(2)
    world.advance(90)
    world.machines["node02"].setup.skew = -3600
    host = connect(world, "node02")
    assert await section(host, "identity") == [
        ("hostname", "node02"),
        ("boot_id", host.machine.running.boot_id),
        ("machine_id", host.machine.machine_id),
        ("os", "debian"),
        ("os_version", "12"),
        ("kernel", "6.1.176"),
        ("arch", "x86_64"),
        ("uid", "0"),
        ("uptime", "90.00"),
        ("clock", str(1_800_000_090 - 3600)),
    ]
    assert await section(host, "addresses") == [
        ("address", "lo", "127.0.0.1", "8"),
        ("address", "vec0", "10.88.0.12", "24"),
        ("address", "vec0", "10.88.0.112", "24"),
        ("address", "vec1", "10.88.1.12", "24"),
    ]
    assert await section(host, "cluster_conf") == [("path", CONF), ("state", "absent")]
    assert await section(host, "live") == [("stack", "-")]
    assert await section(host, "mounts") == await section(host, "processes") == []


async def test_the_next_kernel_and_the_locking_protocol_are_told_as_far_as_they_are_known():
    host = connect(bare_cluster(1), "node01")
    kernel = dict(row for row in await section(host, "kernel") if row[0] != "loaded")
    assert (kernel["next_boot"], kernel["next_boot_module"]) == ("-", "-")
    host.machine.setup.next_boot, host.machine.setup.next_boot_module = "9.9.9", False
    kernel = dict(row for row in await section(host, "kernel") if row[0] != "loaded")
    assert (kernel["next_boot"], kernel["next_boot_module"]) == ("9.9.9", "no")
    host.machine.running.loaded |= {"ocfs2_nodemanager", "ocfs2"}
    assert await section(host, "live") == [("stack", "o2cb"), ("locking", "1.0")]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a\n\n b\n", [("|a",), ("|",), ("| b",)]),
        ("a\nb", [("|a",), ("|b",), ("nonl",)]),
        ("", []),
    ],
)
async def test_a_file_is_told_line_by_line(text, rows):
    host = connect(bare_cluster(1), "node01")
    host.machine.files.write(CONF, File(text, "640"))
    head = [("path", CONF), ("state", "present"), ("sha256", digest(text)), ("mode", "640")]
    head += [("written", str(EPOCH)), ("owner", "0")]
    assert await section(host, "cluster_conf") == [*head, *rows]


async def test_records_are_what_was_left_of_all_clusters():
    host = connect(bare_cluster(1), "node01")
    for name in (
        "b/applied.json",
        "a/applied.json",
        "a/other.json",
        "x.json",
        "a/b",
        "a/.json",
    ):
        host.machine.files.write(f"/var/lib/reconcile/{name}", File("{}\n"))
    paths = [row[1] for row in await section(host, "records") if row[0] == "path"]
    names = ("a/applied.json", "a/other.json", "b/applied.json")
    assert paths == [f"/var/lib/reconcile/{name}" for name in names]


async def test_red_hats_place_of_the_o2cb_file_is_the_second_choice():
    host = connect(bare_cluster(1), "node01")
    host.machine.files.write("/etc/sysconfig/o2cb", File("A=1\n"))
    assert (await section(host, "o2cb_config"))[0] == ("path", "/etc/default/o2cb")
    host.machine.files.remove("/etc/default/o2cb")
    assert (await section(host, "o2cb_config"))[0] == ("path", "/etc/sysconfig/o2cb")


async def test_plain_disks_have_a_link_and_no_wwid():
    host = connect(bare_cluster(1, luns=2), "node01")
    nothing = ("-",) * 9
    assert await section(host, "disks") == [
        ("disk", "ubda", "98:0", "1171456", "512", "0", *nothing),
        ("disk", "ubdb", "98:16", "2097152", "512", "0", *nothing),
        ("disk", "ubdc", "98:32", "2097152", "512", "0", *nothing),
        ("link", "/dev/disk/by-id/lab-lun1", "ubdb"),
        ("link", "/dev/disk/by-id/lab-lun2", "ubdc"),
        ("link", "/dev/disk/by-path/platform-uml-blkdev.0", "ubda"),
        ("link", "/dev/disk/by-path/platform-uml-blkdev.1", "ubdb"),
        ("link", "/dev/disk/by-path/platform-uml-blkdev.2", "ubdc"),
    ]


async def test_a_partitioned_multipath_disk_is_told_with_its_paths_and_parts():
    world = bare_cluster(1, "san")
    lun, host = world.luns["lun1"], connect(world, "node01")
    lun.add_partition(1, 1 << 20, 1 << 29)
    host.reboot()
    rows = await section(host, "disks", "--want", f"wwid={lun.wwid},part=1")
    raw, dm = f"naa.{lun.wwid[1:]}", f"mpath-{lun.wwid}"
    sectors, part = ("2097152", "512", "0"), ("1048576", "512", "0", "1", "2048")
    path, none = ("-", "-", "-", "-", "-", raw, "-", "dm-0", "-"), ("-", "-", "-")
    assert [row[1:] for row in rows if row[0] == "disk"] == [
        ("dm-0", "254:0", *sectors, *none, "mpatha", dm, "-", "sda,sdb", "dm-1", str(GIB)),
        ("dm-1", "254:1", *part, "dm-0", "mpatha-part1", f"part1-{dm}", "-", "dm-0", "-", "-"),
        ("sda", "8:0", *sectors, *path),
        ("sda1", "8:1", *part, "sda", *none, "-", "-", "-"),
        ("sdb", "8:16", *sectors, *path),
        ("sdb1", "8:17", *part, "sdb", *none, "-", "-", "-"),
        ("ubda", "98:0", "1171456", "512", "0", *("-",) * 9),
    ]
    serial, iscsi = lun.wwid[8:], "iscsi-iqn.2026-11.org.example:san-lun-0"
    whole = {
        "/dev/mapper/mpatha": "dm-0",
        "/dev/disk/by-id/dm-name-mpatha": "dm-0",
        f"/dev/disk/by-id/dm-uuid-{dm}": "dm-0",
        f"/dev/disk/by-id/scsi-{lun.wwid}": "dm-0",
        f"/dev/disk/by-id/wwn-0x{lun.wwid[1:]}": "dm-0",
        f"/dev/disk/by-id/scsi-1LIO-ORG_IBLOCK:{serial}": "sdb",
        f"/dev/disk/by-id/scsi-SLIO-ORG_IBLOCK_{serial}": "sdb",
        f"/dev/disk/by-path/ip-10.88.2.250:3260-{iscsi}": "sda",
        f"/dev/disk/by-path/ip-10.88.3.250:3260-{iscsi}": "sdb",
    }
    parts = {f"{link}-part1": name.replace("dm-0", "dm-1") for link, name in whole.items()}
    links = {
        link: f"{name}1" if name.startswith("sd") else name for link, name in parts.items()
    }
    links[f"/dev/disk/by-id/dm-uuid-part1-{dm}"] = links.pop(
        f"/dev/disk/by-id/dm-uuid-{dm}-part1"
    )
    root = {"/dev/disk/by-path/platform-uml-blkdev.0": "ubda"}
    told = [row[1:] for row in rows if row[0] == "link"]
    assert told[:2] == [("/dev/mapper/mpatha", "dm-0"), ("/dev/mapper/mpatha-part1", "dm-1")]
    assert (dict(told), len(told)) == (whole | links | root, 19)


async def test_disks_of_one_portal_come_before_those_of_the_next():
    world = bare_cluster(1, "san", luns=2)
    rows = await section(connect(world, "node01"), "disks")
    assert [(row[1], row[9], row[12]) for row in rows if row[1].startswith("dm-")] == [
        ("dm-0", "mpatha", "sda,sdc"),
        ("dm-1", "mpathb", "sdb,sdd"),
    ]
    assert [row[2:] for row in await section(connect(world, "node01"), "addresses")] == [
        ("127.0.0.1", "8"),
        ("10.88.0.11", "24"),
        ("10.88.0.111", "24"),
        *((f"10.88.{net}.11", "24") for net in (1, 2, 3)),
    ]


async def test_a_grown_disk_has_the_old_size_and_the_new_capacity_until_a_boot():
    world = bare_cluster(1, "san")
    host, ref = connect(world, "node01"), f"wwid={world.luns['lun1'].wwid}"
    world.grow("lun1", 2 * GIB)
    seen = []
    for _ in range(2):
        rows = await section(host, "disks", "--want", ref)
        seen += [(row[3], row[-1]) for row in rows if row[1] == "dm-0"]
        host.reboot()
    assert seen == [("2097152", str(2 * GIB)), ("4194304", str(2 * GIB))]


@pytest.mark.parametrize(
    ("content", "option", "rows"),
    [
        (None, "--blank", [("zeros", REF, "yes")]),
        (None, "--want", []),
        (Garbage(), "--blank", [("zeros", REF, "no")]),
        (
            Signature("ext4", "u-1"),
            "--blank",
            [("sig", REF, "UUID", "u-1"), ("sig", REF, "TYPE", "ext4")],
        ),
        (Signature("gpt"), "--blank", [("sig", REF, "PTTYPE", "gpt")]),
    ],
)
async def test_a_wanted_device_is_described(content, option, rows):
    world = bare_cluster(1)
    if content:
        world.luns["lun1"].whole.content = content
    assert await section(connect(world, "node01"), "wanted", option, REF) == [*FOUND, *rows]


async def test_an_ocfs2_device_is_told_with_slots_and_heartbeats():
    world = bare_cluster(2)
    await mounted_cluster(world)
    fs = next(world.filesystems())
    now = world.now
    features = (
        "63312 sparse extended-slotmap inline-data xattr indexed-dirs refcount discontig-bg "
        "clusterinfo append-dio"
    )
    assert await section(connect(world, "node01"), "wanted", "--blank", REF) == [
        *FOUND,
        ("sig", REF, "LABEL", "images"),
        ("sig", REF, "UUID", fs.uuid),
        ("sig", REF, "VERSION", "0.90"),
        ("sig", REF, "BLOCK_SIZE", "4096"),
        ("sig", REF, "TYPE", "ocfs2"),
        ("sig", REF, "USAGE", "filesystem"),
        ("sb", REF, "state", "0"),
        ("sb", REF, "compat", "3 backup-super strict-journal-super"),
        ("sb", REF, "incompat", features),
        ("sb", REF, "ro_compat", "1 unwritten"),
        ("sb", REF, "block_size", "4096"),
        ("sb", REF, "cluster_size", "4096"),
        ("sb", REF, "slots", "4"),
        ("sb", REF, "label", "images"),
        ("sb", REF, "uuid", fs.uuid.replace("-", "").upper()),
        ("sb", REF, "stack", "o2cb"),
        ("sb", REF, "cluster", "ocfs2"),
        ("sb", REF, "flags", "0 "),
        ("sb", REF, "clusters", str(GIB // 4096)),
        ("slotmap", REF, "ok"),
        ("slot", REF, "0", "0"),
        ("slot", REF, "1", "1"),
        ("hb", REF, "ok"),
        ("beat", REF, "0", fs.beats[0].block(0, now)),
        ("beat", REF, "1", fs.beats[1].block(1, now)),
    ]


async def test_a_live_heartbeat_advances_and_a_dead_one_does_not():
    world = bare_cluster(2)
    await mounted_cluster(world)
    connect(world, "node02").power_off()
    samples = []
    for _ in range(2):
        rows = await section(connect(world, "node01"), "wanted", "--want", REF)
        blocks = [bytes.fromhex(row[3]) for row in rows if row[0] == "beat"]
        samples.append([int.from_bytes(block[:8], "little") for block in blocks])
        world.advance(9.5)
    (live, dead), (later, still) = samples
    assert (later - live, still - dead) == (10, 0)


@pytest.mark.parametrize(
    ("ref", "rows"),
    [
        ("path=/dev/disk/by-id/none", [("-", "no")]),
        (f"{REF},part=1", [("-", "yes")]),
        ("wwid=36001405", [("-", "no")]),
    ],
)
async def test_a_wanted_device_that_is_not_there_is_said_to_be_missing(ref, rows):
    host = connect(bare_cluster(1), "node01")
    assert await section(host, "wanted", "--want", ref) == [("want", ref, *row) for row in rows]


async def test_two_paths_that_nothing_joins_are_both_told():
    world = bare_cluster(1, "paths")
    ref = f"wwid={world.luns['lun1'].wwid}"
    rows = await section(connect(world, "node01"), "wanted", "--blank", ref)
    assert rows == [("want", ref, "sda,sdb", "yes")]


async def test_a_path_below_a_map_means_the_map():
    host = connect(bare_cluster(1, "san"), "node01")
    rows = await section(host, "wanted", "--want", "path=/dev/sdb")
    assert rows[0] == ("want", "path=/dev/sdb", "dm-0", "yes")


async def test_a_map_without_a_path_is_not_read():
    world = bare_cluster(1, "san")
    world.machines["node01"].dead_maps.add("lun1")
    ref = f"wwid={world.luns['lun1'].wwid}"
    assert await section(connect(world, "node01"), "wanted", "--blank", ref) == [
        ("want", ref, "dm-0", "yes"),
        ("node", ref, "dm-0", "254:0", str(GIB)),
        ("unread", ref, "multipath map without an active path"),
    ]


async def test_a_path_that_multipath_alone_calls_failed_is_told():
    world = bare_cluster(1, "san")
    world.machines["node01"].failed_paths |= {"sda", "sdb"}
    world.machines["node01"].down_paths.add("sdb")
    host, ref = connect(world, "node01"), f"wwid={world.luns['lun1'].wwid}"
    told = dict(
        row[1:] for row in await section(host, "disks", "--want", ref) if row[0] == "state"
    )
    assert told == {"sda": "failed", "sdb": "transport-offline"}


async def test_a_path_that_is_down_is_told_of_disks_that_are_asked_for():
    world = bare_cluster(1, "san")
    world.machines["node01"].down_paths.add("sdb")
    host, ref = connect(world, "node01"), f"wwid={world.luns['lun1'].wwid}"
    told = [row for row in await section(host, "disks", "--want", ref) if row[0] == "state"]
    assert told == [("state", "sdb", "transport-offline")]
    assert not [row for row in await section(host, "disks") if row[0] == "state"]


async def test_one_by_id_path_may_be_another_disk_on_every_host():
    world = bare_hosts(2, Shape(split=("lun1",)), World())
    world.machines["node01"].device(LUN).extent.content = Garbage()
    answers = [
        await section(host, "wanted", "--blank", REF) for host in connect_all(world).values()
    ]
    assert [answer[-1] for answer in answers] == [("zeros", REF, "no"), ("zeros", REF, "yes")]


async def test_mounts_and_processes_are_told():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await mounted_cluster(world)
    mount = host.machine.running.mounts[0]
    mount.path = "/srv/my images"
    mount.fs.used = 4096
    host.machine.running.processes.append(Process(77, "cat", "/srv/my images/x"))
    host.machine.running.others["/srv/db"] = ("ext4", "/dev/ubda")
    asked = ("--path", "/srv/db", "--path", "/srv/none", "--size", "/srv/my images")
    rows = await section(host, "mounts", *asked)
    assert [row[:4] for row in rows] == [
        ("mount", r"/srv/my\040images", "/dev/ubdb", "98:16"),
        ("size", r"/srv/my\040images", str(GIB), str(GIB - 4096)),
        ("other", "/srv/db", "ext4", "/dev/ubda"),
    ]
    assert await section(host, "processes") == [
        ("proc", "77", "cat", "/srv/my images/x", "-", "-")
    ]
