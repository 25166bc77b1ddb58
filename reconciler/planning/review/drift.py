"""Drift: what differs from the file now, by who made the difference.

*Changed outside* is what differs from the state that was last applied, *not applied* where the
file itself says something else than that state. Both may be so of one thing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from typing import Literal

from pydantic import ValidationError

from reconciler.frozen import frozen
from reconciler.model.addresses import MEMBER, parse_address
from reconciler.model.desired import Cluster, Desired
from reconciler.model.observed import Observed, Unknown
from reconciler.model.outcome import Blocked, Finding
from reconciler.model.plan import Change, ClusterPlan, Truth
from reconciler.model.records import record
from reconciler.model.roles import confirmed_members
from reconciler.planning.resolve.last_applied import APPLIED
from reconciler.planning.review.severity import worst_first

Class = Literal["changed-outside", "not-applied"]
Key = tuple[str, ...]

# Refusals that tell a difference which no plan makes good; the others tell what is not known.
TRUTHS: Mapping[str, Truth] = {
    "automount-conflict": "boot",
    "cluster-conf-invalid": "file",
    "device-ambiguous": "disk",
    "device-missing": "disk",
    "device-not-blank": "disk",
    "device-size-differs": "disk",
    "device-too-small": "disk",
    "different-device": "disk",
    "drop-in-foreign": "file",
    "feature-skew": "kernel",
    "foreign-cluster": "kernel",
    "foreign-heartbeat": "disk",
    "foreign-stack": "kernel",
    "fstab-conflict": "boot",
    "heartbeat-mode-differs": "disk",
    "hostname-differs": "kernel",
    "interconnect-not-on-host": "kernel",
    "label-differs": "disk",
    "module-missing": "package",
    "mount-hidden": "mount",
    "mount-path-busy": "mount",
    "not-formatted": "disk",
    "partition-missing": "disk",
    "protocol-skew": "kernel",
    "shrink-refused": "disk",
    "slot-zero": "kernel",
    "tools-missing": "package",
    "unit-not-usable": "boot",
    "volume-read-only": "mount",
    "volume-unfamiliar": "mount",
}

# Refusals of doing anything, whatever is there.
NOT_NOW = frozenset({"paused", "lease-garbled"})


@frozen
class Item:
    """One difference; ``expected`` is the last applied state's, or the file's, ``actual`` the host's.

    ``code`` is the refusal's where no plan would make it good, else empty. ``since`` and ``origin``
    are what the host tells of it (``origins``): a time of ISO 8601, and words; empty if nothing.
    """

    address: str
    host: str
    truth: Truth
    kind: Class
    expected: object
    actual: object
    because: str
    code: str = ""
    since: str = ""
    origin: str = ""


@frozen
class Drift:
    """The drift of one cluster; ``unread`` is what could not be compared, and why.

    The items are in the order of what they lead to, the worst first.
    """

    name: str
    items: tuple[Item, ...]
    unread: tuple[Blocked, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def last_applied(cluster: Cluster, observed: Observed) -> Desired | None:
    """The state that was last applied, as most members remember it; None if none does."""
    texts = Counter(applied_records(cluster, observed).values())
    for text, _count in texts.most_common():
        try:
            found = Desired.model_validate(json.loads(text), strict=False)
        except (ValueError, ValidationError, RecursionError):
            continue  # not a record of ours
        if [c.name for c in found.clusters] == [cluster.name]:
            return found
    return None


def applied_records(cluster: Cluster, observed: Observed) -> Mapping[str, str]:
    """What each member remembers of the last apply, as text; without those who remember none."""
    found = {}
    for host, facts in confirmed_members(cluster, observed).items():
        if not isinstance(facts.records, Unknown):
            found[host] = record(facts, cluster.name, APPLIED).text or ""
    return {host: text for host, text in found.items() if text.strip()}


def record_notes(cluster: Cluster, observed: Observed) -> Iterator[str]:
    """Members that remember nothing of the last apply, or something else than most."""
    texts = applied_records(cluster, observed)
    hosts = confirmed_members(cluster, observed)
    if not texts:
        yield "no member remembers an apply, so that every difference counts as not applied"
        return
    most = Counter(texts.values()).most_common(1)[0][0]
    for host in hosts:
        if host not in texts:
            yield f"{host} has no record of what was last applied; the next apply leaves it one"
        elif texts[host] != most:
            yield f"{host} remembers another last applied state than the others"


def detect_drift(
    wanted: ClusterPlan, applied: ClusterPlan | None, notes: tuple[str, ...] = ()
) -> Drift:
    """From what it would take to reach the file, and to reach what was last applied."""
    several = _several(wanted, applied)
    before = {_key(change, several): change for change in applied.changes} if applied else {}
    refused = {(item.code, item.subject) for item in applied.blocked} if applied else set()
    items: list[Item] = []
    for change in wanted.changes:
        items += _changed(change, before.get(_key(change, several)))
    for blocked in wanted.blocked:
        if blocked.code in TRUTHS:
            outside = (blocked.code, blocked.subject) in refused
            items.append(_refused(blocked, "changed-outside" if outside else "not-applied"))
    unread = tuple(b for b in wanted.blocked if b.code not in TRUTHS.keys() | NOT_NOW)
    now = {_key(change, several) for change in wanted.changes}
    met = tuple(_met(change) for key, change in before.items() if key not in now)
    return Drift(wanted.name, worst_first(items), unread, wanted.findings, (*notes, *met))


def _place(change: Change) -> Key:
    return change.address, change.host, change.truth


def _several(*plans: ClusterPlan | None) -> frozenset[Key]:
    """Where a plan has more than one thing to change: a volume mounted at two places, say."""
    counts = [Counter(map(_place, plan.changes)) for plan in plans if plan]
    return frozenset(place for found in counts for place, n in found.items() if n > 1)


def _key(change: Change, several: Container[Key]) -> Key:
    """The place; where that is several things', with what is there."""
    place = _place(change)
    return (*place, json.dumps(change.before, default=str)) if place in several else place


def _changed(change: Change, old: Change | None) -> Iterator[Item]:
    """Both, where somebody changed what the file, too, has otherwise than before."""
    if old is not None:
        yield _item(old, "changed-outside")
    if old is None or old.after != change.after:
        yield _item(change, "not-applied")


def _item(change: Change, kind: Class) -> Item:
    where = (change.address, change.host, change.truth)
    return Item(*where, kind, change.after, change.before, change.because)


def _refused(blocked: Blocked, kind: Class) -> Item:
    subject = parse_address(blocked.subject)
    host = subject.name if subject.sort == MEMBER else ""
    truth = TRUTHS[blocked.code]
    where = (blocked.subject, host, truth)
    return Item(*where, kind, None, blocked.message, blocked.remedy, blocked.code)


def _met(change: Change) -> str:
    return (
        f"{change.host}: {change.address} ({change.truth}) is not as last applied, and is as the "
        "file has it now"
    )
