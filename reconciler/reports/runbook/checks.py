"""How a person sees that a fact holds: a command for each reading, and what it must show."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.model.plan import Fact
from reconciler.model.records import DIRECTORY
from reconciler.reports.runbook.places import CONFIGFS, Places, shell
from reconciler.resources.ordering.changes import path_of

CONF, FSTAB = "/etc/ocfs2/cluster.conf", "/etc/fstab"
SAME = "the same on each of these hosts"
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Check:
    """``commands`` are typed on a host; ``shows`` is what they must show, a line each."""

    commands: tuple[str, ...]
    shows: tuple[str, ...]


def check(fact: Fact, host: str, places: Places) -> Check:
    """How to see on ``host`` that ``fact`` holds."""
    return CHECKS[fact.reading](fact, host, places)


def _one(command: str, *shows: str) -> Check:
    return Check((command,), shows)


def _value(fact: Fact) -> str:
    return SAME if fact.value is None else fact.value


def _file(path: str, fact: Fact) -> Check:
    if fact.value == "absent":
        return _one(shell("ls", path), f"ls: cannot access '{path}': No such file or directory")
    return _one(shell("sha256sum", path), f"{_value(fact)}  {path}" if fact.value else SAME)


def _package(fact: Fact, host: str, places: Places) -> Check:
    query = ("rpm", "-q") if places.manager(host) == "rpm" else ("dpkg-query", "-W")
    return _one(shell(*query, fact.subject), f"{fact.subject} {fact.value or 'with a version'}")


def _module_package(fact: Fact, host: str, places: Places) -> Check:
    name, _, version = fact.subject.partition("=")
    query = ("rpm", "-q") if places.manager(host) == "rpm" else ("dpkg-query", "-W")
    return _one(shell(*query, name), f"{name} {version}, or a build of it")


def _loaded_module(fact: Fact, _host: str, _places: Places) -> Check:
    """By srcversion; kernels without it (Debian's) tell the build by a note (elf(5))."""
    name = fact.subject
    note = f"/sys/module/{name}/notes/.note.gnu.build-id"
    return Check(
        (
            f"cat /sys/module/{name}/srcversion; modinfo -F srcversion {name}",
            f"od -An -tx1 -j16 {note}; readelf -n $(modinfo -n {name})    # without srcversion",
        ),
        ("the same twice",),
    )


def _live_nodes(fact: Fact, _host: str, _places: Places) -> Check:
    place = f"{CONFIGFS}/{fact.subject}/node"
    if fact.value == "absent":
        return _one(f"ls {place}", "nothing, or No such file or directory")
    command = (
        f"cd {place} && for n in *; do echo $(cat $n/num) $n "
        "$(cat $n/ipv4_address):$(cat $n/ipv4_port) $(grep -q 1 $n/local && echo here); "
        "done | sort -n"
    )
    own = "and `here` behind the host's own name, only there"
    rows = (SAME,) if fact.value is None else tuple(fact.value.split("; "))
    return Check((command,), (*rows, own))


def _timeouts(fact: Fact, _host: str, _places: Places) -> Check:
    values = dict(word.split("=") for word in (fact.value or "").split())
    files = {
        "idle": "idle_timeout_ms",
        "keepalive": "keepalive_delay_ms",
        "reconnect": "reconnect_delay_ms",
        "dead": "heartbeat/dead_threshold",
    }
    command = f"cd {CONFIGFS}/{fact.subject} && grep . {' '.join(files.values())}"
    return Check((command,), tuple(f"{files[k]}:{v}" for k, v in values.items()))


def _regions(fact: Fact, _host: str, _places: Places) -> Check:
    place = f"{CONFIGFS}/{fact.subject}/heartbeat"
    return Check(
        (f"ls -d {place}/*/", "ls /sys/kernel/debug/o2dlm"), ("no directory, in either",)
    )


def _reaches(fact: Fact, _host: str, _places: Places) -> Check:
    targets = [place.split(":") for place in fact.subject.split()]
    tries = [
        f"timeout 5 bash -c '</dev/tcp/{ip}/{port}' && echo {ip} open" for ip, port in targets
    ]
    return Check(tuple(tries), tuple(f"{ip} open" for ip, _port in targets))


def _file_system(fact: Fact, host: str, places: Places) -> Check:
    _kind, label, _of, stamp = (fact.value or "").split(" ")
    device = places.device(host, fact.subject)
    stack, _, cluster = stamp.partition("/")
    command = f"{shell('debugfs.ocfs2', '-R', 'stats', device)} | grep -E 'Label|Cluster (stack|name)'"
    return _one(
        command, f"Label: {label}", f"Cluster stack: {stack}", f"Cluster name: {cluster}"
    )


def _uuid(fact: Fact, host: str, places: Places) -> Check:
    device = places.device(host, fact.subject)
    return _one(shell("blkid", "-p", "-s", "UUID", "-o", "value", device), _value(fact))


def _device_size(fact: Fact, host: str, places: Places) -> Check:
    return _one(
        shell("blockdev", "--getsize64", places.device(host, fact.subject)), _value(fact)
    )


def _blank(fact: Fact, host: str, places: Places) -> Check:
    device = places.device(host, fact.subject)
    count = "tr -d '\\0' | wc -c"
    end = f"skip=$(( $({shell('blockdev', '--getsize64', device)}) / 1048576 - 16 ))"
    read = f"dd {shlex.quote(f'if={device}')} bs=1M"
    first, last = (f"{read} {part} 2>/dev/null | {count}" for part in ("count=16", end))
    signs = (shell("wipefs", "-n", device), shell("blkid", "-p", device))
    return Check(
        (*signs, first, last, shell("lsblk", device)),
        (
            "nothing from wipefs and blkid",
            "0 and 0: zeros at its beginning and its end",
            "one device with nothing below it, nowhere mounted",
        ),
    )


def _split(fact: Fact) -> tuple[str, str]:
    reference, value = fact.subject.rsplit(" ", 1)
    return reference, value


def _capacity(fact: Fact, host: str, places: Places) -> Check:
    reference, least = _split(fact)
    disk = places.disk_path(host, reference)
    return _one(
        f"{shell('sg_readcap', '--long', disk)} | grep 'Device size'", f"{least} bytes, or more"
    )


def _disk_room(fact: Fact, host: str, places: Places) -> Check:
    reference, least = _split(fact)
    paths = [f"/dev/{name}" for name in places.paths(host, reference)]
    disk = places.disk_path(host, reference)
    looks = tuple(
        shell("blockdev", "--getsize64", path) for path in dict.fromkeys((disk, *paths))
    )
    return Check(looks, (f"the same number each time: {least}, or more",))


def _device_room(fact: Fact, host: str, places: Places) -> Check:
    reference, least = _split(fact)
    return _one(
        shell("blockdev", "--getsize64", places.device(host, reference)), f"{least}, or more"
    )


def _partition_start(fact: Fact, host: str, places: Places) -> Check:
    number = fact.subject.rpartition(",part=")[2]
    disk = places.disk_path(host, fact.subject)
    return _one(shell("partx", "-s", "-g", "-o", "START", "-n", number, disk), _value(fact))


def _covers(fact: Fact, host: str, places: Places) -> Check:
    device = places.device(host, fact.subject)
    stats = f"{shell('debugfs.ocfs2', '-R', 'stats', device)} | grep -E 'Clusters:|Cluster Size Bits'"
    return Check(
        (shell("blockdev", "--getsize64", device), stats),
        ("the first number is at least Clusters times 2 to the power of Cluster Size Bits",),
    )


def _file_system_size(fact: Fact, host: str, places: Places) -> Check:
    block = places.superblock(fact.subject)
    command = shell("debugfs.ocfs2", "-R", "stats", places.device(host, fact.subject))
    wanted = f"{fact.value} bytes in all"
    if block and fact.value:
        wanted = f"Clusters: {int(fact.value) // block.cluster_size}"
    return _one(f"{command} | grep Clusters:", wanted)


def _mounted_size(fact: Fact, _host: str, _places: Places) -> Check:
    return _one(shell("df", "-B1", "--output=size", fact.subject), _value(fact))


def _label(fact: Fact, host: str, places: Places) -> Check:
    device = places.device(host, fact.subject)
    return _one(shell("blkid", "-p", "-s", "LABEL", "-o", "value", device), _value(fact))


def _slots(fact: Fact, host: str, places: Places) -> Check:
    reference, least = _split(fact)
    command = shell("debugfs.ocfs2", "-R", "stats", places.device(host, reference))
    return _one(f"{command} | grep 'Max Node Slots'", f"Max Node Slots: {least}, or more")


def _heartbeats(fact: Fact, host: str, places: Places) -> Check:
    reference, apart = _split(fact)
    command = shell("debugfs.ocfs2", "-R", "hb", places.device(host, reference))
    others = "" if apart == "-" else f", apart from node {apart}, whose line stands still"
    return Check(
        (command, f"sleep 12; {command}"),
        (
            f"no line with a generation other than 0{others}; no line at all is unknown, not ended",
        ),
    )


def _mounted(fact: Fact, host: str, places: Places) -> Check:
    path, reference = fact.subject.split(" ", 1)
    device = places.device(host, reference)
    return _one(shell("findmnt", "-n", "-t", "ocfs2", "-o", "TARGET", "--source", device), path)


def _serving(fact: Fact, host: str, places: Places) -> Check:
    path, reference = fact.subject.split(" ", 1)
    device = places.device(host, reference)
    command = shell("findmnt", "-n", "-t", "ocfs2", "-o", "TARGET,OPTIONS", "--source", device)
    return _one(command, f"{path} rw,…  (not ro)")


def _unmounted(fact: Fact, _host: str, places: Places) -> Check:
    path, reference = fact.subject.split(" ", 1)
    block = places.superblock(reference)
    region = block.uuid.replace("-", "").upper() if block else "UUID-OF-THE-VOLUME"
    return Check(
        (
            f"{shell('grep', '-hF', f' {path} ')} /proc/[0-9]*/mountinfo",
            f"ls -d {CONFIGFS}/*/heartbeat/{region} /sys/kernel/debug/o2dlm/{region}",
        ),
        ("nothing from grep: no process has it mounted", "No such file or directory, twice"),
    )


def _options(fact: Fact, _host: str, _places: Places) -> Check:
    path, names = fact.subject.rsplit(" ", 1)
    has = [] if fact.value == "-" else (fact.value or "").split(",")
    lacks = [name for name in names.split(",") if name not in has]
    wanted = [f"with {', '.join(has)}"] * bool(has) + [f"without {', '.join(lacks)}"] * bool(
        lacks
    )
    command = shell("findmnt", "-n", "-o", "OPTIONS", "--mountpoint", path)
    return _one(command, f"options {', '.join(wanted)}")


def _automount(fact: Fact, _host: str, _places: Places) -> Check:
    kind, name, text = fact.subject.split(" ", 2)
    if kind == "unit":
        return _one(
            shell("systemctl", "show", "-p", "LoadState", name),
            "LoadState=masked, or not-found",
        )
    return _one(f"{shell('grep', '-Fx', '--', text, name)}", NOTHING)


def _users(fact: Fact, _host: str, _places: Places) -> Check:
    path = fact.subject
    links = "/proc/[0-9]*/cwd /proc/[0-9]*/exe /proc/[0-9]*/root /proc/[0-9]*/fd"
    return Check(
        (
            f"ls -l {links} 2>/dev/null | {shell('grep', '-F', '--', f'-> {path}')}",
            f"{shell('grep', '-sF', f' {path}/')} /proc/[0-9]*/maps",
        ),
        (f"{NOTHING}: nobody has a file, a directory or a program there",),
    )


def _mounts(_fact: Fact, _host: str, _places: Places) -> Check:
    return _one("grep -h ' - ocfs2 ' /proc/[0-9]*/mountinfo", NOTHING)


def _boot_mount(fact: Fact, _host: str, _places: Places) -> Check:
    wanted = NOTHING if fact.value == "absent" else str(fact.value)
    test = f'$1 !~ /^#/ && $2 == "{escaped(fact.subject)}"'
    return _one(f"{shell('awk', test)} {FSTAB}", wanted)


def escaped(path: str) -> str:
    """A path of fstab, where a blank is \\040, as awk takes it."""
    return path.replace("\\", "\\\\")


def _unit_load(fact: Fact, _host: str, _places: Places) -> Check:
    return _one(
        shell("systemctl", "show", "-p", "LoadState", fact.subject), f"LoadState={fact.value}"
    )


def _guests(fact: Fact, _host: str, places: Places) -> Check:
    return _one(places.listing(fact.subject), f"{NOTHING} that has its disk on {fact.subject}")


def _guest(fact: Fact, _host: str, places: Places) -> Check:
    path, name = fact.subject.split(" ")
    there = f"a line {name}" if fact.value == "running" else f"no line {name}"
    return _one(places.listing(path), there)


def _lun(fact: Fact, host: str, places: Places) -> Check:
    return _one(shell("ls", places.device(host, fact.subject)), "No such file or directory")


def _order(fact: Fact, _host: str, _places: Places) -> Check:
    unit, word = fact.subject.split(" ", 1)
    key, _, value = word.partition("=")
    return _one(shell("systemctl", "show", "-p", key, unit), f"{key}=… with {value}")


def _backup(fact: Fact, _host: str, _places: Places) -> Check:
    return Check((), (f"your own note says: the backup is {fact.value}",))


CHECKS: Mapping[str, Callable[[Fact, str, Places], Check]] = {
    "package": _package,
    "module-package": _module_package,
    "loaded-module": _loaded_module,
    "running-kernel": lambda fact, _host, _places: _one("uname -r", _value(fact)),
    "module-file": lambda fact, _host, _places: _one(
        shell("modinfo", "-k", fact.subject, "-F", "filename", "ocfs2"), "the path of a file"
    ),
    "module": lambda _fact, _host, _places: _one("grep -w ocfs2 /proc/filesystems", "ocfs2"),
    "cluster-conf": lambda fact, _host, _places: _file(CONF, fact),
    "fstab": lambda fact, _host, _places: _file(FSTAB, fact),
    "o2cb-config": lambda fact, host, places: _file(places.o2cb_file(host), fact),
    "record": lambda fact, _host, _places: _file(f"{DIRECTORY}/{fact.subject}", fact),
    "drop-in": lambda fact, _host, _places: _file(path_of(fact.subject), fact),
    "unit-at-boot": lambda fact, _host, _places: _one(
        shell("systemctl", "is-enabled", fact.subject), _value(fact)
    ),
    "service": lambda fact, _host, _places: _one(
        shell("systemctl", "is-active", fact.subject), _value(fact)
    ),
    "unit-load": _unit_load,
    "live-timeouts": _timeouts,
    "live-nodes": _live_nodes,
    "regions": _regions,
    "reaches": _reaches,
    "file-system": _file_system,
    "file-system-uuid": _uuid,
    "device-size": _device_size,
    "blank": _blank,
    "capacity": _capacity,
    "disk-room": _disk_room,
    "device-room": _device_room,
    "partition-start": _partition_start,
    "device-covers": _covers,
    "file-system-size": _file_system_size,
    "mounted-size": _mounted_size,
    "label": _label,
    "slots": _slots,
    "heartbeats": _heartbeats,
    "backup": _backup,
    "mounted": _mounted,
    "serving": _serving,
    "unmounted": _unmounted,
    "released": _unmounted,
    "mount-options": _options,
    "automount": _automount,
    "users": _users,
    "ocfs2-mounts": _mounts,
    "boot-mount": _boot_mount,
    "guests": _guests,
    "guest": _guest,
    "lun": _lun,
    "order": _order,
}
