"""Bare hosts to a mounted volume, a live join, a power cut: on real kernels, in order."""

import json
import re

from tests.lab.fixtures import lab_module
from tests.scenarios.operator import (
    cluster,
    commands,
    configfs,
    failures,
    mounts_by_itself,
    pauses,
    start_writers,
)

lab = lab_module("create", hosts=4)

OLD = ("node01", "node02", "node03")
ALL = (*OLD, "node04")
# Everything on the root disk with its change time, the modules, the mounts.
STATE = (
    "find / -xdev \\( -type f -o -type l -o -type d \\) ! -path '/root/.bash_history' "
    "-printf '%p %s %C@\\n' | sort; cut -d' ' -f1 /proc/modules | sort; cat /proc/mounts"
)
DISK = "dd if=/dev/ubdb bs=1M iflag=direct status=none | cksum"
# A join suspends locking while the domain is extended; the longest pause seen with loaded
# machines is under 5 s (manual ocfs2, 1: 4.4 s for refused joins), a stall would be over 30.
JOIN_PAUSE = 10.0


def test_plan_writes_nothing_on_any_host(lab, operator):
    file = operator.write(cluster(*OLD))
    assert operator.run("validate", file).returncode == 0
    before = {host: lab.run(host, STATE, timeout=120).stdout for host in OLD}
    disk = lab.run("node01", DISK, timeout=120).stdout
    done = operator.run("plan", file)
    assert done.returncode == 0, done.stderr
    assert "mount images on /srv/images" in done.stdout
    assert operator.run("plan", file, "--detailed-exitcode").returncode == 2
    assert (
        operator.run("observe", file, "-o", str(operator.home / "facts.json")).returncode == 0
    )
    for host in OLD:
        assert (
            lab.run(host, STATE, timeout=120).stdout.splitlines() == before[host].splitlines()
        )
    assert lab.run("node01", DISK, timeout=120).stdout == disk


def test_apply_without_approval_does_nothing_and_says_what_would_approve(operator):
    file = operator.write(cluster(*OLD))
    done = operator.run("apply", file, "--auto-approve")
    assert done.returncode == 3
    plan = operator.plan(file)
    device = "--accept-data /dev/disk/by-id/lab-lun1"
    assert f"reconcile apply {file} --approve {plan['id']} {device}" in done.stderr


def test_three_bare_hosts_become_a_cluster_with_a_mounted_volume(lab, operator):
    file = operator.write(cluster(*OLD))
    code, events = operator.apply(file)
    assert code == 0, failures(events) or events[-1]
    assert events[-1]["result"] == "converged"
    nodes = [f"node0{n} {n - 1} 10.88.1.{10 + n}:7777" for n in (1, 2, 3)]
    for host in OLD:
        assert configfs(lab, host) == nodes
        assert " /srv/images ocfs2 " in lab.run(host, "cat /proc/mounts").stdout
    lab.run("node01", "echo from node01 > /srv/images/hello; sync")
    for host in OLD:
        assert lab.run(host, "cat /srv/images/hello").stdout == "from node01\n"


def test_a_second_apply_changes_nothing(operator):
    file = operator.write(cluster(*OLD))
    code, events = operator.apply(file)
    assert (code, events[-1]["result"], commands(events)) == (0, "no-change", [])
    assert operator.run("plan", file, "--detailed-exitcode").returncode == 0


def test_a_fourth_host_joins_while_the_others_write(lab, operator):
    start_writers(lab, *OLD)
    code, events = operator.apply(operator.write(cluster(*ALL)))
    assert code == 0, failures(events) or events[-1]
    assert max(pauses(lab, *OLD).values()) < JOIN_PAUSE
    for host in OLD:
        lab.run(host, "systemctl disable -q --now writer")
    done = commands(events)
    touched = {kind for host, kind in done if host in OLD}
    assert touched == {"write-cluster-conf", "register-nodes"}
    record = json.dumps(events)
    assert not re.search(r"\b(umount|stop)\b", record)
    assert [host for host, kind in done if kind in {"start-cluster", "mount"}] == ["node04"] * 2
    for host in ALL:
        assert len(configfs(lab, host)) == 4
    lab.run("node02", "echo to the newcomer > /srv/images/hello; sync")
    assert lab.run("node04", "cat /srv/images/hello").stdout == "to the newcomer\n"
    for host in OLD:
        written = lab.run("node04", f"wc -l < /srv/images/{host}.log").stdout
        assert int(written) > 20


def test_after_a_power_cut_a_host_comes_back_with_its_volume(lab, operator):
    lab.kill("node02")
    lab.start("node02")
    file = operator.write(cluster(*ALL))
    assert mounts_by_itself(lab, "node02")
    assert lab.run("node02", "cat /srv/images/hello").stdout == "to the newcomer\n"
    state = lab.run("node02", "systemctl show -p Result --value srv-images.mount").stdout
    assert state.strip() == "success"
    assert operator.run("plan", file, "--detailed-exitcode").returncode == 0
