"""The daemon beside real kernels: what somebody did by hand is seen, told by truth, and healed or left."""

import os
import signal

import pytest

from tests.lab.fixtures import lab_module
from tests.scenarios.lab_volumes import done
from tests.scenarios.operator import cluster, configfs, has_mounted, volume
from tests.scenarios.watcher import watching

lab = lab_module("watch", hosts=3, storage="san")

ALL = ("node01", "node02", "node03")
LIVE = "/sys/kernel/config/cluster/ocfs2"
DELAY = f"{LIVE}/reconnect_delay_ms"
SETTINGS = "/etc/default/o2cb"
# What somebody does by hand, in this order: a peer that has nothing mounted can be forgotten.
HANDS = {
    ("node02", "mount"): "umount /srv/images",
    ("node01", "kernel"): f"rmdir {LIVE}/node/node02",
    ("node03", "kernel"): f"echo 3000 >{DELAY}",
    ("node02", "file"): f"sed -i 's/IDLE_TIMEOUT_MS=.*/IDLE_TIMEOUT_MS=20000/' {SETTINGS}",
    ("node03", "boot"): "systemctl disable o2cb",
}
BY_CLASS = {
    "mounts": ("node02", "mount"),
    "files": ("node02", "file"),
    "boot": ("node03", "boot"),
}


@pytest.fixture(scope="module")
def wish(operator, wwids):
    """Writes the file with a policy; its path."""

    def write(**policy):
        whole = volume(device={"wwid": wwids["lun1"]}, size="fill")
        return operator.write(cluster(*ALL, volumes=[whole], policy=policy))

    return write


@pytest.fixture(scope="module")
def whole_cluster(operator, wish):
    operator.converge(wish(mode="report"))


@pytest.mark.usefixtures("whole_cluster")
def test_what_is_done_by_hand_is_told_by_truth_and_left_where_the_policy_reports(
    lab, operator, wish
):
    with watching(operator, wish(mode="report")) as watch:
        first = watch.until("observed")
        assert (first["hosts"], first["drift"]) == (3, 0)
        for (host, truth), command in HANDS.items():
            done(lab, host, command)
            found = watch.until("drift-found", host=host, truth=truth)
            assert found["class"] == "changed-outside"
        assert watch.end() == 0
        assert watch.told("healing") == []
        assert watch.told("condition", reason="HeartbeatStale") == []
    assert not has_mounted(lab, "node02")


@pytest.mark.usefixtures("whole_cluster")
def test_what_the_policy_names_is_healed_and_the_kernel_is_left(lab, operator, wish):
    """But the volume, which a kernel that does not know its host keeps from being mounted."""
    with watching(operator, wish(mode="heal", heal=["files", "boot", "mounts"])) as watch:
        watch.until("healed")
        for name in ("files", "boot"):
            host, truth = BY_CLASS[name]
            watch.until("drift-gone", host=host, truth=truth)
        assert watch.end() == 0
    assert "enabled" in done(lab, "node03", "systemctl is-enabled o2cb")
    assert done(lab, "node03", f"cat {DELAY}").strip() == "3000"
    assert len(configfs(lab, "node01")) == 2
    assert not has_mounted(lab, "node02")


@pytest.mark.usefixtures("whole_cluster")
def test_once_it_names_the_kernel_all_is_as_it_was(lab, operator, wish):
    policy = {"mode": "heal", "heal": ["files", "boot", "mounts", "kernel"]}
    with watching(operator, wish(**policy)) as watch:
        watch.until("drift-gone", host="node02", truth="mount")
        assert watch.end() == 0
    assert all(has_mounted(lab, host) for host in ALL)
    assert len(configfs(lab, "node01")) == 3
    assert operator.run("drift", wish(**policy)).returncode == 0


@pytest.mark.usefixtures("whole_cluster")
@pytest.mark.parametrize("counted", [1, 2])
def test_who_is_killed_in_the_middle_leaves_nothing_half_done_after_the_restart(
    lab, operator, wish, counted
):
    """kill -9 of the daemon and of all that it has started, while hosts are at work."""
    file = wish(mode="heal", heal=["files", "boot", "mounts"])
    for place in (("node02", "mount"), ("node02", "file"), ("node03", "boot")):
        done(lab, place[0], HANDS[place])
    with watching(operator, file) as watch:
        run = watch.until("healing")["healing_run"]
        operator.wait_for_record(run, "action-started", counted)
        os.killpg(watch.process.pid, signal.SIGKILL)
        watch.process.wait()
    with watching(operator, file) as watch:
        watch.until("healed", result="converged")
        assert watch.end() == 0
    assert all(has_mounted(lab, host) for host in ALL)
    assert operator.run("drift", file).returncode == 0


@pytest.mark.usefixtures("whole_cluster")
def test_a_lun_that_was_grown_is_told_and_never_healed(lab, operator, wish):
    file = wish(mode="heal", heal=["files", "boot", "mounts", "kernel", "services"])
    with watching(operator, file) as watch:
        watch.until("watching")
        lab.san_grow("lun1", "2560M")
        found = watch.until("drift-found")
        assert found["address"].startswith("volume/images")
        for _ in range(2):  # a round that would heal it, and one more
            watch.until("round-ended")
        assert watch.end() == 0
        assert watch.told("healing") == []
