"""Where a difference comes from, as its own host tells: since when, and by whose hand.

The times are those of the host's own clock. Who wrote a file is not known, only whose it is, and
a file or a package that is gone tells nothing. Of a unit that is no longer started at boot the
directory tells in which its link was. What is in a kernel or mounted is since the boot at the most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

from reconciler.model.addresses import parse_address
from reconciler.model.desired import Cluster
from reconciler.model.observed import HostFacts, Observed, TextFile, Unit, Unknown
from reconciler.model.records import record
from reconciler.planning.resolve.last_applied import APPLIED
from reconciler.planning.review.drift import Drift, Item
from reconciler.planning.review.severity import place_of
from reconciler.resources.ordering.changes import path_of

ROOT = 0
MINUTE = 60
# Of the cluster stack.
CLUSTER_UNITS = ("o2cb.service", "ocfs2.service")
# Since when, and the words for it.
Evidence: TypeAlias = tuple[int, str]
MEMORY = frozenset({"kernel", "mount", "service"})


def with_origins(drift: Drift, cluster: Cluster, observed: Observed) -> Drift:
    """The same drift, of which each item tells where it comes from."""
    hosts = observed.answering_hosts()
    items = (_told(item, cluster.name, hosts.get(item.host)) for item in drift.items)
    return replace(drift, items=tuple(items))


def _told(item: Item, cluster: str, facts: HostFacts | None) -> Item:
    if facts is None or item.kind != "changed-outside":
        return item  # the file itself is what changed
    for find in (_of_file, _of_unit, _of_package):
        if found := find(item, facts):
            return _with(item, *found, _applied(cluster, facts))
    if item.truth == "package":
        return _with(item, None, "", _applied(cluster, facts))
    booted = _booted(facts)
    if item.truth in MEMORY and booted is not None:
        applied = _applied(cluster, facts)
        if applied is not None and applied < booted:
            words = f"the host has booted since, at {_time(booted)}"
            return _with(item, booted, words, applied)
        return _with(item, None, "", applied)
    return item


def _of_file(item: Item, facts: HostFacts) -> Evidence | None:
    file = _file(item, facts)
    if file is None or file.written is None:
        return None
    owner = "root" if file.owner == ROOT else f"user {file.owner}"
    words = f"{file.path} was last written at {_time(file.written)}, and is {owner}'s"
    return file.written, words


def _of_unit(item: Item, facts: HostFacts) -> Evidence | None:
    """Of the units that are as the difference says, the one that came to be so last."""
    units = () if isinstance(facts.services, Unknown) else facts.services
    named, place = parse_address(item.address).aspect, place_of(item.address)
    if place == "member/service/boot":
        names: tuple[str, ...] = (named[1],)
    elif place == "member/o2cb-at-boot" or item.code == "unit-not-usable":
        names = CLUSTER_UNITS
    else:
        return None
    so = {"enabled": True, "disabled": False}.get(str(item.actual))
    found = [
        (unit.written, unit)
        for unit in units
        if unit.name in names
        and unit.written is not None
        and (_is_masked_by(unit) or (unit.enabled == so and unit.load != "masked"))
    ]
    if not found:
        return None
    written, unit = max(found, key=lambda one: one[0])
    done = "made" if unit.enabled or _is_masked_by(unit) else "last changed"
    return written, f"{unit.link} was {done} at {_time(written)}"


def _is_masked_by(unit: Unit) -> bool:
    """Whether its link is its mask: there is another kind, which lasts until the next boot."""
    return unit.load == "masked" and unit.link.rpartition("/")[0].endswith("/system")


def _of_package(item: Item, facts: HostFacts) -> Evidence | None:
    """Of the packages that are there in the version that differs, the one that came last."""
    if item.truth != "package" or isinstance(facts.packages, Unknown):
        return None
    installed, versions = facts.packages.installed, facts.packages.versions
    found = [
        (installed[n], n) for n, v in versions.items() if v == item.actual and n in installed
    ]
    if not found:
        return None
    moment, name = max(found)
    return moment, f"{name} {item.actual} was installed at {_time(moment)}"


def _with(item: Item, since: int | None, words: str, applied: int | None) -> Item:
    last = f"what was last applied is on record since {_time(applied)}" if applied else ""
    told = "; ".join(filter(None, (words, last)))
    return replace(item, since=_time(since) if since is not None else "", origin=told)


def _time(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return f"second {seconds}"  # no calendar has it


def _read(section: TextFile | Unknown) -> TextFile | None:
    return None if isinstance(section, Unknown) or section.text is None else section


def _drop_in(item: Item, facts: HostFacts) -> TextFile | None:
    words = parse_address(item.address).aspect
    unit = words[1] if words[0] == "service" else ""
    files = () if isinstance(facts.ordering, Unknown) else facts.ordering.files
    return next((f for f in files if unit and f.path == path_of(unit)), None)


# The file whose text a difference is in, by the place of the difference.
_FILES: Mapping[str, Callable[[Item, HostFacts], TextFile | None]] = {
    "member/cluster.conf": lambda _item, facts: _read(facts.cluster_conf),
    "member/o2cb-settings": lambda _item, facts: _read(facts.o2cb_config),
    "volume/boot": lambda _item, facts: _read(facts.fstab),
    "member/service/order": _drop_in,
}


def _file(item: Item, facts: HostFacts) -> TextFile | None:
    find = _FILES.get(place_of(item.address))
    return find(item, facts) if find else None


def _applied(cluster: str, facts: HostFacts) -> int | None:
    """When the last apply left its record on the host."""
    return (
        None if isinstance(facts.records, Unknown) else record(facts, cluster, APPLIED).written
    )


def _booted(facts: HostFacts) -> int | None:
    """The minute of the boot: a second is another one at the next look, as clocks are rounded."""
    if isinstance(facts.identity, Unknown):
        return None
    return int(facts.identity.clock - facts.identity.uptime) // MINUTE * MINUTE
