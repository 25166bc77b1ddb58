"""What goes wrong while volumes grow, and what must not come of it: on a real SAN."""

import pytest

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
from tests.scenarios.operator import Operator, pauses, start_writers

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


@pytest.fixture(scope="module")
def operator(lab, tmp_path_factory):
    return Operator(lab, tmp_path_factory.mktemp("operator"))


@pytest.fixture(scope="module")
def wwids(lab):
    return {lun["name"]: lun["wwid"] for lun in lab.inventory["luns"]}


def test_two_volumes_that_everybody_writes_to(lab, operator, wwids):
    partitioned(lab, "images")
    code, events = operator.apply(operator.write(wish(wwids, SIZES)))
    assert code == 0, events[-1]
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
    assert code == 0, events[-1]
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
            sizes = {"images": f"{mib}MiB", "films": "512MiB"}
            changes = {"images": {"growth": growth, "workloads": {"services": ["writer"]}}}
            file = operator.write(wish(wwids, sizes, changes))
            operator.killed(file, host, kind)
            if growth == "online":
                never_larger(lab, "images")
            operator.converge(file)
            grown(lab, "images", (mib - 2) * MIB)
            assert operator.is_settled(file)
            pauses(lab, *HOSTS)
    assert sums(lab) == before
