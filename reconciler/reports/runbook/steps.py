"""What a person types for each kind of action; the table is complete, which a test proves."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from reconciler.model.devices import ref
from reconciler.model.plan import TRAVELLING, Action
from reconciler.reports.runbook.checks import FSTAB, escaped
from reconciler.reports.runbook.places import CONFIGFS, Places, is_map, lines, shell

Commands = tuple[str, ...]
Maker = Callable[[Action, Places], Commands]
# Ends a file that is typed in; no file of ours has such a line.
END = "END_OF_FILE"


def commands(action: Action, places: Places) -> Commands:
    """The commands of an action as they are typed on its host; none for a barrier."""
    return STEPS[action.kind](action, places)


def _arguments(action: Action) -> tuple[str, ...]:
    """The arguments of the gate's verb."""
    return action.command.argv[5:] if action.command else ()


def _reference(action: Action, places: Places) -> str:
    """The device of the volume that an action is about."""
    label = action.address.split("/")[1]
    return next((ref(v) for v in places.cluster.volumes if v.label == label), "")


def _nothing(_action: Action, _places: Places) -> Commands:
    return ()


def _plainly(action: Action, _places: Places) -> Commands:
    """The command itself: the operator's own, or what the gate does as it is."""
    if action.command is None:
        return ()
    argv = action.command.argv
    words = argv[5:] if argv[3:4] in TRAVELLING else argv
    return (shell(*words),)


def _write_file(action: Action, _places: Places) -> Commands:
    path, mode, old, _new = _arguments(action)
    text = action.command.stdin if action.command else ""
    keep = [] if old == "absent" else [shell("cp", "-p", path, f"{path}.before")]
    parent = path.rsplit("/", 1)[0]
    make = [] if parent in {"/etc", "/etc/default", "/etc/sysconfig"} else [_directory(parent)]
    return (
        *make,
        *keep,
        f"cat >{shlex.quote(path)}.new <<'{END}'",
        *lines(text),
        END,
        shell("chmod", mode, f"{path}.new"),
        f"{shell('mv', f'{path}.new', path)} && sync",
    )


def _directory(path: str) -> str:
    private = ("-m", "700") if path.startswith("/var/lib/reconcile") else ()
    return shell("mkdir", "-p", *private, path)


def _fstab(action: Action, _places: Places) -> Commands:
    """The lines of its paths are taken out, and the wanted one is put at the end."""
    facts = [fact for fact in action.expects if fact.reading == "boot-mount"]
    drop = " || ".join(f'$2 == "{escaped(fact.subject)}"' for fact in facts)
    add = [
        f"echo {shlex.quote(fact.value)} >>{FSTAB}.new"
        for fact in facts
        if fact.value and fact.value != "absent"
    ]
    return (
        f"cp -p {FSTAB} {FSTAB}.before && cp -p {FSTAB} {FSTAB}.new",
        f"{shell('awk', f'$1 ~ /^#/ || !({drop})')} {FSTAB}.before >{FSTAB}.new",
        *add,
        f"mv {FSTAB}.new {FSTAB} && sync",
    )


def _archive(action: Action, _places: Places) -> Commands:
    path, _old = _arguments(action)
    return (f"{shell('mv', '-f', path, f'{path}.before')} && sync",)


# What a package must not start while it is installed, and which settings stay as they are.
APT = (
    *("apt-get", "install", "--no-install-recommends", "-o", "APT::Get::Remove=false"),
    *("-o", "DPkg::Options::=--force-confold"),
)
HIDE = "systemctl mask --runtime o2cb.service ocfs2.service"
SHOW = "systemctl unmask --runtime o2cb.service ocfs2.service"


