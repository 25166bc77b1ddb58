"""What happens: two bare hosts become a cluster, and then whatever may befall them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.model.gate_call import Target
from reconciler.model.observed import HostFacts, require
from tests.contract.normal import LUN
from tests.contract.stage import CLUSTER, HOLDER, Kind, Stage, comparable, digest, staged

NODE = "/dev/ubdb"
PATH = "/srv/images"
GIB = 1 << 30
NOTES = "/etc/ocfs2/notes"
OTHER = "22222222-2222-2222-2222-222222222222"
MKFS = ("mkfs.ocfs2", "-x", "-L", "other", "-N", "2", "-U", OTHER, NODE)
REGISTER = ("o2cb", "register-cluster", CLUSTER)
RESTART = ("systemctl", "restart", "o2cb.service")
START = ("systemctl", "start", "o2cb.service")
STOP = ("do", "systemctl", "stop", "o2cb.service")
BOTH = ("o2cb.service", "ocfs2.service")
AGENT = "agent.service"
LEFT = f"/var/lib/reconcile/{CLUSTER}/left.json"
# node02's own port while it is online, one where nobody listens, a network without a route.
TARGETS = ("10.88.1.12:7777", "10.88.1.12:7778", "192.0.2.1:7777")
# The sections that o2cb's own doings can show in.
O2CB = ("kernel", "cluster_conf", "o2cb_config", "live", "services")


async def played(kind: Kind) -> list[Any]:
    """What was noted of the whole history."""
    async with staged(kind) as stage:
        await play(stage)
        return comparable(stage)


async def play(stage: Stage) -> None:
    """The whole history, in the order in which each part leaves what the next one needs."""
    await created(stage)
    await files(stage)
    await archived(stage)
    await devices(stage)
    await leases(stage)
    await drained(stage)
    await stopped(stage)
    await restarted_while_mounted(stage)
    await one_list_longer(stage)
    await crashed_and_back(stage)
    await evicted(stage)
    await refused_to_join(stage)
    await odd_lists(stage)
    await restarted_while_unmounted(stage)
    await let_in_again(stage)


async def created(stage: Stage) -> None:
    """Bare hosts, a run, and the same again."""
    await stage.run("a register before there is a cluster", "node01", *REGISTER)
    await stage.apply("create")
    await stage.apply("the same again")


async def files(stage: Stage) -> None:
    """A file is replaced only by who knows what is in it."""
    old, new, newer = "old\n", "new", "newer\n"

    async def write(step: str, before: str, text: str, is_now: str = "") -> None:
        words = ("write-file", NOTES, "640", before, is_now or digest(text))
        await stage.gate(step, "node01", *words, stdin=text)

    await write("a new file", "absent", old)
    await write("the same file again", "absent", old)
    await write("a file that shall be absent but is not", "absent", new)
    await write("a file that is replaced", digest(old), new)
    await write("a file that has changed since", digest(old), newer)
    await write("a file whose content was damaged", digest(new), newer, digest(old))
    words = ("write-file", "/etc/ocfs2", "644", "absent", digest(new))
    await stage.gate("a file where a directory is", "node01", *words, stdin=new)


async def archived(stage: Stage) -> None:
    """A file that is as it was makes room; records of any name are told."""
    new = digest("new")
    for step, path, was in (
        ("archive what has changed since", NOTES, digest("old\n")),
        ("archive a file", NOTES, new),
        ("archive it again", NOTES, new),
        ("archive a directory", "/etc/ocfs2", new),
        ("archive what was archived", f"{NOTES}.before", new),
    ):
        await stage.gate(step, "node01", "archive-file", path, was)
    text = "{}\n"
    words = ("write-file", LEFT, "600", "absent", digest(text))
    await stage.gate("another record", "node01", *words, stdin=text)
    await stage.look("two records", only=("records",))
    await stage.gate("archive a record", "node01", "archive-file", LEFT, digest(text))


async def devices(stage: Stage) -> None:
    """Neither a mounted device nor one with data is formatted; a wrong volume not mounted."""
    size = str(GIB)
    for step, host, node, count in (
        ("format a mounted device", "node01", NODE, size),
        ("format a device of another size", "node01", NODE, "4096"),
        ("format a device that is not there", "node01", "/dev/ubdz", size),
    ):
        blank = Target(node, size=count)
        await stage.gate(step, host, "format", "--", *MKFS[:-1], node, on=blank)
    for step, on, path in (
        ("mount what is mounted there", bound(stage), PATH),
        ("mount another UUID", replace(bound(stage), node=NODE, uuid=OTHER), "/srv/other"),
        ("mount a device that is not there", Target("/dev/ubdz", uuid=OTHER), "/srv/other"),
        ("mount a device without OCFS2", Target("/dev/ubda", uuid=OTHER), "/srv/other"),
    ):
        await stage.gate(step, "node01", "mount", path, "noatime", on=on)
    for step, on in (
        ("mount beside a heartbeat that nobody explains", replace(bound(stage), beats="2")),
        ("mount a disk of another WWID", replace(bound(stage), wwid="36001")),
    ):
        await stage.gate(step, "node01", "mount", "/srv/other", "noatime", on=on)


async def leases(stage: Stage) -> None:
    """One run at a time, and each of its commands once."""
    names = ("node01,node02", "-")
    first = str(await stage.token("a lease", "node01", "run-1", HOLDER, "-"))
    for step, *words in (
        ("a lease that another run holds", "lease-acquire", "-", "run-2", HOLDER, *names),
        ("renew another run's lease", "lease-renew", "-", "run-2", "1"),
        ("seal another run's lease", "lease-seal", "-", "run-2", first),
        ("free what is not sealed", "lease-free", "-", "run-1", first),
        ("unlock another run", "lease-unlock", "-", "run-2"),
    ):
        await stage.gate(step, "node01", *words)
    await stage.look("while a lease is held")
    displaced = await stage.token("displace a lease", "node01", "run-2", HOLDER, "run-1")
    boot = require(stage.facts("node01").identity).boot_id
    late = ("7", boot, "999999999", "say", "do", "systemctl", "daemon-reload")
    mine = ("as", "-", "run-2", str(displaced))
    for step, *words in (
        ("renew a lease that was displaced", "lease-renew", "-", "run-1", first),
        ("a command of a run that was displaced", "as", "-", "run-1", first, *late),
        ("a command", *mine, *late),
        ("the same command again", *mine, *late),
        ("a command before it", *mine, "6", *late[1:]),
        ("a command from another boot", *mine, "8", OTHER, *late[2:]),
        ("a command on old facts", *mine, "8", boot, "0", *late[3:]),
        ("pause", "pause", CLUSTER, "disks are moved", "alice", "-"),
        ("a command in a pause", *mine, "8", *late[1:]),
        ("a lease in a pause", "lease-acquire", "-", "run-2", HOLDER, *names),
        ("resume", "resume"),
        ("seal a lease", "lease-seal", "-", "run-2", str(displaced)),
        ("a command of a run that has ended", *mine, "8", *late[1:]),
        ("free a lease", "lease-free", "-", "run-2", str(displaced)),
        ("free it again", "lease-free", "-", "run-2", str(displaced)),
    ):
        await stage.gate(step, "node01", *words)


async def drained(stage: Stage) -> None:
    """Neither umount nor o2cb's stop does anything while a service uses the volume."""
    sections = ("services", "processes")

    async def systemctl(step: str, *words: str) -> None:
        await stage.gate(step, "node02", "do", "systemctl", *words, AGENT)

    await systemctl("stop a service that is not there", "stop")
    await systemctl("disable a service that is not there", "disable")
    await stage.kind.install("node02", AGENT, f"{PATH}/agent.log")
    await systemctl("enable a service", "enable")
    await systemctl("start a service", "start")
    await stage.ask("a service uses the volume", sections, units=(AGENT,))
    await stage.gate("unmount while it runs", "node02", "unmount", PATH)
    await stage.gate("stop o2cb while mounted", "node02", *STOP)
    await stage.run("stop it by hand while mounted", "node02", *STOP[1:])
    await stage.look("o2cb's stop has failed", only=O2CB)
    await stage.run("start o2cb that was not stopped", "node02", *START)
    await systemctl("mask a service", "mask", "--runtime")
    await stage.ask("it runs though masked", sections, units=(AGENT,))
    await systemctl("stop it", "stop")
    await systemctl("start what is masked", "start")
    await systemctl("enable what is masked", "enable")
    await systemctl("disable what is masked", "disable")
    await stage.ask("masked", sections, units=(AGENT,))
    await systemctl("unmask it", "unmask", "--runtime")
    await stage.ask("enabled as before", sections, units=(AGENT,))
    await systemctl("disable it", "disable")
    await systemctl("mask it until the next boot", "mask", "--runtime")
    await stage.gate("unmount", "node02", "unmount", PATH)
    await stage.gate("unmount again", "node02", "unmount", PATH)
    await stage.look("unmounted", only=(*O2CB, "mounts", "wanted", "processes"))


