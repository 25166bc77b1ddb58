"""An operator in front of a lab: writes files, runs the installed command, reads hosts."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from deepdiff import DeepDiff

from tests.lab.lab import Lab
from tests.lab.network import inside

# One line every tenth of a second, each on the disk before the next, and the time at which it
# was there. It keeps its file open, as an agent or a guest does, and starts no process: of those
# a host on a shared core manages a dozen a second. Numbers are x86-64's: O_SYNC, clock_gettime.
WRITER = r"""
cat >/usr/local/bin/writer <<'X'
use Fcntl;
sub now { my $t = pack 'q2', 0, 0; syscall 228, 0, $t; sprintf "%d.%09d\n", unpack 'q2', $t }
chomp(my $host = `hostname`);
sysopen my $out, "/srv/images/$host.log", O_WRONLY | O_CREAT | O_APPEND | 0x101000 or die;
while (1) {
    if (syswrite $out, now()) {
        open my $times, '>>', '/root/times' or die;
        print $times now();
    }
    select undef, undef, undef, 0.1;
}
X
cat >/etc/systemd/system/writer.service <<'X'
[Unit]
After=remote-fs.target
ConditionPathIsMountPoint=/srv/images
[Service]
ExecStart=/usr/bin/perl /usr/local/bin/writer
[Install]
WantedBy=multi-user.target
X
rm -f /root/times; systemctl daemon-reload; systemctl enable -q --now writer
"""
PAUSE = (
    "{ cat /root/times; date +%s.%N; } | "
    "awk '{if (p && $1-p > m) m = $1-p; p = $1} END {printf \"%d %.2f\", NR - 1, m}'; "
    ": >/root/times"
)
CONFIGFS = (
    "cd /sys/kernel/config/cluster/ocfs2/node 2>/dev/null || exit 0; "
    'for n in *; do echo "$n $(cat $n/num) $(cat $n/ipv4_address):$(cat $n/ipv4_port)"; done'
)
ATTESTED = {"by": "ann", "at": "2026-11-30T12:00Z"}
RECONCILE = str(Path(sys.executable).with_name("reconcile"))
LUN = "/dev/disk/by-id/lab-lun1"
TRIES = 4
REFUSED = 3
# What is refused of a host that answers too late, or in part.
LATE = {"connection-lost", "host-unreachable", "section-unread"}
# Of a run that did not end well a failed test shows so many of its last events, whole.
LAST_EVENTS = 20
# Of a plan that changed so many characters are told.
CHANGED = 4000


def member(name: str, **more: Any) -> dict[str, Any]:
    """A member at the lab's interconnect address."""
    return {"name": name, "interconnect": f"10.88.1.{10 + int(name[-2:])}", **more}


def volume(label: str = "images", **more: Any) -> dict[str, Any]:
    """The lab's first LUN as a volume to be formatted."""
    return {
        "label": label,
        "device": {"path": LUN},
        "size": "1GiB",
        "slots": 6,
        "format": "if-blank",
        "mount": {"path": f"/srv/{label}", "options": ["noatime"]},
        **more,
    }


def cluster(*names: str, **more: Any) -> dict[str, Any]:
    """A cluster of these members with one volume."""
    return {
        "name": "ocfs2",
        "members": [member(name) for name in names],
        "volumes": [volume()],
        **more,
    }


