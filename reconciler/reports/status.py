"""What the clusters of a file are doing now: who is in, who has what mounted, what is open."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace

from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import ref, view_of
from reconciler.model.documents import FORMAT_VERSION, Json
from reconciler.model.observed import (
    HostFacts,
    Observed,
    Unknown,
    Unreachable,
)
from reconciler.model.roles import online, restrict_to, staying
from reconciler.planning.checks.foreign_hosts import drop_foreign_members
from reconciler.planning.resolve.numbering import with_numbers
from reconciler.planning.review.forecast import findings
from reconciler.planning.review.notes import quarantined_hosts
from reconciler.planning.watching.troubles import Sight, Trouble, find_troubles
from reconciler.reports.status_leases import leases, list_pauses, state_of_work
from reconciler.reports.status_members import UNKNOWN, find_mounts, member_status
from reconciler.resources.growth.sizes import file_system_bytes, in_progress
from reconciler.resources.volumes.heartbeats import unexplained_nodes
from reconciler.resources.workloads.obligations import (
    StoppedWorkloads,
    forgotten_workloads,
    obligations,
)

# Troubles that have words of their own here: as what is wrong, or is left, or may come.
TOLD = frozenset(
    {
        "ClusterOffline",
        "DeviceUnread",
        "HeartbeatStale",
        "HostQuarantined",
        "Interrupted",
        "ListsDiffer",
        "MountHidden",
        "NextBoot",
        "NotMounted",
        "ReadOnly",
        "RunUnfinished",
    }
)
BACKUP = "backup-"


def status_document(
    pairs: Sequence[tuple[Cluster, Observed]],
    observed_at: str,
    known: Mapping[str, Sight] | None = None,
) -> Json:
    """Every cluster; what could not be read is the word ``unknown`` or null, never absent.

    ``known`` is by name what earlier looks add to what troubles a cluster.
    """
    sights = known or {}
    return {
        "format_version": FORMAT_VERSION,
        "observed_at": observed_at,
        "clusters": [_cluster(*pair, sights.get(pair[0].name)) for pair in pairs],
    }


def _cluster(cluster: Cluster, observed: Observed, known: Sight | None) -> Json:
    cluster = with_numbers(drop_foreign_members(cluster, observed), observed)
    sight = Sight(cluster, observed)
    if known is not None:
        sight = replace(sight, full_in=known.full_in, slotless=known.slotless)
    troubles = find_troubles(sight)
    members = [member_status(cluster, item, observed) for item in cluster.members]
    volumes = [_volume(cluster, volume, observed) for volume in cluster.volumes]
    foreign = list(_foreign(cluster, observed))
    unread = [asdict(item) for item in observed.unreachable()]
    problems = _problems(cluster, members, volumes)
    problems += [{"what": words, "hosts": []} for words in (*foreign, *_lists(members))]
    problems += [_as_problem(one) for one in troubles if one.reason not in TOLD]
    unfinished, held = list(_unfinished(cluster, observed)), leases(observed)
    state = "unwell" if problems or unread else state_of_work(unfinished, held)
    if state == "healthy" and troubles:
        state = "degraded"
    return {
        "name": cluster.name,
        "hosts": len(observed.hosts),
        "read": len(observed.answering_hosts()),
        "healthy": state == "healthy",
        "state": state,
        "problems": problems,
        "degraded": [asdict(trouble) for trouble in troubles],
        "differences": list(_differences(members, volumes)),
        "members": [{k: v for k, v in m.items() if k != "live_list"} for m in members],
        "volumes": volumes,
        "leases": held,
        "paused": list_pauses(observed),
        "unfinished": unfinished,
        "quarantined": [asdict(entry) for entry in quarantined_hosts(cluster, observed)],
        "findings": [asdict(item) for item in findings(cluster, observed)],
        "unreachable": unread,
    }


def _as_problem(trouble: Trouble) -> dict[str, object]:
    return {"what": trouble.words, "hosts": [trouble.member] if trouble.member else []}


def _volume(cluster: Cluster, volume: Volume, observed: Observed) -> Json:
    stays = restrict_to(observed, staying(cluster)).answering_hosts()
    views = [
        view
        for facts in stays.values()
        if not isinstance(facts.wanted, Unknown) and (view := view_of(facts, ref(volume)))
    ]
    block = next((view.superblock for view in views if view.superblock), None)
    taken = next((len(view.slot_map) for view in views if view.slot_map is not None), None)
    by = {
        host: mounts
        for host, f in observed.answering_hosts().items()
        if (mounts := find_mounts(volume, f))
    }
    asked = [m for mounts in by.values() for m in mounts if m.size and m.free is not None]
    size = max((m.size or 0 for m in asked), default=None)
    used = max(((m.size or 0) - (m.free or 0) for m in asked), default=None)
    return {
        "label": volume.label,
        "device": ref(volume),
        "uuid": block.uuid if block else None,
        "size": size if size is not None else file_system_bytes(block) if block else None,
        "used": used,
        "slots": block.slots if block else None,
        "slots_taken": taken,
        "mounted_by": list(by),
        "interrupted": bool(block and in_progress(block)),
    }


def _foreign(cluster: Cluster, observed: Observed) -> Iterator[str]:
    """Heartbeats that go on and that nobody's mount explains."""
    for volume in cluster.volumes:
        readable = {
            host: facts
            for host, facts in observed.hosts.items()
            if isinstance(facts, Unreachable) or not isinstance(facts.wanted, Unknown)
        }
        nodes = unexplained_nodes(cluster, volume, Observed(readable))
        alive = {
            n
            for f in Observed(readable).answering_hosts().values()
            for n in _advancing(volume, f)
        }
        names = {m.number: f" ({m.name}, {m.role} by the file)" for m in cluster.members}
        for node in sorted(nodes & alive):
            who = f"node {node}{names.get(node, '')}"
            yield f"{who} writes its heartbeat to {volume.label}; no mount that was read explains it"


