"""Real hosts on which the cells are played: what they are brought to, and what is read of them."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.faults.operations import OTHER, SPARE, State
from tests.lab.lab import Lab
from tests.lab.shell import wait_until
from tests.scenarios.operator import CONFIGFS, PAUSE, WRITER, Operator
from tests.scenarios.test_lab_packages import NEWER, VERSION

HOSTS = 4
# Seconds in which a sound cluster gets to where a cell begins.
SETTLING = 900.0
LUNS = "512M,32M"
DISK = "/dev/mapper/mpatha"
PART = f"{DISK}-part1"
# Data of somebody else, of which no wish says anything.
NEIGHBOUR = "/dev/mapper/mpathb"
# It writes wherever the volume is mounted, twice a second: ten synchronous writes of each host and
# second would be most of what a small machine does. Its times stand where no full disk concerns them.
ANYWHERE = (
    WRITER.replace("/root/times", "/run/writer-times")
    .replace(
        "ConditionPathIsMountPoint=/srv/images\n[Service]",
        "StartLimitIntervalSec=0\n[Service]\nRestart=on-failure\nRestartSec=1",
    )
    .replace(
        'sysopen my $out, "/srv/images/$host.log"',
        "chomp(my $at = `findmnt -n -t ocfs2 -o TARGET | head -n 1`);\n$at or exit 1;\n"
        'sysopen my $out, "$at/$host.log"',
    )
    .replace("select undef, undef, undef, 0.1;", "select undef, undef, undef, 0.5;")
    .replace("systemctl enable -q --now writer", "")
)
assert "/srv/images" not in ANYWHERE
assert "/root/times" not in ANYWHERE
assert "undef, 0.5;" in ANYWHERE
STOPWATCH = PAUSE.replace("/root/times", "/run/writer-times")
# A world without a cluster, made by hand. Who cannot unmount says so by its status.
BLANK = """\
systemctl disable -q --now writer; umount -a -t ocfs2
grep -q ' ocfs2 ' /proc/mounts && exit 1
systemctl stop ocfs2 o2cb; systemctl disable -q ocfs2 o2cb
sed -i '/ocfs2/d' /etc/fstab; rm -rf /var/lib/reconcile /etc/ocfs2/cluster.conf*
rm -rf /etc/systemd/system/writer.service.d; systemctl daemon-reload
sed -i 's/^O2CB_ENABLED=.*/O2CB_ENABLED=false/' /etc/default/o2cb
exit 0
"""
TABLE = f"parted -s {DISK} mklabel gpt mkpart images 1MiB 100%"
REREAD = f"partprobe {DISK}; udevadm settle"
LEVELS = f"blockdev --getsize64 {PART}; stat -f -c '%b %S' {{path}}"
# The volume at one moment, as a power cut of all hosts would leave it: its journals are replayed
# as a mount would do, and then nothing may be wrong. The first call replays, and gives up where it
# would ask a cluster, of which the SAN has none.
SECOND = "SECOND"
CHECK = """\
modprobe -a loop dm_snapshot || exit 8
lvcreate -qq -s -n look -L 300m san/lun1 </dev/null 2>&1 || exit 9
loop=$(losetup -f --show -o 1048576 /dev/san/look)
echo y | fsck.ocfs2 -F -fy $loop 2>&1
echo SECOND; echo y | fsck.ocfs2 -F -fn $loop 2>&1
debugfs.ocfs2 -R 'stat //' $loop 2>/dev/null | sed -n 's/^[[:space:]]*Inode: \\([0-9]*\\).*/SYSTEM \\1/p'
losetup -d $loop; udevadm settle; lvremove -qq -f san/look 2>&1
"""
# What there is to know of a volume of which fsck.ocfs2 found something: as it is at that moment,
# with nothing replayed.
DETAILS = """\
modprobe -a loop dm_snapshot || exit 8
lvcreate -qq -s -n look -L 300m san/lun1 </dev/null 2>&1 || exit 9
loop=$(losetup -f --show -o 1048576 /dev/san/look) || exit 7
ask() { echo "== $*"; debugfs.ocfs2 -R "$*" $loop 2>&1; }
ask stats; ask slotmap; ask ls -l /; ask ls -l //
for name in $(debugfs.ocfs2 -R 'ls /' $loop 2>/dev/null | awk '$NF ~ /^[a-z]/ {print $NF}'); do
    ask stat /$name
done
for slot in $(seq 0 9); do
    for kind in local_alloc truncate_log orphan_dir; do ask stat //$kind:000$slot; done
