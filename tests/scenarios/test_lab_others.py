"""Everybody else: strangers, another controller, another disk, on real kernels."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.lab.fixtures import lab_module
from tests.scenarios.lab_volumes import done
from tests.scenarios.operator import (
    Operator,
    cluster,
    commands,
    has_mounted,
    member,
    start_writers,
    volume,
)
from tests.scenarios.test_lab_growth_troubles import ALONE

lab = lab_module("others", hosts=4, storage="san", lun_size="384M,256M,256M")

STRANGER = ALONE.replace("mpathc", "mpatha")
AWAY = "umount /mnt/it && systemctl stop o2cb && rm /etc/ocfs2/cluster.conf"
# The LUN behind lun_1 is another one from now on, with another serial; its paths stay.
SWAP = """\
cd /sys/kernel/config/target/iscsi/*/tpgt_1/lun && rm lun_1/lun2 &&
ln -s /sys/kernel/config/target/core/iblock_2/lun3 lun_1/lun2
"""
BACK = SWAP.replace("iblock_2/lun3", "iblock_1/lun2")


def wish(wwids, *names, **more):
    """These members with the first LUN whole."""
    one = volume(device={"wwid": wwids["lun1"]}, size="fill", **more)
    return cluster(*names, volumes=[one])


def comes(lab):
    done(lab, "node04", STRANGER, timeout=240)


def goes(lab):
    done(lab, "node04", AWAY, timeout=120)


def failure(events):
    """Host, kind and message of the one action that failed."""
    (failed,) = [event for event in events if event["event"] == "action-failed"]
    return (failed["host"], failed["kind"]), failed["message"]


def test_a_stranger_who_mounts_at_the_moment_of_our_mount_is_never_mounted_beside(
    lab, operator, wwids
):
    file = operator.write(wish(wwids, "node01"))
    code, events = operator.interrupted(file, ("node01", "mount"), lambda: comes(lab))
    where, why = failure(events)
    assert (code, where) == (4, ("node01", "mount"))
    assert "foreign-heartbeat" in why
    assert "of number 9" in why
    assert not has_mounted(lab, "node01")
    assert has_mounted(lab, "node04", "/mnt/it")
    (blocked,) = operator.plan(file)["clusters"][0]["blocked"]
    assert (blocked["code"], blocked["subject"]) == ("foreign-heartbeat", "volume/images")
    goes(lab)
    operator.converge(file)
    assert has_mounted(lab, "node01")


def test_a_stranger_who_mounts_inside_a_window_stops_what_would_write(lab, operator, wwids):
    operator.converge(operator.write(wish(wwids, "node01", "node02", "node03")))
    done(lab, "node01", "echo sentinel >/srv/images/data; sync")
    file = operator.write(wish(wwids, "node01", "node02", "node03", slots=8))
    code, events = operator.interrupted(
        file, ("node01", "check-file-system"), lambda: comes(lab)
    )
    where, why = failure(events)
    assert (code, where) == (4, ("node01", "check-file-system"))
    assert "nothing explains" in why
    assert "heartbeat of node 9" in why or "of number 9" in why
    assert {kind for _host, kind in commands(events)}.isdisjoint({"add-slots", "mount"})
    assert not any(has_mounted(lab, host) for host in ("node01", "node02", "node03"))
    goes(lab)
    operator.converge(file)
    assert done(lab, "node02", "cat /srv/images/data") == "sentinel\n"
    checked = "umount /srv/images && fsck.ocfs2 -fn /dev/mapper/mpatha; mount /srv/images"
    assert "All passes succeeded" in done(lab, "node03", checked, timeout=240)


# The same host as node 1, which is node02. Its kernel gives a mount up where it finds the other's
# block too often: it depends on who of both writes first.
DOUBLE = STRANGER.replace("number = 9", "number = 1").replace(
    "mount -t ocfs2 /dev/mapper/mpatha /mnt/it",
    "for n in 1 2 3 4 5 6 7 8; do mount -t ocfs2 /dev/mapper/mpatha /mnt/it && exit 0; done; exit 1",
)


def refusal_words(operator, file):
    return [
        (b["code"], b["subject"], b["message"])
        for b in operator.plan(file)["clusters"][0]["blocked"]
    ]


def test_a_stranger_under_the_number_of_a_member_is_named_and_nobody_mounts_beside_lost_slots(
    lab, operator, wwids
):
    """On the disk both look like one host; node01 takes node02 for dead meanwhile."""
    two, three = ("node01", "node02"), ("node01", "node02", "node03")
    operator.converge(operator.write(wish(wwids, *three)))
    file = operator.write(wish(wwids, *two))
    operator.converge(file)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(done, lab, "node04", DOUBLE, timeout=240)
        said, found = refusal_words(operator, file), []
        while not found and not coming.done():
            found = [(code, at) for code, at, words in said if "which is node02" in words]
            said = refusal_words(operator, file)
        coming.result()
    assert found == [("foreign-heartbeat", "volume/images")], said
    lab.kill("node02")  # before it fences itself, in its own time
    goes(lab)
    said = refusal_words(operator, operator.write(wish(wwids, *three)))
    lost = [(code, subject) for code, subject, words in said if "no slot of it" in words]
    assert lost == [("cluster-not-well", "member/node01")], said
    done(lab, "node01", "umount /srv/images")
    lab.start("node02")
    operator.converge(operator.write(wish(wwids, *three)))
    assert all(has_mounted(lab, host) for host in three)


@pytest.fixture
def other(lab, tmp_path):
    """Another operator, with records of their own, as on another machine."""
    return Operator(lab, tmp_path)


def test_a_controller_that_was_stopped_for_longer_than_its_lease_does_nothing_more(
    lab, operator, other, wwids
):
    operator.converge(operator.write(wish(wwids, "node01", "node02", "node03")))
    start_writers(lab, "node01", "node02", "node03")
    ours = operator.write(
        cluster(
            members=[member("node01"), member("node02", state="drained"), member("node03")],
            volumes=wish(wwids, "node01", workloads={"services": ["writer"]})["volumes"],
        )
    )
    theirs = other.write(
        wish(
            wwids,
            "node01",
            "node02",
            "node03",
            mount={"path": "/srv/images", "options": []},
            workloads={"services": ["writer"]},
        )
    )

    def others_run():
        words = ["--lock-timeout", "200s", *other.approval(theirs)]
        ended = other.run("apply", theirs, *words, timeout=900)
        assert ended.returncode in (0, 3), ended.stderr
        if ended.returncode == 3:  # the hosts had moved on while it waited for the lease
            other.converge(theirs)
        assert other.is_settled(theirs)

    code, events = operator.interrupted(ours, ("node02", "stop-service"), others_run)
    failed = [event["message"] for event in events if event["event"] == "action-failed"]
    print(code, events[-1], *failed, sep="\n")
    assert code != 0
    # What it meets first is chance: its sessions are gone, or a host that knows its token no more.
    # What was on its way when it was stopped may be done by then, or not: it is not known.
    assert any("lease-lost" in why or "not started" in why for why in failed)
    lost = ("lease-lost", "not started", "is unknown")
    assert all(any(words in why for words in lost) for why in failed)
    for event in events:
        print(event["time"], event["event"], event.get("action"), event.get("host"))
    kinds = [(event["event"], event.get("kind")) for event in events]
    woken = kinds.index(("action-started", "stop-service"))
    began = {e.get("action") for e in events[woken:] if e["event"] == "action-started"}
    ended = {e.get("action") for e in events[woken:] if e["event"] == "action-finished"}
    assert began
    assert not began & ended
    assert has_mounted(lab, "node02")
    assert done(lab, "node02", "systemctl is-active writer") == "active\n"
    assert other.is_settled(theirs)


def test_a_lun_that_is_swapped_on_the_san_between_plan_and_act_is_not_formatted(
    lab, operator, wwids
):
    one = wish(wwids, "node01", "node02", "node03")
    new = volume("music", device={"wwid": wwids["lun2"]}, size="fill")
    both = {**one, "volumes": [*one["volumes"], new]}
    file = operator.write(both)
    try:
        code, events = operator.interrupted(
            file, ("node01", "format"), lambda: done(lab, "san", SWAP)
        )
        where, why = failure(events)
        assert (code, where) == (4, ("node01", "format"))
        assert "wrong-device" in why or "device-unreadable" in why, why
        assert "TYPE" not in done(lab, "san", "blkid -p -o export /dev/san/lun3; true")
    finally:
        done(lab, "san", BACK)
    assert "TYPE" not in done(lab, "san", "blkid -p -o export /dev/san/lun2; true")


# As a session's end does where logind kills what a user has left.
KILLER = "nohup sh -c 'until pkill -9 -x mkfs.ocfs2; do :; done' >/dev/null 2>&1 &"


def test_a_format_that_was_killed_in_the_middle_is_seen_as_such(lab, operator, wwids):
    one = wish(wwids, "node01", "node02", "node03")
    new = volume("films", device={"wwid": wwids["lun3"]}, size="fill")
    file = operator.write({**one, "volumes": [*one["volumes"], new]})
    code, events = operator.interrupted(
        file, ("node01", "format"), lambda: done(lab, "node01", KILLER)
    )
    where, why = failure(events)
    assert (code, where) == (4, ("node01", "format"))
    assert "format-failed" in why
    assert not any(kind == "mount" for _host, kind in commands(events))
    left = done(lab, "node01", "blkid -p -o export /dev/mapper/mpathc; true")
    print(f"what it left: {left!r}")
    if operator.plan(file)["clusters"][0]["blocked"]:
        assert operator.refusals(file) == {("device-not-blank", "volume/films")}
        done(lab, "node01", "blkdiscard -f -z /dev/mapper/mpathc")
    operator.converge(file)
    assert has_mounted(lab, "node02", "/srv/films")
