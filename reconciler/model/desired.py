"""The desired state, version 1: what an operator writes (manual file, 1).

Types and single values are checked here; what concerns several values at once is the
business of ``loading.semantics``. Docstrings and descriptions end up in the published JSON
Schema and so in the operator's editor.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, PrivateAttr

from reconciler.model.cluster_settings import Heartbeat, Network, NodeNumber, Packages
from reconciler.model.field_types import (
    Address,
    ClusterName,
    DevicePath,
    HostName,
    Label,
    Moment,
    MountOption,
    MountPath,
    Remark,
    Version,
    Wwid,
    ZoneName,
)
from reconciler.model.last_applied import LastApplied
from reconciler.model.policy import Policy
from reconciler.model.quantities import BlockSize, ClusterSize, Extent, Share
from reconciler.model.roles import PlanningState
from reconciler.model.ssh_access import Ssh
from reconciler.model.strict import Lists, Strict
from reconciler.model.volume_integrations import Access, Backing, Backup, Workloads

# The kernel refuses 65535 (o2nm_node_ipv4_port_store: >= (u16)-1).
InterconnectPort = Annotated[int, Field(ge=1, le=65534)]
MemberState = Literal["present", "drained", "offline", "absent", "dead"]


class Attested(Strict):
    """A human's word for what no probe can see."""

    by: Remark = Field(description="Who says so.")
    at: Moment = Field(description="When it was seen: ISO 8601, UTC unless it says otherwise.")
    reason: Remark | None = Field(default=None, description="Why the host is offline.")
    lun_access: Literal["revoked", "mapped"] | None = Field(
        default=None,
        description="Whether the storage still shows its LUNs to a dead host.",
    )


class Member(Strict):
    """One host of a cluster."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {
                "properties": {"state": {"enum": ["offline", "dead"]}},
                "required": ["state"],
            },
            "then": {"required": ["attested"]},
        }
    )

    name: HostName = Field(description="The host's own short host name.")
    interconnect: Address = Field(
        description="Its IPv4 address for cluster traffic; it must be on that host."
    )
    port: InterconnectPort = Field(default=7777, description="TCP port of cluster traffic.")
    number: NodeNumber | None = Field(
        default=None,
        description="A fixed node number; otherwise the lowest free one, kept for good.",
    )
    state: MemberState = Field(
        default="present",
        description="present; drained: in the cluster with nothing mounted; offline: down for "
        "now and not contacted (attested); absent: evicted; dead: powered off for good "
        "(attested).",
    )
    attested: Attested | None = Field(
        default=None, description="For the states offline and dead only."
    )
    ssh: Ssh = Field(default=Ssh(), description="What differs from the file's ssh settings.")

    _planning_state: PlanningState | None = PrivateAttr(default=None)

    @property
    def role(self) -> MemberState | PlanningState:
        """What the planner holds it for, else its state in the file."""
        return self._private("_planning_state") or self.state

    @property
    def is_revoked(self) -> bool:
        """Whether somebody attests that the storage keeps its LUNs from it."""
        return self.attested is not None and self.attested.lun_access == "revoked"

    def with_role(self, role: MemberState | PlanningState) -> Self:
        """The same member in another role."""
        planned = role if isinstance(role, PlanningState) else None
        copy = self.model_copy(update={} if planned else {"state": role})
        copy._planning_state = planned  # noqa: SLF001  # of its own class
        return copy


class Device(Strict):
    """The shared disk: a WWID (multipath form) or a stable path, exactly one of the two."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["wwid"]}, {"required": ["path"]}]}
    )

    wwid: Wwid | None = Field(
        default=None,
        description="The WWID as multipath shows it, with its leading type digit; the same on "
        "every host.",
    )
    path: DevicePath | None = Field(
        default=None,
        description="A path that survives reboots: /dev/disk/by-id, by-path or by-partuuid, "
        "/dev/VG/LV, /dev/mapper/NAME, /dev/drbd/by-res/RESOURCE/N, /dev/rbd/POOL/IMAGE.",
    )
    partition: Annotated[int, Field(ge=1, le=128)] | None = Field(
        default=None, description="The partition's number; unset for the whole device."
    )


class Features(Strict):
    """How a new volume is formatted; later the file system has what it has."""

    block_size: BlockSize | None = Field(
        default=None, description="How large a block is: mkfs.ocfs2 -b."
    )
    cluster_size: ClusterSize | None = Field(
        default=None, description="In which units files get room: mkfs.ocfs2 -C."
    )
    type: Literal["mail", "datafiles", "vmstore"] | None = Field(
        default=None, description="What the volume is for: mkfs.ocfs2 -T."
    )


class Mount(Strict):
    """Where and how the volume is mounted."""

    path: MountPath = Field(description="The mount point, the same on every member.")
    options: Annotated[tuple[MountOption, ...], Lists] = Field(
        default=(), description="Mount options, one an item."
    )
    at_boot: bool = Field(
        default=True, description="Mount it at boot, by a line in /etc/fstab."
    )
    by: Literal["reconcile", "workload"] = Field(
        default="reconcile",
        description="workload: an agent mounts the volume itself; it is verified, not mounted.",
    )