async def stopped(stage: Stage) -> None:
    """With nothing mounted o2cb goes offline, and comes back; then the volume, too."""
    live = ("set-live", CLUSTER, "reconnect_delay_ms")
    await stage.ask("o2cb listens", ("interconnect",), connect=TARGETS)
    await stage.gate("stop o2cb while unmounted", "node02", *STOP)
    await stage.look("o2cb is stopped", only=O2CB)
    await stage.ask("o2cb does not listen", ("interconnect",), connect=TARGETS)
    await stage.gate("set what is offline", "node02", *live, "3000")
    await stage.run("start o2cb after a stop", "node02", *START)
    await stage.look("o2cb is started", only=O2CB)
    await stage.gate("set a delay", "node02", *live, "3000")
    await stage.gate("set a delay of nothing", "node02", *live, "0")
    await stage.look("another delay", only=("live",))
    await stage.gate("set the old delay", "node02", *live, "2000")
    mount = ("mount", PATH, "noatime")
    await stage.gate("mount after a stop", "node02", *mount, on=bound(stage))


async def restarted_while_mounted(stage: Stage) -> None:
    """o2cb says that all is well, and re-reads nothing."""
    text = stage.file("node02", "o2cb_config").text or ""
    other = text.replace("IDLE_TIMEOUT_MS=20000", "IDLE_TIMEOUT_MS=25000")
    await stage.write("another idle timeout in the file", "node02", "o2cb_config", other)
    await stage.run("restart o2cb while mounted", "node02", *RESTART)
    await stage.look("after the restart", only=O2CB)
    await stage.run("start o2cb while it runs", "node02", "systemctl", "start", "o2cb.service")
    await stage.write("the old timeout in the file", "node02", "o2cb_config", text)


