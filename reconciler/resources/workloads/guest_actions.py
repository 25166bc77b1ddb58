"""What is done to guests: moved, shut down, started; every step waits and is looked at anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.gate import gate_command
from reconciler.gate.action_builders import action_for
from reconciler.model.addresses import action_id
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import mount_subject
from reconciler.model.observed import HostFacts, Observed, Unknown
from reconciler.model.plan import MINUTE, Action, Change, Fact
from reconciler.model.roles import mounting_it
from reconciler.model.secrets import references
from reconciler.model.volume_integrations import Guests
from reconciler.resources.workloads.guests import name_guest, of, subject_of, volume_of

STOP_TIMEOUT = 5 * MINUTE
START_TIMEOUT = 5 * MINUTE
# As the gate has it: large guests take long to move, and nobody waits for their disks.
MIGRATE_TIMEOUT = 30 * MINUTE
# Until the gate itself gives up.
SLACK = 2 * MINUTE
LIBVIRT = {
    "list": ("virsh", "list", "--name"),
    "stop": ("virsh", "shutdown", "--domain", "{guest}"),
    "start": ("virsh", "start", "--domain", "{guest}"),
}


def stop_actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Each is moved to the next of those who keep the volume, if it can be; else shut down."""
    for turn, change in enumerate(changes):
        volume = volume_of(cluster, change)
        targets = [
            host
            for host in mounting_it(cluster, volume)
            if host != change.host and _keeps(observed.answering_hosts().get(host), volume)
        ]
        if of(volume).migrate and targets:
            yield _migrate(cluster, volume, change, targets[turn % len(targets)])
        else:
            yield _stop(cluster, volume, change)


def _keeps(facts: HostFacts | None, volume: Volume) -> bool:
    """Whether a guest can be moved to a host: it has the volume, and one knows its guests.

    A guest writes: where the file has the volume read-only nobody keeps it for one.
    """
    if "ro" in volume.mount.options:
        return False
    if facts is None or isinstance(facts.guests, Unknown) or isinstance(facts.mounts, Unknown):
        return False
    here = [m for m in facts.mounts if m.path == volume.mount.path and m.pid == 1]
    return bool(here) and "rw" in here[-1].options


def _stop(cluster: Cluster, volume: Volume, change: Change) -> Action:
    label, name = name_guest(change)
    kind, seconds = of(volume), _seconds(of(volume))
    return action_for(
        cluster.name,
        change,
        "stop-guest",
        label,
        name,
        risk="outage",
        summary=f"shut down guest {name} of {label}",
        command=gate_command(
            "stop-guest",
            name,
            str(seconds),
            _argv(kind, "list"),
            _argv(kind, "stop", guest=name),
            timeout=seconds + SLACK,
            references=references(kind.stop or ()),
        ),
        expects=(Fact((change.host,), "guest", subject_of(volume, name), "absent"),),
        seconds=30,
    )


def _migrate(cluster: Cluster, volume: Volume, change: Change, target: str) -> Action:
    label, name = name_guest(change)
    kind, seconds = of(volume), _seconds(of(volume))
    stop = _stop(cluster, volume, change)
    return replace(
        stop,
        id=action_id(cluster.name, change.host, "migrate-guest", label, name),
        kind="migrate-guest",
        summary=f"migrate guest {name} of {label} to {target}, else shut it down",
        command=gate_command(
            "migrate-guest",
            name,
            str(seconds),
            _argv(kind, "list"),
            _argv(kind, "migrate", guest=name, target=target),
            _argv(kind, "stop", guest=name),
            timeout=MIGRATE_TIMEOUT + seconds + SLACK,
            references=references((*(kind.migrate or ()), *(kind.stop or ()))),
        ),
        requires=(Fact((target,), "serving", mount_subject(volume), "mounted"),),
        seconds=60,
    )


def start_actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """Those that do not run, in the order in which they were stopped."""
    for change in changes:
        if (change.before, change.after) == ("stopped", "running"):
            others = tuple(host for host in observed.answering_hosts() if host != change.host)
            yield _start(cluster, volume_of(cluster, change), change, others)


def _start(cluster: Cluster, volume: Volume, change: Change, others: tuple[str, ...]) -> Action:
    label, name = name_guest(change)
    kind, host, subject = of(volume), change.host, subject_of(volume, name)
    alone = (Fact(others, "guest", subject, "absent"),) if others else ()
    on_it = Fact((host,), "mounted", mount_subject(volume), "mounted")
    command = gate_command(
        "start-guest",
        volume.mount.path,
        name,
        str(int(START_TIMEOUT)),
        _argv(kind, "list"),
        _argv(kind, "start", guest=name),
        timeout=2 * START_TIMEOUT + SLACK,  # for the mount, and then for the guest
        references=references(kind.start or ()),
    )
    return action_for(
        cluster.name,
        change,
        "start-guest",
        label,
        name,
        summary=f"start guest {name} of {label}"
        + (", unless it runs elsewhere" * bool(others)),
        command=command,
        # An agent may still be mounting it: then the gate waits.
        requires=(*alone, *((on_it,) if volume.mounted_by == "reconcile" else ())),
        unless=tuple(Fact((other,), "guest", subject, "running") for other in others),
        expects=(Fact((host,), "guest", subject, "running"), on_it),
        seconds=15,
    )


def require_running_elsewhere(
    action: Action, cluster: Cluster, void: Sequence[Change]
) -> Action:
    """A record in which these are owed no more: those that run elsewhere still must."""
    facts = [
        Fact(
            (place.removeprefix("on "),),
            "guest",
            subject_of(volume_of(cluster, c), name),
            "running",
        )
        for c in void
        for place, (_label, name) in [(str(c.before), name_guest(c))]
        if place.startswith("on ")
    ]
    return replace(action, requires=(*action.requires, *facts))


def unless_stopped(action: Action, moved: Sequence[Action]) -> Action:
    """A record in which these are owed no more since they moved; untouched if one did not."""
    gone = tuple(replace(m.expects[0], hosts=m.requires[0].hosts) for m in moved)
    there = tuple(replace(fact, value="running") for fact in gone)
    return replace(action, unless=gone, requires=(*action.requires, *there))


def _argv(guests: Guests, verb: str, **values: str) -> str:
    """The command with its values filled in, a word a line; the guest last if not named."""
    words: tuple[str, ...] = getattr(guests, verb) or LIBVIRT[verb]
    if "guest" in values and not any("{guest}" in word for word in words):
        words = (*words, "{guest}")
    for key, value in values.items():
        words = tuple(word.replace(f"{{{key}}}", value) for word in words)
    return "\n".join(words)


def _seconds(guests: Guests) -> int:
    return int(guests.stop_timeout.total_seconds() if guests.stop_timeout else STOP_TIMEOUT)
