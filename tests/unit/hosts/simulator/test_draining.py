"""Taking a volume away from a host: services that use it, umount, o2cb's end."""

import pytest

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.unit import Unit
from reconciler.model.plan import Command
from tests.unit.hosts.simulator.lab import (
    digest,
    gate,
    mounted_cluster,
    put,
    refusal,
    section,
    start_cluster,
)

PATH, AGENT = "/srv/images", "agent.service"
UNMOUNT = gate("unmount", PATH)
STOP = gate("do", "systemctl", "stop", "o2cb.service")


async def mounted_host(uses=(("qemu", f"{PATH}/a"), ("tail", f"{PATH}/log"))):
    """A host with the volume mounted, and an enabled service."""
    world = bare_cluster(1)
    await mounted_cluster(world)
    host = connect(world, "node01")
    host.machine.units[AGENT] = Unit(enabled=True, uses=uses)
    return host


async def do(host, *words):
    done = await host.run(gate("do", "systemctl", *words))
    return done.status, done.stderr.strip()


async def unit(host, name=AGENT):
    rows = await section(host, "services", "--unit", name)
    return next(row[2:] for row in rows if row[1] == name)


async def test_a_service_uses_its_files_while_it_is_active():
    host = await mounted_host()
    assert await do(host, "start", AGENT) == (0, "")
    assert await do(host, "start", AGENT) == (0, "")
    assert await unit(host) == ("loaded", "active", "running", "enabled")
    assert await section(host, "processes") == [
        ("proc", "1000", "qemu", f"{PATH}/a", AGENT, "-"),
        ("proc", "1001", "tail", f"{PATH}/log", AGENT, "-"),
    ]
    assert await do(host, "stop", AGENT) == (0, "")
    assert await unit(host) == ("loaded", "inactive", "dead", "enabled")
    assert await section(host, "processes") == []


async def test_only_files_on_a_volume_are_told():
    host = await mounted_host(uses=(("cat", "/srv/images2/a"), ("cat", PATH)))
    await do(host, "start", AGENT)
    assert await section(host, "processes") == [("proc", "1001", "cat", PATH, AGENT, "-")]


async def test_umount_fails_while_somebody_uses_the_volume_and_says_who():
    host = await mounted_host()
    await do(host, "start", AGENT)
    done = await host.run(UNMOUNT)
    assert (done.status, done.stdout, done.stderr.splitlines()) == (
        70,
        "",
        [
            f"gate: unmount-failed: umount: {PATH}: target is busy.",
            f"held by 1000 qemu {PATH}/a",
            f"held by 1001 tail {PATH}/log",
        ],
    )
    await do(host, "stop", AGENT)
    for _ in range(2):
        done = await host.run(UNMOUNT)
        assert (done.status, done.stdout) == (0, f"ok unmounted {PATH}\n")
    assert await section(host, "mounts") == []
    assert next(host.machine.world.filesystems()).slot_map == {}


async def test_umount_leaves_what_is_no_volume_and_what_another_namespace_has():
    host = await mounted_host()
    host.machine.running.others[PATH] = ("tmpfs", "tmpfs")
    words = f"gate: mount-path-busy: {PATH} has another file system over the volume: 0:99 tmpfs"
    assert refusal(await host.run(UNMOUNT))[:2] == (75, words)
    del host.machine.running.others[PATH]
    host.hide(PATH, 77)
    assert (await host.run(UNMOUNT)).status == 0
    assert [row[-1] for row in await section(host, "mounts")] == ["77"]


async def test_a_mask_lasts_until_the_boot_and_keeps_the_links():
    host = await mounted_host()
    assert await do(host, "mask", "--runtime", AGENT) == (0, "")
    masked = f"Unit {AGENT} is masked."
    assert await do(host, "start", AGENT) == (1, f"Failed to start {AGENT}: {masked}")
    assert (await do(host, "enable", AGENT))[0] == 1
    assert await do(host, "disable", AGENT) == (0, "")
    assert await unit(host) == ("masked", "inactive", "dead", "disabled")
    host.reboot()
    assert await unit(host) == ("loaded", "active", "running", "enabled")