async def one_list_longer(stage: Stage) -> None:
    """A third node in the list of one host, and out again."""
    text = stage.file("node01", "cluster_conf").text or ""
    await stage.write("three nodes in one file", "node01", "cluster_conf", with_node(text))
    for step in ("register it", "register it again"):
        await stage.run(step, "node01", *REGISTER)
    await stage.look("lists differ", only=O2CB)
    await stage.write("two nodes again", "node01", "cluster_conf", text)
    await stage.run("register the old list", "node01", *REGISTER)
    await stage.look("lists agree", only=O2CB)


async def crashed_and_back(stage: Stage) -> None:
    """What is written down for boots is enough to come back; a lease is there still."""
    before = await stage.token("a lease before the crash", "node02", "run-3", HOLDER, "-")
    await stage.crash("node02")
    await stage.look("a host is off")
    await stage.boot("node02")
    await stage.until("it mounts again by itself", lambda hosts: is_mounted(hosts, "node02"))
    await stage.ask("a mask is gone after a boot", ("services",), units=(AGENT,))
    for verb in ("lease-seal", "lease-free"):
        step = f"{verb} of before the crash"
        await stage.gate(step, "node02", verb, "-", "run-3", str(before))
    await stage.apply("after a crash")


async def evicted(stage: Stage) -> None:
    """A dead node is in use until it is evicted."""
    fstab = stage.file("node02", "fstab").text or ""
    kept = [line for line in fstab.splitlines(keepends=True) if " ocfs2 " not in line]
    await stage.write("nothing mounted at boot", "node02", "fstab", "".join(kept))
    text = stage.file("node01", "cluster_conf").text or ""
    await stage.gate("nothing online at boot", "node02", "do", "systemctl", "disable", *BOTH)
    await stage.crash("node02")
    await stage.write("a dead host out of the file", "node01", "cluster_conf", alone(text))
    await stage.run("register without a node just dead", "node01", *REGISTER)
    await stage.until("evicted", lambda hosts: slots(hosts, "node01") == 1)
    await stage.run("register without an evicted node", "node01", *REGISTER)
    await stage.look("out of the list", only=O2CB)


async def refused_to_join(stage: Stage) -> None:
    """Neither who is not on the list may mount, nor who has another list."""
    await stage.boot("node02")
    await stage.look("disabled at boot", only=(*O2CB, "mounts"))
    await stage.gate("online at boot", "node02", "do", "systemctl", "enable", *BOTH)
    await stage.run("start o2cb after a boot without", "node02", *START)
    await stage.look("back, unknown to the other")
    blank = Target(NODE, size=str(GIB))
    await stage.gate("format a device with data", "node02", "format", "--", *MKFS, on=blank)
    mount, on = ("mount", PATH, "noatime"), bound(stage)
    await stage.gate("mount where nobody knows it", "node02", *mount, on=on)
    await stage.look("refused as unknown")
    both = with_node(stage.file("node02", "cluster_conf").text or "")
    await stage.write("both, and a third, in one file", "node01", "cluster_conf", both)
    await stage.run("register all three", "node01", *REGISTER)
    await stage.gate("mount with a shorter list", "node02", *mount, on=on)
    await stage.look("refused for its list", only=(*O2CB, "mounts", "wanted"))


