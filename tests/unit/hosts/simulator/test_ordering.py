"""systemd goes by what it has read: the simulator's, as the lab's hosts do."""

import pytest

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.kernel import ordering
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.hosts.simulator.state.errors import UnknownCommand
from reconciler.hosts.simulator.state.unit import Unit
from reconciler.model.plan import Command
from tests.unit.hosts.simulator.lab import gate, mounted_cluster, probe, put, section

AGENT = "agent.service"
DROP_IN = f"/etc/systemd/system/{AGENT}.d/reconcile.conf"
TEXT = "[Unit]\nAfter=o2cb.service web.service\nRequiresMountsFor=/srv/images\n"
FSTAB = "/etc/fstab"
LINE = (
    "/dev/disk/by-id/lab-lun1 /srv/images ocfs2 "
    "noatime,_netdev,x-systemd.after=o2cb.service 0 0\n"
)
RELOAD = gate("do", "systemctl", "daemon-reload")
ASKED = ("--path", "/srv/images", "--order", AGENT, "--order", "srv-images.mount")
INSIDE = [
    ("order", AGENT, "After=o2cb.service"),
    ("order", AGENT, "RequiresMountsFor=/srv/images"),
]
OVER = [("order", "srv-images.mount", "After=o2cb.service")]


async def orders(host):
    rows = await section(host, "ordering", *ASKED)
    return [row for row in rows if row[0] == "order"]


@pytest.fixture
async def host():
    world = bare_cluster(1)
    await mounted_cluster(world)
    host = connect(world, "node01")
    host.machine.units[AGENT] = Unit("active", "running", enabled=True)
    await put(host, DROP_IN, TEXT)
    fstab = host.machine.files.text(FSTAB)
    await put(host, FSTAB, fstab + LINE, fstab)
    return host


async def test_what_is_written_counts_when_it_is_read(host):
    assert await orders(host) == []
    assert (await host.run(RELOAD)).status == 0
    assert await orders(host) == INSIDE + OVER
    assert host.machine.units[AGENT].active == "active"


@pytest.mark.parametrize(
    "command",
    [
        gate("do", "systemctl", "disable", AGENT),
        gate("do", "systemctl", "enable", "o2cb.service"),
        gate("do", "systemctl", "disable", "o2cb.service", "ocfs2.service"),
        gate("do", "systemctl", "mask", "--runtime", "web.service"),
        gate("do", "systemctl", "unmask", "--runtime", "web.service"),
    ],
)
async def test_other_verbs_have_it_read_as_well(host, command):
    await host.run(command)
    assert await orders(host) == INSIDE + OVER


async def test_of_a_masked_unit_nothing_is_told(host):
    await host.run(gate("do", "systemctl", "mask", "--runtime", AGENT))
    assert await orders(host) == OVER


async def test_only_mount_points_that_were_asked_for_are_told(host):
    await host.run(RELOAD)
    rows = await section(host, "ordering", "--order", AGENT)
    assert [row for row in rows if row[0] == "order"] == INSIDE[:1]


async def test_the_files_are_told_as_they_are(host):
    rows = await section(host, "ordering")
    assert rows[0] == ("path", DROP_IN)
    assert ("|[Unit]",) in rows


async def test_where_the_mount_fails_at_boot_what_needs_it_is_not_started(host):
    host.reboot()
    assert host.machine.units[AGENT].active == "active"
    host.power_off()
    files = host.machine.files
    files.archive("/etc/ocfs2/cluster.conf")
    host.power_on()
    assert not host.machine.running.mounts
    assert host.machine.units[AGENT].active == "inactive"


@pytest.mark.parametrize("name", ["-x.service", "x@.service"])
async def test_a_name_that_systemctl_does_not_take_is_never_asked(host, name):
    with pytest.raises(UnknownCommand):
        await host.run(probe("--order", name))


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/srv/images", "srv-images.mount"),
        ("/srv/my-images", r"srv-my\x2dimages.mount"),
        ("/.a/b.c", r"\x2ea-b.c.mount"),
    ],
)
def test_a_mount_unit_has_the_name_of_systemd_escape(path, unit):
    assert ordering.mount_unit(path) == unit


async def test_the_gate_reloads_and_nothing_more(host):
    done = await host.run(Command(RELOAD.argv))
    assert (done.status, done.stderr) == (0, "")
