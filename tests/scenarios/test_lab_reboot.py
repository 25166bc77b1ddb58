"""Hosts that are shut down and boot: everything in order, and nothing in a window.

The agent knows nothing of mounts: what orders it is what reconcile wrote. It takes some time
to stop, as an agent with guests does.
"""

import re
import time

import pytest

from tests.lab.fixtures import lab_module
from tests.lab.shell import LabError
from tests.scenarios.lab_volumes import done
from tests.scenarios.operator import (
    TRIES,
    cluster,
    commands,
    configfs,
    has_mounted,
    pauses,
    volume,
)

lab = lab_module("reboot", hosts=2, storage="san")

BOTH = ("node01", "node02")
# The journal of the boot before is proof of what came after what.
JOURNAL = """\
mkdir -p /var/log/journal /etc/systemd/journald.conf.d /etc/systemd/system.conf.d
printf '[Journal]\\nStorage=persistent\\nRateLimitBurst=0\\n' >/etc/systemd/journald.conf.d/z.conf
printf '[Manager]\\nLogLevel=info\\n' >/etc/systemd/system.conf.d/z.conf
rm -f /etc/systemd/system/systemd-journal-flush.service
systemctl daemon-reexec
systemctl restart systemd-journald
journalctl --flush
"""
AGENT = """\
cat >/usr/local/bin/agent <<'X'
exec 3>>/srv/images/$(hostname).log 4<> <(:)
while :; do
    echo $EPOCHREALTIME >&3
    sync /srv/images/$(hostname).log && echo $EPOCHREALTIME >>/root/times
    read -rt 0.1 -u 4
done
X
cat >/etc/systemd/system/agent.service <<'X'
[Service]
ExecStart=/bin/bash /usr/local/bin/agent
ExecStop=/bin/sleep 4
[Install]
WantedBy=multi-user.target
X
rm -f /root/times; systemctl daemon-reload; systemctl enable -q --now agent
"""
# Mounted by the agent itself, in its own time, and left mounted when it stops.
MOUNTS_ITSELF = """\
mkdir -p /etc/systemd/system/agent.service.d
cat >/etc/systemd/system/agent.service.d/mount.conf <<'X'
[Service]
ExecStartPre=/bin/sh -c 'for i in $(seq 60); do test -b /dev/mapper/mpatha && break; sleep 1; done'
ExecStartPre=/bin/sh -c 'mountpoint -q /srv/images || mount -t ocfs2 /dev/mapper/mpatha /srv/images'
TimeoutStartSec=240
X
systemctl daemon-reload
"""
BOOT = "cat /proc/sys/kernel/random/boot_id"
DOWN = (
    "Stopped agent.service",
    "ocfs2: Unmounting device",
    "Stopped ocfs2.service",
    'Unregistering O2CB cluster "ocfs2": OK',
    "Stopped o2cb.service",
    "Logging out of session",
    "Stopped open-iscsi.service",
    "Stopped iscsid.service",
)
UP = (
    "Finished open-iscsi.service",
    'Registering O2CB cluster "ocfs2": OK',
    "Started o2cb.service",
    "Mounted srv-images.mount",
    "Started agent.service",
)
FENCES = re.compile(
    r"evict|End recovery|Begin recovery|fencing|Quorum|heartbeat has failed", re.IGNORECASE
)
WRONG = re.compile(
    r"heartbeat region still active|target is busy|Failed unmounting|fenc|OCFS2\) Failed|I/O error"
)


@pytest.fixture(scope="module")
def device(lab):
    return {"wwid": next(lun["wwid"] for lun in lab.inventory["luns"])}


def wish(device, *, services=("agent",), mount=None, **more):
    where = {"path": "/srv/images", "options": ["noatime"], **(mount or {})}
    uses = {"workloads": {"services": [*services]}} if services else {}
    item = volume(device=device, size="fill", slots=4, mount=where, **uses)
    return cluster(*BOTH, volumes=[item], **more)


def shown(lab, host, unit, name):
    return done(lab, host, f"systemctl show -P {name} {unit}").split()


def rebooted(lab, host):
    """An orderly restart, until everything that starts at boot has, or has failed."""
    before = done(lab, host, BOOT)
    lab.run(host, "systemctl reboot")
    wait_for(lambda: done(lab, host, BOOT) != before, 400)
    wait_for(lambda: "No jobs" in done(lab, host, "systemctl list-jobs"), 400)


def wait_for(is_so, seconds):
    until = time.monotonic() + seconds
    while True:
        try:
            if is_so():
                return
        except (AssertionError, LabError) as error:  # it is down: no answer, or half of one
            print(f"not yet: {str(error)[:80]}")
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(2)


def created(operator, file):
    """All events until the cluster is there.

    To read the samples of a blank LUN takes more than its minute where the machine is busy
    with other things; then the same is applied again, as an operator would.
    """
    found = []
    for _ in range(TRIES):
        code, events = operator.apply(file)
        found += events
        if code == 0:
            return found
    raise AssertionError([e for e in found if e["event"] == "action-failed"])


def journal(lab, host, boot):
    return done(lab, host, f"journalctl -b {boot} -o short-precise --no-pager").splitlines()


def in_order(lines, words):
    """Each of the words is said, the last time after the last time of the one before."""
    places = [max((n for n, line in enumerate(lines) if w in line), default=-1) for w in words]
    told = [
        lines[place][7:160] if place >= 0 else f"(not said) {words[n]}"
        for n, place in enumerate(places)
    ]
    print("\n".join(told))
    assert -1 not in places, told
    assert places == sorted(places), told