async def odd_lists(stage: Stage) -> None:
    """What the tools accept of cluster.conf, and what is left when they stop halfway."""
    text = stage.file("node02", "cluster_conf").text or ""
    for step, odd in odd_texts(text).items():
        await stage.write(f"{step}: the file", "node02", "cluster_conf", odd)
        await stage.run(f"{step}: register", "node02", *REGISTER)
        await stage.look(step, only=("live",))
    await stage.run("register another cluster", "node02", *REGISTER[:-1], "other")
    await stage.write("the agreed list again", "node02", "cluster_conf", text)
    await stage.run("register the agreed list", "node02", *REGISTER)
    await stage.look("after odd lists")


def odd_texts(text: str) -> dict[str, str]:
    """Variants of a cluster.conf that has two nodes."""
    name = "\tname = node02"
    return {
        "what is tolerated": "# by hand\n"
        + text.replace(name, f"\tcolour = red\n{name}")
        .replace("node_count = 2", "node_count = 7")
        .replace(" = ", "=")
        .replace("\t", "    "),
        "a blank line in a stanza": text.replace(name, f"\n{name}"),
        "an indented comment": text.replace(name, f"\t# here\n{name}"),
        "line ends of another system": text.replace("\n", "\r\n"),
        "no node_count": text.replace("\tnode_count = 2\n", ""),
        "a host name for an address": text.replace("10.88.1.11", "node01"),
        "two nodes of one name": text.replace("name = node01", "name = node02"),
        "two nodes of one number": text.replace("number = 4", "number = 2"),
        "two nodes of one address": text.replace("10.88.1.11", "10.88.1.12"),
        "an address that is not its own": text.replace("10.88.1.12", "10.88.1.99"),
        "another number": text.replace("number = 2", "number = 9"),
        "no node of its name": text.replace("name = node02", "name = node04"),
        "an empty file": "",
    }


async def restarted_while_unmounted(stage: Stage) -> None:
    """o2cb re-reads everything, also that it shall not run."""
    text = stage.file("node02", "o2cb_config").text or ""
    other = text.replace("IDLE_TIMEOUT_MS=20000", "IDLE_TIMEOUT_MS=25000")
    for step, settings in (
        ("disabled", text.replace("ENABLED=true", "ENABLED=false")),
        ("re-read", other),
        ("as before", text),
    ):
        await stage.write(f"{step}: the file", "node02", "o2cb_config", settings)
        await stage.run(f"{step}: restart", "node02", *RESTART)
        await stage.look(step, only=O2CB)


async def let_in_again(stage: Stage) -> None:
    """A run finds the way back, and the volume may be mounted twice on one host."""
    text = stage.file("node02", "cluster_conf").text or ""
    await stage.write("the short list in both files", "node01", "cluster_conf", text)
    await stage.run("register the short list", "node01", *REGISTER)
    await stage.apply("repair")
    mount = ("mount", "/srv/second", "noatime")
    await stage.gate("mount it elsewhere as well", "node02", *mount, on=bound(stage))
    await stage.look("mounted twice")


def bound(stage: Stage) -> Target:
    """The volume, with the heartbeats of both hosts."""
    return Target(LUN, uuid=volume(stage), beats="2,4")


def volume(stage: Stage) -> str:
    """The UUID of the volume."""
    (device,) = require(stage.facts("node01").wanted)
    return device.signature["UUID"]


def is_mounted(hosts: Mapping[str, HostFacts], name: str) -> bool:
    """Whether a host has the volume mounted."""
    return name in hosts and bool(require(hosts[name].mounts))


def slots(hosts: Mapping[str, HostFacts], name: str) -> int:
    """How many slots of the volume are taken, as a host reads them."""
    (device,) = require(hosts[name].wanted)
    return len(device.slot_map or ())


def with_node(text: str) -> str:
    """A cluster.conf with node03 as well."""
    stanza = (
        "node:\n\tip_port = 7777\n\tip_address = 10.88.1.13\n"
        f"\tnumber = 7\n\tname = node03\n\tcluster = {CLUSTER}\n\n"
    )
    return stanza + text.replace("node_count = 2", "node_count = 3")


def alone(text: str) -> str:
    """A cluster.conf without node02."""
    stanzas = [part for part in text.split("\n\n") if "name = node02" not in part]
    return "\n\n".join(stanzas).replace("node_count = 2", "node_count = 1")