def _packages(action: Action, _places: Places) -> Commands:
    manager, *names = _arguments(action)
    needed = [name for name in names if not name.startswith("?")]
    useful = [name[1:] for name in names if name.startswith("?")]
    if manager == "rpm":
        needed, useful = ([n.replace("=", "-", 1) for n in many] for many in (needed, useful))
    one = ("dnf", "install") if manager == "rpm" else APT
    optional = [f"{shell(*one, name)}    # if a repository has it" for name in useful]
    upgrade = action.kind == "upgrade-packages"
    older = ("--allow-downgrades",) if upgrade and manager != "rpm" else ()
    update = [] if manager == "rpm" else ["apt-get update"]
    run = [shell(*one, *older, *needed)] if needed else []
    hide = ([], []) if upgrade else ([HIDE], [SHOW])
    return (*hide[0], *update, *run, *optional, *hide[1])


def _module(action: Action, _places: Places) -> Commands:
    """The build for the running kernel: of several it is looked up which one carries it."""
    manager, word, kernel = _arguments(action)
    name, _, version = word.partition("=")
    which = f"the one for {kernel}{version and f', of {version}'}"
    if manager == "rpm":
        builds = shlex.quote(f"{name}-{version}*" if version else name)
        look = f"dnf repoquery --showduplicates -l {builds} | grep modules/{kernel}/"
        find = f"dnf repoquery --showduplicates {builds}"
        verb = "install, or downgrade" if version else "install"
        return (find, look, f"dnf install {shlex.quote(name)}-BUILD    # {verb}: {which}")
    if kernel in name and not version:
        return ("apt-get update", shell(*APT, name))
    find = shell("apt-cache", "madison", name)
    older = ["--allow-downgrades"] if version else []
    return ("apt-get update", find, f"{shell(*APT, *older)} {name}=BUILD    # {which}")


def _fetch(action: Action, places: Places) -> Commands:
    """As it is installed later, up to where that would begin."""
    if action.command is None:
        return ()
    argv = action.command.argv
    command = replace(action.command, argv=(*argv[:4], *argv[5:]))
    kind = action.kind.replace("fetch", "upgrade")
    typed = STEPS[kind](replace(action, kind=kind, command=command), places)
    return tuple(
        line.replace("apt-get install", "apt-get install --download-only").replace(
            "dnf install", "dnf install --downloadonly"
        )
        for line in typed
    )


# In the order in which they use each other; those that are built in have no holders.
MODULES = "ocfs2_dlmfs ocfs2 ocfs2_stack_o2cb ocfs2_stack_user ocfs2_dlm ocfs2_nodemanager"


def _reload(_action: Action, _places: Places) -> Commands:
    loaded = 'if [ -d "/sys/module/$m/holders" ]; then rmmod "$m"; fi'
    return (
        "awk '$3 == \"ocfs2_dlmfs\" { print $2 }' /proc/mounts | xargs -r umount",
        f"for m in {MODULES} ocfs2_stackglue; do {loaded}; done",
        "modprobe ocfs2",
    )


def _format(action: Action, _places: Places) -> Commands:
    return (shell(*_arguments(action)[3:]),)


def _mount(action: Action, _places: Places) -> Commands:
    node, uuid, path, options = _arguments(action)
    look = (
        []
        if uuid == "-"
        else [f"{shell('blkid', '-p', '-s', 'UUID', '-o', 'value', node)}    # {uuid}"]
    )
    mount = shell("mount", "-t", "ocfs2", "-o", options, node, path)
    return (*look, shell("mkdir", "-p", path), mount)


def _unmount(action: Action, _places: Places) -> Commands:
    return (shell("umount", *_arguments(action)),)


def _remount(action: Action, places: Places) -> Commands:
    """Without its heartbeat option the kernel refuses a remount."""
    node, path, options = _arguments(action)
    mount = places.mount(action.host, path)
    given = [o for o in mount.options if o.startswith("heartbeat=")] if mount else []
    words = ",".join(("remount", options, *(given or ["heartbeat=local"])))
    return (shell("mount", "-o", words, node, path),)