def _advancing(volume: Volume, facts: HostFacts) -> tuple[int, ...]:
    view = None if isinstance(facts.wanted, Unknown) else view_of(facts, ref(volume))
    return (view.advancing or ()) if view else ()


def _lists(members: Sequence[Json]) -> Iterator[str]:
    """Kernels whose node lists differ: none of them lets another one mount."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for item in members:
        if item["live_list"] is not None:
            groups.setdefault(item["live_list"], []).append(item["name"])
    if len(groups) > 1:
        yield "the live node lists differ: " + " | ".join(", ".join(g) for g in groups.values())


# What is wrong with a mount, by what is known of it.
WRONG: Mapping[str, Callable[[Json], bool]] = {
    "{} is not mounted": lambda m: m["wanted"] and m["mounted"] is False,
    "{} is read-only": lambda m: m["read_only"] is True,
    "{} is mounted in a namespace of its own only": lambda m: m["hidden"] is True,
    "{}: the heartbeat stands still": lambda m: m["heartbeat"] == "silent",
    "{}: its device cannot be read": lambda m: m["mounted"] is True and bool(m["unread"]),
    "{}: whether it is mounted cannot be read": lambda m: (
        m["wanted"] and m["mounted"] is None and m["unread"] is not None
    ),
}

# What only is not yet as the file has it.
DIFFERS = "{} is mounted, and the file does not want it"


def _differences(members: Sequence[Json], volumes: Sequence[Json]) -> Iterator[Json]:
    for volume in volumes:
        mounts = {m["name"]: m["volumes"][volume["label"]] for m in members}
        if hosts := [n for n, m in mounts.items() if m["mounted"] is True and not m["wanted"]]:
            yield {"what": DIFFERS.format(volume["label"]), "hosts": hosts}


def _problems(
    cluster: Cluster, members: Sequence[Json], volumes: Sequence[Json]
) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    runs = online(cluster)
    off = [
        m["name"] for m in members if m["name"] in runs and m["o2cb"] not in {"online", UNKNOWN}
    ]
    if off:
        found.append({"what": "the cluster is not online", "hosts": off})
    for volume in volumes:
        label = volume["label"]
        for what, is_wrong in WRONG.items():
            hosts = [m["name"] for m in members if is_wrong(m["volumes"][label])]
            if hosts:
                found.append({"what": what.format(label), "hosts": hosts})
        if volume["interrupted"]:
            what = f"a tunefs.ocfs2 of {label} was cut short: it has to be checked"
            found.append({"what": what, "hosts": []})
    return found


def _unfinished(cluster: Cluster, observed: Observed) -> Iterator[Json]:
    """What runs have left to be done on hosts."""
    for host, facts in observed.answering_hosts().items():
        if isinstance(facts.leases, Unknown):
            yield {"host": host, "what": f"whether a run is at work: {facts.leases.reason}"}
        if isinstance(facts.records, Unknown):
            yield {"host": host, "what": f"unknown: {facts.records.reason}"}
            continue
        if (owed := obligations(cluster, facts)) != StoppedWorkloads():
            yield {"host": host, "what": f"stopped by a run, to run again: {owed.words}"}
        if (left := forgotten_workloads(cluster, facts)) != StoppedWorkloads():
            what = f"stopped by a run, and the file names it no more: {left.words}"
            yield {"host": host, "what": what}
        for file in facts.records:
            if file.path.rsplit("/", 1)[-1].startswith(BACKUP) and _has_begun(file.text):
                yield {"host": host, "what": "a backup was begun and did not end"}


def _has_begun(text: str | None) -> bool:
    try:
        found = json.loads(text or "{}")
        return isinstance(found, dict) and "began" in found and found.get("ended") is None
    except (ValueError, RecursionError):
        return False
