import pytest

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.hosts.simulator.state.machine import Process
from reconciler.model.plan import Command, Completed
from tests.unit.hosts.simulator.lab import (
    CONF,
    O2CB,
    REGISTER,
    conf,
    conf_of,
    enabled,
    entry,
    live_nodes,
    mounted_cluster,
    online,
    put,
    refusal,
    restart,
    section,
    start_cluster,
)

ONLINE = [
    ("stack", "o2cb"),
    ("locking", "1.0"),
    ("cluster", "ocfs2"),
    ("attr", "ocfs2", "idle_timeout_ms", "20000"),
    ("attr", "ocfs2", "keepalive_delay_ms", "1500"),
    ("attr", "ocfs2", "reconnect_delay_ms", "1000"),
    ("attr", "ocfs2", "fence_method", "reset"),
    ("attr", "ocfs2", "heartbeat/dead_threshold", "15"),
    ("attr", "ocfs2", "heartbeat/mode", "local"),
    ("node", "ocfs2", "node01", "0", "10.88.1.11", "7777", "1"),
    ("node", "ocfs2", "node02", "1", "10.88.1.12", "7777", "0"),
    ("links", "-"),
]


async def test_o2cb_is_active_at_boot_though_it_is_not_enabled_and_start_does_nothing():
    host = connect(bare_cluster(1), "node01")
    active = ("unit", "o2cb.service", "loaded", "active", "exited", "enabled")
    assert (await section(host, "services"))[0] == active
    await put(host, CONF, conf_of([1]))
    done = await host.run(Command(("systemctl", "start", "o2cb.service")))
    assert (done.status, done.stderr) == (0, "")
    assert await section(host, "live") == [("stack", "-")]


async def test_a_restart_brings_the_boot_cluster_online_with_the_files_timeouts():
    host = connect(bare_cluster(2), "node01")
    await put(host, CONF, conf_of([1, 2]))
    config = enabled(
        HEARTBEAT_THRESHOLD="15",
        IDLE_TIMEOUT_MS="20000",
        KEEPALIVE_DELAY_MS="1500",
        RECONNECT_DELAY_MS="1000",
    )
    await online(host, config)
    assert await section(host, "live") == ONLINE
    running = ("unit", "o2cb.service", "loaded", "active", "running", "enabled")
    assert (await section(host, "services"))[0] == running


async def test_a_restart_of_a_disabled_o2cb_takes_the_cluster_offline():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await start_cluster(world)
    await put(host, O2CB, enabled(ENABLED="false"), enabled())
    assert (await host.run(restart())).status == 0
    assert await section(host, "live") == [("stack", "-")]
    loaded = [row[1] for row in await section(host, "kernel") if row[0] == "loaded"]
    assert loaded == ["ocfs2_nodemanager"]


async def test_a_restart_while_mounted_succeeds_and_reads_nothing_again():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await mounted_cluster(world)
    await put(host, O2CB, enabled(IDLE_TIMEOUT_MS="99000"), enabled())
    before = await section(host, "live")
    assert refusal(await host.run(restart())) == (0, "", 4.5)
    assert await section(host, "live") == before
    ignored = "o2cb: Unable to stop cluster as heartbeat region still active"
    assert (await section(host, "log"))[-1][1].endswith(ignored)


async def test_a_restart_without_a_readable_cluster_fails_the_unit():
    host = connect(bare_cluster(1), "node01")
    await put(host, O2CB, enabled(), host.machine.files.text(O2CB))
    done = await host.run(restart())
    assert (done.status, done.stderr) == (
        1,
        "Job for o2cb.service failed because the control process exited with error code.\n",
    )
    failed = ("unit", "o2cb.service", "loaded", "failed", "failed", "enabled")
    assert (await section(host, "services"))[0] == failed


async def test_a_kernel_without_the_module_loads_nothing():
    host = connect(bare_cluster(1), "node01")
    host.machine.setup.module = False
    assert await host.run(Command(("modprobe", "ocfs2"))) == Completed(
        1,
        "",
        "modprobe: FATAL: Module ocfs2 not found in directory /lib/modules/6.1.176\n",
        0.1,
    )
    assert ("module_file", "-") in await section(host, "kernel")


async def test_modprobe_loads_what_the_module_needs():
    host = connect(bare_cluster(1), "node01")
    await host.run(Command(("modprobe", "ocfs2_stack_o2cb")))
    loaded = [row[1] for row in await section(host, "kernel") if row[0] == "loaded"]
    assert loaded == ["ocfs2_stack_o2cb", "ocfs2_dlm", "ocfs2_nodemanager"]