def _disarm(action: Action, _places: Places) -> Commands:
    kind, name, text = _arguments(action)
    found = next((f for f in action.expects if f.reading == "automount"), None)
    file = found.subject.split(" ", 2)[2] if found else ""
    if kind == "autofs":
        awk = '\'$0 == ENVIRON["LINE"] { print "#reconcile: " $0; next } { print }\''
        return (
            shell("cp", "-p", name, f"{name}.before"),
            f"LINE={shlex.quote(text)} awk {awk} {shell(f'{name}.before')} >{shell(name)}",
            "systemctl reload autofs.service",
        )
    if file.startswith("/etc/"):
        away = f"{shell('mv', file, f'{file}.before')} && systemctl daemon-reload"
        return (shell("systemctl", "disable", name), away)
    return (shell("systemctl", "mask", name), "systemctl daemon-reload")


def _live_value(action: Action, _places: Places) -> Commands:
    cluster, key, value = _arguments(action)
    return (f"echo {value} >{CONFIGFS}/{cluster}/{key}",)


def _backing(action: Action, places: Places) -> Commands:
    """lvextend counts in sectors here, as the size may be none of its units."""
    if action.command is None or action.command.argv[3:4] not in TRAVELLING:
        return _plainly(action, places)
    group, volume, size = _arguments(action)
    sectors = (int(size) + 511) // 512
    name = f"{group}/{volume}"
    look = shell("lvs", "--noheadings", "--units", "b", "-o", "lv_size", name)
    return (
        f"{look}    # only if it is less than {size}",
        shell("lvextend", "-L", f"{sectors}s", name),
    )


def _rescan(action: Action, places: Places) -> Commands:
    reference = _reference(action, places)
    names = places.paths(action.host, reference)
    disk = places.disk(action.host, reference)
    again = [f"echo 1 >/sys/class/block/{name}/device/rescan" for name in names]
    if disk is None or not is_map(disk):
        return tuple(again)
    name = shlex.quote(disk.dm_name or disk.name)
    return (
        f"multipath -ll {name}    # every path active ready",
        *again,
        f"multipathd resize map {name}",
    )


def _partition(action: Action, places: Places) -> Commands:
    disk, number, _start, end = _arguments(action)
    found = places.disk(action.host, _reference(action, places))
    unit = (found.sector if found else 512) // 512  # parted counts in the disk's own blocks
    sector = (int(end) + 1) // unit - 1
    return (
        f"{shell('sfdisk', '-d', disk)} >/root/partitions.dump    # the table as it is now",
        f"{shell('parted', disk, 'print')}    # a GPT that does not use all of the disk: Fix, Fix",
        f"{shell('parted', disk, 'unit', 's', 'resizepart', number, f'{sector}s')}    # in use: Yes",
        *_tell_kernel(action, places, disk, number),
    )


def _reread(action: Action, places: Places) -> Commands:
    disk, number, _size = _arguments(action)
    return _tell_kernel(action, places, disk, number)


def _tell_kernel(action: Action, places: Places, disk: str, number: str) -> Commands:
    reference = _reference(action, places)
    whole, part = places.disk(action.host, reference), places.partition(action.host, reference)
    if whole is None or not is_map(whole):
        return (
            shell("blockdev", "--flushbufs", disk),
            shell("partx", "-u", "-n", number, disk),
        )
    name, whole_name = (part.dm_name or "") if part else "", whole.dm_name or ""
    between = name.removeprefix(whole_name).removesuffix(number) if name else "-part"
    return (
        shell("blockdev", "--flushbufs", disk),
        shell("kpartx", "-u", "-s", "-p", between, disk),
    )


def _grow(action: Action, _places: Places) -> Commands:
    node, _uuid, blocks, _how = _arguments(action)
    return (shell("tunefs.ocfs2", "-S", node, blocks),)


