"""How a cluster, its members and its volumes stand: their conditions, from one look.

Each subject has each kind of its sort once, so that what is stored of it can follow. The status is
Unknown where something that it rests on was not read: unread is never taken for well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from reconciler.frozen import frozen
from reconciler.model.addresses import (
    CLUSTER,
    MEMBER,
    VOLUME,
    cluster_address,
    is_at_or_below,
    member_address,
    parse_address,
    volume_address,
)
from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed, Unknown, Unreachable
from reconciler.model.outcome import Blocked
from reconciler.model.plan import ClusterPlan
from reconciler.model.policy import SEVERITIES
from reconciler.model.quantities import with_count
from reconciler.model.roles import contacted_members
from reconciler.model.watched import ConditionKind, ConditionStatus, Reading
from reconciler.planning.checks.foreign_hosts import drop_foreign_members
from reconciler.planning.checks.pauses import pauses, words
from reconciler.planning.resolve.numbering import with_numbers
from reconciler.planning.review.drift import NOT_NOW, Drift, Item
from reconciler.planning.review.severity import consequence
from reconciler.planning.watching.healable import LOOKS
from reconciler.planning.watching.healing import Healing, Left
from reconciler.planning.watching.moment import unread_words
from reconciler.planning.watching.strikes import name_action
from reconciler.planning.watching.troubles import Sight, Trouble, find_troubles

TRUE: ConditionStatus = "True"
FALSE: ConditionStatus = "False"
UNKNOWN: ConditionStatus = "Unknown"
# A volume answers nobody and is not paused; nothing but what is of it is healed.
KINDS: Mapping[str, tuple[ConditionKind, ...]] = {
    CLUSTER: get_args(ConditionKind),
    MEMBER: get_args(ConditionKind),
    VOLUME: ("Converged", "Drifted", "Blocked", "Degraded", "Healing"),
}
# What is told of healing before all else that is left, the worst first.
STOPPED = ("flapping", "failed-twice")
MOST = 4  # actions of which it is said why they are not healed


@dataclass(frozen=True)
class Look:
    """One look at a cluster, and what was made of it.

    ``healing`` is what may be healed now, and then is, unless there is no room. ``full_in`` is by label
    in how many days a volume is full, ``slotless`` what had no slot before, as of ``Sight``.
    """

    cluster: Cluster
    observed: Observed
    plan: ClusterPlan
    drift: Drift
    healing: Healing
    full_in: Mapping[str, float] = field(default_factory=dict)
    slotless: frozenset[tuple[str, str]] | None = None


@frozen
class Subject:
    """What a condition is of: its address, and what of a look concerns it."""

    address: str
    sort: str
    name: str

    def has(self, address: str, host: str = "") -> bool:
        """Whether something at an address, or on a host, is of it."""
        if self.sort == CLUSTER:
            return True
        if is_at_or_below(address, self.address):
            return True
        named = self.name in parse_address(address).aspect
        return self.sort == MEMBER and (host == self.name or named)

    def suffers(self, trouble: Trouble) -> bool:
        """Whether a trouble is of it."""
        own = trouble.member if self.sort == MEMBER else trouble.volume
        return self.sort == CLUSTER or own == self.name


@frozen
class Judged:
    """A look with what all its conditions rest on."""

    look: Look
    troubles: Sequence[Trouble]
    unread: str

    def unread_of(self, subject: Subject) -> str:
        """What was not read of it; a volume rests on all members."""
        if subject.sort != MEMBER or not self.unread:
            return self.unread
        alone = [m for m in self.look.cluster.members if m.name == subject.name]
        cluster = self.look.cluster.model_copy(update={"members": tuple(alone)})
        return unread_words(cluster, Observed(self.look.observed.hosts))


Verdict = tuple[ConditionStatus, str, str]


def read_standing(look: Look) -> tuple[Reading, ...]:
    """Every condition of the cluster, of its members and of its volumes."""
    cluster = with_numbers(drop_foreign_members(look.cluster, look.observed), look.observed)
    troubles = find_troubles(Sight(cluster, look.observed, look.full_in, look.slotless))
    judged = Judged(look, troubles, unread_words(look.cluster, look.observed))
    return tuple(
        Reading(subject.address, kind, *VERDICTS[kind](judged, subject))
        for subject in _subjects(look.cluster)
        for kind in KINDS[subject.sort]
    )


def _subjects(cluster: Cluster) -> Iterator[Subject]:
    yield Subject(cluster_address(cluster.name), CLUSTER, cluster.name)
    for member in cluster.members:
        yield Subject(member_address(member.name), MEMBER, member.name)
    for volume in cluster.volumes:
        yield Subject(volume_address(volume.label), VOLUME, volume.label)


def reason_of(code: str) -> str:
    """A code as Kubernetes writes a reason: ``HostUnreachable`` of ``host-unreachable``."""
    return "".join(word.capitalize() for word in code.split("-"))


def _converged(judged: Judged, subject: Subject) -> Verdict:
    plan = judged.look.plan
    if _blocked_by(judged, subject):
        return FALSE, "Blocked", "the plan is refused"
    changes = [c for c in plan.changes if subject.has(c.address, c.host)]
    actions = [a for a in plan.actions if subject.has(a.address, a.host)]
    if changes or actions:
        found = with_count(len(changes), "difference")
        work = with_count(len(actions), "action")
        return (
            FALSE,
            "Differs",
            f"{found}, {work} to make {'it' if len(changes) == 1 else 'them'} good",
        )
    if unread := judged.unread_of(subject):
        return UNKNOWN, "NotRead", unread
    return TRUE, "AsTheFileSays", "nothing differs from the file"


def _drifted(judged: Judged, subject: Subject) -> Verdict:
    items = [i for i in judged.look.drift.items if subject.has(i.address, i.host)]
    if items:
        outside = any(item.kind == "changed-outside" for item in items)
        return TRUE, "ChangedOutside" if outside else "NotApplied", _told(items)
    if unread := judged.unread_of(subject):
        return UNKNOWN, "NotRead", unread
    return FALSE, "AsTheFileSays", "nothing differs from the file"


def _told(items: Sequence[Item]) -> str:
    found = [consequence(item) for item in items]
    worst = max(found, key=lambda one: SEVERITIES.index(one.severity))
    if len(items) == 1:
        return f"1 difference ({worst.severity}): {worst.leads_to}"
    return f"{len(items)} differences; the worst {worst.severity}: {worst.leads_to}"


def _blocked_by(judged: Judged, subject: Subject) -> list[Blocked]:
    """Refusals but for pauses, which are told as such."""
    found = (b for b in judged.look.plan.blocked if b.code not in NOT_NOW)
    return [b for b in found if subject.has(b.subject)]


def _blocked(judged: Judged, subject: Subject) -> Verdict:
    found = _blocked_by(judged, subject)
    if not found:
        return FALSE, "NothingRefused", "nothing is refused"
    return TRUE, reason_of(found[0].code), "; ".join(f"{b.code}: {b.message}" for b in found)


def _unreachable(judged: Judged, subject: Subject) -> Verdict:
    lost = [u for u in judged.look.observed.unreachable() if _is_of(subject, u)]
    if lost:
        told = "; ".join(f"{item.host}: {item.message}" for item in lost)
        return TRUE, reason_of(lost[0].code), told
    asked = {member.name for member in contacted_members(judged.look.cluster)}
    if subject.sort == MEMBER and subject.name not in asked:
        return FALSE, "NotAsked", "the file says that it is off, so it is not asked"
    return FALSE, "Answers", "it answers" if subject.sort == MEMBER else "all hosts answer"


def _is_of(subject: Subject, lost: Unreachable) -> bool:
    return subject.sort == CLUSTER or lost.host == subject.name


def _degraded(judged: Judged, subject: Subject) -> Verdict:
    found = [trouble for trouble in judged.troubles if subject.suffers(trouble)]
    if found:
        told = "; ".join(_where(trouble, subject) for trouble in found)
        return TRUE, found[0].reason, told
    if unread := judged.unread_of(subject):
        return UNKNOWN, "NotRead", unread
    return FALSE, "Well", "nothing is wrong with it"


def _where(trouble: Trouble, subject: Subject) -> str:
    away = trouble.member and subject.sort != MEMBER
    return f"{trouble.member}: {trouble.words}" if away else trouble.words


def _paused(judged: Judged, subject: Subject) -> Verdict:
    hosts = judged.look.observed.answering_hosts()
    mine = {n: f for n, f in hosts.items() if subject.sort == CLUSTER or n == subject.name}
    if found := pauses(mine):
        told = "; ".join(f"{words(pause)}: {', '.join(on)}" for pause, on in found.items())
        return TRUE, "PausedByOperator", told
    silent = [name for name, facts in mine.items() if isinstance(facts.pauses, Unknown)]
    lost = [u.host for u in judged.look.observed.unreachable() if _is_of(subject, u)]
    if unread := [*silent, *lost]:
        told = f"whether it is paused could not be read: {', '.join(unread)}"
        return UNKNOWN, "NotRead", told
    return FALSE, "NotPaused", "nobody has paused it"


def _healing(judged: Judged, subject: Subject) -> Verdict:
    healing = judged.look.healing
    if due := [name_action(a) for a in healing.actions if subject.has(a.address, a.host)]:
        return TRUE, "AtWork", "; ".join(due)
    left = [one for one in healing.left if subject.has(one.action.address, one.action.host)]
    for code in STOPPED:
        if told := [one.message for one in left if one.code == code]:
            return FALSE, reason_of(code), "; ".join(dict.fromkeys(told))
    if left:
        acting = [_why_not(one) for one in left if one.action.kind not in LOOKS]
        words = list(dict.fromkeys(acting)) or [left[0].message]
        more = f"; and {len(words) - MOST} more" if len(words) > MOST else ""
        return FALSE, reason_of(left[0].code), "; ".join(words[:MOST]) + more
    return FALSE, "NothingToHeal", "nothing is to be healed"


def _why_not(left: Left) -> str:
    where = f" on {left.action.host}" if left.action.host else ""
    return f"{left.action.summary}{where}: {left.message}"


VERDICTS: Mapping[ConditionKind, Callable[[Judged, Subject], Verdict]] = {
    "Converged": _converged,
    "Drifted": _drifted,
    "Blocked": _blocked,
    "Unreachable": _unreachable,
    "Degraded": _degraded,
    "Paused": _paused,
    "Healing": _healing,
}
