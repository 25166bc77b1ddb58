"""What an operator wants: one cluster as plain data, and the file that says it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model.desired import Desired
from tests.simulation.laws import Lawful
from tests.simulation.site import AGENT, SAN, Site, device

SEEN = "2026-11-22T10:00:00Z"
GUESTS = {
    "kind": "command",
    "stop": ["guests", "stop"],
    "start": ["guests", "start"],
    "migrate": ["guests", "migrate", "{guest}", "{target}"],
}


@dataclass(frozen=True, slots=True)
class MemberWish:
    """A host by its place; ``network`` is the one whose address it has for cluster traffic."""

    host: int
    state: str = "present"
    number: int | None = None
    port: int = 7777
    network: int = 1
    access: str = "mapped"


@dataclass(frozen=True, slots=True)
class VolumeWish:
    """A volume on a LUN; ``gib`` of None takes all of the device."""

    lun: str
    label: str
    path: str
    gib: int | None = None
    slots: int | None = 8
    options: tuple[str, ...] = ()
    at_boot: bool = True
    growth: str = "online"
    format: str = "if-blank"
    backing: str = ""
    backup: bool = False
    services: bool = False
    guests: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """One cluster; ``more`` are the keys of its section that are not named here."""

    members: tuple[MemberWish, ...]
    volumes: tuple[VolumeWish, ...]
    name: str = "ocfs2"
    numbering: str = "stable"
    rollout: str = "rolling"
    max_unavailable: Any = 1
    files: str = "own"
    manage: bool = True
    tools: str = ""
    timeouts: dict[str, int] = field(default_factory=dict)
    threshold: int = 31

    def member(self, host: int) -> MemberWish | None:
        """The entry of a host, if it has one."""
        return next((one for one in self.members if one.host == host), None)

    def with_member(self, one: MemberWish) -> Wish:
        """With this entry in place of the host's old one, or at the end."""
        if self.member(one.host) is None:
            return replace(self, members=(*self.members, one))
        kept = tuple(one if old.host == one.host else old for old in self.members)
        return replace(self, members=kept)

    def with_volume(self, lun: str, **more: Any) -> Wish:
        """With other words for the volume on a LUN."""
        kept = tuple(replace(v, **more) if v.lun == lun else v for v in self.volumes)
        return replace(self, volumes=kept)


def write_desired(wish: Wish, world: Lawful, site: Site) -> Desired:
    """The file."""
    cluster = {
        "name": wish.name,
        "numbering": wish.numbering,
        "rollout": wish.rollout,
        "max_unavailable": wish.max_unavailable,
        "files": wish.files,
        "packages": {"manage": wish.manage, "tools_version": wish.tools or None},
        "heartbeat": {"dead_threshold": wish.threshold},
        "network": dict(wish.timeouts),
        "members": [_member(one, world, site) for one in wish.members],
        "volumes": [_volume(one, world, site) for one in wish.volumes],
    }
    return Desired.model_validate({"version": 1, "clusters": [cluster]})


def _member(one: MemberWish, world: Lawful, site: Site) -> dict[str, Any]:
    name = site.name(one.host)
    item: dict[str, Any] = {
        "name": name,
        "interconnect": world.machines[name].setup.addresses[one.network][1],
        "port": one.port,
        "state": one.state,
    }
    if one.number is not None:
        item["number"] = one.number
    if one.state in ("offline", "dead"):
        item["attested"] = {"by": "ops", "at": SEEN, "reason": "a new board"}
    if one.state == "dead":
        item["attested"]["lun_access"] = one.access
    return item


def _volume(one: VolumeWish, world: Lawful, site: Site) -> dict[str, Any]:
    item: dict[str, Any] = {
        "label": one.label,
        "device": device(world, site, one.lun),
        "size": f"{one.gib}GiB" if one.gib else "fill",
        "slots": one.slots,
        "format": one.format,
        "growth": one.growth,
        "mount": {"path": one.path, "options": list(one.options), "at_boot": one.at_boot},
        "backing": _backing(one, world),
        "backup": _backup(one, world),
        "workloads": _workloads(one),
    }
    return {key: value for key, value in item.items() if value is not None}


def _backup(one: VolumeWish, world: Lawful) -> dict[str, Any] | None:
    if not one.backup or SAN not in world.machines:
        return None
    return {"host": SAN, "argv": ["grow-lun", one.lun, "1"]}


def _backing(one: VolumeWish, world: Lawful) -> dict[str, Any] | None:
    if not one.backing or SAN not in world.machines:
        return None
    if one.backing == "lvm":
        return {"lvm": {"host": SAN, "vg": "vg0", "lv": one.lun}}
    return {"command": {"host": SAN, "argv": ["grow-lun", "{wwid}", "{size_bytes}"]}}


def _workloads(one: VolumeWish) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    if one.services:
        found["services"] = [AGENT.removesuffix(".service")]
    if one.guests:
        found["guests"] = GUESTS | {"list": ["guests", "list", one.path]}
    return found or None
