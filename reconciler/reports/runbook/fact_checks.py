"""How a person sees that a fact holds: a command for each reading, and what it must show."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.model.plan import Fact
from reconciler.model.records import DIRECTORY
from reconciler.reports.runbook.disks import DISKS
from reconciler.reports.runbook.looks import SAME, Check, join, one, value
from reconciler.reports.runbook.references import CONFIGFS, Places, shell
from reconciler.resources.ordering.changes import path_of

CONF, FSTAB = "/etc/ocfs2/cluster.conf", "/etc/fstab"
NOTHING = "nothing"


def check(fact: Fact, host: str, places: Places) -> Check:
    """How to see on ``host`` that ``fact`` holds."""
    return CHECKS[fact.reading](fact, host, places)


def _file(path: str, fact: Fact) -> Check:
    if fact.value == "absent":
        return one(shell("ls", path), f"ls: cannot access '{path}': No such file or directory")
    return one(shell("sha256sum", path), f"{value(fact)}  {path}" if fact.value else SAME)


def _package(fact: Fact, host: str, places: Places) -> Check:
    query = ("dpkg-query", "-W") if places.manager(host) == "dpkg" else ("rpm", "-q")
    return one(shell(*query, fact.subject), f"{fact.subject} {fact.value or 'with a version'}")


def _module_package(fact: Fact, host: str, places: Places) -> Check:
    name, _, version = fact.subject.partition("=")
    query = ("dpkg-query", "-W") if places.manager(host) == "dpkg" else ("rpm", "-q")
    return one(shell(*query, name), f"{name} {version}, or a build of it")


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
        return one(f"ls {place}", "nothing, or No such file or directory")
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


def _boot(fact: Fact, _host: str, _places: Places) -> Check:
    return Check(
        ("cat /proc/sys/kernel/random/boot_id",), (fact.value or "the same as before",)
    )


def _reaches(fact: Fact, _host: str, _places: Places) -> Check:
    targets = [place.split(":") for place in fact.subject.split()]
    # It reads until the other side ends: some kernels die of an end before they have accepted.
    tries = [
        f"timeout 5 bash -c 'exec 3<>/dev/tcp/{ip}/{port} && {{ read -t 2 -u 3; echo {ip} open; }}'"
        for ip, port in targets
    ]
    return Check(tuple(tries), tuple(f"{ip} open" for ip, _port in targets))


def _mounted(fact: Fact, host: str, places: Places) -> Check:
    path, reference = fact.subject.split(" ", 1)
    device = places.device(host, reference)
    return one(shell("findmnt", "-n", "-t", "ocfs2", "-o", "TARGET", "--source", device), path)


def _serving(fact: Fact, host: str, places: Places) -> Check:
    path, reference = fact.subject.split(" ", 1)
    device = places.device(host, reference)
    command = shell("findmnt", "-n", "-t", "ocfs2", "-o", "TARGET,OPTIONS", "--source", device)
    return one(command, f"{path} rw,…  (not ro)")


def _unmounted(fact: Fact, _host: str, _places: Places) -> Check:
    path, *_reference, uuid = fact.subject.split(" ")
    region = uuid.replace("-", "").upper() or "UUID-OF-THE-VOLUME"
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
    return one(command, f"options {', '.join(wanted)}")


def _automount(fact: Fact, _host: str, _places: Places) -> Check:
    kind, name, text = fact.subject.split(" ", 2)
    if kind == "unit":
        return one(
            shell("systemctl", "show", "-p", "LoadState", name),
            "LoadState=masked, or not-found",
        )
    return one(f"{shell('grep', '-Fx', '--', text, name)}", NOTHING)


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
    return one("grep -h ' - ocfs2 ' /proc/[0-9]*/mountinfo", NOTHING)


def _boot_mount(fact: Fact, _host: str, _places: Places) -> Check:
    wanted = NOTHING if fact.value == "absent" else str(fact.value)
    test = f'$1 !~ /^#/ && $2 == "{escape_fstab_path(fact.subject)}"'
    return one(f"{shell('awk', test)} {FSTAB}", wanted)


def escape_fstab_path(path: str) -> str:
    """A path of fstab, where a blank is \\040, as awk takes it."""
    return path.replace("\\", "\\\\")


def _unit_load(fact: Fact, _host: str, _places: Places) -> Check:
    return one(
        shell("systemctl", "show", "-p", "LoadState", fact.subject), f"LoadState={fact.value}"
    )


def _guests(fact: Fact, _host: str, places: Places) -> Check:
    return one(places.listing(fact.subject), f"{NOTHING} that has its disk on {fact.subject}")


def _guest(fact: Fact, _host: str, places: Places) -> Check:
    path, name = fact.subject.split(" ")
    there = f"a line {name}" if fact.value == "running" else f"no line {name}"
    return one(places.listing(path), there)


def _order(fact: Fact, _host: str, _places: Places) -> Check:
    unit, word = fact.subject.split(" ", 1)
    key, _, value = word.partition("=")
    return one(shell("systemctl", "show", "-p", key, unit), f"{key}=… with {value}")


def _backup(fact: Fact, _host: str, _places: Places) -> Check:
    return Check((), (f"your own note says: the backup is {fact.value}",))


def _healthy(fact: Fact, host: str, places: Places) -> Check:
    """Kernels that have no volume mounted have no connections: those are not looked for."""
    cluster, apart, _paths = fact.subject.split(" ")
    others = "" if apart == "-" else f"; node {apart} apart"
    mounts = one("findmnt -n -t ocfs2 -o TARGET,OPTIONS", "no ro that you did not ask for")
    connections = one(
        f"cat {CONFIGFS}/{cluster}/node/*/ipv4_port; ss -tn state established",
        f"a connection to every other host that has a volume mounted{others}",
    )
    messages = one(
        "dmesg | grep -iE 'ocfs2|o2(net|hb|dlm|quo)|multipath|I/O error' | tail",
        "no error, and no recovery, since you began",
    )
    serves = any(name == host for name, _path in places.mounted)
    return join((mounts, connections, messages) if serves else (mounts, messages))


CHECKS: Mapping[str, Callable[[Fact, str, Places], Check]] = {
    "package": _package,
    "module-package": _module_package,
    "loaded-module": _loaded_module,
    "running-kernel": lambda fact, _host, _places: one("uname -r", value(fact)),
    "module-file": lambda fact, _host, _places: one(
        shell("modinfo", "-k", fact.subject, "-F", "filename", "ocfs2"), "the path of a file"
    ),
    "module": lambda _fact, _host, _places: one("grep -w ocfs2 /proc/filesystems", "ocfs2"),
    "cluster-conf": lambda fact, _host, _places: _file(CONF, fact),
    "fstab": lambda fact, _host, _places: _file(FSTAB, fact),
    "o2cb-config": lambda fact, host, places: _file(places.o2cb_file(host), fact),
    "record": lambda fact, _host, _places: _file(f"{DIRECTORY}/{fact.subject}", fact),
    "drop-in": lambda fact, _host, _places: _file(path_of(fact.subject), fact),
    "unit-at-boot": lambda fact, _host, _places: one(
        shell("systemctl", "is-enabled", fact.subject), value(fact)
    ),
    "service": lambda fact, _host, _places: one(
        shell("systemctl", "is-active", fact.subject), value(fact)
    ),
    "since-boot": lambda fact, _host, _places: one(
        shell("systemctl", "show", "-p", "InactiveExitTimestampMonotonic", fact.subject),
        "InactiveExitTimestampMonotonic=0",
    ),
    "unit-load": _unit_load,
    "live-timeouts": _timeouts,
    "boot": _boot,
    "live-nodes": _live_nodes,
    "regions": _regions,
    "reaches": _reaches,
    "healthy": _healthy,
    **DISKS,
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
    "order": _order,
}
