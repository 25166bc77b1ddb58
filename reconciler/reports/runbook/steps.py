"""What a person types for each kind of action; the table is complete, which a test proves."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.model.gate_call import ANY, HEAD
from reconciler.model.plan import Action, declared_kind
from reconciler.reports.runbook.fact_checks import FSTAB, escape_fstab_path
from reconciler.reports.runbook.references import CONFIGFS, Places, lines, remark, shell
from reconciler.reports.runbook.typed import (
    Commands,
    Maker,
    arguments,
    find_gate_call,
    node,
    plainly,
)
from reconciler.reports.runbook.volumes import VOLUMES

# Ends a file that is typed in; no file of ours has such a line.
END = "END_OF_FILE"


def commands(action: Action, places: Places) -> Commands:
    """The commands of an action as they are typed on its host; none for a barrier."""
    return STEPS[action.kind](action, places)


def _nothing(_action: Action, _places: Places) -> Commands:
    return ()


def _write_file(action: Action, _places: Places) -> Commands:
    path, mode, old, _new = arguments(action)
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
    """The lines of its paths are taken out, and the wanted one is put at the end.

    With printf, as the echo of dash takes the \\040 of a blank for an escape.
    """
    facts = [fact for fact in action.expects if fact.reading == "boot-mount"]
    drop = " || ".join(f'$2 == "{escape_fstab_path(fact.subject)}"' for fact in facts)
    add = [
        rf"printf '%s\n' {shlex.quote(fact.value)} >>{FSTAB}.new"
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
    path, _old = arguments(action)
    return (f"{shell('mv', '-f', path, f'{path}.before')} && sync",)


# What a package must not start while it is installed, and which settings stay as they are.
APT = (
    *("apt-get", "install", "--no-install-recommends", "-o", "APT::Get::Remove=false"),
    *("-o", "DPkg::Options::=--force-confold"),
)
# By package manager of rpm, the program; yum 3 has its queries in yum-utils.
RPM = {"rpm": "dnf", "yum": "yum"}
QUERY = {
    "dnf": "dnf repoquery --showduplicates",
    "yum": "repoquery --show-duplicates --plugins",
}
HIDE = "systemctl mask --runtime o2cb.service ocfs2.service"
SHOW = "systemctl unmask --runtime o2cb.service ocfs2.service"


def _packages(action: Action, _places: Places) -> Commands:
    manager, *names = arguments(action)
    needed = [name for name in names if not name.startswith("?")]
    useful = [name[1:] for name in names if name.startswith("?")]
    tool = RPM.get(manager)
    if tool:
        needed, useful = ([n.replace("=", "-", 1) for n in many] for many in (needed, useful))
    one = (tool, "install") if tool else APT
    optional = [f"{shell(*one, name)}    # if a repository has it" for name in useful]
    upgrade = action.kind == "upgrade-packages"
    older = ("--allow-downgrades",) if upgrade and not tool else ()
    update = [] if tool else ["apt-get update"]
    # yum 3 installs nothing in place of a newer one.
    or_older = (
        "    # or yum downgrade, if a newer one is there" if upgrade and tool == "yum" else ""
    )
    run = [shell(*one, *older, *needed) + or_older] if needed else []
    hide = ([], []) if upgrade else ([HIDE], [SHOW])
    return (*hide[0], *update, *run, *optional, *hide[1])


def _module(action: Action, _places: Places) -> Commands:
    """The build for the running kernel: of several it is looked up which one carries it."""
    manager, word, kernel = arguments(action)
    name, _, version = word.partition("=")
    which = remark(f"the one for {kernel}{version and f', of {version}'}")
    if tool := RPM.get(manager):
        builds = shlex.quote(f"{name}-{version}*" if version else name)
        find = f"{QUERY[tool]} {builds}"
        look = f"{QUERY[tool]} -l {builds} | {shell('grep', '-F', f'modules/{kernel}/')}"
        verb = "install, or downgrade" if version else "install"
        return (find, look, f"{tool} install {shlex.quote(name)}-BUILD    # {verb}: {which}")
    if kernel in name and not version:
        return ("apt-get update", shell(*APT, name))
    find = shell("apt-cache", "madison", name)
    older = ["--allow-downgrades"] if version else []
    return ("apt-get update", find, f"{shell(*APT, *older)} {name}=BUILD    # {which}")


def _fetch(action: Action, places: Places) -> Commands:
    """As it is installed later, up to where that would begin."""
    call = find_gate_call(action)
    if action.command is None or call is None:
        return ()
    argv = (*action.command.argv[:HEAD], *call.arguments)
    command = replace(action.command, argv=argv)
    kind = declared_kind(action.kind.replace("fetch", "upgrade"))
    typed = STEPS[kind](replace(action, kind=kind, command=command), places)
    return tuple(
        line.replace("apt-get install", "apt-get install --download-only")
        .replace("dnf install", "dnf install --downloadonly")
        .replace("yum install", "yum install --downloadonly")
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


def _mount(action: Action, _places: Places) -> Commands:
    call, device, (path, options) = find_gate_call(action), node(action), arguments(action)
    uuid = call.target.uuid if call and call.target else ANY
    look = (
        []
        if uuid == ANY
        else [f"{shell('blkid', '-p', '-s', 'UUID', '-o', 'value', device)}    # {uuid}"]
    )
    mount = shell("mount", "-t", "ocfs2", "-o", options, device, path)
    return (*look, shell("mkdir", "-p", path), mount)


def _unmount(action: Action, _places: Places) -> Commands:
    return (shell("umount", *arguments(action)),)


def _remount(action: Action, places: Places) -> Commands:
    """Without its heartbeat option the kernel refuses a remount."""
    path, options = arguments(action)
    mount = places.mount(action.host, path)
    given = [o for o in mount.options if o.startswith("heartbeat=")] if mount else []
    words = ",".join(("remount", options, *(given or ["heartbeat=local"])))
    return (shell("mount", "-o", words, node(action), path),)


def _disarm(action: Action, _places: Places) -> Commands:
    kind, name, text = arguments(action)
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
    cluster, key, value = arguments(action)
    return (f"echo {value} >{CONFIGFS}/{cluster}/{key}",)


def _guest(words: Sequence[str]) -> str:
    return " && ".join(shell(*word.split("\n")) for word in words)


def _stop_guest(action: Action, _places: Places) -> Commands:
    name, seconds, listing, stop = arguments(action)
    return (
        _guest([stop]),
        f"{_guest([listing])}    # until {remark(name)} is gone, at most {seconds} s",
    )


def _migrate_guest(action: Action, _places: Places) -> Commands:
    name, seconds, listing, migrate, stop = arguments(action)
    look = _guest([listing])
    return (
        _guest([migrate]),
        f"{look}    # until {remark(name)} is gone",
        f"{_guest([stop])}    # only if it did not move; then {seconds} s to be gone",
    )


def _start_guest(action: Action, _places: Places) -> Commands:
    _path, name, seconds, listing, start = arguments(action)
    return (
        _guest([start]),
        f"{_guest([listing])}    # until {remark(name)} is there, at most {seconds} s",
    )


def _note(action: Action, _places: Places) -> Commands:
    return (f"date    # note: {remark(action.summary)}",)


FILES = (
    *("write-cluster-conf", "write-o2cb-settings", "write-order", "write-quarantine"),
    *("lift-quarantine", "note-stopped", "strike-stopped"),
    *("attest-heartbeat", "approve-programs"),
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
    **VOLUMES,
    **dict.fromkeys(BARRIERS, _nothing),
    **dict.fromkeys(AS_THEY_ARE, plainly),
    **dict.fromkeys(FILES, _write_file),
    **dict.fromkeys(("write-fstab", "clear-fstab"), _fstab),
    **dict.fromkeys(("archive-cluster-conf", "archive-order"), _archive),
    **dict.fromkeys(("install-packages", "upgrade-packages"), _packages),
    **dict.fromkeys(("begin-backup", "note-backup"), _note),
    **dict.fromkeys(("install-module", "upgrade-module"), _module),
    **dict.fromkeys(("fetch-packages", "fetch-module"), _fetch),
    "reload-module": _reload,
    "mount": _mount,
    "unmount": _unmount,
    "remount": _remount,
    "disarm": _disarm,
    "set-reconnect-delay": _live_value,
    "stop-guest": _stop_guest,
    "migrate-guest": _migrate_guest,
    "start-guest": _start_guest,
}
