"""Evidence of a backup: a record on every member, bound to one state of one file system.

Each member writes, before the backup begins and after it was made, its own boot and the seconds
since then (CLOCK_BOOTTIME); no wall clock, and not the controller's, decides how old it is. The
age counts from the beginning, so a controller that stood still makes a backup older, never
newer. A reboot of the member voids what that member knows, growth voids all of it: the record
is of another size then. One member that knows of it is enough.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from reconciler.frozen import frozen
from reconciler.gate import gate_command
from reconciler.gate.action_builders import Cause, action_for, digest
from reconciler.model.addresses import volume_address
from reconciler.model.desired import Cluster, Volume
from reconciler.model.observed import HostFacts, Observed, Superblock, Unknown, require
from reconciler.model.outcome import Blocked
from reconciler.model.plan import Action, ActionKind, Command, Fact
from reconciler.model.reading import Reading
from reconciler.model.records import record
from reconciler.model.roles import restrict_to, staying
from reconciler.model.secrets import references
from reconciler.model.volume_integrations import Backup
from reconciler.resources.growth.sizes import file_system_bytes

# All of a volume is read; days for many TiB are for a max_age.
BACKUP_TIMEOUT = 24 * 3600.0


@frozen
class Evidence:
    """What a member knows of a backup; ``ended`` is None while it has only begun.

    ``began`` and ``ended`` are seconds since the boot ``boot`` of that member.
    """

    uuid: str
    bytes: int
    argv: str
    boot: str
    began: int
    ended: int | None


def name(uuid: str) -> str:
    """The record of a file system's backup."""
    return f"backup-{uuid}.json"


def subject(cluster: Cluster, how: Backup, block: Superblock) -> str:
    """``CLUSTER UUID BYTES ARGV``: of what, and by which command, a backup is."""
    return f"{cluster.name} {block.uuid} {file_system_bytes(block)} {command_digest(how)}"


def command_digest(how: Backup) -> str:
    """Host and command of a backup as one word."""
    return digest("\0".join((how.host, *how.argv)))


def evidence(facts: HostFacts, of: str) -> Evidence | None:
    """What a host knows of a backup, of its running boot only; None for nothing that counts."""
    cluster, uuid, size, argv = of.split(" ")
    text = record(facts, cluster, name(uuid)).text
    found = None
    with suppress(
        ValueError, TypeError, KeyError, RecursionError
    ):  # a garbled record proves nothing
        row = json.loads(text or "{}")
        keys = ("uuid", "bytes", "argv", "boot", "began", "ended")
        found = Evidence(*(row[key] for key in keys))
    me = require(facts.identity)
    if found is None or (found.uuid, found.bytes, found.argv) != (uuid, int(size), argv):
        return None
    counts = found.boot == me.boot_id and isinstance(found.began, int)
    return found if counts and 0 <= found.began <= me.uptime + 1 else None


def state(facts: HostFacts, of: str) -> str:
    """Whether a backup is ``begun``, ``made`` or, as far as the host knows, ``absent``."""
    found = evidence(facts, of)
    return "absent" if found is None else "begun" if found.ended is None else "made"


def member_with_backup(
    cluster: Cluster, how: Backup, block: Superblock, observed: Observed
) -> str | None:
    """A member that knows of a backup young enough; None if nobody does."""
    of = subject(cluster, how, block)
    for host, facts in restrict_to(observed, staying(cluster)).answering_hosts().items():
        if isinstance(facts.records, Unknown) or isinstance(facts.identity, Unknown):
            continue
        found = evidence(facts, of)
        if found is None or found.ended is None:
            continue
        age = facts.identity.uptime - found.began
        if how.max_age is None or age <= how.max_age.total_seconds():
            return host
    return None


def due(
    cluster: Cluster, volume: Volume, block: Superblock, observed: Observed
) -> Backup | None:
    """The backup that has to be made; without a max_age no earlier one counts."""
    how = volume.backup
    if how is None or (
        how.max_age is not None and member_with_backup(cluster, how, block, observed)
    ):
        return None
    return how


def missing(
    cluster: Cluster, volume: Volume, block: Superblock, observed: Observed
) -> Iterator[Blocked]:
    """Unmounted there is nothing that the command could read: a backup is there already.

    Then one that an interrupted run made counts, also without a max_age.
    """
    how = volume.backup
    if how is None or member_with_backup(cluster, how, block, observed):
        return
    young = " young enough" if how.max_age is not None else ""
    yield Blocked(
        "backup-missing",
        volume_address(volume.label),
        f"nobody has {volume.label} mounted, so that no backup can be made of it, and no member "
        f"knows of one{young} of this file system at its size of now",
        "give the volume its size of now, apply, so that it is mounted, and ask for growth "
        "again; or remove backup from the file if you have made one yourself",
    )


def actions(cluster: Cluster, volume: Volume, how: Backup, block: Superblock) -> list[Action]:
    """Noted on every member, made, noted again."""
    hosts = staying(cluster)
    return [
        *(_note(cluster, volume, how, block, (host, "begin-backup")) for host in hosts),
        action_for(
            cluster.name,
            Cause(volume_address(volume.label), how.host, f"{volume.label} grows offline"),
            "back-up",
            volume.label,
            summary=f"back up {volume.label} by {how.argv[0]}",
            command=Command(how.argv, timeout=BACKUP_TIMEOUT, references=references(how.argv)),
            expects=(),  # no fact shows what the operator's command did: its status decides
            seconds=20,
        ),
        *(_note(cluster, volume, how, block, (host, "note-backup")) for host in hosts),
    ]


def _note(
    cluster: Cluster,
    volume: Volume,
    how: Backup,
    block: Superblock,
    what: tuple[str, ActionKind],
) -> Action:
    host, kind = what
    word = STATES[kind]
    of = subject(cluster, how, block)
    words = (
        volume.label,
        block.uuid,
        str(file_system_bytes(block)),
        how.host,
        command_digest(how),
    )
    before = (Fact((host,), "backup", of, "begun"),) if kind == "note-backup" else ()
    return action_for(
        cluster.name,
        Cause(volume_address(volume.label), host, f"{volume.label} grows offline"),
        kind,
        volume.label,
        summary=f"note that a backup of {volume.label} is {word}",
        command=gate_command("note-backup", cluster.name, word, *words),
        requires=before,
        expects=(Fact((host,), "backup", of, word),),
    )


STATES: Mapping[ActionKind, str] = {"begin-backup": "begun", "note-backup": "made"}


def proof(
    cluster: Cluster,
    volume: Volume,
    block: Superblock,
    observed: Observed,
    hosts: Sequence[str],
) -> tuple[Fact, ...]:
    """That the backup was made, as one who knows says; else, as the first of ``hosts`` will."""
    how = volume.backup
    if how is None:
        return ()
    host = member_with_backup(cluster, how, block, observed) or hosts[0]
    return (Fact((host,), "backup", subject(cluster, how, block), "made"),)


READINGS = {"backup": Reading(("records", "identity"), state)}
