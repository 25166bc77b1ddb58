"""Access to the LUNs: taken from who has left, by the operator's own command on the storage.

That it is taken is seen on the host that left: its device is gone, or has no live path.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.gate.action_builders import Cause, action_for
from reconciler.model.addresses import parse_address, volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.devices import doubt, ref, view_of
from reconciler.model.observed import HostFacts, Observed
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, Change, Command, Fact
from reconciler.model.reading import Reading, unknown
from reconciler.model.roles import left_members
from reconciler.model.secrets import references

# An array's own tools may take minutes.
REVOKE_TIMEOUT = 600.0
# The probe's word for it (probe/parts/wanted.sh, cannot_open).
NO_PATH = "multipath map without an active path"


def check(cluster: Cluster, observed: Observed) -> Iterator[Blocked]:
    """Nothing is refused: without a command the LUN is reported as still mapped."""
    return iter(())


def diff(cluster: Cluster, observed: Observed) -> Iterator[Change]:
    """Hosts that leave and see the LUN of a volume that says how to take it from them."""
    leavers = left_members(cluster)
    for volume in cluster.volumes:
        for host, facts in observed.answering_hosts().items():
            if volume.access and host in leavers and lun(facts, ref(volume)) == "mapped":
                where = volume_address(volume.label, "access", host)
                yield Change(where, host, "disk", "mapped", "revoked", f"{host} leaves")


def actions(
    cluster: Cluster, observed: Observed, changes: Sequence[Change]
) -> Iterator[Action]:
    """The operator's command, once the host is out of the cluster."""
    by_label = {volume.label: volume for volume in cluster.volumes}
    for change in changes:
        volume = by_label[parse_address(change.address).name]
        if volume.access:
            yield _revoke(cluster, volume, change, volume.access.revoke.host)


def _revoke(cluster: Cluster, volume: Volume, change: Change, storage: str) -> Action:
    return action_for(
        cluster.name,
        Cause(change.address, storage, change.because),
        "revoke-access",
        volume.label,
        change.host,
        summary=f"take the LUN of {volume.label} from {change.host}",
        command=Command(
            argv(volume, change.host),
            timeout=REVOKE_TIMEOUT,
            references=references(volume.access.revoke.argv if volume.access else ()),
        ),
        requires=(
            Fact((change.host,), "ocfs2-mounts", "", "none"),
            Fact((change.host,), "live-nodes", cluster.name, "absent"),
        ),
        expects=(Fact((change.host,), "lun", ref(volume), "gone"),),
        seconds=10,
    )


def argv(volume: Volume, host: str) -> tuple[str, ...]:
    """The command with {host}, {label} and {wwid} filled in."""
    words = volume.access.revoke.argv if volume.access else ()
    values = {"host": host, "label": volume.label, "wwid": volume.device.wwid or ""}
    for key, value in values.items():
        words = tuple(word.replace(f"{{{key}}}", value) for word in words)
    return words


def lun(facts: HostFacts, subject: str) -> str:
    """Whether a host can still read the device.

    A map that has lost every path is what a LUN leaves that was taken; a device that could not
    be opened for any other reason may still be there.
    """
    view = view_of(facts, subject)
    if view is not None and (not view.nodes or view.unread == NO_PATH):
        return "gone"
    why = doubt(facts, subject)
    return unknown(why) if why else "mapped"


NEEDS = ("wanted", "disks")
READINGS = {
    "lun": Reading(NEEDS, lun),
}
