"""How one wish comes of another: a row for each change, drawn with chance, applied without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from reconciler.hosts.simulator.state.devices import PATHS as PATHS_OF_WIRING
from tests.simulation.site import LUNS, NEWER, Site
from tests.simulation.wish import MemberWish, VolumeWish, Wish

# How often what a file or a device forbids is drawn again.
MOSTLY = 0.8
LABELS = ("images", "mail", "pictures", "data-1", "vm_2")
PATHS = ("/srv/images", "/srv/mail", "/srv/new", "/mnt/data", "/var/vm")
OPTIONS = ((), ("noatime",), ("noatime", "commit=30"), ("ro",), ("acl", "user_xattr"))
PINS = (None, None, 0, 1, 2, 3, 9, 254)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a kind in ``CHANGES``; ``at`` is a host's place or a LUN, ``value`` what is new."""

    kind: str
    at: Any = None
    value: Any = None


@dataclass(frozen=True, slots=True)
class Row:
    """How a change is drawn, and what it makes of a wish; one that has nothing to do leaves it."""

    draw: Callable[[Random, Wish, Site], tuple[Any, Any]]
    make: Callable[[Wish, Any, Any], Wish]
    words: str
    weight: int = 2


def apply_change(wish: Wish, change: Change) -> Wish:
    """The wish with a change."""
    return CHANGES[change.kind].make(wish, change.at, change.value)


def keep_somebody(before: Wish, wish: Wish) -> Wish:
    """The wish; with somebody of the one before, for of another file's members nobody could know."""
    hosts = {one.host for one in wish.members}
    if any(one.host in hosts for one in before.members):
        return wish
    return replace(wish, members=(before.members[0], *wish.members))


def draw_change(rng: Random, wish: Wish, site: Site) -> Change:
    """A change by its row's weight."""
    kinds = list(CHANGES)
    (kind,) = rng.choices(kinds, [CHANGES[k].weight for k in kinds])
    change = Change(kind, *CHANGES[kind].draw(rng, wish, site))
    unlikely = kind == "size" and not PATHS_OF_WIRING[site.storage]
    present = any(one.state == "present" for one in apply_change(wish, change).members)
    if (unlikely or not present) and rng.random() < MOSTLY:
        return draw_change(rng, wish, site)
    return change


def first_wish(rng: Random, site: Site) -> Wish:
    """Some of the hosts with a volume on the first LUN."""
    members = tuple(MemberWish(host) for host in range(rng.randint(1, site.hosts)))
    gib = rng.choice((None, 1, 1))
    return Wish(members, (VolumeWish(LUNS[0], "images", "/srv/images", gib),))


def _host(rng: Random, _wish: Wish, site: Site) -> int:
    return rng.randrange(site.hosts)


def _listed(rng: Random, wish: Wish, _site: Site) -> int:
    return rng.choice(wish.members).host


def _of_host(*values: Any) -> Callable[[Random, Wish, Site], tuple[Any, Any]]:
    return lambda rng, wish, site: (_listed(rng, wish, site), rng.choice(values))


def _of_lun(*values: Any) -> Callable[[Random, Wish, Site], tuple[Any, Any]]:
    def draw(rng: Random, wish: Wish, _site: Site) -> tuple[Any, Any]:
        luns = [one.lun for one in wish.volumes] or list(LUNS)
        return rng.choice(luns), rng.choice(values)

    return draw


def _of_all(*values: Any) -> Callable[[Random, Wish, Site], tuple[Any, Any]]:
    return lambda rng, _wish, _site: (None, rng.choice(values))


def _member(key: str) -> Callable[[Wish, Any, Any], Wish]:
    def make(wish: Wish, at: Any, value: Any) -> Wish:
        one = wish.member(at)
        return wish if one is None else wish.with_member(replace(one, **{key: value}))

    return make


def _volume(key: str) -> Callable[[Wish, Any, Any], Wish]:
    return lambda wish, at, value: wish.with_volume(at, **{key: value})


def _cluster(key: str) -> Callable[[Wish, Any, Any], Wish]:
    return lambda wish, _at, value: replace(wish, **{key: value})


def _timeout(key: str) -> Callable[[Wish, Any, Any], Wish]:
    return lambda wish, _at, value: replace(wish, timeouts={**wish.timeouts, key: value})


def _join(wish: Wish, at: Any, _value: Any) -> Wish:
    return wish.with_member(replace(wish.member(at) or MemberWish(at), state="present"))


def _drop(wish: Wish, at: Any, _value: Any) -> Wish:
    """The last one stays: a file without members is none."""
    kept = tuple(one for one in wish.members if one.host != at)
    return replace(wish, members=kept or wish.members)


def _replace(wish: Wish, at: Any, value: Any) -> Wish:
    """Another host in the place of one."""
    if wish.member(value) is not None:
        return wish
    return _drop(_join(wish, value, None), at, None)