@dataclass(frozen=True)
class Operator:
    """One operator with files and records of their own."""

    lab: Lab
    home: Path

    def write(self, *clusters: dict[str, Any], **more: Any) -> str:
        """A desired-state file; its path."""
        path = self.home / "cluster.yaml"
        document = {"version": 1, "ssh": {"user": "root"}, "clusters": list(clusters), **more}
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return str(path)

    def run(self, *words: str, timeout: float = 600) -> subprocess.CompletedProcess:
        """``reconcile WORDS`` inside the lab's network."""
        return self.lab.exec([RECONCILE, *words], timeout=timeout, **self._environment())

    def _environment(self) -> dict[str, str]:
        return {
            "RECONCILE_SSH_CONFIG": self.lab.environment()["LAB_SSH_CONFIG"],
            "RECONCILE_STATE": str(self.home / "state"),
        }

    def plan(self, file: str, *words: str) -> dict[str, Any]:
        """The plan as a document."""
        done = self.run("plan", file, "--format", "json", *words)
        assert done.stdout, f"exit {done.returncode}: {done.stderr}"
        return json.loads(done.stdout)

    def refusals(self, file: str) -> set[tuple[str, str]]:
        """Code and subject of everything that blocks the plan, which must exit with 3."""
        done = self.run("plan", file, "--format", "json")
        assert done.returncode == 3, done.stderr
        clusters = json.loads(done.stdout)["clusters"]
        return {(b["code"], b["subject"]) for c in clusters for b in c["blocked"]}

    def apply(self, file: str) -> tuple[int, list[dict[str, Any]]]:
        """Approve exactly the plan that is due; the exit code and the run's events.

        A busy host may answer too late: a run that is refused before anything has begun, for that
        alone or since the plan was another one, is tried once more, as a person would.
        """
        for _ in range(2):
            plan = self._due(file)
            done = self.run("apply", file, "--format", "json", *approving(plan))
            events = [json.loads(line) for line in done.stdout.splitlines()]
            print(done.stderr)
            if done.returncode:
                print(*done.stdout.splitlines()[-LAST_EVENTS:], sep="\n")
            if done.returncode != REFUSED or commands(events) or not self._passes(plan, events):
                break
        return done.returncode, events

    def _due(self, file: str) -> dict[str, Any]:
        """The plan; once more if a host only answered too late, as one of a busy machine may."""
        plan = self.plan(file)
        codes = {b["code"] for one in plan["clusters"] for b in one["blocked"]}
        return self.plan(file) if codes and codes <= LATE else plan

    def _passes(self, plan: dict[str, Any], events: list[dict[str, Any]]) -> bool:
        """Whether a refusal passes by itself; a changed plan is told at the end of all tests."""
        if any(event["event"] == "not-approved" for event in events):
            changed = DeepDiff(plan, self.plan(events[0]["file"]), threshold_to_diff_deeper=0)
            warnings.warn(f"the plan changed: {changed.pretty()[:CHANGED]}", stacklevel=3)
            return True
        codes = {event["code"] for event in events if event["event"] == "refused"}
        return bool(codes) and codes <= LATE

    def killed(self, file: str, host: str, kind: str) -> list[dict[str, Any]]:
        """Apply, killed as soon as an action of that kind has ended on that host.

        The events until then; the action must have been there. What the host still does for a
        run that was killed before may change the plan between plan and apply: then once more.
        """
        for _ in range(TRIES):
            status, events = self._killed(file, host, kind)
            if status == -signal.SIGKILL:
                return events
            assert "not-approved" in {event["event"] for event in events}, events[-1:]
        raise AssertionError(f"the plan changed {TRIES} times: {events}")

    def _started(self, *words: str) -> subprocess.Popen[str]:
        """The command, at work; its pid is that of the command itself."""
        argv = inside(self.lab.netns, RECONCILE, *words)
        return subprocess.Popen(
            [str(word) for word in argv],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.lab.environment(), **self._environment()},
        )

    def start_watch(self, file: str, *words: str) -> subprocess.Popen[bytes]:
        """A daemon in a process group of its own, whose log can be read."""
        argv = inside(self.lab.netns, RECONCILE, "watch", file, *words)
        return subprocess.Popen(
            [str(word) for word in argv],
            stderr=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, **self.lab.environment(), **self._environment()},
            start_new_session=True,
        )

    def wait_for_record(self, run: str, event: str, count: int) -> None:
        """Waits until the record of a run has so many lines of an event, or its end."""
        path = self.home / "state/runs" / f"{run}.jsonl"
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            text = path.read_text() if path.exists() else ""
            events = [json.loads(line)["event"] for line in text.splitlines()]
            if events.count(event) >= count or "run-finished" in events:
                return
            time.sleep(0.02)
        raise AssertionError(text)

    def _killed(self, file: str, host: str, kind: str) -> tuple[int, list[dict[str, Any]]]:
        words = ["apply", file, "--format", "json", "--approve", self._due(file)["id"]]
        events = []
        with self._started(*words) as run:
            for line in run.stdout or ():
                events.append(json.loads(line))
                last = [events[-1].get(key) for key in ("event", "host", "kind")]
                if last == ["action-finished", host, kind]:
                    run.kill()
                    break
        return run.returncode, events

    def interrupted(
        self, file: str, place: tuple[str, str], meanwhile: Callable[[], object], *words: str
    ) -> tuple[int, list[dict[str, Any]]]:
        """Apply, stopped when an action of ``place``, host and kind, is about to begin.

        The controller goes on after ``meanwhile``; the exit code and the run's events.
        """
        argv = ["apply", file, "--format", "json", *(words or self.approval(file))]
        events = []
        with self._started(*argv) as run:
            for line in run.stdout or ():
                events.append(json.loads(line))
                last = tuple(events[-1].get(key) for key in ("event", "host", "kind"))
                if last == ("action-started", *place):
                    os.kill(run.pid, signal.SIGSTOP)
                    try:
                        meanwhile()
                    finally:
                        os.kill(run.pid, signal.SIGCONT)
        assert place in commands(events), events[-1:]
        return run.returncode, events

    def approval(self, file: str) -> list[str]:
        """The words that approve exactly the plan that is due."""
        return approving(self._due(file))

    def converge(
        self, file: str, approved: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Apply an approved plan, or whatever is due; it must succeed; the run's events.

        Without a plan what is not safe is approved by the very words that the refusal tells.
        """
        words = ["--approve", approved["id"]] if approved else ["--auto-approve"]
        done = self.run("apply", file, "--format", "json", *words)
        if told := re.search(r"reconcile (apply .*--approve .*)", done.stderr):
            done = self.run(*shlex.split(told[1]), "--format", "json")
        print(done.stderr)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == 0, failures(events) or done
        return events

    def is_settled(self, file: str) -> bool:
        """Whether there is nothing to do."""
        done = self.run("plan", file, "--detailed-exitcode")
        print(done.stdout if done.returncode else "", done.stderr)
        return done.returncode == 0


def approving(plan: dict[str, Any]) -> list[str]:
    """The words that approve exactly this plan."""
    words = ["--approve", plan["id"]]
    actions = [action for one in plan["clusters"] for action in one["actions"]]
    for action in actions:
        words += ["--accept-data", action["device"]] if action["risk"] == "data" else []
    return words


def commands(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Host and kind of every action that was started, in order."""
    return [(e["host"], e["kind"]) for e in events if e["event"] == "action-started"]


def failures(events: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Host and kind of every action that failed, and why."""
    return {
        (e["host"], e["kind"]): e["message"] for e in events if e["event"] == "action-failed"
    }


def configfs(lab: Lab, host: str) -> list[str]:
    """The live node list of a host: ``NAME NUMBER IP:PORT``; empty without the cluster."""
    return lab.run(host, CONFIGFS).stdout.splitlines()


def conf(*nodes: tuple[str, int], ports: dict[str, int] | None = None) -> str:
    """The classic guide's cluster.conf of nodes by name and number, ascending."""
    stanzas = [
        f"node:\n\tip_port = {(ports or {}).get(name, 7777)}\n"
        f"\tip_address = 10.88.1.{10 + int(name[-2:])}\n\tnumber = {number}\n"
        f"\tname = {name}\n\tcluster = ocfs2\n"
        for name, number in nodes
    ]
    return "\n".join([*stanzas, f"cluster:\n\tnode_count = {len(nodes)}\n\tname = ocfs2\n"])


def conf_file(lab: Lab, host: str) -> str:
    """The cluster.conf of a host; empty if there is none."""
    return lab.run(host, "cat /etc/ocfs2/cluster.conf 2>/dev/null").stdout


def has_mounted(lab: Lab, host: str, path: str = "/srv/images") -> bool:
    """Whether the kernel of a host has OCFS2 mounted on a path."""
    lines = lab.run(host, "cat /proc/self/mountinfo").stdout.splitlines()
    return any(f" {path} " in line and " - ocfs2 " in line for line in lines)


def mounts_by_itself(lab: Lab, host: str) -> bool:
    """Whether a host has the volume within two minutes after it was started."""
    waited = (
        "for i in $(seq 240); do grep -q ' /srv/images ocfs2 ' /proc/mounts && exit 0; "
        "sleep 0.5; done; exit 1"
    )
    return lab.run(host, waited, timeout=150).returncode == 0


def start_writers(lab: Lab, *hosts: str) -> None:
    """A service on each host that writes to the volume for ever, also after a boot."""
    for host in hosts:
        done = lab.run(host, WRITER)
        assert done.returncode == 0, done.stderr


def pauses(lab: Lab, *hosts: str) -> dict[str, float]:
    """The longest pause between writes since last asked, in seconds; they still write."""
    found = {}
    for host in hosts:
        lines, pause = lab.run(host, PAUSE).stdout.split()
        assert int(lines) > 0, f"{host} does not write"
        found[host] = float(pause)
    print(f"longest pause between writes, in seconds: {found} (load {os.getloadavg()[0]:.1f})")
    return found


def mounted_together(hosts: set[str], events: list[dict[str, Any]]) -> set[int]:
    """How many of ``hosts``, all mounted at first, had a mount at any time of a run."""
    now, seen = set(hosts), {len(hosts)}
    for event in events:
        if event.get("kind") == "unmount" and event["event"] == "action-started":
            now.discard(event["host"])
        if event.get("kind") == "mount" and event["event"] == "action-finished":
            now |= hosts & {event["host"]}
        seen.add(len(now))
    return seen


def works(lab: Lab, *nodes: tuple[str, int], ports: dict[str, int] | None = None) -> None:
    """File and kernel of each have exactly these nodes; it is mounted and written to."""
    want = conf(*nodes, ports=ports)
    live = [
        f"{name} {number} 10.88.1.{10 + int(name[-2:])}:{(ports or {}).get(name, 7777)}"
        for name, number in nodes
    ]
    for host, _number in nodes:
        assert conf_file(lab, host) == want
        assert sorted(configfs(lab, host)) == sorted(live)
        assert has_mounted(lab, host)
        assert lab.run(host, "systemctl is-active writer").stdout == "active\n"
    pauses(lab, *(host for host, _number in nodes))