def _check(action: Action, _places: Places) -> Commands:
    node, _uuid, _stack, cluster = _arguments(action)
    stats = shell("debugfs.ocfs2", "-R", "stats", node)
    return (
        f"{stats} | grep 'Cluster name'    # {cluster}, or nothing; else do not go on",
        shell("debugfs.ocfs2", "-R", "slotmap", node),
        f"{shell('fsck.ocfs2', '-fn', node)}    # where the slot map had no slot in use",
        f"{shell('fsck.ocfs2', '-fy', node)}    # where it had one, or -fn found something; again "
        "until a run finds nothing",
    )


def _slots(action: Action, _places: Places) -> Commands:
    node, _uuid, count = _arguments(action)
    return (shell("tunefs.ocfs2", "-N", count, node),)


def _label(action: Action, _places: Places) -> Commands:
    node, _uuid, label = _arguments(action)
    return (shell("tunefs.ocfs2", "-L", label, node),)


def _guest(words: Sequence[str]) -> str:
    return " && ".join(shell(*word.split("\n")) for word in words)


def _stop_guest(action: Action, _places: Places) -> Commands:
    name, seconds, listing, stop = _arguments(action)
    return (
        _guest([stop]),
        f"{_guest([listing])}    # until {name} is gone, at most {seconds} s",
    )


def _migrate_guest(action: Action, _places: Places) -> Commands:
    name, seconds, listing, migrate, stop = _arguments(action)
    look = _guest([listing])
    return (
        _guest([migrate]),
        f"{look}    # until {name} is gone",
        f"{_guest([stop])}    # only if it did not move; then {seconds} s to be gone",
    )


def _start_guest(action: Action, _places: Places) -> Commands:
    _path, name, seconds, listing, start = _arguments(action)
    return (
        _guest([start]),
        f"{_guest([listing])}    # until {name} is there, at most {seconds} s",
    )


def _note(action: Action, _places: Places) -> Commands:
    return (f"date    # note: {action.summary}",)


FILES = (
    *("write-cluster-conf", "write-o2cb-settings", "write-order", "write-quarantine"),
    *("lift-quarantine", "note-stopped", "strike-stopped"),
)
BARRIERS = (
    *("same-cluster-conf", "same-live-nodes", "same-timeouts", "peers-connect"),
    *("same-file-system", "same-size"),
)
AS_THEY_ARE = (
    *("load-module", "register-nodes", "start-cluster", "stop-cluster", "enable-o2cb"),
    *("disable-o2cb", "reload-units", "stop-service", "start-service", "mask-service"),
    *("unmask-service", "enable-service", "disable-service", "back-up", "revoke-access"),
)
STEPS: Mapping[str, Maker] = {
    **dict.fromkeys(BARRIERS, _nothing),
    **dict.fromkeys(AS_THEY_ARE, _plainly),
    **dict.fromkeys(FILES, _write_file),
    **dict.fromkeys(("write-fstab", "clear-fstab"), _fstab),
    **dict.fromkeys(("archive-cluster-conf", "archive-order"), _archive),
    **dict.fromkeys(("install-packages", "upgrade-packages"), _packages),
    **dict.fromkeys(("begin-backup", "note-backup"), _note),
    **dict.fromkeys(("grow-file-system", "grow-unmounted"), _grow),
    **dict.fromkeys(("check-file-system", "check-grown"), _check),
    **dict.fromkeys(("install-module", "upgrade-module"), _module),
    **dict.fromkeys(("fetch-packages", "fetch-module"), _fetch),
    "reload-module": _reload,
    "format": _format,
    "mount": _mount,
    "unmount": _unmount,
    "remount": _remount,
    "disarm": _disarm,
    "set-reconnect-delay": _live_value,
    "grow-backing": _backing,
    "rescan": _rescan,
    "grow-partition": _partition,
    "reread-partition": _reread,
    "add-slots": _slots,
    "set-label": _label,
    "stop-guest": _stop_guest,
    "migrate-guest": _migrate_guest,
    "start-guest": _start_guest,
}