def _add_volume(wish: Wish, at: Any, value: Any) -> Wish:
    if any(one.lun == at for one in wish.volumes):
        return wish
    return replace(wish, volumes=(*wish.volumes, VolumeWish(at, *value)))


def _drop_volume(wish: Wish, at: Any, _value: Any) -> Wish:
    return replace(wish, volumes=tuple(one for one in wish.volumes if one.lun != at))


def _grow(wish: Wish, at: Any, value: Any) -> Wish:
    """So many GiB more, or less."""
    for one in wish.volumes:
        if one.lun == at:
            return wish.with_volume(at, gib=max(1, (one.gib or 1) + value), backing="lvm")
    return wish


STATES = ("present", "present", "drained", "drained", "absent", "offline", "dead")
CHANGES: dict[str, Row] = {
    "join": Row(lambda r, w, s: (_host(r, w, s), None), _join, "{host} joins", 6),
    "drop": Row(lambda r, w, s: (_listed(r, w, s), None), _drop, "{host} is dropped", 3),
    "replace": Row(
        lambda r, w, s: (_listed(r, w, s), _host(r, w, s)),
        _replace,
        "{host} is replaced by {other}",
    ),
    "state": Row(_of_host(*STATES), _member("state"), "{host} shall be {value}", 6),
    "number": Row(_of_host(*PINS), _member("number"), "{host} gets the number {value}", 3),
    "port": Row(_of_host(7777, 7778), _member("port"), "{host} gets the port {value}", 1),
    "address": Row(
        _of_host(0, 1), _member("network"), "{host} gets its address on network {value}"
    ),
    "access": Row(
        _of_host("mapped", "revoked"), _member("access"), "LUN access of {host}: {value}", 1
    ),
    "name": Row(
        _of_all("ocfs2", "ocfs2", "other"), _cluster("name"), "the cluster is called {value}", 1
    ),
    "numbering": Row(
        _of_all("stable", "compact"), _cluster("numbering"), "numbering is {value}"
    ),
    "rollout": Row(_of_all("rolling", "window"), _cluster("rollout"), "rollout is {value}"),
    "turns": Row(_of_all(1, 2, "50%"), _cluster("max_unavailable"), "{value} at a time", 1),
    "files": Row(_of_all("own", "kept"), _cluster("files"), "files are {value}", 1),
    "tools": Row(_of_all("", NEWER), _cluster("tools"), "the tools' version is {value}"),
    "manage": Row(_of_all(True, False), _cluster("manage"), "packages are managed: {value}", 1),
    "threshold": Row(_of_all(31, 61), _cluster("threshold"), "dead_threshold is {value}", 1),
    "idle": Row(
        _of_all(30000, 25000), _timeout("idle_timeout_ms"), "idle timeout {value} ms", 1
    ),
    "keepalive": Row(
        _of_all(2000, 3000), _timeout("keepalive_delay_ms"), "keepalive {value} ms", 1
    ),
    "reconnect": Row(
        _of_all(2000, 3000), _timeout("reconnect_delay_ms"), "reconnect {value} ms", 1
    ),
    "label": Row(_of_lun(*LABELS), _volume("label"), "the volume on {at} is called {value}"),
    "path": Row(_of_lun(*PATHS), _volume("path"), "the volume on {at} is mounted at {value}"),
    "size": Row(_of_lun(1, 1, 2, -1), _grow, "the volume on {at} grows by {value} GiB", 4),
    "fill": Row(_of_lun(None), _volume("gib"), "the volume on {at} fills its device", 1),
    "slots": Row(
        _of_lun(None, 2, 8, 12), _volume("slots"), "the volume on {at} has {value} slots"
    ),
    "options": Row(
        _of_lun(*OPTIONS), _volume("options"), "the volume on {at} has options {value}"
    ),
    "at-boot": Row(_of_lun(True, False), _volume("at_boot"), "mounted at boot: {value}", 1),
    "growth": Row(_of_lun("online", "offline"), _volume("growth"), "{at} grows {value}"),
    "format": Row(
        _of_lun("never", "if-blank"), _volume("format"), "{at} is formatted {value}", 1
    ),
    "backing": Row(
        _of_lun("", "lvm", "command"), _volume("backing"), "{at} is backed by {value}", 1
    ),
    "backup": Row(_of_lun(True, False), _volume("backup"), "{at} is backed up: {value}", 1),
    "services": Row(_of_lun(True, False), _volume("services"), "a service uses {at}: {value}"),
    "guests": Row(_of_lun(True, False), _volume("guests"), "guests use {at}: {value}"),
    "add-volume": Row(
        lambda r, _w, _s: (
            r.choice(LUNS),
            (r.choice(LABELS), r.choice(PATHS), r.choice((None, 1))),
        ),
        _add_volume,
        "a volume on {at}: {value}",
    ),
    "drop-volume": Row(_of_lun(None), _drop_volume, "the volume on {at} is dropped", 1),
}
