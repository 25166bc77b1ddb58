import pytest

from reconciler.model.observed import Automount, MountPoint, Process
from reconciler.resources.mounts.parsing import parse_automounts, parse_mounts, parse_processes

Rows = tuple[tuple[str, ...], ...]


def test_mounts_are_read_with_their_escapes_undone_and_each_option_once() -> None:
    rows = (
        ("mount", r"/srv/a\040b\134", "/dev/dm-2", "254:2", "rw,noatime,rw,_netdev", "1"),
        ("mount", "/srv/hidden", "/dev/dm-3", "254:3", "rw", "4711"),
    )
    assert parse_mounts(rows) == (
        MountPoint("/srv/a b\\", "/dev/dm-2", "254:2", ("rw", "noatime", "_netdev"), 1),
        MountPoint("/srv/hidden", "/dev/dm-3", "254:3", ("rw",), 4711),
    )


@pytest.mark.parametrize("options", ["rw,noatime,ro", "ro,noatime,rw", "ro,noatime,ro"])
def test_a_file_system_that_went_read_only_is_read_only(options: str) -> None:
    (found,) = parse_mounts((("mount", "/srv", "/dev/dm-2", "254:2", options, "1"),))
    assert sorted(found.options) == ["noatime", "ro"]


def test_another_file_system_on_the_path_is_told_by_its_type() -> None:
    rows = (("other", r"/srv/a\011b", "ext4", "/dev/root"),)
    assert parse_mounts(rows) == (MountPoint("/srv/a\tb", "/dev/root", "", ("!ext4",), 1),)


@pytest.mark.parametrize(
    "row",
    [
        ("mount", "/srv", "/dev/dm-2", "254", "rw", "1"),
        ("mount", "/srv", "/dev/dm-2", "254:2", "rw", "init"),
        ("mount", "/srv", "/dev/dm-2", "254:2", "rw"),
        ("umount", "/srv"),
    ],
)
def test_garbled_mounts_are_refused(row: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_mounts((row,))


def test_processes_are_read() -> None:
    rows = (
        ("proc", "7", "qemu kvm", "/srv/images/a.img", "-", "vm1"),
        ("proc", "8", "tail", "/srv/images/log", "a.service", "-"),
    )
    assert parse_processes(rows) == (
        Process(7, "qemu kvm", "/srv/images/a.img", guest="vm1"),
        Process(8, "tail", "/srv/images/log", "a.service"),
    )
    with pytest.raises(ValueError, match="unexpected line"):
        parse_processes((("proc", "7", "qemu", "\t", "/srv", "-", "-"),))


def test_what_mounts_by_itself_is_read() -> None:
    rows = (
        ("autofs", "/etc/auto.a", "b -fstype=ocfs2 :/dev/x"),
        ("unit", "srv-a.mount", "/etc/systemd/system/srv-a.mount"),
    )
    assert parse_automounts(rows) == (
        Automount("unit", "srv-a.mount", "/etc/systemd/system/srv-a.mount"),
        Automount("autofs", "/etc/auto.a", "b -fstype=ocfs2 :/dev/x"),
    )
    with pytest.raises(ValueError, match="unexpected line"):
        parse_automounts((("fstab", "/etc/fstab", "x"),))


def test_size_and_room_are_those_of_the_mount_that_every_process_sees() -> None:
    rows = (
        ("mount", "/srv", "/dev/dm-2", "254:2", "rw", "1"),
        ("mount", "/srv", "/dev/dm-2", "254:2", "rw", "4711"),
        ("size", "/srv", "4096", "1024"),
    )
    assert [(m.size, m.free) for m in parse_mounts(rows)] == [(4096, 1024), (None, None)]
