import pytest

from reconciler.hosts.simulator import UnknownCommand, connect
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.model.plan import Command, Completed
from tests.unit.hosts.simulator.lab import GATE, LUN, PROBE, mkfs, on


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("rm", "-rf", "/"),
        ("sh", "-c", "reboot"),
        ("sh", "-c", "#!/bin/sh\necho 1", "probe"),
        ("sh", "-c", f"\n{PROBE}", "probe"),
        ("sh", "-c", PROBE, "gate", "mount"),
        ("sh", "-c", PROBE, "probe", "--want"),
        ("sh", "-c", PROBE, "probe", "--all", "x"),
        ("sh", "-c", GATE, "gate", "umount", "/srv"),
        ("sh", "-c", GATE, "gate", "mount", "/srv", "rw"),
        ("sh", "-c", GATE, "gate", "on", LUN, "-", "-", "-", "-", "mount", "/srv"),
        ("sh", "-c", GATE, "gate", "on", LUN, "-", "-", "-", "x", "mount", "/srv", "rw"),
        ("sh", "-c", GATE, "gate", "on", LUN, "-", "-", "-", "-", "unmount", "/srv"),
        ("sh", "-c", GATE, "gate", "on", LUN, "-", "-", "-", "-", "do", "modprobe", "ocfs2"),
        ("sh", "-c", GATE, "gate", "lease-renew", "ocfs2", "run", "more"),
        ("modprobe", "ocfs2_dlmfs"),
        ("modprobe", "-r", "ocfs2"),
        ("systemctl", "restart", "sshd.service"),
        ("systemctl", "stop", "ocfs2.service"),
        ("systemctl", "stop", "sshd"),
        ("systemctl", "stop", "user@.service"),
        ("systemctl", "stop", "a.service", "b.service"),
        ("systemctl", "stop", "o2cb.socket"),
        ("systemctl", "mask", "a.service"),
        ("systemctl", "mask", "--runtime", "o2cb.service"),
        ("systemctl", "disable", "o2cb.service", "o2cb.service"),
        ("sh", "-c", GATE, "gate", "set-live", "ocfs2", "idle_timeout_ms", "1"),
        ("sh", "-c", GATE, "gate", "archive-file", "/etc/a", "absent"),
        ("sh", "-c", PROBE, "probe", "--unit", "a b"),
        ("sh", "-c", PROBE, "probe", "--connect", "10.0.0.256:22"),
        ("systemctl", "enable"),
        ("systemctl", "enable", "o2cb.service", "o2cb.service"),
        ("systemctl", "restart", "o2cb.service", "ocfs2.service"),
        ("o2cb", "register-cluster"),
        ("o2cb", "unregister-cluster", "ocfs2"),
        ("mkfs.ocfs2", LUN),
    ],
)
async def test_a_command_outside_the_table_is_a_bug(argv):
    host = connect(bare_cluster(1), "node01")
    with pytest.raises(UnknownCommand):
        await host.run(Command(argv))
    assert host.machine.ran == []


@pytest.mark.parametrize(
    "command",
    [
        mkfs(LUN, "-F"),
        mkfs(LUN, "--fs-features=local"),
        mkfs(LUN, "not-a-number"),
        on(LUN, "format", "--", "mkfs.ext4", LUN, size=1),
        on(LUN, "format", "mkfs.ocfs2", "--", LUN, size=1),
        on(LUN, "format", "--", "mkfs.ocfs2", "/dev/ubda", size=1),
    ],
)
async def test_only_a_plain_mkfs_of_the_checked_device_is_understood(command):
    host = connect(bare_cluster(1), "node01")
    with pytest.raises(UnknownCommand):
        await host.run(command)


async def test_units_are_enabled_one_by_one_and_daemon_reload_does_nothing():
    host = connect(bare_cluster(1), "node01")
    for unit in host.machine.units.values():
        unit.enabled = False
    enable = ("systemctl", "enable", "o2cb.service", "ocfs2.service")
    assert await host.run(Command(enable)) == Completed(0, "", "", 1.5)
    assert await host.run(Command(("systemctl", "daemon-reload"))) == Completed(0, "", "", 0.5)
    assert {name: unit.enabled for name, unit in host.machine.units.items()} == {
        "o2cb.service": True,
        "ocfs2.service": True,
        "multipathd.service": False,
        "iscsid.service": False,
        "open-iscsi.service": False,
    }


async def test_a_unit_that_is_not_installed_cannot_be_started():
    host = connect(bare_cluster(1), "node01")
    del host.machine.units["o2cb.service"]
    done = await host.run(Command(("systemctl", "start", "o2cb.service")))
    assert (done.status, done.stderr) == (
        5,
        "Failed to find unit file: Unit o2cb.service not found.\n",
    )