async def test_what_is_disabled_does_not_start_at_boot():
    host = await mounted_host()
    assert await do(host, "disable", AGENT) == (0, "")
    host.reboot()
    assert await unit(host) == ("loaded", "inactive", "dead", "disabled")
    assert await do(host, "enable", AGENT) == (0, "")
    host.reboot()
    assert await unit(host) == ("loaded", "active", "running", "enabled")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("start",), 5),
        (("stop",), 5),
        (("enable",), 1),
        (("disable",), 1),
        (("mask", "--runtime"), 0),
        (("unmask", "--runtime"), 0),
    ],
)
async def test_a_service_that_is_not_there(words, status):
    host = connect(bare_cluster(1), "node01")
    assert (await do(host, *words, "none.service"))[0] == status
    load = "masked" if words[0] == "mask" else "not-found"
    assert await unit(host, "none.service") == (load, "inactive", "dead", "disabled")


async def test_o2cb_stops_only_with_nothing_mounted_and_claims_to_in_any_case():
    host = await mounted_host()
    before = await section(host, "live")
    said = "gate: cluster-in-use: OCFS2 is mounted, see /proc/1/mountinfo"
    assert refusal(await host.run(STOP))[:2] == (75, said)
    assert await unit(host, "o2cb.service") == ("loaded", "active", "running", "enabled")
    assert (await host.run(Command(("systemctl", "stop", "o2cb.service")))).status == 0
    assert await unit(host, "o2cb.service") == ("loaded", "failed", "failed", "enabled")
    assert await section(host, "live") == before
    await host.run(Command(("systemctl", "start", "o2cb.service")))
    assert await unit(host, "o2cb.service") == ("loaded", "active", "running", "enabled")
    await host.run(UNMOUNT)
    assert (await host.run(STOP)).status == 0
    assert await unit(host, "o2cb.service") == ("loaded", "inactive", "dead", "enabled")
    assert await section(host, "live") == [("stack", "-")]


async def test_a_disabled_o2cb_does_not_come_back():
    world = bare_cluster(1)
    host = connect(world, "node01")
    await start_cluster(world)
    assert await do(host, "disable", "o2cb.service", "ocfs2.service") == (0, "")
    host.reboot()
    assert await section(host, "live") == [("stack", "-")]
    assert await unit(host, "ocfs2.service") == ("loaded", "inactive", "dead", "disabled")


async def test_a_file_is_archived_only_as_it_was():
    host = connect(bare_cluster(1), "node01")
    files = host.machine.files
    files.write("/etc/a.before", File("older"))
    await put(host, "/etc/a", "old")
    changed = await host.run(gate("archive-file", "/etc/a", digest("new")))
    words = f"gate: changed-since: /etc/a is {digest('old')}, not {digest('new')}"
    assert refusal(changed)[:2] == (75, words)
    for _ in range(2):
        done = await host.run(gate("archive-file", "/etc/a", digest("old")))
        assert (done.status, done.stdout) == (0, "ok archived /etc/a\n")
    assert (files.text("/etc/a.before"), files.digest("/etc/a")) == ("old", "absent")


async def test_only_a_running_cluster_takes_a_delay_and_not_any():
    world = bare_cluster(1)
    host = connect(world, "node01")
    words = ("set-live", "ocfs2", "reconnect_delay_ms")
    offline = await host.run(gate(*words, 3000))
    assert refusal(offline)[:2] == (70, "gate: live-refused: ocfs2 is not online")
    await start_cluster(world)
    assert (await host.run(gate(*words, 3000))).stdout == "ok set reconnect_delay_ms\n"
    for value in (0, (1 << 32) - 1):
        assert (await host.run(gate(*words, value))).status == 70
    attribute = ("attr", "ocfs2", "reconnect_delay_ms", "3000")
    assert attribute in await section(host, "live")


async def test_connections_end_as_hosts_and_networks_let_them():
    world = bare_cluster(3)
    await start_cluster(world, "node02")
    connect(world, "node03").power_off()
    host = connect(world, "node01")
    host.machine.filtered["10.88.1.12:7779"] = "timeout"
    targets = {
        "10.88.1.12:7777": "open",
        "10.88.0.12:7777": "refused",
        "10.88.1.12:22": "open",
        "10.88.1.11:7777": "refused",
        "10.88.1.12:7779": "timeout",
        "10.88.1.13:7777": "timeout",
        "10.88.1.77:7777": "timeout",
        "192.0.2.1:7777": "unreachable",
    }
    words = [word for target in targets for word in ("--connect", target)]
    rows = await section(host, "interconnect", *words)
    assert rows == [("connect", *item) for item in targets.items()]


async def test_automounts_are_told_as_they_were_put_there():
    host = connect(bare_cluster(1), "node01")
    host.machine.automounts.append(("autofs", "/etc/auto.x", "a -fstype=ocfs2 :/dev/x"))
    assert await section(host, "automounts") == [
        ("autofs", "/etc/auto.x", "a -fstype=ocfs2 :/dev/x")
    ]
