"""The core of a cluster's life on hosts of any kernels: one function an operation, in order.

Three hosts; the first two make the cluster, the third joins it. Each function asserts that the
operation did what it should while the others wrote, and only then it is recorded.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.lab.lab import Lab
from tests.lab.plan import SAN
from tests.lab.shell import wait_until
from tests.proof.kernel_rows import Sighting, record
from tests.scenarios.lab_volumes import MIB, done
from tests.scenarios.operator import (
    ATTESTED,
    TRIES,
    Operator,
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

LAB = {"storage": "san", "lun_size": "384M"}
FIRST, SECOND, THIRD = HOSTS = ("node01", "node02", "node03")
SIZES = (384, 512, 640)  # MiB: at first, grown online, grown offline
# The suites whose kernel takes the slot of node 0.
STEALING = {"bullseye"}
# A join suspends locking; the longest seen with loaded machines is under 5 s.
SHORT_PAUSE = 10.0
# An outage takes minutes here; a file system that hangs takes for ever.
LONG_PAUSE = 300.0
# Seconds from a power cut: 28 of silence, then recovery and replay. Four times that.
PATIENCE = 160.0
# A boot takes a minute here; where many labs share two cores, several.
BOOT_PATIENCE = 600.0
# What the kernel says when it takes a host for dead: nothing of it when one leaves in order.
FENCED = ("evict", "Begin recovery", "fencing", "heartbeat has failed")
RELEASE = "uname -r; dpkg-query -W -f '${Version}' ocfs2-tools"
BYTES = "blockdev --getsize64 /dev/mapper/mpatha"
BOOT = "cat /proc/sys/kernel/random/boot_id"
SUPERBLOCK = (
    "debugfs.ocfs2 -R stats /dev/mapper/mpatha | "
    "awk '/Links:/ { print $NF } /Cluster Size Bits/ { print 2 ^ $NF }'"
)


def write_file(operator: Operator, *members, mib: int | None = None, **more) -> str:
    """The cluster with its volume of that size or as it is; timeouts make a death short."""
    if mib is None:
        mib = int(done(operator.lab, FIRST, BYTES)) // MIB
    items = [member(item) if isinstance(item, str) else item for item in members]
    lun = operator.lab.inventory["luns"][0]
    keys = {
        "device": {"wwid": lun["wwid"]},
        "size": f"{mib}MiB",
        "slots": 4,
        "backing": {"lvm": {"host": SAN, "vg": "san", "lv": lun["name"]}},
        "workloads": {"services": ["writer"]},
        **more,
    }
    return operator.write(
        cluster(
            members=items,
            volumes=[volume(**keys)],
            heartbeat={"dead_threshold": 15},
            network={"idle_timeout_ms": 20000},
        )
    )


@contextmanager
def record_sighting(
    operator: Operator, operation: str, *writing: str, limit: float = LONG_PAUSE
) -> Iterator[None]:
    """What is done inside is recorded if it is done, and nobody who writes paused longer."""
    lab = operator.lab
    running = [host for host in HOSTS if lab.status()["hosts"][host]["state"] == "on"]
    platforms = {tuple(done(lab, host, RELEASE).split()) for host in running}
    if writing:
        pauses(lab, *writing)
    started = time.monotonic()
    yield
    took = time.monotonic() - started
    worst = max(pauses(lab, *writing).values()) if writing else None
    assert (worst or 0) < limit
    suites = [lab.inventory["hosts"][host]["suite"] for host in HOSTS]
    record(Sighting(tuple(suites), tuple(sorted(platforms)), operation, round(took), worst))


def first_number(lab: Lab) -> int:
    """Nobody is node 0 where a kernel takes its slot (`reconcile manual kernels`, 2)."""
    return int(any(lab.inventory["hosts"][host]["suite"] in STEALING for host in HOSTS))


def check_members(operator: Operator, *hosts: str) -> None:
    """Files and kernels of each have exactly these, and it has the volume."""
    first = first_number(operator.lab)
    nodes = [(host, first + HOSTS.index(host)) for host in hosts]
    live = [f"{name} {number} 10.88.1.{10 + int(name[-2:])}:7777" for name, number in nodes]
    for host in hosts:
        assert conf_file(operator.lab, host) == conf(*nodes)
        assert sorted(configfs(operator.lab, host)) == live
        assert has_mounted(operator.lab, host)


def check_size(operator: Operator, mib: int, *hosts: str) -> None:
    """Device and superblock agree on each."""
    for host in hosts:
        links, size = map(int, done(operator.lab, host, SUPERBLOCK).split())
        device = done(operator.lab, host, BYTES)
        assert (links * size, int(device)) == (mib * MIB, mib * MIB)


def wait_for_busy_hosts(lab: Lab) -> None:
    """Let the command wait longer for a session: this machine has other things to do."""
    config = lab.directory / "ssh_config"
    config.write_text(config.read_text().replace("ConnectTimeout 10", "ConnectTimeout 60"))


def converge(operator: Operator, file: str) -> list[dict[str, Any]]:
    """Approve and apply what is due, again where a host was too busy to answer, as people do."""
    found = []
    for _ in range(TRIES):
        code, events = operator.apply(file)
        found += events
        if code == 0:
            return found
        print([e for e in events if e["event"] in {"action-failed", "refused"}] or events[-1:])
    raise AssertionError(f"{TRIES} times in vain")


def create(operator: Operator) -> None:
    """Two bare hosts become a cluster with a formatted volume that both read and write."""
    lab = operator.lab
    with record_sighting(operator, "create"):
        file = write_file(operator, FIRST, SECOND, workloads={})
        converge(operator, file)
        check_members(operator, FIRST, SECOND)
        assert operator.is_settled(file)
    done(lab, FIRST, "dd if=/dev/urandom of=/srv/images/data bs=1M count=16 status=none; sync")
    check_data(operator, FIRST, SECOND)
    check_size(operator, SIZES[0], FIRST, SECOND)


def check_data(operator: Operator, *hosts: str) -> None:
    """Each reads the same."""
    sums = {done(operator.lab, host, "sha256sum /srv/images/data") for host in hosts}
    assert len(sums) == 1


def join(operator: Operator) -> None:
    """A third joins while the two write."""
    start_writers(operator.lab, FIRST, SECOND)
    with record_sighting(operator, "join", FIRST, SECOND, limit=SHORT_PAUSE):
        file = write_file(operator, *HOSTS, workloads={})
        events = converge(operator, file)
        touched = {kind for host, kind in commands(events) if host in (FIRST, SECOND)}
        assert touched == {"write-cluster-conf", "register-nodes"}
        check_members(operator, *HOSTS)
        check_data(operator, *HOSTS)
    start_writers(operator.lab, THIRD)
    converge(operator, write_file(operator, *HOSTS))


def grow_online(operator: Operator) -> None:
    """The LUN and the file system grow while all write."""
    with record_sighting(operator, "grow-online", *HOSTS):
        file = write_file(operator, *HOSTS, mib=SIZES[1])
        assert operator.plan(file)["clusters"][0]["outages"] == []
        converge(operator, file)
        check_size(operator, SIZES[1], *HOSTS)
        check_data(operator, *HOSTS)


def grow_offline(operator: Operator) -> None:
    """It grows while nobody mounts it; then all write again."""
    backup = {"host": SECOND, "argv": ["cp", "/srv/images/data", "/root/backup"]}
    more = {"mib": SIZES[2], "growth": "offline", "backup": backup}
    with record_sighting(operator, "grow-offline", *HOSTS):
        file = write_file(operator, *HOSTS, **more)
        events = converge(operator, file)
        kinds = [kind for _host, kind in commands(events)]
        assert kinds.count("unmount") == len(HOSTS)
        assert kinds.index("unmount") < kinds.index("check-file-system") < kinds.index("mount")
        check_size(operator, SIZES[2], *HOSTS)
        check_data(operator, *HOSTS)
        assert operator.is_settled(file)


def reboot(operator: Operator, host: str = SECOND, operation: str = "reboot") -> None:
    """A member restarts in order and has its volume again; the others do not take it for dead."""
    lab = operator.lab
    others = [name for name in HOSTS if name != host]
    for name in others:
        done(lab, name, "dmesg -c >/dev/null")
    with record_sighting(operator, operation, *others):
        before = done(lab, host, BOOT)
        lab.run(host, "systemctl reboot")
        wait_for_boot(operator, host, before)
        wait_for_mount(operator, host)
        for name in others:
            said = done(lab, name, "dmesg -c")
            assert not [word for word in FENCED if word in said], said
        check_members(operator, *HOSTS)
        assert operator.is_settled(write_file(operator, *HOSTS))
    pauses(lab, host)


def wait_for_boot(operator: Operator, host: str, before: str) -> None:
    """Until it answers with another boot than that."""
    wait_until(
        lambda: operator.lab.run(host, BOOT).stdout not in {"", before}, BOOT_PATIENCE, 2
    )


def wait_for_mount(operator: Operator, host: str) -> None:
    """Until it has the volume, by itself."""
    assert wait_until(lambda: has_mounted(operator.lab, host), BOOT_PATIENCE, 2)


def leave(operator: Operator) -> None:
    """One leaves while the others write, and stays out when it restarts."""
    lab, staying = operator.lab, (FIRST, THIRD)
    gone = member(SECOND, state="absent")
    with record_sighting(operator, "leave", *staying, limit=SHORT_PAUSE):
        file = write_file(operator, FIRST, gone, THIRD)
        events = converge(operator, file)
        touched = {kind for host, kind in commands(events) if host in staying}
        assert touched == {"write-cluster-conf", "register-nodes"}
        check_members(operator, *staying)
        assert not has_mounted(lab, SECOND)
        assert configfs(lab, SECOND) == []
        assert operator.is_settled(file)


def lose(operator: Operator) -> None:
    """One dies; as soon as its journal is replayed it is dropped, and the other writes on."""
    lab = operator.lab
    dead = member(THIRD, state="dead", attested={**ATTESTED, "lun_access": "mapped"})
    gone = member(SECOND, state="absent")
    with record_sighting(operator, "dead", FIRST):
        lab.kill(THIRD)
        cut = time.monotonic()
        file = write_file(operator, FIRST, gone, dead)
        while any(one["blocked"] for one in operator.plan(file)["clusters"]):
            assert time.monotonic() - cut < PATIENCE
        converge(operator, file)
        check_members(operator, FIRST)
        assert operator.is_settled(file)
    checked = "umount /srv/images && fsck.ocfs2 -fn /dev/mapper/mpatha; mount /srv/images"
    done(lab, FIRST, "systemctl stop writer")
    assert "All passes succeeded" in done(lab, FIRST, checked, timeout=240)
