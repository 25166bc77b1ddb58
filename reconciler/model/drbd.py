"""DRBD below a volume: its resource, and the units that bring it up."""

from __future__ import annotations

import re

from reconciler.model.desired import Volume
from reconciler.model.devices import disk_of, ref, view_of
from reconciler.model.observed import HostFacts, Unknown
from reconciler.model.roles import is_withdrawn
from reconciler.model.units import escape_unit

BY_RESOURCE = re.compile(r"/dev/drbd/by-res/(?P<resource>[^/]+)(/[0-9]+)?")
# Brings up all resources; of newer ones each has units of its own (drbd.service(7)).
ALL = "drbd.service"


def drbd_units(volume: Volume, facts: HostFacts) -> tuple[str, ...]:
    """The units of which one brings a volume's device up; none where it is not DRBD's."""
    if is_withdrawn(volume) or isinstance(facts.wanted, Unknown):
        return ()
    view = view_of(facts, ref(volume))
    disk = disk_of(facts, view) if view and not isinstance(facts.disks, Unknown) else None
    if disk is None or not re.fullmatch(r"drbd[0-9]+", disk.name):
        return ()
    names = {found["resource"] for link in disk.links if (found := BY_RESOURCE.fullmatch(link))}
    return (ALL, *(unit for name in sorted(names) for unit in _units(name)))


def named_units(volume: Volume) -> tuple[str, ...]:
    """Those that the file's own words make one ask for, for the probe to tell their state."""
    path = volume.device.path or ""
    if not re.fullmatch(r"/dev/drbd(/|[0-9]).*", path):
        return ()
    found = BY_RESOURCE.fullmatch(path)
    return (ALL, *(_units(found["resource"]) if found else ()))


def _units(resource: str) -> tuple[str, ...]:
    """As ``drbd@$(systemd-escape RESOURCE).target`` (drbd-configured.target(7))."""
    name = escape_unit(resource)
    return f"drbd@{name}.service", f"drbd@{name}.target"
