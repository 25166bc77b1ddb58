"""Every refusal leaves the hosts untouched: no command that changes one is sent."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from reconciler.hosts.simulator import connect, connect_all
from reconciler.hosts.simulator.kernel.live import CLUSTER_CONF
from reconciler.hosts.simulator.presets import Shape
from reconciler.hosts.simulator.state.cluster import Cluster
from reconciler.hosts.simulator.state.disk import Filesystem, Garbage, Signature
from reconciler.hosts.simulator.state.files import File
from tests.clock import drive
from tests.runs import Controller, desired, volume, witnessed
from tests.strategies import Befallen

KINDS = (
    "ext4",
    "xfs",
    "btrfs",
    "LVM2_member",
    "linux_raid_member",
    "swap",
    "crypto_LUKS",
    "ntfs",
    "zfs_member",
    "gpt",
    "dos",
    "iso9660",
)
FOREIGN = "cluster:\n\tnode_count = 0\n\tname = other\n"


def refused(world, wanted):
    """The codes of a plan and of an apply that are refused; nothing happened meanwhile."""
    before = len(world.trace)
    plan = drive(world, Controller(world).plan(wanted))
    ended = drive(world, Controller(world).apply(wanted))
    assert (ended.word, ended.started, world.trace[before:]) == ("refused", [], [])
    assert {name for _, name in ended.line.log} <= {"probe"}
    assert {item.code for item in plan.blocked} == ended.codes
    assert all(item.remedy for item in plan.blocked)
    return ended.codes


def ocfs2(world, label="images", cluster="ocfs2", slots=8):
    size = world.luns["lun1"].whole.size
    return Filesystem(world.uuid(), label, slots, 4096, 4096, size // 4096, "o2cb", cluster)


@pytest.mark.parametrize("storage", ["plain", "san"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_device_with_a_signature_is_not_formatted(kind, storage):
    world = witnessed(2, Shape(storage))
    world.luns["lun1"].whole.content = Signature(kind)
    assert refused(world, desired(world)) == {"device-not-blank"}


def test_a_device_with_data_that_has_no_name_is_not_formatted():
    world = witnessed(2)
    world.luns["lun1"].whole.content = Garbage()
    assert refused(world, desired(world)) == {"device-not-blank"}


def test_a_device_with_partitions_is_not_formatted():
    world = witnessed(2)
    world.luns["lun1"].add_partition(1, 1 << 20, 1 << 28)
    for host in connect_all(world).values():
        host.reboot()
    assert refused(world, desired(world)) == {"device-not-blank"}


class Case(NamedTuple):
    """Something that is wrong with a host or with the disk, and the refusal's name."""

    code: str
    spoil: Callable


def _full(machine, *, path="/etc"):
    machine.files.room[path].free = 100


def _conf(machine, text):
    machine.files.write(CLUSTER_CONF, File(text))


CASES = {
    "unreachable": Case(
        "host-unreachable", lambda m: setattr(m, "refusal", "host-unreachable")
    ),
    "sudo": Case("sudo-refused", lambda m: setattr(m, "refusal", "sudo-refused")),
    "key": Case("host-key-changed", lambda m: setattr(m, "refusal", "host-key-changed")),
    "off": Case("host-unreachable", lambda m: connect(m.world, m.name).power_off()),
    "no module": Case("module-missing", lambda m: setattr(m.setup, "module", False)),
    "no tools": Case("tools-missing", lambda m: setattr(m.setup, "commands", ("systemctl",))),
    "full /etc": Case("no-space", _full),
    "full /var/lib": Case("no-space", lambda m: _full(m, path="/var/lib")),
    "no inodes": Case("no-space", lambda m: setattr(m.files.room["/etc"], "inodes", 0)),
    "foreign file": Case("foreign-cluster", lambda m: _conf(m, FOREIGN)),
    "broken file": Case("cluster-conf-invalid", lambda m: _conf(m, "cluster:\nname = x\n")),
    "foreign kernel": Case(
        "foreign-cluster", lambda m: setattr(m.running, "live", Cluster("other"))
    ),
    "other name": Case("hostname-differs", lambda m: setattr(m.setup, "hostname", "other")),
    "other address": Case("interconnect-not-on-host", lambda m: m.setup.addresses.pop(1)),
    "busy path": Case(
        "mount-path-busy",
        lambda m: m.running.others.update({"/srv/images": ("ext4", "/dev/sdz")}),
    ),
    "no disk": Case("device-missing", lambda m: setattr(m.running, "devices", ())),
    "foreign stack": Case(
        "foreign-stack", lambda m: m.files.write("/etc/default/o2cb", File("O2CB_STACK=pcmk\n"))
    ),
}