done
ask stat //global_bitmap
losetup -d $loop; udevadm settle; lvremove -qq -f san/look 2>&1
"""
# Neither mkfs.ocfs2 nor tunefs.ocfs2 makes an index of the system directory, which it can lack.
HARMLESS = "[DX_TREE_MISSING] Directory {inode} "


class Wrong(AssertionError):
    """What must not come of a fault, in a sentence."""


@dataclass
class Stage:
    """A lab with its operator; ``state`` is what the hosts were last brought to.

    ``details`` are of a volume of which fsck.ocfs2 found something.
    """

    lab: Lab
    operator: Operator
    state: State = field(default_factory=State)
    is_blank: bool = True
    is_settled: bool = False
    sums: dict[str, str] = field(default_factory=dict)
    details: str = ""

    def __post_init__(self) -> None:
        """Whatever a blank lab needs once."""
        self.wwid = self.lab.inventory["luns"][0]["wwid"]
        release = self.do("node01", "uname -r; dpkg-query -W -f '${Version}' ocfs2-tools")
        self.platform = tuple(release.split())
        self.do("node01", TABLE)
        self.do("node01", f"dd if=/dev/urandom of={NEIGHBOUR} bs=1M count=32 oflag=direct")
        self.together(self.lab.hosts, lambda host: self.do(host, REREAD))
        self.together(self.lab.hosts, lambda host: self.do(host, ANYWHERE))
        self.sums = {"neighbour": self._neighbour()}

    def do(self, host: str, command: str, timeout: float = 180) -> str:
        """What a command on a host prints, which must succeed."""
        ended = self.lab.run(host, command, timeout=timeout)
        if ended.returncode:
            raise Wrong(f"{host}: {command[:200]}: {ended.stdout}{ended.stderr}"[-1500:])
        return ended.stdout

    def together(self, hosts: Any, call: Callable[[str], Any]) -> dict[str, Any]:
        """A call for each host, all at once; the answers by host."""
        names = list(hosts)
        with ThreadPoolExecutor(len(names) or 1) as pool:
            return dict(zip(names, pool.map(call, names), strict=True))

    def write(self, state: State) -> str:
        """The desired-state file of a state; its path."""
        version = self._other_version() if state.tools == OTHER else state.tools
        return self.operator.write(replace(state, tools=version).to_wish(self.wwid))

    def _other_version(self) -> str:
        """Both versions can be had on all hosts; that which the first does not have."""
        for host in self.lab.hosts:
            if self.lab.run(host, "test -f /srv/newer/version").returncode:
                self.do(host, "apt-get -q update >/dev/null; " + NEWER, timeout=300)
                self.do(host, "apt-get -q update", timeout=300)
        newer = self.do("node01", "cat /srv/newer/version").strip()
        has = self.do("node01", VERSION).strip()
        return newer.removesuffix("+newer1") if has == newer else newer

    def blank(self) -> None:
        """Nobody has a cluster, and the LUN is empty."""
        if self.is_blank:
            return
        self._power_on_the_dead()
        self.together(self.lab.hosts, lambda host: self.do(host, BLANK))
        self.do("node01", f"blkdiscard -f -z {PART}; {TABLE}")
        self.together(self.lab.hosts, lambda host: self.do(host, f"{REREAD}\n{ANYWHERE}"))
        self.state, self.is_blank = State(mib=self.state.mib), True
        self.sums = {"neighbour": self._neighbour()}

    def furnish(self) -> None:
        """Everybody writes, and there are data that nobody touches."""
        path = self.state.path
        if "data" not in self.sums:
            self.do("node01", f"dd if=/dev/urandom of={path}/data bs=1M count=16; sync")
            self.sums["data"] = self.sum("node01")
        start = "systemctl enable -q --now writer"
        self.together(self.state.members, lambda host: self.do(host, start))

    def sum(self, host: str) -> str:
        """The checksum of the data on the volume, as a host reads them."""
        return self.do(host, f"sha256sum <{self.state.path}/data").split()[0]

    def _neighbour(self) -> str:
        command = f"dd if={NEIGHBOUR} bs=1M iflag=direct status=none | sha256sum"
        return self.do("node01", command).split()[0]

    def restart_stopwatch(self) -> None:
        """Pauses are measured from now on."""
        self.together(self.state.members, lambda host: self.do(host, ": >/run/writer-times"))

    def pauses(self, hosts: Any) -> dict[str, float]:
        """The longest pause between writes of each host; they still write."""
        found = {}
        for host in hosts:
            lines, pause = self.do(host, STOPWATCH).split()
            if int(lines) < 1:
                raise Wrong(f"{host} does not write any more")
            found[host] = float(pause)
        return found

    def check(self) -> None:
        """All that must be true once the wish has been met; raises Wrong."""
        checks = (
            self._check_membership,
            self._check_sizes,
            self._check_data,
            self._check_neighbour,
            self._check_volume,
        )
        with ThreadPoolExecutor(len(checks)) as pool:
            for asked in [pool.submit(check) for check in checks]:
                asked.result()

    def _check_data(self) -> None:
        readers = {self.state.members[0], self.state.members[-1]} if "data" in self.sums else ()
        for host, found in self.together(readers, self.sum).items():
            if found != self.sums["data"]:
                raise Wrong(f"{host} reads other data than were written")

    def _check_neighbour(self) -> None:
        if self._neighbour() != self.sums["neighbour"]:
            raise Wrong("the data of the neighbour on the SAN were changed")

    def check_writers(self, hosts: Any) -> None:
        """The service that was at work before is at work again, and will be after a boot."""
        asked = "systemctl is-active writer; systemctl is-enabled writer"
        for host in hosts:
            works = lambda h=host: self.lab.run(h, asked).stdout == "active\nenabled\n"  # noqa: E731
            if not wait_until(works, 30, 1):
                told = self.lab.run(host, f"{asked}; systemctl status writer").stdout
                raise Wrong(f"{host}: its writer does not work: {told[:800]}")

    def _check_membership(self) -> None:
        live = self.together(self.lab.hosts, lambda h: self.lab.run(h, CONFIGFS).stdout)
        mounts = self.together(
            self.lab.hosts, lambda h: self.lab.run(h, MOUNTED).stdout.split()
        )
        lists = {host: sorted(live[host].splitlines()) for host in self.state.members}
        names = [line.split()[0] for line in lists[self.state.members[0]]]
        if len({tuple(one) for one in lists.values()}) > 1 or names != [*self.state.members]:
            raise Wrong(f"the live lists of nodes differ or are not as wished: {lists}")
        for host, number in self.state.numbers.items():
            if f"{host} {number} " not in live["node01"]:
                raise Wrong(f"{host} does not have the number {number}: {live['node01']}")
        want = {h: [self.state.path] if h in self.state.members else [] for h in mounts}
        if mounts != want:
            raise Wrong(f"mounted are {mounts}")
        if SPARE not in self.state.members and live.get(SPARE):
            raise Wrong(f"{SPARE} still has a cluster: {live[SPARE]}")

    def _check_sizes(self) -> None:
        wanted = (self.state.mib - 4) << 20
        command = LEVELS.format(path=self.state.path)
        found = self.together(self.state.members, lambda host: self.do(host, command))
        for host, told in found.items():
            device, blocks, size = map(int, told.split())
            if not wanted <= blocks * size <= device:
                raise Wrong(f"{host}: {blocks * size} bytes of a file system on {device}")

    def _check_volume(self) -> None:
        replay, _, said = self.do("san", CHECK, timeout=400).partition(SECOND)
        if "All passes succeeded" not in said:
            raise Wrong(f"fsck.ocfs2 did not end well: {replay[-500:]} {said[-900:]}")
        found = re.findall(r"^\[[A-Z_0-9]+\].*", said, re.MULTILINE)
        inode = re.search(r"^SYSTEM (\d+)", said, re.MULTILINE)
        harmless = HARMLESS.format(inode=inode[1] if inode else "-")
        if odd := [line for line in found if not line.startswith(harmless)]:
            self.details = f"{replay}{SECOND}{said}\n{self.do('san', DETAILS, timeout=400)}"
            raise Wrong(f"fsck.ocfs2 found {odd}")

    def wait_for_everybody(self, *but: str) -> None:
        """All have power, networks and paths again, except who is dead."""
        hosts = [host for host in self.lab.hosts if host not in but]
        self.lab.heal(*self.lab.hosts, "san")
        self.lab.start(*hosts)

    def _power_on_the_dead(self) -> None:
        if self.state.dead:
            self.lab.start(*self.state.dead)

    def settle(self, state: State) -> None:
        """Brings the hosts to a state, without any fault; nothing is asked if they were left in it."""
        if state == self.state and not self.is_blank and self.is_settled:
            return
        self._power_on_the_dead()
        file = self.write(state)
        until = time.monotonic() + SETTLING
        while True:
            plan = self.operator.plan(file)
            (one,) = plan["clusters"]
            if not one["blocked"] and not one["actions"]:
                break
            if not one["blocked"]:
                self.operator.run("apply", file, *approval(plan))
            if time.monotonic() > until:
                why = [(b["code"], b["message"]) for b in one["blocked"]] or one["actions"]
                raise Wrong(f"cannot be brought to what the cell begins with: {why}")
        self.state, self.is_blank, self.is_settled = state, False, True
        self.furnish()


MOUNTED = "awk '$3 == \"ocfs2\" {print $2}' /proc/mounts"


@contextmanager
def raised_stage(netns: str, home: Path, owner: int | None = None) -> Iterator[Stage]:
    """A lab of its own with its stage, removed in the end."""
    with Lab.up(netns, owner=owner, hosts=HOSTS, storage="san", lun_size=LUNS) as lab:
        yield Stage(lab, Operator(lab, home))


def utc() -> str:
    """The date of a result."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def approval(plan: Mapping[str, Any]) -> list[str]:
    """The words that approve exactly this plan."""
    actions = [action for one in plan["clusters"] for action in one["actions"]]
    data = [["--accept-data", a["device"]] for a in actions if a["risk"] == "data"]
    return ["--approve", plan["id"], *(word for words in data for word in words)]
