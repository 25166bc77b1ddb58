"""The documents that files hold between two commands, version 1: a saved plan, recorded facts.

Keys are added, never renamed (manual documents, 1). The published schemas are made
from these classes, and
what is read is held to them; ``reports.documents`` writes them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from reconciler.frozen import frozen
from reconciler.model.observed import HostFacts, Unreachable
from reconciler.model.outcome import Blocked, Finding
from reconciler.model.plan import Change, Outage, Risk
from reconciler.model.views import Places, View

# How a saved plan is named, so that nobody takes it for a desired-state file.
PLAN_NAME = ".plan.json"
FORMAT_VERSION = "1"
Json = dict[str, Any]
Sections = Mapping[str, Any]


@frozen
class PlannedAction:
    """One step on one host; a barrier has no command and no host.

    ``command`` is for people and is never executed; ``input`` is the SHA-256 of what the command
    reads, empty if nothing. ``needs`` are the ids of actions that come first, ``seconds`` is a
    rough estimate.
    """

    id: str
    host: str
    kind: str
    address: str
    summary: str
    because: str
    risk: Risk
    device: str
    irreversible: bool
    command: str
    input: str
    needs: tuple[str, ...]
    requires: tuple[str, ...]
    unless: tuple[str, ...]
    expects: tuple[str, ...]
    outage: bool = False  # whether it takes something in use away from its host
    seconds: float = 2.0


@frozen
class PlannedCluster:
    """The plan of one cluster; it is carried out only when nothing is ``blocked``."""

    name: str
    changes: tuple[Change, ...]
    actions: tuple[PlannedAction, ...]
    outages: tuple[Outage, ...]
    blocked: tuple[Blocked, ...]
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]


@frozen
class PlanDocument:
    """A plan of ``reconcile plan``: what differs, the ordered actions, what they rest on.

    ``desired`` is the desired state that it was made for, ``facts`` what it rests on: by cluster,
    host and section; of a large section only its hash. ``file``, ``places`` in it and ``views`` of the
    clusters are what it is shown with. ``checksum`` is over all else here.
    """

    format_version: Literal["1"]
    id: str
    risk: Risk
    irreversible: bool
    clusters: tuple[PlannedCluster, ...]
    desired: Mapping[str, Any]
    targets: tuple[str, ...]
    facts_digest: str
    facts: Mapping[str, Mapping[str, Sections]]
    file_digest: str
    reconciler_version: str
    checksum: str
    file: str = ""
    places: Places = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)


@frozen
class RecordedCluster:
    """Which of the facts are a cluster's, and what its hosts were asked for.

    ``hosts`` and ``storage`` are the names of hosts and their keys in the document; ``asked`` is
    by option of the probe.
    """

    name: str
    asked: Mapping[str, tuple[str, ...]]
    hosts: Mapping[str, str]
    storage: Mapping[str, str]


@frozen
class FactsDocument:
    """Facts of ``reconcile observe``: what every host had at ``observed_at``."""

    format_version: Literal["1"]
    observed_at: str
    reconciler_version: str
    clusters: tuple[RecordedCluster, ...]
    hosts: Mapping[str, Sections]
    storage: Mapping[str, Sections]


@frozen
class Record:
    """What was recorded of one cluster; of an option of the probe, what it was given."""

    asked: Mapping[str, frozenset[str]]
    hosts: Mapping[str, HostFacts | Unreachable]
    storage: Mapping[str, HostFacts | Unreachable]


def plain(value: object) -> Any:
    """``value`` as it comes back from a file: lists for tuples, text for what JSON lacks."""
    return json.loads(json.dumps(value, default=str))


def checksum(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document whatever its spacing, without the checksum that stands in it."""
    rest = {key: value for key, value in document.items() if key != "checksum"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
