"""Drop-ins that order units, and systemd made to read them; nothing is restarted for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.gate import gate_command
from reconciler.gate.action_builders import Cause, action_for, write
from reconciler.model.addresses import VOLUME, member_address, parse_address, volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.observed import HostFacts, Observed, TextFile, require
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change, Fact
from reconciler.model.reading import Reading
from reconciler.model.roles import (
    is_withdrawn,
    is_withheld,
    leaving,
    mounting,
    restrict_to,
    staying,
)
from reconciler.resources.ordering.words import (
    AFTER_CLUSTER,
    O2CB,
    is_in_fstab,
    load,
    mount_unit,
    order,
    wanted_drop_ins,
    wanted_mounts,
)

DIRECTORY, NAME = "/etc/systemd/system", "reconcile.conf"
MARK = "# Written by reconcile for the cluster "
BETWEEN = ", "


def path_of(unit: str) -> str:
    """Where the drop-in of a unit is."""
    return f"{DIRECTORY}/{unit}.d/{NAME}"


def text_of(cluster: Cluster, lines: Sequence[str]) -> str:
    """A drop-in, whole; its first line tells whose it is."""
    return "\n".join((f"{MARK}{cluster.name}.", "[Unit]", *lines, ""))


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Refuse to write over a file of our name that somebody else wrote."""
    if cluster.files == "kept":
        return
    for host, facts in restrict_to(observed, staying(cluster)).answering_hosts().items():
        for unit in wanted_drop_ins(cluster, facts):
            text = drop_in(facts, unit).text
            if text is not None and not text.startswith(MARK):
                yield Blocked(
                    "drop-in-foreign",
                    member_address(host),
                    f"{path_of(unit)} was not written by reconcile",
                    f"give it another name on {host}, or remove it; then plan again",
                )


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Drop-ins that differ, those that are not wanted any more, what systemd has not read.

    Nothing in a window, in which nobody mounts: the order is that of what comes after it. And
    where files are kept, units are in the order that somebody gave them.
    """
    if cluster.files == "kept" or any(
        is_withheld(v) and not is_withdrawn(v) for v in cluster.volumes
    ):
        return
    stays, leavers = frozenset(staying(cluster)), frozenset(leaving(cluster))
    mounts = frozenset(mounting(cluster))
    for host, facts in observed.answering_hosts().items():
        if host in stays:
            yield from _diff_units(cluster, host, facts)
            volumes = cluster.volumes if host in mounts else ()
            yield from _diff_mounts(volumes, host, facts)
        if host in stays or host in leavers:
            yield from _diff_old(cluster, host, facts, leaves=host in leavers)


def _diff_units(cluster: Cluster, host: str, facts: HostFacts) -> Iterator[Change]:
    for unit, lines in wanted_drop_ins(cluster, facts).items():
        text, after = drop_in(facts, unit).text, BETWEEN.join(lines)
        where = member_address(host, "service", unit, "order")
        if text != text_of(cluster, lines):
            before = None if text is None else BETWEEN.join(_lines(text))
            yield Change(where, host, "file", before, after, BECAUSE.get(unit, UNORDERED))
        elif load(facts, unit) != "masked" and (missing := _missing(facts, unit, lines)):
            yield Change(where, host, "boot", None, BETWEEN.join(missing), UNREAD)


BECAUSE = {O2CB: "the cluster is to be stopped after its mounts and before their disks go"}
UNORDERED = "it is to be stopped before the volume is unmounted, and started after the mount"
UNREAD = "systemd has not read it since it was written"
UNREAD_LINE = "systemd would not stop o2cb after the unmount before it has read fstab"


def _diff_mounts(volumes: Sequence[Volume], host: str, facts: HostFacts) -> Iterator[Change]:
    """Of what fstab says systemd knows what it read at boot, or when it was told to."""
    for unit, volume in wanted_mounts(volumes, facts).items():
        missing = _missing(facts, unit, (AFTER_CLUSTER,))
        if missing or not is_in_fstab(facts, volume.mount.path):
            where = volume_address(volume.label, "boot", host, "order")
            yield Change(where, host, "boot", None, AFTER_CLUSTER, UNREAD_LINE)


def _missing(facts: HostFacts, unit: str, lines: Sequence[str]) -> list[str]:
    return [line for line in lines if order(facts, f"{unit} {line}") == "absent"]


def _diff_old(
    cluster: Cluster, host: str, facts: HostFacts, *, leaves: bool
) -> Iterator[Change]:
    """Our drop-ins of this cluster that nothing needs; never anybody else's file."""
    needed = () if leaves else wanted_drop_ins(cluster, facts)
    for file in require(facts.ordering).files:
        unit = file.path.split("/")[-2].removesuffix(".d")
        text = file.text or ""
        if text.startswith(text_of(cluster, ())[: -len("[Unit]\n")]) and unit not in needed:
            because = f"{host} leaves" if leaves else f"nothing here needs {unit} in order"
            where = member_address(host, "service", unit, "order")
            yield Change(where, host, "file", BETWEEN.join(_lines(text)), None, because)


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line and line[0] not in "#["]


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Write or take away the files of a host, then one reload of its systemd."""
    reached = observed.answering_hosts()
    for host in dict.fromkeys(change.host for change in changes):
        mine = [change for change in changes if change.host == host]
        for change in (change for change in mine if change.truth == "file"):
            file = drop_in(reached[host], _unit(change))
            if change.after is None:
                yield _archive(cluster, change, file)
            else:
                yield _write(cluster, change, file)
        yield _reload(cluster, mine, reached[host])


def _unit(change: Change) -> str:
    return parse_address(change.address).aspect[1]


def _write(cluster: Cluster, change: Change, file: TextFile) -> Action:
    unit = _unit(change)
    text = text_of(cluster, str(change.after).split(BETWEEN))
    action = write(change, (cluster.name, "write-order", unit), "drop-in", file, text)
    old, new = (fact.value for fact in (*action.requires, *action.expects))
    return replace(
        action,
        summary=f"order {unit}: {change.after}",
        requires=(Fact((change.host,), "drop-in", unit, old),),
        expects=(Fact((change.host,), "drop-in", unit, new),),
    )


def _archive(cluster: Cluster, change: Change, file: TextFile) -> Action:
    unit = _unit(change)
    return action_for(
        cluster.name,
        change,
        "archive-order",
        unit,
        summary=f"take the order of {unit} away",
        command=gate_command("archive-file", file.path, file.sha256),
        requires=(Fact((change.host,), "drop-in", unit, file.sha256),),
        expects=(Fact((change.host,), "drop-in", unit, "absent"),),
    )


def _reload(cluster: Cluster, changes: Sequence[Change], facts: HostFacts) -> Action:
    """What runs goes on: systemd reads its files again, and fstab."""
    host = changes[0].host
    # Whoever asks for one volume alone is to get the order of that.
    of_volumes = [c.address for c in changes if parse_address(c.address).sort == VOLUME]
    return action_for(
        cluster.name,
        Cause(
            [*of_volumes, changes[0].address][0],
            host,
            "it stops at shutdown what it has read, in that order",
        ),
        "reload-units",
        summary="let systemd read fstab and the order of units",
        command=gate_command("do", "systemctl", "daemon-reload"),
        expects=tuple(fact for change in changes for fact in _expected(cluster, change, facts)),
    )


def _expected(cluster: Cluster, change: Change, facts: HostFacts) -> Iterator[Fact]:
    """Each word of systemd itself; of a masked unit it tells nothing.

    A workload is masked on a host that mounts nothing, perhaps by the same plan.
    """
    if change.after is None:
        return
    about = parse_address(change.address)
    if about.sort == VOLUME:
        unit = mount_unit(next(v.mount.path for v in cluster.volumes if v.label == about.name))
    else:
        unit = _unit(change)
        if unit != O2CB and change.host not in mounting(cluster):
            return
    if load(facts, unit) != "masked":
        for word in str(change.after).split(BETWEEN):
            yield Fact((change.host,), "order", f"{unit} {word}", "kept")


def drop_in(facts: HostFacts, unit: str) -> TextFile:
    """Our drop-in of a unit as a host has it."""
    path = path_of(unit)
    absent = TextFile(path, None, "", "644")
    return next((file for file in require(facts.ordering).files if file.path == path), absent)


def drop_in_digest(facts: HostFacts, unit: str) -> str:
    """The hash of the drop-in of a unit."""
    return drop_in(facts, unit).sha256 or "absent"


NEEDS = ("ordering", "services", "fstab", "disks", "wanted")
READINGS = {
    "order": Reading(("ordering",), order),
    "drop-in": Reading(("ordering",), drop_in_digest),
}
