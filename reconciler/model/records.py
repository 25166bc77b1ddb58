"""What runs leave on members under /var/lib/reconcile/CLUSTER: plain JSON files."""

from __future__ import annotations

from reconciler.model.observed import HostFacts, TextFile, require

DIRECTORY = "/var/lib/reconcile"
MODE = "600"
# Texts that are read once: members of a cluster have the same record, and rules ask each of them.
SAME_TEXTS = 64


def record(facts: HostFacts, cluster: str, name: str) -> TextFile:
    """A record as a host has it; one without text if it has none."""
    path = f"{DIRECTORY}/{cluster}/{name}"
    absent = TextFile(path, None, "", MODE)
    return next((file for file in require(facts.records) if file.path == path), absent)


def record_digest(facts: HostFacts, subject: str) -> str:
    """The hash of the record ``CLUSTER/NAME``."""
    cluster, name = subject.split("/")
    return record(facts, cluster, name).sha256 or "absent"