@pytest.mark.parametrize("host", ["node01", "node02"])
@pytest.mark.parametrize("name", CASES)
def test_one_member_that_cannot_take_part_stops_all(name, host):
    world = witnessed(2)
    wanted = desired(world)
    CASES[name].spoil(world.machines[host])
    assert refused(world, wanted) == {CASES[name].code}


SECTIONS = (
    "identity",
    "kernel",
    "packages",
    "addresses",
    "cluster_conf",
    "o2cb_config",
    "live",
    "services",
    "mounts",
    "disks",
    "wanted",
    "fstab",
    "space",
)


@pytest.mark.parametrize("section", SECTIONS)
def test_what_could_not_be_read_is_never_taken_for_absent(section):
    world = witnessed(2)
    world.machines["node02"].broken[section] = "no such luck"
    assert refused(world, desired(world)) == {"section-unread"}


@pytest.mark.parametrize(
    ("label", "cluster", "slots", "code"),
    [
        ("other", "ocfs2", 8, "device-not-blank"),
        ("images", "other", 8, "foreign-stack"),
    ],
)
def test_an_ocfs2_volume_of_somebody_else_is_left_alone(label, cluster, slots, code):
    world = witnessed(2)
    world.luns["lun1"].whole.content = ocfs2(world, label, cluster, slots)
    assert refused(world, desired(world)) == {code}


def test_a_volume_made_for_global_heartbeat_is_refused_before_anything_is_written():
    world = witnessed(2)
    content = ocfs2(world)
    content.global_heartbeat = True
    world.luns["lun1"].whole.content = content
    assert refused(world, desired(world)) == {"heartbeat-mode-differs"}


def test_a_blank_device_is_not_formatted_unless_the_file_says_so():
    world = witnessed(2)
    item = volume(world, format="never")
    assert refused(world, desired(world, volumes=[item])) == {"not-formatted"}


def test_two_paths_without_multipath_are_refused():
    world = witnessed(2, Shape("paths"))
    assert refused(world, desired(world)) == {"device-ambiguous"}


def test_a_partition_that_is_not_there_is_refused():
    world = witnessed(2)
    item = volume(world)
    item["device"]["partition"] = 1
    assert refused(world, desired(world, volumes=[item])) == {"partition-missing"}


def test_a_device_that_is_too_small_is_refused():
    world = witnessed(2)
    assert refused(world, desired(world, volumes=[volume(world, size="2GiB")])) == {
        "device-too-small"
    }


@pytest.mark.parametrize("hosts", [1, 2])
def test_what_no_host_could_tell_is_no_agreement(hosts):
    world = witnessed(hosts)
    wanted = desired(world)
    drive(world, Controller(world).apply(wanted))
    connect(world, "node01").unmount("/srv/images")
    for machine in world.machines.values():  # the third look is the one before the mount
        machine.faults.append(
            Befallen("fails", command="probe", at=3, machine=machine, what="unread live")
        )
    ended = drive(world, Controller(world).apply(wanted))
    assert "gate mount" not in [name for _, name in ended.line.log]
    assert ended.codes == {"section-unread"}
