"""What stands beside a volume: how its device grows, what uses it, what saves it.

A part of the desired state (``model.desired``).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from reconciler.model.field_types import LvmName, Remote, Unit
from reconciler.model.quantities import Duration
from reconciler.model.strict import Argv, Lists, PlainArgv, Strict


class HostCommand(Strict):
    """A command of the operator's own on one host."""

    host: Remote = Field(description="The host that runs it, over ssh.")
    argv: Argv = Field(
        description="The command and its arguments; no shell reads them. An argument env:NAME or "
        "file:PATH stands for a secret: reconcile reads it when the approved action runs, from "
        "its environment or a file for its owner alone, and shows it nowhere."
    )


class Lvm(Strict):
    """A logical volume on a storage host."""

    host: Remote = Field(description="The storage host, reached over ssh.")
    vg: LvmName = Field(description="The volume group.")
    lv: LvmName = Field(description="The logical volume behind the device.")


class Backing(Strict):
    """How the device itself grows: exactly one of the two."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["lvm"]}, {"required": ["command"]}]}
    )

    lvm: Lvm | None = Field(default=None, description="By extending a logical volume.")
    command: HostCommand | None = Field(
        default=None,
        description="By a command; {wwid} and {size_bytes} in its arguments are filled in.",
    )


class Guests(Strict):
    """Virtual machines that use the volume.

    In stop, start and migrate, {guest} is the guest's name; where it stands nowhere, the name
    is appended as the last argument. An argument env:NAME or file:PATH of these stands for a
    secret, as in argv.
    """

    kind: Literal["libvirt", "command"] = Field(
        description="libvirt: by virsh, those with a disk below the mount path; command: by the "
        "commands given here."
    )
    list: PlainArgv | None = Field(
        default=None,
        description="Prints the guests of the volume that run on that host, one name a line. "
        "Looking runs it too, once an apply has approved it there.",
    )
    stop: PlainArgv | None = Field(
        default=None, description="Shuts {guest} down, or asks it to; it need not wait."
    )
    start: PlainArgv | None = Field(default=None, description="Starts {guest} again.")
    migrate: PlainArgv | None = Field(
        default=None,
        description="Moves {guest} to the member {target}, or to where it likes; tried first "
        "when one host is worked on. A guest that stays is stopped.",
    )
    stop_timeout: Duration | None = Field(
        default=None,
        description="How long a guest may take, by default 5m; then the plan stops, not the "
        "guest.",
    )


class Workloads(Strict):
    """What must not run while the volume is unmounted."""

    services: Annotated[tuple[Unit, ...], Lists] = Field(
        default=(), description="systemd units, stopped before and started after."
    )
    guests: Guests | None = Field(default=None, description="Virtual machines on the volume.")


class Access(Strict):
    """How the LUN is taken from an evicted host."""

    revoke: HostCommand = Field(
        description="Run when a host has left; {host}, {label} and {wwid} in its arguments are "
        "filled in."
    )


class Backup(HostCommand):
    """What proves a fresh backup before an offline growth."""

    max_age: Duration | None = Field(
        default=None, description="How old a backup may be to be counted."
    )
