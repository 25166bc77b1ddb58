"""Why something is planned: what differs there, what is done about it, after what, proven how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches

from reconciler.frozen import frozen
from reconciler.model.addresses import (
    cluster_address,
    extend_address,
    is_at_or_below,
    member_address,
    parse_address,
    volume_address,
)
from reconciler.model.desired import Cluster
from reconciler.model.documents import FORMAT_VERSION, Json
from reconciler.model.observed import Observed
from reconciler.model.outcome import Blocked, Finding
from reconciler.model.plan import Action, Change, Plan
from reconciler.planning.review.outages import is_outage, said_risk
from reconciler.reports.documents import fact_words, preview
from reconciler.reports.grouping import differences, what
from reconciler.reports.shortening import shorten_hashes
from reconciler.reports.text import STYLES

Line = tuple[str, str]
# What a member and a volume have besides what a plan changes in them.
OF_MEMBERS = (
    *("cluster.conf", "live-nodes", "timeouts", "o2cb-settings", "o2cb-at-boot"),
    *("module", "packages", "tools-version", "kernel-module"),
)
OF_VOLUMES = ("file-system", "size", "slots", "label", "mount", "boot")
# Hosts of which the same action is told once.
NEAR = 3


@frozen
class Matter:
    """What of a plan an address means."""

    address: str
    changes: tuple[Change, ...]
    actions: tuple[Action, ...]
    blocked: tuple[Blocked, ...]
    findings: tuple[Finding, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the plan says nothing of it."""
        return not (self.changes or self.actions or self.blocked or self.findings)


def matter(plan: Plan, address: str) -> Matter:
    """Everything of a plan that an address means, as the plan shows it or as its JSON has it.

    An address is one of a change, a beginning of it, or it without the host (``cluster.conf``,
    ``volume/images/mount``); an action's id or kind; a member, a volume or a cluster.
    """
    changes = tuple(c for k in plan.clusters for c in k.changes if _is_at(address, c))
    named = {change.address for change in changes}
    actions = tuple(
        action
        for k in plan.clusters
        for action in k.actions
        if address in {action.id, action.kind, cluster_address(k.name)}
        or (action.host and is_at_or_below(member_address(action.host), address))
        or is_at_or_below(action.address, address)
        or any(_is_for(action, change) for change in changes)
    )
    return Matter(
        address,
        changes or tuple(c for k in plan.clusters for c in k.changes if _led_to(c, actions)),
        actions,
        tuple(b for b in plan.blocked if _concerns(b.subject, address, named)),
        tuple(
            f for k in plan.clusters for f in k.findings if _concerns(f.subject, address, named)
        ),
    )


def _is_at(address: str, change: Change) -> bool:
    places = (change.address, what(change), member_address(change.host))
    return any(is_at_or_below(place, address) for place in places)


def _is_for(action: Action, change: Change) -> bool:
    """Whether an action is done because of a change: about the same thing, there or everywhere."""
    if not action.host and what(change) in {action.address, parse_address(action.address).last}:
        return True  # a barrier of all members
    if not is_at_or_below(change.address, action.address):
        return False
    there = action.host == change.host or (change.truth == "disk" and not action.host)
    kinds = ABOUT.get((*parse_address(what(change)).aspect, "")[0])
    if kinds is None:
        return there
    return action.kind in kinds and (there or change.truth in WIDE)


# What a disk has is the same for all hosts, and what is done about it is done on several.
WIDE = frozenset({"disk"})
# Actions on a volume have the volume's address: their kind tells what of it they are about.
ABOUT: Mapping[str, frozenset[str]] = {
    "mount": frozenset({"mount", "unmount", "remount"}),
    "boot": frozenset({"write-fstab", "clear-fstab", "reload-units"}),
    "file-system": frozenset({"format", "same-file-system"}),
    "size": frozenset(
        {
            *("grow-backing", "rescan", "grow-partition", "reread-partition", "same-size"),
            *("grow-file-system", "grow-unmounted", "check-grown"),
            *("begin-backup", "back-up", "note-backup"),
        }
    ),
    "slots": frozenset({"add-slots"}),
    "label": frozenset({"set-label"}),
    "check": frozenset({"check-file-system"}),
}


def _led_to(change: Change, actions: Sequence[Action]) -> bool:
    return any(_is_for(action, change) for action in actions if action.host)


def _concerns(subject: str, address: str, named: set[str]) -> bool:
    return is_at_or_below(subject, address) or any(
        is_at_or_below(name, subject) for name in named
    )


def known_addresses(pairs: Sequence[tuple[Cluster, Observed]], plan: Plan) -> tuple[str, ...]:
    """Everything that may be asked about: of the file, and of what is planned."""
    found: list[str] = []
    for cluster, _observed in pairs:
        found.append(cluster_address(cluster.name))
        found += OF_MEMBERS
        for item in cluster.members:
            found += [
                member_address(item.name),
                *(member_address(item.name, w) for w in OF_MEMBERS),
            ]
        for volume in cluster.volumes:
            place = volume_address(volume.label)
            found += [place, *(extend_address(place, word) for word in OF_VOLUMES)]
            found += [
                extend_address(place, w, m.name)
                for w in ("mount", "boot")
                for m in cluster.members
            ]
    for k in plan.clusters:
        found += [word for change in k.changes for word in (change.address, what(change))]
        found += [
            word for action in k.actions for word in (action.address, action.id, action.kind)
        ]
    return tuple(dict.fromkeys(found))


