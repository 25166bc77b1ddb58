"""What the members of a cluster share: heartbeat, interconnect timeouts, software.

A part of the desired state (``model.desired``).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.field_types import ModulePackage, Moment, Package, PackageVersion, Remark
from reconciler.model.strict import Lists, Strict

NodeNumber = Annotated[int, Field(ge=0, le=254)]
Milliseconds = Annotated[int, Field(ge=1, le=3_600_000)]


class AttestedHeartbeat(Strict):
    """A human's word that the host is gone for good whose heartbeat block is on a volume."""

    number: NodeNumber = Field(description="The node number of the block.")
    by: Remark = Field(description="Who says so.")
    at: Moment = Field(description="When it was seen: ISO 8601, UTC unless it says otherwise.")


class Heartbeat(Strict):
    """The disk heartbeat, by which the members see each other alive."""

    mode: Literal["local", "global"] = Field(
        default="local", description="One region per mounted volume, or shared ones."
    )
    # o2hb_dead_threshold_set ignores anything not above O2HB_MIN_DEAD_THRESHOLD, 2.
    dead_threshold: Annotated[int, Field(ge=3, le=1000)] = Field(
        default=31, description="Dead after (this - 1) x 2 seconds without a heartbeat."
    )
    attested: Annotated[tuple[AttestedHeartbeat, ...], Lists, Field(max_length=255)] = Field(
        default=(),
        description="Blocks that hosts left which are known to be gone; each is accepted as "
        "long as it stays as it is.",
    )


class Network(Strict):
    """Interconnect timeouts in milliseconds."""

    idle_timeout_ms: Milliseconds = Field(
        default=30000, description="A silent connection is broken after this time."
    )
    keepalive_delay_ms: Milliseconds = Field(
        default=2000, description="A keepalive is sent after this much silence."
    )
    reconnect_delay_ms: Milliseconds = Field(
        default=2000, description="The pause between two attempts to connect."
    )


class Packages(Strict):
    """The software on every member."""

    manage: bool = Field(default=True, description="Install; false only checks.")
    tools: Package = Field(default="ocfs2-tools", description="The package of the tools.")
    tools_version: PackageVersion | None = Field(
        default=None, description="Their version, as the package manager prints it. Unset: any."
    )
    kernel_module: ModulePackage | None = Field(
        default=None,
        description="The package of the kernel module, where the kernel does not bring it; the "
        "build for the running kernel is chosen. {kernel} is that kernel's release.",
    )
    kernel_module_version: PackageVersion | None = Field(
        default=None, description="Its version, with or without the release. Unset: any."
    )
