"""What each kind of action does, in a sentence for operators."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.plan import ActionKind
from reconciler.planning.kinds import BLANK, KINDS, TAKES
from reconciler.planning.order import ORDER

MEANINGS: Mapping[ActionKind, str] = {
    "approve-programs": "Notes on the host which programs of the file a look may run there.",
    "install-packages": "Installs the packages that are missing; removes none.",
    "install-module": "Installs the package of the kernel module for the kernel that runs.",
    "load-module": "Loads the ocfs2 module into the running kernel.",
    "fetch-packages": "Fetches the packages of another version; installs nothing yet.",
    "fetch-module": "Fetches the module's package of another version; installs nothing yet.",
    "begin-backup": "Notes that the backup before an offline growth begins.",
    "back-up": "Runs the file's backup command and waits for its end.",
    "note-backup": "Notes the backup that was made, with its time.",
    "attest-heartbeat": "Notes the heartbeat blocks that the file attests, as they stand.",
    "write-quarantine": "Notes on all members who leaves and could still return.",
    "note-stopped": "Notes what will be stopped, so that it is started again after a crash too.",
    "migrate-guest": "Moves a guest to another member; one that stays is stopped.",
    "stop-guest": "Shuts a guest down and waits until it is off.",
    "stop-service": "Stops a service that uses the volume.",
    "disable-service": "Keeps a service from starting at boot for the time being.",
    "mask-service": "Keeps a service from being started by anything for the time being.",
    "clear-fstab": "Takes the line of a volume out of /etc/fstab.",
    "disarm": "Keeps other units and generators from mounting the volume.",
    "unmount": "Unmounts a volume on a host, after nothing uses it any more.",
    "stop-cluster": "Takes a host offline: its kernel leaves the cluster.",
    "upgrade-packages": "Installs the version of the tools that the file wants.",
    "upgrade-module": "Installs the version of the module that the file wants.",
    "reload-module": "Loads the module anew, while nothing uses it.",
    "disable-o2cb": "Keeps the cluster from starting at boot on a host that leaves.",
    "write-o2cb-settings": "Writes o2cb's own settings: cluster to start, timeouts.",
    "archive-cluster-conf": "Puts cluster.conf aside on a host that leaves.",
    "revoke-access": "Runs the file's command that takes the LUN from a host that left.",
    "write-cluster-conf": "Writes /etc/ocfs2/cluster.conf, the list of members.",
    "same-cluster-conf": "Waits until all members have the same cluster.conf.",
    "enable-o2cb": "Makes the cluster start at boot.",
    "register-nodes": "Tells the running kernel who is a member, and who no longer.",
    "start-cluster": "Brings a host online: its kernel joins the cluster.",
    "set-reconnect-delay": "Changes the reconnect delay of the running kernel.",
    "same-live-nodes": "Waits until all kernels have the same members.",
    "same-timeouts": "Waits until all kernels have the same timeouts.",
    "peers-connect": "Waits until the members reach each other on the interconnect.",
    "format": "Makes a new OCFS2 file system on a device that was proven blank.",
    "same-file-system": "Waits until all members see the same new file system.",
    "check-file-system": "Checks the file system with fsck.ocfs2 while nobody has it mounted.",
    "add-slots": "Gives a file system more slots while nobody has it mounted.",
    "set-label": "Gives a file system another label while nobody has it mounted.",
    "grow-backing": "Grows the device itself on the storage host.",
    "rescan": "Lets a host's kernel see the new size of a disk.",
    "grow-partition": "Moves the end of the last partition; its start stays.",
    "reread-partition": "Lets a host's kernel see the partition's new end.",
    "same-size": "Waits until all members see the same larger device.",
    "grow-unmounted": "Grows a file system while nobody has it mounted.",
    "check-grown": "Checks a file system with fsck.ocfs2 after it has grown.",
    "mount": "Mounts a volume on a host, after its UUID was compared.",
    "remount": "Changes options of a mount while it is in use.",
    "write-fstab": "Writes the line of a volume in /etc/fstab.",
    "archive-order": "Puts aside the file that orders units after a mount.",
    "write-order": "Writes the file that orders a unit after the cluster or a mount.",
    "reload-units": "Lets systemd read fstab and the order of units anew.",
    "grow-file-system": "Grows a file system while all members keep it mounted.",
    "unmask-service": "Lets a service be started again.",
    "enable-service": "Lets a service start at boot again.",
    "start-service": "Starts a service that was stopped or missed its boot, once its volume is there.",
    "start-guest": "Starts a guest that was stopped, after its volume is mounted.",
    "strike-stopped": "Strikes off the note of what was stopped.",
    "lift-quarantine": "Lifts the quarantine of a host that was seen clean or attested.",
}
# Beside those whose traits tell it.
OUTAGE: Mapping[ActionKind, str] = {
    "archive-cluster-conf": "outage",
    "write-cluster-conf": "safe; outage where a member is evicted",
}
FINAL: frozenset[ActionKind] = frozenset(
    {
        *("format", "check-file-system", "check-grown", "add-slots", "grow-backing"),
        *("grow-partition", "grow-unmounted", "grow-file-system"),
    }
)


def risk_of(kind: ActionKind) -> str:
    """The risk of its actions, in the words of a plan."""
    known = OUTAGE.get(kind) or ("outage" if KINDS[kind].has(TAKES) else "safe")
    known = "data" if KINDS[kind].has(BLANK) else known
    return f"{known}, cannot be undone" if kind in FINAL else known


def after(kind: ActionKind) -> tuple[str, ...]:
    """The kinds that are done before it, where a plan has them."""
    return tuple(dict.fromkeys(need for one, need, _ in ORDER if one == kind != need))


def before(kind: ActionKind) -> tuple[str, ...]:
    """The kinds that wait for it."""
    return tuple(dict.fromkeys(one for one, need, _ in ORDER if need == kind != one))