async def test_register_needs_the_module():
    host = connect(bare_cluster(1), "node01")
    await put(host, CONF, conf_of([1]))
    assert refusal(await host.run(REGISTER)) == (
        1,
        "o2cb: Unable to access cluster service while initializing cluster",
        0.1,
    )


async def test_register_makes_the_live_list_match_the_file():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await put(host, CONF, conf_of([1, 2, 3]))
    await host.run(Command(("modprobe", "ocfs2")))
    assert (await host.run(REGISTER)).status == 0
    changed = conf(entry(0, 1), entry(1, 2, ip="10.88.1.99"), entry(7, 4))
    await put(host, CONF, changed, conf_of([1, 2, 3]))
    assert (await host.run(REGISTER)).status == 0
    assert await live_nodes(host) == [
        ("node01", "0", "10.88.1.11", "7777", "1"),
        ("node02", "1", "10.88.1.99", "7777", "0"),
        ("node04", "7", "10.88.1.14", "7777", "0"),
    ]


async def test_register_stops_at_a_mounted_peer_and_leaves_the_list_partial():
    world = bare_cluster(3)
    host = connect(world, "node01")
    await mounted_cluster(world)
    await put(host, CONF, conf(entry(0, 1), entry(5, 5)), conf_of([1, 2, 3]))
    done = await host.run(REGISTER)
    assert (done.status, done.stderr) == (
        1,
        "o2cb: Internal logic failure while unregistering node node02\n",
    )
    assert [node[0] for node in await live_nodes(host)] == ["node01", "node02", "node03"]


async def test_a_host_without_mounts_drops_a_peer_that_is_mounted_elsewhere():
    world = bare_cluster(3)
    await mounted_cluster(world, "node01", "node02")
    host = connect(world, "node03")
    await put(host, CONF, conf_of([1, 3]), conf_of([1, 2, 3]))
    assert (await host.run(REGISTER)).status == 0
    assert [node[0] for node in await live_nodes(host)] == ["node01", "node03"]


async def test_a_mounted_host_cannot_change_its_own_entry():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await mounted_cluster(world)
    await put(host, CONF, conf(entry(3, 1)), conf_of([1]))
    assert (await host.run(REGISTER)).status == 1
    assert await live_nodes(host) == [("node01", "0", "10.88.1.11", "7777", "1")]


async def test_an_unmounted_peer_is_dropped_under_a_mount():
    world = bare_cluster(2)
    host = connect(world, "node01")
    await mounted_cluster(world)
    connect(world, "node02").unmount("/srv/images")
    await put(host, CONF, conf_of([1]), conf_of([1, 2]))
    assert (await host.run(REGISTER)).status == 0
    assert [node[0] for node in await live_nodes(host)] == ["node01"]


async def test_a_killed_peer_is_busy_until_it_is_evicted():
    world = bare_cluster(2)
    host = connect(world, "node01")
    await mounted_cluster(world)
    await put(host, CONF, conf_of([1]), conf_of([1, 2]))
    connect(world, "node02").power_off()
    world.advance(60)
    assert (await host.run(REGISTER)).status == 1
    world.advance(5)
    assert (await host.run(REGISTER)).status == 0


