"""What goes wrong while volumes grow, and what must not come of it: on a real SAN."""

from tests.lab.fixtures import lab_module
from tests.lab.shell import wait_until
from tests.scenarios.lab_volumes import (
    HOSTS,
    MIB,
    done,
    filled,
    grown,
    never_larger,
    partitioned,
    sums,
    wish,
)
from tests.scenarios.operator import commands, failures, has_mounted, pauses, start_writers

lab = lab_module("troubles", hosts=4, storage="san", lun_size="512M,384M,384M")

SIZES = {"images": "512MiB", "films": "384MiB"}

ALONE = """\
cat >/etc/ocfs2/cluster.conf <<'X'
cluster:
\tnode_count = 1
\tname = ocfs2

node:
\tip_port = 7777
\tip_address = 10.88.1.14
\tnumber = 9
\tname = node04
\tcluster = ocfs2
X
sed -i 's/^O2CB_ENABLED=.*/O2CB_ENABLED=true/; s/^O2CB_BOOTCLUSTER=.*/O2CB_BOOTCLUSTER=ocfs2/' \
    /etc/default/o2cb
systemctl restart o2cb && mkdir -p /mnt/it && mount -t ocfs2 /dev/mapper/mpathc /mnt/it
"""


def test_two_volumes_that_everybody_writes_to(lab, operator, wwids):
    partitioned(lab, "images")
    code, events = operator.apply(operator.write(wish(wwids, SIZES)))
    assert code == 0, failures(events) or events[-1]
    filled(lab, *SIZES)
    start_writers(lab, *HOSTS)


def test_an_mbr_partition_grows_as_a_gpt_one_does(lab, operator, wwids):
    partitioned(lab, "music")
    file = operator.write(wish(wwids, {**SIZES, "music": "384MiB"}))
    assert operator.apply(file)[0] == 0
    file = operator.write(wish(wwids, {**SIZES, "music": "512MiB"}))
    assert operator.apply(file)[0] == 0
    grown(lab, "music", 510 * MIB)
    operator.converge(operator.write(wish(wwids, SIZES)))


def test_a_path_or_a_host_that_is_missing_stops_growth_before_it_begins(lab, operator, wwids):
    file = operator.write(wish(wwids, {**SIZES, "films": "512MiB"}))
    lab.cut("node02", "sb")
    try:
        assert wait_until(lambda: operator.run("plan", file).returncode == 3, 120, 2)
        assert operator.refusals(file) == {("path-down", "volume/films")}
    finally:
        lab.heal("node02")
    assert wait_until(lambda: operator.run("plan", file).returncode == 0, 120, 2)
    lab.cut("node03", "mgmt")
    try:
        assert operator.refusals(file) == {("host-unreachable", "member/node03")}
    finally:
        lab.heal("node03")
    grown(lab, "films", 384 * MIB)


def test_a_map_that_does_not_follow_stops_growth_and_a_second_run_finishes(
    lab, operator, wwids
):
    file = operator.write(wish(wwids, {**SIZES, "films": "512MiB"}))
    done(lab, "node03", "mount --bind /bin/true /usr/sbin/multipathd")
    try:
        code, events = operator.apply(file)
        assert (code, events[-1]["result"]) == (4, "partial")
        (failed,) = [event for event in events if event["event"] == "action-failed"]
        assert (failed["host"], failed["kind"]) == ("node03", "rescan")
        assert "map-not-grown" in failed["message"]
        never_larger(lab, "films")
    finally:
        done(lab, "node03", "umount /usr/sbin/multipathd")
    code, events = operator.apply(file)
    assert code == 0, failures(events) or events[-1]
    grown(lab, "films", 512 * MIB)


def test_a_host_whose_udev_sleeps_holds_growth_up_and_is_never_overtaken(lab, operator, wwids):
    file = operator.write(wish(wwids, {"images": "640MiB", "films": "512MiB"}))
    done(lab, "node02", "udevadm control --stop-exec-queue")
    try:
        code, events = operator.apply(file)
        print(f"with udev stopped: {code} {events[-1]['result']}")
        never_larger(lab, "images")
    finally:
        done(lab, "node02", "udevadm control --start-exec-queue; udevadm settle")
    operator.converge(file)
    grown(lab, "images", 638 * MIB)


def test_an_unlisted_host_that_has_the_volume_stops_every_offline_action(lab, operator, wwids):
    sizes = {"images": "640MiB", "films": "640MiB"}
    done(lab, "node04", ALONE, timeout=240)
    try:
        offline = {"films": {"growth": "offline"}}
        file = operator.write(wish(wwids, sizes, offline))
        (blocked,) = operator.plan(file)["clusters"][0]["blocked"]
        assert (blocked["code"], blocked["subject"]) == ("foreign-heartbeat", "volume/films")
        assert "node 9" in blocked["message"]
        assert operator.run("apply", file, "--auto-approve").returncode == 3
        grown(lab, "films", 512 * MIB)
    finally:
        done(lab, "node04", "umount /mnt/it; systemctl stop o2cb; rm /etc/ocfs2/cluster.conf")