def near(address: str, known: Sequence[str]) -> tuple[str, ...]:
    """What may have been meant by an address that there is not."""
    return tuple(get_close_matches(address, known, NEAR))


def explanation_document(about: Matter, plan: Plan) -> Json:
    """The same for machines."""
    return {
        "format_version": FORMAT_VERSION,
        "address": about.address,
        "plan": plan.id,
        "changes": [asdict(change) for change in about.changes],
        "actions": [_action(action, plan) for action in about.actions],
        "blocked": [asdict(item) for item in about.blocked],
        "findings": [asdict(item) for item in about.findings],
    }


def _action(action: Action, plan: Plan) -> Json:
    return {
        "id": action.id,
        "host": action.host,
        "kind": action.kind,
        "summary": action.summary,
        "because": action.because,
        "risk": action.risk,
        "outage": is_outage(action),
        "irreversible": action.irreversible,
        "command": preview(action),
        "after": list(action.needs),
        "before": [other.id for other in plan.actions if action.id in other.needs],
        "requires": [fact_words(fact) for fact in action.requires],
        "unless": [fact_words(fact) for fact in action.unless],
        "expects": [fact_words(fact) for fact in action.expects],
    }


def explanation_lines(about: Matter, plan: Plan) -> Iterator[Line]:
    """What differs, then each action that it leads to."""
    if about.is_empty:
        yield "good", f"{about.address}: nothing is planned for it; it is as wanted."
        return
    for item in about.blocked:
        yield "bad", f"BLOCKED {item.code}  {item.subject}"
        yield "bad", f"  {item.message}"
        yield "remedy", f"  remedy: {item.remedy}  (more: reconcile explain {item.code})"
    for finding in about.findings:
        yield "warn", f"{finding.severity.upper()} {finding.code}  {finding.subject}"
        yield "warn", f"  {finding.message}"
        mended = finding.mended_by
        yield "", f"  mended by {mended}" if mended else f"  remedy: {finding.remedy}"
    yield from _differing(about.changes)
    for group in _grouped(about.actions):
        yield from _told(group, plan)


def _differing(changes: Sequence[Change]) -> Iterator[Line]:
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for change in changes:
        groups.setdefault((what(change), change.truth, change.because), []).append(change)
    for (place, truth, because), same in groups.items():
        hosts = ", ".join(change.host for change in same)
        yield "title", f"{place} on {hosts} differs  ({truth})"
        yield "", f"  because: {because}"
        yield from _diffs(same)


def _diffs(changes: Sequence[Change]) -> Iterator[Line]:
    """What would change there, with the hosts where that is not the same for all."""
    found = differences(changes)
    for item in found:
        yield from [("", f"  on {', '.join(item.hosts)}")] if len(found) > 1 else []
        yield from ((style, f"    {line}") for style, line in item.styled)


def _grouped(actions: Sequence[Action]) -> list[list[Action]]:
    """Actions that differ only in their host, each group where its first one stands."""
    groups: dict[tuple[str, str, str], list[Action]] = {}
    for action in actions:
        groups.setdefault((action.kind, action.summary, action.because), []).append(action)
    return list(groups.values())


def _told(group: Sequence[Action], plan: Plan) -> Iterator[Line]:
    first = group[0]
    hosts = ", ".join(action.host for action in group if action.host) or "all"
    mark = ", cannot be undone" if first.irreversible else ""
    yield "", ""
    yield "title", f"{first.kind} on {hosts}: {first.summary}"
    yield "", f"  why       {first.because}"
    risk = said_risk(first)
    yield STYLES.get(risk, ""), f"  risk      {risk}{mark}"
    if command := preview(first):
        yield "command", f"  does      {shorten_hashes(command)}"
    by_id = {action.id: action for action in plan.actions}
    needed = [by_id[need] for action in group for need in action.needs if need in by_id]
    yield from _others("after", needed)
    yield from (
        ("", f"  only if   {shorten_hashes(fact_words(fact))}") for fact in first.requires
    )
    yield from (
        ("", f"  not if    {shorten_hashes(fact_words(fact))}") for fact in first.unless
    )
    yield from (
        ("", f"  proof     {shorten_hashes(fact_words(fact))}") for fact in first.expects
    )
    if not first.expects:
        yield "", "  proof     what the command itself finds"
    ids = {action.id for action in group}
    yield from _others("before", [a for a in plan.actions if ids & set(a.needs)])


def _others(word: str, actions: Sequence[Action]) -> Iterator[Line]:
    """Other actions, the same of several hosts in one line."""
    groups: dict[str, dict[str, None]] = {}
    for action in actions:
        groups.setdefault(action.summary, {})[action.host or "all"] = None
    for summary, hosts in groups.items():
        yield "", f"  {word:<9} {', '.join(hosts)}: {summary}"
