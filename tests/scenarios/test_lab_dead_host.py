"""A host that died, is replaced, and comes back; drained and offline ones: real kernels."""

import json
import time

from tests.lab.fixtures import lab_module
from tests.scenarios.operator import (
    ATTESTED,
    cluster,
    commands,
    conf,
    conf_file,
    configfs,
    has_mounted,
    member,
    pauses,
    start_writers,
    volume,
)

lab = lab_module("dead", hosts=4)

ALL = ("node01", "node02", "node03")
DEAD = member("node03", state="dead", attested={**ATTESTED, "lun_access": "mapped"})
# node04 takes the dead one's name.
NEW = member("node03", interconnect="10.88.1.14", ssh={"host": "node04"})
# Seconds from the power cut: 28 of silence, then recovery and replay. Three times that.
PATIENCE = 120.0


def wanted(*items):
    """Members by name or in full, with timeouts that make a death short."""
    return cluster(
        members=[member(item) if isinstance(item, str) else item for item in items],
        volumes=[volume(workloads={"services": ["writer"]})],
        heartbeat={"dead_threshold": 15},
        network={"idle_timeout_ms": 20000},
    )


def codes(operator, file):
    """What blocks a plan, by code; empty if nothing does."""
    return {b["code"] for c in operator.plan(file)["clusters"] for b in c["blocked"]}


def quarantined(lab, host):
    """Name and number of everyone in a member's record."""
    text = lab.run(host, "cat /var/lib/reconcile/ocfs2/quarantine.json").stdout
    return [(entry["name"], entry["number"]) for entry in json.loads(text)["hosts"]]


def test_a_host_that_just_died_is_not_dropped_before_its_recovery_has_ended(lab, operator):
    operator.converge(operator.write(wanted(*ALL)))
    start_writers(lab, *ALL)
    time.sleep(3)
    lab.kill("node03")
    cut = time.monotonic()
    file = operator.write(wanted("node01", "node02", DEAD))
    done = operator.run("apply", file, "--format", "json", "--auto-approve")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    found = {event["code"] for event in events if event["event"] == "refused"}
    print(f"refused after {time.monotonic() - cut:.0f} s: {found}")
    assert (done.returncode, commands(events)) == (3, [])
    assert found & {"heartbeat-advances", "recovery-unfinished"}
    for host in ("node01", "node02"):
        assert conf_file(lab, host) == conf(*zip(ALL, range(3), strict=True))
    while found:
        assert time.monotonic() - cut < PATIENCE, found
        found = codes(operator, file)
    print(f"allowed after {time.monotonic() - cut:.0f} s")


def test_a_dead_host_is_dropped_live_and_quarantined(lab, operator):
    file = operator.write(wanted("node01", "node02", DEAD))
    pauses(lab, "node01", "node02")
    events = operator.converge(file)
    pauses(lab, "node01", "node02")
    assert {kind for host, kind in commands(events) if host} == {
        "write-quarantine",
        "write-cluster-conf",
        "register-nodes",
        *("write-order", "reload-units"),  # of the writers, which were not there before
    }
    for host in ("node01", "node02"):
        assert has_mounted(lab, host)
        assert conf_file(lab, host) == conf(("node01", 0), ("node02", 1))
        assert [line.split()[0] for line in configfs(lab, host)] == ["node01", "node02"]
        assert quarantined(lab, host) == [("node03", 2)]
    done = operator.run("plan", file, "--detailed-exitcode")
    assert done.returncode == 0
    assert "node03 (node 2) is in quarantine" in done.stdout


def test_its_name_returns_on_a_fresh_host_under_another_number(lab, operator):
    lab.run("node04", "hostname node03; echo node03 >/etc/hostname")
    operator.converge(operator.write(wanted("node01", "node02", NEW)))
    want = ["node01 0 10.88.1.11:7777", "node02 1 10.88.1.12:7777", "node03 3 10.88.1.14:7777"]
    for host in ("node01", "node02", "node04"):
        assert has_mounted(lab, host)
        assert configfs(lab, host) == want
    assert quarantined(lab, "node04") == [("node03", 2)]


def test_nobody_evicts_the_last_who_keep_a_quarantined_host_out(lab, operator):
    gone = [member(name, state="absent") for name in ("node01", "node02")]
    assert operator.refusals(operator.write(wanted(*gone, NEW))) == {
        ("stale-host-could-return", "member/node03")
    }
    one = operator.run("plan", operator.write(wanted(gone[0], "node02", NEW)))
    assert one.returncode == 0, one.stdout


def test_the_dead_host_powered_on_again_cannot_mount(lab, operator):
    alive = ("node01", "node02")
    pauses(lab, *alive)
    lab.start("node03")
    tried = lab.run("node03", "systemctl show -P Result srv-images.mount").stdout.strip()
    print(f"its mount at boot: {tried}")
    assert tried != "success"
    assert not has_mounted(lab, "node03")
    again = lab.run("node03", "mount /srv/images", timeout=180)
    assert again.returncode != 0
    assert not has_mounted(lab, "node03")
    pauses(lab, *alive)
    for host in (*alive, "node04"):
        assert has_mounted(lab, host)
    beats = lab.run("node01", "mounted.ocfs2 -f /dev/ubdb | tail -1").stdout
    assert sorted(word.strip(",") for word in beats.split()[2:] if word[:4] == "node") == [
        "node01",
        "node02",
        "node03",
    ]
    lab.kill("node03")


def test_a_drained_host_is_listed_and_mounts_nothing_also_at_boot(lab, operator):
    file = operator.write(wanted("node01", member("node02", state="drained"), NEW))
    operator.converge(file)
    assert not has_mounted(lab, "node02")
    assert lab.run("node02", "grep /srv/images /etc/fstab").stdout == ""
    assert lab.run("node02", "systemctl is-active writer").stdout == "inactive\n"
    for host in ("node01", "node02", "node04"):
        assert len(configfs(lab, host)) == 3
    assert operator.is_settled(file)
    file = operator.write(wanted("node01", "node02", NEW))
    operator.converge(file)
    assert has_mounted(lab, "node02")
    assert lab.run("node02", "systemctl is-active writer").stdout == "active\n"


def test_what_needs_a_host_that_is_offline_waits_for_it(lab, operator):
    lab.stop("node02")
    away = member("node02", state="offline", attested={**ATTESTED, "reason": "a new fan"})
    file = operator.write(wanted("node01", away, NEW))
    assert operator.is_settled(file)
    smaller = wanted("node01", away, {**NEW, "state": "absent"})
    assert ("member-offline", "member/node02") in operator.refusals(operator.write(smaller))
    lab.start("node02")
    operator.converge(operator.write(wanted("node01", "node02", NEW)))
    assert has_mounted(lab, "node02")
    pauses(lab, "node01", "node02")