def test_a_storage_host_is_looked_at_when_something_is_to_be_done_there(lab, operator, wwids):
    sizes = {"images": "640MiB", "films": "512MiB"}
    more = {**sizes, "films": "640MiB"}
    huge = operator.write(wish(wwids, {**sizes, "films": "100GiB"}))
    assert operator.refusals(huge) == {("no-space", "volume/films")}
    other = {"films": {"backing": {"lvm": {"host": "san", "vg": "san", "lv": "other"}}}}
    file = operator.write(wish(wwids, more, other))
    assert operator.refusals(file) == {("backing-missing", "volume/films")}
    file = operator.write(wish(wwids, more))
    assert operator.run("plan", file).returncode == 0
    lab.cut("san", "mgmt")
    try:
        assert operator.refusals(file) == {("host-unreachable", "storage/san")}
        assert operator.is_settled(operator.write(wish(wwids, sizes)))
    finally:
        lab.heal("san")


FILMS = "/dev/mapper/mpathc"
# Where the inode of the global bitmap is, and the size of a block.
BITMAP = (
    f"debugfs.ocfs2 -R 'stat //global_bitmap' {FILMS} | "
    "sed -n 's/^[[:space:]]*Inode: \\([0-9]*\\).*/\\1/p'; "
    f"blkid -p -o value -s BLOCK_SIZE {FILMS}"
)


def test_a_check_that_fails_on_real_damage_leaves_everything_unmounted(lab, operator, wwids):
    backup = {"host": "node02", "argv": ["cp", "/srv/films/data", "/root/films"]}
    offline = {"films": {"growth": "offline", "backup": {**backup, "max_age": "24h"}}}
    file = operator.write(wish(wwids, {"images": "640MiB", "films": "640MiB"}, offline))
    events = operator.killed(file, "node01", "check-file-system")
    assert ("node02", "back-up") in commands(events)
    block, size = done(lab, "node01", BITMAP).split()
    there = f"of={FILMS} bs={size} seek={block} count=1 oflag=direct conv=notrunc status=none"
    saved = f"dd if={FILMS} of=/root/block bs={size} skip={block} count=1 iflag=direct"
    done(lab, "node01", f"{saved} status=none && dd if=/dev/zero {there}")
    for _ in range(2):
        code, events = operator.apply(file)
        assert code == 4
        (failed,) = [event for event in events if event["event"] == "action-failed"]
        assert (failed["host"], failed["kind"]) == ("node01", "check-file-system")
        assert "check-failed" in failed["message"]
        assert "Bad magic number in inode" in failed["message"]
        assert {kind for _host, kind in commands(events)}.isdisjoint({"back-up", "mount"})
        assert not any(has_mounted(lab, host, "/srv/films") for host in HOSTS)
    done(lab, "node01", f"dd if=/root/block {there}")
    events = operator.converge(file)
    assert "back-up" not in {kind for _host, kind in commands(events)}
    grown(lab, "films", 640 * MIB)
    done(lab, "node02", "cmp /srv/films/data /root/films")
    operator.converge(operator.write(wish(wwids, {"images": "640MiB", "films": "640MiB"})))


# Host and kind of the action after which the controller is killed; then the same once more.
ONLINE = (
    ("san", "grow-backing"),
    ("node01", "rescan"),
    ("node03", "rescan"),
    ("node01", "grow-partition"),
    ("node02", "reread-partition"),
    ("node03", "reread-partition"),
)
OFFLINE = (("node02", "unmount"), ("node01", "check-file-system"), ("node01", "grow-unmounted"))


def test_a_controller_killed_between_the_steps_is_taken_over(lab, operator, wwids):
    before = sums(lab)
    mib = 640
    for growth, boundaries in (("online", ONLINE), ("offline", OFFLINE)):
        for host, kind in boundaries:
            mib += 32
            sizes = {"images": f"{mib}MiB", "films": "640MiB"}
            changes = {"images": {"growth": growth, "workloads": {"services": ["writer"]}}}
            file = operator.write(wish(wwids, sizes, changes))
            operator.killed(file, host, kind)
            if growth == "online":
                never_larger(lab, "images")
            # What the killed run left on its way ends by itself; until then it is refused by name.
            assert wait_until(lambda f=file: operator.run("plan", f).returncode == 0, 120, 5)
            operator.converge(file)
            grown(lab, "images", (mib - 2) * MIB)
            assert operator.is_settled(file)
            pauses(lab, *HOSTS)
    assert sums(lab) == before
