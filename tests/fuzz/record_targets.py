"""What runs leave on hosts as JSON: a host may give back anything under those names."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache

from reconciler.execution.locks import _named
from reconciler.model.attested_blocks import HEARTBEATS, blocks_text, read_blocks
from reconciler.model.bindings import VOLUMES, bindings_text, read_bindings
from reconciler.model.desired import Cluster
from reconciler.model.heartbeat_owners import MEMBERS, QUARANTINE, listed_numbers
from reconciler.model.observed import HostFacts, Observed, TextFile, require
from reconciler.model.records import DIRECTORY
from reconciler.planning.resolve.last_applied import APPLIED, applied_items, with_last_applied
from reconciler.planning.review.drift import last_applied, record_notes
from reconciler.reports.status import _has_begun
from reconciler.reports.status_leases import holder_document
from reconciler.resources.growth import backups
from reconciler.resources.quarantine.entries import (
    entries_text,
    known_members,
    members_text,
    read_entries,
)
from reconciler.resources.workloads.obligations import STOPPED, forgotten_workloads, obligations
from tests.builders import UUID, converged, spec, volume, with_facts
from tests.fuzz.changes import change_json
from tests.fuzz.target import Target, check_same

BACKUP = f"ocfs2 {UUID} 1073741824 abc"


@cache
def _cluster() -> Cluster:
    work = {"services": ["a.service"], "guests": {"kind": "libvirt"}}
    return spec(["node01", "node02"], volumes=[volume(workloads=work)])


@cache
def _seen() -> Observed:
    return converged(_cluster())


def _host(name: str, data: bytes) -> HostFacts:
    """A member that has this as a record."""
    text = data.decode("utf-8", "replace")
    path = f"{DIRECTORY}/ocfs2/{name}"
    return replace(
        require_host(_seen()), records=(TextFile(path, text, str(hash(text)), "600"),)
    )


def require_host(seen: Observed) -> HostFacts:
    """The first member that answered."""
    return seen.answering_hosts()["node01"]


def _world(name: str, data: bytes) -> Observed:
    return with_facts(_seen(), "node01", records=_host(name, data).records)


def parse_applied(data: bytes) -> None:
    """What was last applied, to whoever asks for it."""
    world = _world(APPLIED, data)
    with_last_applied(_cluster(), world)
    last_applied(_cluster(), world)
    list(record_notes(_cluster(), world))
    for key in ("members", "volumes"):
        applied_items(_cluster(), world.answering_hosts()["node01"], key)


def parse_bindings(data: bytes) -> None:
    """Volumes and their disks; written and read again they are the same."""
    found = read_bindings(data.decode("utf-8", "replace"))
    check_same("bindings", found, read_bindings(bindings_text(found)))


def parse_blocks(data: bytes) -> None:
    """Attested heartbeat blocks; written and read again they are the same."""
    found = read_blocks(data.decode("utf-8", "replace"))
    check_same("blocks", found, read_blocks(blocks_text(found)))


def parse_quarantine(data: bytes) -> None:
    """Who is in quarantine; written and read again it is the same."""
    listed_numbers(_cluster(), _world(QUARANTINE, data))
    found = read_entries(data.decode("utf-8", "replace"))
    check_same("entries", set(found), set(read_entries(entries_text(found))))


def parse_members(data: bytes) -> None:
    """Everybody's number; written and read again it is the same."""
    listed_numbers(_cluster(), _world(MEMBERS, data))
    found = known_members(_cluster(), _world(MEMBERS, data))
    again = known_members(_cluster(), _world(MEMBERS, members_text(found).encode()))
    check_same("members", dict(found), dict(again))


def parse_stopped(data: bytes) -> None:
    """What is owed to workloads."""
    facts = _host(STOPPED, data)
    for owed in (obligations(_cluster(), facts), forgotten_workloads(_cluster(), facts)):
        assert owed.words
        json.loads(owed.to_text({"images": "path=/dev/x"}))


def parse_backup(data: bytes) -> None:
    """What a host knows of a backup."""
    facts = _host(backups.name(UUID), data)
    assert backups.state(facts, BACKUP) in {"absent", "begun", "made"}
    _has_begun(require(facts.records)[0].text)


def parse_holder(data: bytes) -> None:
    """Who holds a lease, as the host has it."""
    text = data.decode("utf-8", "replace").replace("\n", " ")
    assert set(holder_document(text)) == {"user", "controller", "pid"}
    with suppress(UnicodeEncodeError):
        assert isinstance(_named(text), str)


def _json(value: object) -> Callable[[], Sequence[bytes]]:
    return lambda: (json.dumps(value).encode(),)


def _applied() -> Sequence[bytes]:
    document = {"version": 1, "clusters": [json.loads(_cluster().model_dump_json())]}
    return (json.dumps(document).encode(), b"{}", b'{"clusters": [{"name": "ocfs2"}]}')


ENTRY = {
    "name": "node09",
    "number": 9,
    "machine_id": "m9",
    "nodes": [[1, "node01"], [9, "node09"]],
}
BLOCK = "01" * 32
TARGETS = (
    Target("record-applied", parse_applied, _applied, change_json,
           "reconciler.planning.resolve.last_applied:_items",
           words=("clusters", "name", "ocfs2", "volumes", "members", "mount", "options", "device")),
    Target("record-bindings", parse_bindings,
           _json({"images": {"uuid": UUID, "wwid": "3600"}, "b": {"uuid": "u", "wwid": "w"}}), change_json,
           "reconciler.model.bindings:json", answers=(ValueError,), words=("uuid", "wwid", VOLUMES)),
    Target("record-heartbeats", parse_blocks, _json({UUID: {"3": BLOCK, "4": BLOCK}}), change_json,
           "reconciler.model.attested_blocks:json", answers=(ValueError,), words=(BLOCK, HEARTBEATS)),
    Target("record-quarantine", parse_quarantine, _json({"hosts": [ENTRY, {**ENTRY, "number": 3}]}),
           change_json, "reconciler.resources.quarantine.entries:_number", answers=(ValueError,),
           words=("hosts", "name", "number", "machine_id", "nodes")),
    Target("record-members", parse_members,
           _json({"members": {"node01": {"number": 1, "machine_id": "node01", "mapped": ["images"]}}}),
           change_json, "reconciler.resources.quarantine.entries:_read_members",
           words=("members", "number", "machine_id", "mapped")),
    Target("record-stopped", parse_stopped,
           _json({"services": ["a.service", "b.service"], "disabled": ["a.service"],
                  "guests": [["images", "web1"]], "devices": {"images": "path=/dev/disk/by-id/lab-lun1"}}),
           change_json, "reconciler.resources.workloads.obligations:_labels_now",
           words=("services", "disabled", "guests", "devices")),
    Target("record-backup", parse_backup,
           _json({"uuid": UUID, "bytes": 1073741824, "argv": "abc", "boot": "boot-node01",
                  "began": 3, "ended": None}),
           change_json, "reconciler.resources.growth.backups:Evidence",
           words=("uuid", "bytes", "argv", "boot", "began", "ended", "boot-node01")),
    Target("lease-holder", parse_holder,
           _json({"user": "u", "controller": "c", "pid": 7, "run": "r"}), change_json,
           "reconciler.reports.status_leases:json", words=("user", "controller", "pid")),
)  # fmt: skip