class Volume(Strict):
    """One OCFS2 file system on one shared device."""

    label: Label = Field(description="The file system's label.")
    labelled: Annotated[str, Field(max_length=63)] | None = Field(
        default=None,
        description="The file system's own label, where that is no good as a name: empty, with "
        "blanks, or had by two volumes.",
    )
    device: Device = Field(description="The shared disk that holds it.")
    size: Extent = Field(
        description="How much of the device the volume takes, or `fill`: all of it. It only grows."
    )
    slots: Annotated[int, Field(ge=1, le=255)] | None = Field(
        default=None, description="How many members may mount it at once."
    )
    format: Literal["never", "if-blank"] = Field(
        default="never", description="if-blank: format a device that is proven to be blank."
    )
    features: Features = Field(default=Features(), description="For formatting only.")
    mount: Mount = Field(description="Where and how it is mounted.")
    growth: Literal["online", "offline"] = Field(
        default="online",
        description="offline: unmounted everywhere and checked, before and after.",
    )
    backing: Backing | None = Field(
        default=None,
        description="How the device itself grows; without it the plan waits until it has grown.",
    )
    workloads: Workloads | None = Field(
        default=None, description="What must not run while the volume is unmounted."
    )
    access: Access | None = Field(
        default=None,
        description="How the LUN is taken from an evicted host; otherwise it is reported as "
        "still mapped.",
    )
    backup: Backup | None = Field(
        default=None, description="The backup to make before an offline growth."
    )

    # What no file can say: why nobody mounts it, what hosts remember, who is without it for now.
    _planning_state: PlanningState | None = PrivateAttr(default=None)
    _last_applied: LastApplied = PrivateAttr(default=LastApplied())
    _unmounted_on: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def last_applied(self) -> LastApplied:
        """What it was when it was last applied."""
        found: LastApplied = self._private("_last_applied")
        return found

    @property
    def unmounted_on(self) -> frozenset[str]:
        """Members that shall not have it mounted for the moment."""
        return self._unmounted_on

    @property
    def planning_state(self) -> PlanningState | None:
        """Why nobody shall have it mounted; None where the file's word holds."""
        found: PlanningState | None = self._private("_planning_state")
        return found

    @property
    def mounted_by(self) -> Literal["reconcile", "workload"] | None:
        """Who mounts it; None where nobody shall."""
        return None if self._private("_planning_state") else self.mount.by

    def with_planning_state(
        self,
        *,
        state: PlanningState | None = None,
        last_applied: LastApplied | None = None,
        unmounted_on: frozenset[str] | None = None,
    ) -> Self:
        """The same volume with these; what is None stays as it is."""
        copy = self.model_copy()
        copy._planning_state = state or self._planning_state  # noqa: SLF001  # of its own class
        copy._last_applied = last_applied or self._last_applied  # noqa: SLF001
        if unmounted_on is not None:
            copy._unmounted_on = unmounted_on  # noqa: SLF001
        return copy


class Cluster(Strict):
    """One o2cb cluster: its members, its timeouts, its volumes."""

    name: ClusterName = Field(
        description="As in cluster.conf; stamped on new volumes, so unique names are wiser."
    )
    numbering: Literal["stable", "compact"] = Field(
        default="stable",
        description="stable: members keep their numbers; compact: renumbered without gaps.",
    )
    rollout: Literal["rolling", "window"] = Field(
        default="rolling",
        description="In turns of max_unavailable members where possible, or all at once.",
    )
    max_unavailable: Share = Field(
        default=1,
        description="How many members a rolling change takes at once: a number, or N% of the "
        "listed members, rounded down, at least 1. Never all that serve a volume.",
    )
    files: Literal["own", "kept"] = Field(
        default="own",
        description="own: cluster.conf, o2cb's settings, fstab and the order of units are "
        "written as reconcile writes them; kept: they stay as somebody wrote them, while they "
        "say the same.",
    )
    zone: ZoneName = Field(
        default="default",
        description="Whose workers look after it, in a fleet; no host has it.",
    )
    policy: Policy = Field(
        default=Policy(),
        description="What reconcile watch may do by itself, and whom it tells.",
    )
    members: Annotated[tuple[Member, ...], Lists, Field(min_length=1, max_length=255)] = Field(
        description="The hosts of the cluster."
    )
    heartbeat: Heartbeat = Field(default=Heartbeat(), description="The disk heartbeat.")
    network: Network = Field(default=Network(), description="Timeouts of the interconnect.")
    packages: Packages = Field(default=Packages(), description="What is installed on them.")
    volumes: Annotated[tuple[Volume, ...], Lists] = Field(
        default=(), description="The shared volumes of the cluster."
    )

    def for_hosts(self) -> Self:
        """The same cluster without what is the controller's matter alone, and no host's."""
        return self.model_copy(update={"policy": Policy(), "zone": "default"})


class Desired(Strict):
    """A desired-state file of reconcile: OCFS2 clusters as they shall be."""

    version: Version = Field(description="The version of this format.")
    ssh: Ssh = Field(
        default=Ssh(), description="How all hosts are reached, unless they differ."
    )
    clusters: Annotated[tuple[Cluster, ...], Lists, Field(min_length=1)] = Field(
        description="The clusters; they share neither hosts nor devices."
    )
