"""A member crashes while it unmounts: its heartbeat block stays, and everybody knows whose it is."""

import json
import time

from tests.lab.fixtures import lab_module
from tests.scenarios.operator import (
    LUN,
    cluster,
    configfs,
    has_mounted,
    member,
    pauses,
    start_writers,
    volume,
)

lab = lab_module("left", hosts=3)

ALL = ("node01", "node02", "node03")
# Seconds from the power cut: 28 of silence, then recovery and replay. Three times that.
PATIENCE = 120.0


def make_wish(*items, label="images"):
    """Members by name or in full, with timeouts that make a death short."""
    mount = {"path": "/srv/images", "options": ["noatime"]}
    one = volume(label, mount=mount, workloads={"services": ["writer"]})
    return cluster(
        members=[member(item) if isinstance(item, str) else item for item in items],
        volumes=[one],
        heartbeat={"dead_threshold": 15},
        network={"idle_timeout_ms": 20000},
    )


def crash_at_unmount(lab, operator, file, host):
    """The host's power is cut as it is about to unmount; it boots, and nobody waits for it."""
    code, _events = operator.interrupted(file, (host, "unmount"), lambda: lab.kill(host))
    assert code == 4
    lab.start(host)
    assert not has_mounted(lab, host)


def converge_after_recovery(operator, file):
    """Applied as soon as the survivors have recovered the dead one."""
    until = time.monotonic() + PATIENCE
    while operator.run("plan", file).returncode == 3:
        assert time.monotonic() < until
    operator.converge(file)


def generation(lab, number):
    """Of a heartbeat block, as it stands on the disk; all 0 after a clean leave."""
    told = lab.run("node01", f"debugfs.ocfs2 -R hb {LUN}").stdout
    rows = [line.split() for line in told.splitlines()]
    return next(row[3] for row in rows if row[:1] == [f"{number}:"])


def left(lab, host, name):
    """The numbers under which a member of the record has left a block."""
    told = lab.run(host, "cat /var/lib/reconcile/ocfs2/members.json").stdout
    return [number for _uuid, number, _block in json.loads(told)["members"][name]["left"]]


def test_who_crashed_while_it_left_goes_with_the_label_in_one_plan(lab, operator):
    operator.converge(operator.write(make_wish(*ALL)))
    start_writers(lab, *ALL)
    gone = member("node03", state="absent")
    crash_at_unmount(
        lab, operator, operator.write(make_wish("node01", "node02", gone)), "node03"
    )
    file = operator.write(make_wish("node01", "node02", gone, label="mail"))
    converge_after_recovery(operator, file)
    assert int(generation(lab, 2), 16) != 0
    for host in ("node01", "node02"):
        assert left(lab, host, "node03") == [2]
        assert len(configfs(lab, host)) == 2
    assert lab.run("node01", f"blkid -p -o value -s LABEL {LUN}").stdout == "mail\n"
    assert operator.is_settled(file)
    pauses(lab, "node01", "node02")


def test_who_crashed_before_it_got_another_number_gets_it_while_another_one_joins(
    lab, operator
):
    moved = operator.write(make_wish("node01", member("node02", number=9), label="mail"))
    crash_at_unmount(lab, operator, moved, "node02")
    # By itself node03 would get the number 1: its own block stands under 2.
    others = ("node01", member("node02", number=9), member("node03", number=3))
    file = operator.write(make_wish(*others, label="mail"))
    converge_after_recovery(operator, file)
    assert int(generation(lab, 1), 16) != 0
    for host in ALL:
        assert left(lab, host, "node02") == [1]
        assert has_mounted(lab, host)
    assert operator.is_settled(file)
