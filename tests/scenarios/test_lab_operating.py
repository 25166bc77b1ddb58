"""What operators do between runs, and what becomes of disks and hosts then, on real kernels."""

import json

import pytest

from tests.lab.fixtures import lab_module
from tests.lab.shell import wait_until
from tests.scenarios.lab_volumes import done
from tests.scenarios.operator import ATTESTED, Operator, cluster, has_mounted, member, volume
from tests.scenarios.test_lab_others import comes, goes, wish

lab = lab_module("operate", hosts=4, storage="san", lun_size="384M,384M")

HOSTS = ("node01", "node02", "node03")


def mounted(lab):
    return [host for host in HOSTS if has_mounted(lab, host)]


def unmounted(lab):
    """Nobody has the volume mounted, by hand."""
    for host in HOSTS:
        done(lab, host, "umount /srv/images")


def test_a_pause_stops_a_run_under_way_and_every_later_one(lab, operator, wwids):
    file = operator.write(wish(wwids, *HOSTS))

    def pause():
        words = ("pause", "ocfs2", file, "--reason", "the array is being moved")
        assert operator.run(*words).returncode == 0

    code, events = operator.interrupted(file, ("node02", "mount"), pause)
    failed = {event["host"]: event for event in events if event["event"] == "action-failed"}
    assert (code, failed["node02"]["kind"]) == (4, "mount")
    assert all("the array is being moved" in event["message"] for event in failed.values())
    assert "node02" not in mounted(lab)
    assert operator.refusals(file) == {("paused", "cluster/ocfs2")}
    assert operator.run("apply", file, "--auto-approve").returncode == 3
    resumed = operator.run("resume", "ocfs2", file)
    assert (resumed.returncode, resumed.stdout.splitlines()[0]) == (
        0,
        "resumed node01, node02, node03",
    )
    operator.converge(file)
    assert mounted(lab) == list(HOSTS)


@pytest.fixture
def other(lab, tmp_path):
    """Another operator, with records of their own, as on another machine."""
    return Operator(lab, tmp_path)


def test_the_lease_of_a_dead_run_is_freed_also_of_a_host_that_is_gone(
    lab, operator, other, wwids
):
    drained = [*(member(host) for host in HOSTS[:2]), member("node03", state="drained")]
    volumes = wish(wwids, *HOSTS)["volumes"]
    events = operator.killed(
        operator.write(cluster(members=drained, volumes=volumes)), "node03", "unmount"
    )
    run = events[0]["run"]
    file = other.write(wish(wwids, *HOSTS))
    assert run in other.run("status", file).stdout
    lab.kill("node03")
    asked = other.run("unlock", run, file, "--yes", "--format", "json")
    hosts = {item["host"]: item for item in json.loads(asked.stdout)["hosts"]}
    assert asked.returncode == 4
    assert {"node01", "node02"} <= hosts.keys()
    freed = other.run("unlock", run, file, "--yes", "--gone", "node03", "--format", "json")
    assert json.loads(freed.stdout)["exit_code"] == freed.returncode
    lab.start("node03")
    ended = other.run("apply", file, "--lock-timeout", "200s", *other.approval(file))
    assert ended.returncode in (0, 3), ended.stderr
    other.converge(file)
    assert mounted(lab) == list(HOSTS)


def test_who_is_gone_for_good_is_attested_as_long_as_the_block_stays_as_it_was(
    lab, operator, wwids
):
    unmounted(lab)
    comes(lab)
    lab.kill("node04")
    file = operator.write(wish(wwids, *HOSTS))
    (blocked,) = operator.plan(file)["clusters"][0]["blocked"]
    assert (blocked["code"], blocked["subject"]) == ("foreign-heartbeat", "volume/images")
    assert "attested: [{number: 9" in blocked["remedy"]
    nine = {"attested": [{"number": 9, "by": ATTESTED["by"], "at": "2026-11-28T12:00Z"}]}
    file = operator.write(wish(wwids, *HOSTS) | {"heartbeat": nine})
    operator.converge(file)
    assert mounted(lab) == list(HOSTS)
    unmounted(lab)
    lab.start("node04")
    comes(lab)
    lab.kill("node04")
    (blocked,) = operator.plan(file)["clusters"][0]["blocked"]
    assert "not as it was when it was attested" in blocked["message"]
    assert mounted(lab) == []
    lab.start("node04")
    comes(lab)
    goes(lab)
    operator.converge(operator.write(wish(wwids, *HOSTS)))
    assert mounted(lab) == list(HOSTS)


def test_a_copy_of_the_volume_on_another_disk_is_refused(lab, operator, wwids):
    unmounted(lab)
    done(lab, "node01", "dd if=/dev/mapper/mpatha of=/dev/mapper/mpathb bs=1M conv=fsync")
    copy = volume(device={"wwid": wwids["lun2"]}, size="fill")
    found = operator.refusals(operator.write(cluster(*HOSTS, volumes=[copy])))
    assert ("cloned-volume", "volume/images") in found
    done(lab, "node01", "blkdiscard -f -z /dev/mapper/mpathb")
    operator.converge(operator.write(wish(wwids, *HOSTS)))


def test_while_a_member_is_cut_off_from_the_others_nobody_is_touched(lab, operator, wwids):
    operator.converge(operator.write(wish(wwids, *HOSTS)))
    volumes = wish(wwids, *HOSTS)["volumes"]
    drained = [member("node01"), member("node02", state="drained"), member("node03")]
    file = operator.write(cluster(members=drained, volumes=volumes))

    def blocked():
        return {
            (b["code"], b["subject"]) for b in operator.plan(file)["clusters"][0]["blocked"]
        }

    lab.cut("node03", "ic")
    ill = {("cluster-not-well", f"member/{host}") for host in HOSTS}
    assert wait_until(lambda: ill & blocked(), timeout=120)
    assert operator.run("apply", file, "--auto-approve").returncode == 3
    lab.kill("node03")
    lab.heal("node03")
    lab.start("node03")
    assert wait_until(lambda: not blocked(), timeout=200, step=2), blocked()
    operator.converge(file)
    assert mounted(lab) == ["node01", "node03"]
