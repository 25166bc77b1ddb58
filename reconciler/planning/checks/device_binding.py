"""The invariant that every action is bound to its device and knows whose heartbeats are there."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.addresses import volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import chosen_uuid, ref, view_of, wwid_of
from reconciler.model.gate_call import ANY, GateCall, Target, gate_call
from reconciler.model.heartbeat_lists import numbers_of
from reconciler.model.heartbeat_owners import listed_numbers, own_numbers
from reconciler.model.heartbeats import left_blocks
from reconciler.model.identity_cache import once_each
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.plan import Action
from reconciler.model.roles import staying
from reconciler.planning.kinds import BLANK, DEVICE, KINDS, TOUCHES, UNMOUNTED, WRITES, Kind

SECTIONS = ("identity", "wanted", "disks", "mounts", "live", "fstab", "records")


def declaration_problems(action: Action) -> Iterator[str]:
    """What is not said of an action's kind."""
    kind = KINDS.get(action.kind)
    call = gate_call(action.command.argv) if action.command else None
    if kind is None:
        yield f"nothing says what {action.kind} does to a device"
    elif not kind.has(TOUCHES) and call is not None and call.target is not None:
        yield f"{action.kind} touches a device, and does not say so"


def binding_problems(cluster: Cluster, observed: Observed, action: Action) -> Iterator[str]:
    """What an action that touches a device does not say of it, or says wrongly."""
    kind = KINDS.get(action.kind)
    if kind is None or not kind.has(TOUCHES):
        return
    call = gate_call(action.command.argv) if action.command else None
    if call is None or call.target is None:
        yield "it names no device"
        return
    volume = _volume(cluster, action)
    facts = observed.answering_hosts().get(action.host)
    if volume is None or facts is None or isinstance(facts.wanted, Unknown):
        yield "nothing is known of its device"
        return
    yield from _device(cluster, observed, (volume, facts), (kind, call))
    yield from _beats(cluster, observed, (action, kind), call.target)
    yield from _asked(action, kind, f"{ref(volume)} {call.target.beats}")


def _volume(cluster: Cluster, action: Action) -> Volume | None:
    return next((v for v in cluster.volumes if volume_address(v.label) == action.address), None)


def _device(
    cluster: Cluster,
    observed: Observed,
    seen: tuple[Volume, HostFacts],
    does: tuple[Kind, GateCall],
) -> Iterator[str]:
    """The disk by its WWID, the file system by its UUID, a blank device by its size."""
    (volume, facts), (kind, call) = seen, does
    target = call.target or Target("")
    if not target.node.startswith("/dev/"):
        yield f"{target.node or 'nothing'} is no device"
    if target.wwid != (wwid_of(facts, volume) or ANY):
        yield f"it does not name the disk's WWID but {target.wwid}"
    view = view_of(facts, ref(volume))
    block = view.superblock if view else None
    if block is None and not _is_readable(cluster, observed):
        return  # refused for that; the UUID to be rests on what all members say
    uuid = block.uuid if block else chosen_uuid(cluster, volume, observed)
    if kind.has(BLANK) and (target.size == ANY or uuid not in call.arguments):
        yield "it does not name the device's size, or not the UUID that it is to have"
    elif not kind.has(BLANK | DEVICE) and target.uuid != uuid:
        yield f"it does not name the file system's UUID but {target.uuid}"


@once_each()
def _is_readable(cluster: Cluster, observed: Observed) -> bool:
    """Whether every member that stays could be asked for all that a new volume rests on."""
    reached = observed.answering_hosts()
    return all(
        host in reached
        and not any(isinstance(getattr(reached[host], key), Unknown) for key in SECTIONS)
        for host in staying(cluster)
    )


def _beats(
    cluster: Cluster, observed: Observed, done: tuple[Action, Kind], target: Target
) -> Iterator[str]:
    """Of members that answer, where some may have it mounted; else of nobody who goes on."""
    action, kind = done
    if kind.has(DEVICE):
        return
    found = numbers_of(target.beats)
    going = {number for number, block in found.items() if not block}
    reached = observed.answering_hosts()
    numbers = {m.name: m.number for m in cluster.members if m.number is not None}
    members = {number for name, number in numbers.items() if name in reached}
    members |= {n for facts in reached.values() for n in own_numbers(cluster, facts)}
    own = {number for name, number in numbers.items() if name == action.host}
    if kind.has(UNMOUNTED | BLANK):
        if going:
            yield f"the heartbeat of {_words(going)} may go on beside it"
    elif not (going and own <= going):
        yield "it does not say which members have it mounted"
    if strange := going - members:
        yield f"the heartbeat of {_words(strange)} may go on, who was not asked"
    volume = _volume(cluster, action)
    exact = {item.number for item in cluster.heartbeat.attested}
    exact |= left_blocks(cluster, volume, observed).keys() if volume else set()
    listed = listed_numbers(cluster, observed)
    for number, block in found.items():
        if block and number not in (exact if block.startswith("=") else listed):
            yield f"nobody has accounted for the heartbeat of {number}"


def _asked(action: Action, kind: Kind, subject: str) -> Iterator[str]:
    """What writes to a file system proves the same heartbeats just before."""
    if not kind.has(WRITES) or kind.has(BLANK):
        return
    if not any((f.reading, f.subject) == ("heartbeats", subject) for f in action.requires):
        yield "the heartbeats are not looked at before it"


def _words(numbers: set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