async def test_the_local_address_must_be_on_the_host():
    host = connect(bare_cluster(1), "node01")
    await put(host, CONF, conf(entry(0, 1, ip="10.88.1.77")))
    await host.run(Command(("modprobe", "ocfs2")))
    done = await host.run(REGISTER)
    assert (done.status, done.stderr) == (
        1,
        "o2cb: Cannot assign requested address while adding node node01\n",
    )
    bind = "o2net: unable to bind socket at 10.88.1.77:7777, ret=-99"
    assert (await section(host, "log"))[-1][1].endswith(bind)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cluster:\n\tname = ocfs2\n", "Unknown code ____ 234"),
        (conf_of([1]).replace("\tnumber", "number"), "Unknown code ____ 251"),
        (conf_of([1]).replace("\tnumber", "\n\tnumber"), "Unknown code ____ 251"),
        (conf_of([1]).replace("\tnumber", "\t#number"), "Unknown code ____ 251"),
        (conf_of([1]).replace("= 0", "= 0 # first"), "Unknown code ____ 234"),
        (conf_of([1]).replace("10.88.1.11", "node01"), "Unknown code ____ 234"),
        (conf_of([1]).replace("\n", "\r\n"), "Unknown code ____ 251"),
        (conf(entry(0, 1), entry(1, 1)), "Unknown code ____ 244"),
        (conf_of([1]).replace("ocfs2", "other"), ""),
    ],
)
async def test_what_the_tools_reject_in_cluster_conf_is_rejected(text, message):
    host = connect(bare_cluster(1), "node01")
    await put(host, CONF, text)
    await host.run(Command(("modprobe", "ocfs2")))
    where = f"while reading configuration file '{CONF}'"
    expected = f"o2cb: {message} {where}" if message else "o2cb: Unknown cluster 'ocfs2'"
    assert refusal(await host.run(REGISTER)) == (1, expected, 0.1)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\t", "   "),
        lambda text: text.replace(" = ", "="),
        lambda text: text.replace("\n\n", "\n"),
        lambda text: text.replace(" = 0\n", " = 0  \n"),
        lambda text: f"# by hand\n{text}",
        lambda text: text.replace("\tnumber", "\tcolour = red\n\tnumber"),
        lambda text: text.replace("node_count = 1", "node_count = 9"),
    ],
)
async def test_what_the_tools_accept_in_cluster_conf_is_accepted(change):
    host = connect(bare_cluster(1), "node01")
    await put(host, CONF, change(conf_of([1])))
    await host.run(Command(("modprobe", "ocfs2")))
    assert (await host.run(REGISTER)).status == 0
    assert await live_nodes(host) == [("node01", "0", "10.88.1.11", "7777", "1")]


async def test_a_boot_brings_an_enabled_cluster_online_and_mounts_fstab():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await mounted_cluster(world)
    fstab = host.machine.files.text("/etc/fstab")
    line = "/dev/disk/by-id/lab-lun1 /srv/images ocfs2 noatime,_netdev 0 0\n"
    await put(host, "/etc/fstab", fstab + line, fstab)
    host.reboot()
    (mount,) = await section(host, "mounts")
    assert mount[1:3] == ("/srv/images", "/dev/ubdb")
    assert await live_nodes(host) == [("node01", "0", "10.88.1.11", "7777", "1")]


async def test_a_uuid_in_fstab_finds_the_map_and_not_a_path_below_it():
    world = bare_cluster(1, "san")
    host = connect(world, "node01")
    await mounted_cluster(world)
    fstab = host.machine.files.text("/etc/fstab")
    line = f"UUID={next(world.filesystems()).uuid} /srv/images ocfs2 _netdev 0 0\n"
    await put(host, "/etc/fstab", fstab + line, fstab)
    host.reboot()
    (mount,) = await section(host, "mounts")
    assert mount[1:3] == ("/srv/images", "/dev/mapper/mpatha")


async def test_a_reboot_leaves_cleanly_and_forgets_what_ran():
    world = bare_cluster(2)
    host = connect(world, "node02")
    await mounted_cluster(world)
    host.machine.running.processes.append(Process(7, "cat", "/srv/images/x"))
    before = len(world.trace)
    host.reboot()
    assert [event.what for event in world.trace[before:]] == [
        "unmounted",
        "power-off",
        "booted",
        "module-loaded",
        "module-loaded",
        "module-loaded",
        "cluster-online",
        "node-added",
        "node-added",
    ]
    fs = next(world.filesystems())
    assert (fs.slot_map, fs.beats[1].generation) == ({0: 0}, 0)
    assert (host.machine.uptime, host.machine.running.processes) == (0.0, [])


async def test_a_boot_mounts_nothing_with_nofail_or_noauto():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await mounted_cluster(world)
    fstab = host.machine.files.text("/etc/fstab")
    lines = (
        "/dev/disk/by-id/lab-lun1 /srv/images ocfs2 _netdev,nofail 0 0\n"
        "/dev/disk/by-id/lab-lun1 /srv/images ocfs2 _netdev,noauto 0 0\n"
        "# /dev/disk/by-id/lab-lun1 /srv/images ocfs2 _netdev 0 0\n"
    )
    await put(host, "/etc/fstab", fstab + lines, fstab)
    host.reboot()
    assert await section(host, "mounts") == []


async def test_a_boot_without_o2cb_links_leaves_the_unit_inactive():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await start_cluster(world)
    host.machine.units["o2cb.service"].enabled = False
    host.reboot()
    inactive = ("unit", "o2cb.service", "loaded", "inactive", "dead", "disabled")
    assert (await section(host, "services"))[0] == inactive
    assert await section(host, "live") == [("stack", "-")]