def went_well(lines):
    """From the moment at which the shutdown began."""
    begins = max(n for n, line in enumerate(lines) if "Stopping agent.service" in line)
    assert not [line for line in lines[begins:] if WRONG.search(line)]


def clean(lab, host):
    """What the kernel of a survivor said since it was last asked; nobody was evicted."""
    said = done(lab, host, "dmesg -c")
    assert not FENCES.search(said), said
    return said


def test_a_service_is_put_in_order_without_being_touched(lab, operator, device):
    for host in BOTH:
        done(lab, host, JOURNAL)
    file = operator.write(wish(device))
    kinds = commands(created(operator, file))
    assert {("node01", "write-order"), ("node02", "reload-units")} <= set(kinds)
    for host in BOTH:
        assert "o2cb.service" in shown(lab, host, "srv-images.mount", "After")
        done(lab, host, AGENT)
    pids = {host: shown(lab, host, "agent", "MainPID") for host in BOTH}
    events = operator.converge(file)
    assert sorted(commands(events)) == [
        (host, kind) for host in BOTH for kind in ("reload-units", "write-order")
    ]
    for host in BOTH:
        after = shown(lab, host, "agent", "After")
        assert {"srv-images.mount", "ocfs2.service", "o2cb.service"} <= set(after)
        assert "srv-images.mount" in shown(lab, host, "agent", "Requires")
        below = {"iscsid.service", "open-iscsi.service", "multipathd.service"}
        assert below <= set(shown(lab, host, "o2cb", "After"))
    assert pids == {host: shown(lab, host, "agent", "MainPID") for host in BOTH}
    assert operator.is_settled(file)


def test_a_reboot_takes_everything_down_in_order_and_brings_it_back(lab, operator, device):
    file = operator.write(wish(device))
    done(lab, "node02", "dmesg -c >/dev/null")
    pauses(lab, "node02")
    rebooted(lab, "node01")
    last = journal(lab, "node01", "-1")
    in_order(last, DOWN)
    in_order(last, ("Stopped o2cb.service", "Stopped multipathd.service"))
    went_well(last)
    new = journal(lab, "node01", "0")
    in_order(new, UP)
    in_order(new, ("Started multipathd.service", "Started o2cb.service"))
    assert pauses(lab, *BOTH)["node02"] < 30
    assert "leaves domain" in clean(lab, "node02")
    assert operator.is_settled(file)


def test_where_the_mount_fails_at_boot_the_service_is_not_started(lab, operator, device):
    file = operator.write(wish(device))
    done(lab, "node01", "mv /etc/ocfs2/cluster.conf /root")
    rebooted(lab, "node01")
    assert not has_mounted(lab, "node01")
    assert shown(lab, "node01", "agent", "ActiveState") == ["inactive"]
    assert done(lab, "node01", "ls /srv/images") == "", "it wrote beneath the mount point"
    assert any("Dependency failed for agent.service" in s for s in journal(lab, "node01", "0"))
    done(lab, "node01", "mv /root/cluster.conf /etc/ocfs2; rm -f /root/times")
    operator.converge(file)
    done(lab, "node01", "systemctl start agent")
    assert operator.is_settled(file)
    pauses(lab, *BOTH)


def test_who_boots_in_a_window_does_not_mount(lab, operator, device):
    network = {"idle_timeout_ms": 31000}
    file = operator.write(wish(device, network=network))
    operator.killed(file, "node02", "stop-cluster")
    assert not [host for host in BOTH if has_mounted(lab, host)]
    lab.kill("node01")
    lab.start("node01")
    wait_for(lambda: "No jobs" in done(lab, "node01", "systemctl list-jobs"), 400)
    assert not has_mounted(lab, "node01")
    assert "ocfs2" not in done(lab, "node01", "cat /etc/fstab")
    assert shown(lab, "node01", "agent", "ActiveState") == ["inactive"]
    assert configfs(lab, "node01"), "o2cb did start: it is fstab that kept it from mounting"
    operator.converge(file)
    for host in BOTH:
        assert shown(lab, host, "agent", "ActiveState") == ["active"]
    pauses(lab, *BOTH)
    assert operator.is_settled(file)


def test_what_an_agent_mounts_itself_is_in_order_too(lab, operator, device):
    network = {"idle_timeout_ms": 31000}
    file = operator.write(wish(device, mount={"by": "workload"}, network=network))
    for host in BOTH:
        done(lab, host, MOUNTS_ITSELF)
    operator.converge(file)
    done(lab, "node02", "dmesg -c >/dev/null; : >/root/times")
    rebooted(lab, "node01")
    last = journal(lab, "node01", "-1")
    in_order(last, DOWN)
    went_well(last)
    in_order(journal(lab, "node01", "0"), ("Started o2cb.service", "Started agent.service"))
    assert has_mounted(lab, "node01")
    assert pauses(lab, *BOTH)["node02"] < 30
    clean(lab, "node02")
    assert operator.is_settled(file)


def test_a_service_that_is_named_no_more_loses_its_order(lab, operator, device):
    network = {"idle_timeout_ms": 31000}
    file = operator.write(wish(device, services=(), mount={"by": "workload"}, network=network))
    done(
        lab,
        "node01",
        "mkdir -p /etc/systemd/system/ssh.service.d; "
        "echo '[Unit]' >/etc/systemd/system/ssh.service.d/reconcile.conf",
    )
    events = operator.converge(file)
    assert ("node02", "archive-order") in commands(events)
    for host in BOTH:
        assert "o2cb.service" not in shown(lab, host, "agent", "After")
        assert shown(lab, host, "agent", "ActiveState") == ["active"]
    done(lab, "node01", "test -s /etc/systemd/system/ssh.service.d/reconcile.conf")
    assert operator.is_settled(file)
