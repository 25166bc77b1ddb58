"""Plans and runs as text for a terminal: lines of (style, text), coloured by the caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from itertools import groupby

from reconciler.model.observed import Observed
from reconciler.model.outcome import Blocked, ClusterOutcome, Finding
from reconciler.model.plan import Action, Change, ClusterPlan, Plan
from reconciler.planning.outages import guests_taken
from reconciler.reports.documents import fact_words, interruption, preview

Line = tuple[str, str]
# Symbols carry the meaning; colour only repeats it.
_SIGNS = {"added": ("add", "+"), "removed": ("bad", "-"), "changed": ("change", "~")}


def plan_lines(plan: Plan, seen: Mapping[str, Observed], detail: int) -> Iterator[Line]:
    """A whole plan; with ``detail`` > 0 also commands and what proves each action."""
    for cluster in plan.clusters:
        yield from _cluster(plan, cluster, seen[cluster.name], detail)
        yield "", ""
    yield from _summary(plan)


def _cluster(
    plan: Plan, cluster: ClusterPlan, observed: Observed, detail: int
) -> Iterator[Line]:
    reached = len(observed.reached())
    yield (
        "title",
        f"Plan {plan.id}  cluster {cluster.name}  observed {reached}/{len(observed.hosts)} hosts",
    )
    yield from _changes(cluster.changes)
    if detail:
        yield from _differences(cluster.changes)
    yield from _blocked(cluster.blocked)
    if cluster.blocked and cluster.actions:
        yield "", "  Once nothing is blocked, this would follow:"
    yield from _actions(cluster.actions, detail)
    yield from _outages(cluster)
    yield from _findings(cluster.findings)
    yield from (("dim", f"  note: {note}") for note in cluster.notes)
    if not cluster.actions and not cluster.blocked:
        yield "good", "  No change: hosts are as the file says."


def _changes(changes: Sequence[Change]) -> Iterator[Line]:
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for change in changes:
        key = (_what(change), change.truth, change.because, _how(change))
        groups.setdefault(key, []).append(change.host)
    rows = [(",".join(hosts), key) for key, hosts in groups.items()]
    wide = min(30, max((len(hosts) for hosts, _key in rows), default=0))
    broad = min(30, max((len(key[0]) for _hosts, key in rows), default=0))
    for hosts, (what, truth, because, how) in rows:
        style, sign = _SIGNS[how]
        place = f"{hosts:<{wide}}  {what:<{broad}}  {truth:<7}"
        yield style, f"  {sign} {place}  because: {because}"


def _how(change: Change) -> str:
    if change.before is None:
        return "added"
    return "removed" if change.after is None else "changed"


def _differences(changes: Sequence[Change]) -> Iterator[Line]:
    """What would change in each place, once for all hosts that have the same."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for change in changes:
        lines = tuple(unified_diff(_text(change.before), _text(change.after), n=1, lineterm=""))
        groups.setdefault((_what(change), lines[2:]), []).append(change.host)
    for (what, lines), hosts in groups.items():
        yield "title", f"  {what} on {','.join(hosts)}"
        for line in lines:
            yield _DIFF.get(line[0], "dim"), f"    {line}"


_DIFF: Mapping[str, str] = {"+": "add", "-": "bad"}


def _text(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{key} = {item}" for key, item in value.items()]
    return [] if value is None else str(value).replace("; ", "\n").splitlines()


def _what(change: Change) -> str:
    """The address without the host, which has its own column."""
    return "/".join(word for word in change.address.split("/") if word != change.host).replace(
        "member/", "", 1
    )


def _blocked(blocked: Sequence[Blocked]) -> Iterator[Line]:
    """Refusals; lines are left whole, so that a command in a remedy can be copied."""
    for item in blocked:
        yield "bad", f"  BLOCKED {item.code}  {item.subject}"
        yield "bad", f"          {item.message}"
        yield "", f"          remedy: {item.remedy}"


def _findings(findings: Sequence[Finding]) -> Iterator[Line]:
    """What the plan does not mend; the rest stands among its changes."""
    for item in (item for item in findings if not item.mended_by):
        style = {"warning": "warn"}.get(item.severity, "dim")
        yield style, f"  {item.severity.upper()} {item.code}  {item.subject}"
        yield style, f"          {item.message}"
        yield "", f"          remedy: {item.remedy}"


def _actions(actions: Sequence[Action], detail: int) -> Iterator[Line]:
    groups = [
        list(group) for _key, group in groupby(actions, key=lambda a: (a.kind, a.summary))
    ]
    names = [",".join(a.host for a in group if a.host) or "all" for group in groups]
    width = min(30, max((len(name) for name in names), default=0))
    for number, (group, name) in enumerate(zip(groups, names, strict=True), 1):
        first = group[0]
        style = {"data": "bad", "outage": "warn"}.get(first.risk, "")
        mark = "  ! cannot be undone" if first.irreversible else ""
        yield style, f"{number:3} {name:<{width}}  {first.summary}{mark}"
        if detail:
            yield from _details(group)


def _details(group: Sequence[Action]) -> Iterator[Line]:
    for action in group:
        if command := preview(action):
            yield "dim", f"        {action.host}$ {command}"
        yield from (("dim", f"        proves {fact_words(f)}") for f in action.expects)


def _outages(cluster: ClusterPlan) -> Iterator[Line]:
    """Who loses what, for how long, and which processes were seen using it."""
    guests = dict(guests_taken(cluster.actions))
    for outage in cluster.outages:
        long = (
            "that this plan does not end"
            if outage.seconds is None
            else f"of about {round(outage.seconds)} s"
        )
        yield "warn", f"  OUTAGE {long} on {', '.join(outage.hosts)}: {outage.because}"
        if outage.volumes:
            yield "", f"         volumes: {', '.join(outage.volumes)}"
        units = [name for name in outage.workloads if not name.startswith("guest/")]
        if units:
            yield "", f"         services: {', '.join(units)}"
        for host in [host for host in outage.hosts if host in guests]:
            yield "warn", f"         guests on {host}: {', '.join(guests.pop(host))}"
        yield from (
            ("dim", f"         process  {line}") for line in outage.processes[:PROCESSES]
        )
        if more := len(outage.processes) - PROCESSES:
            yield from [("dim", f"         and {more} more")] if more > 0 else []


# Of the processes that use what is taken away so many are told; the rest are in the JSON.
PROCESSES = 20


def _summary(plan: Plan) -> Iterator[Line]:
    changes = sum(len(cluster.changes) for cluster in plan.clusters)
    seconds = sum(action.seconds for action in plan.actions)
    final = ", irreversible" if plan.irreversible else ""
    if plan.blocked:
        refusals = _number(len(plan.blocked), "refusal")
        yield "bad", f"{_number(changes, 'change')}, {refusals}. Blocked (exit 3)."
        yield "", "reconcile explain CODE says what a refusal means and what to do."
    elif plan.actions:
        work = f"{_number(changes, 'change')}, {_number(len(plan.actions), 'action')}"
        text = f"{work}, risk {plan.risk}{final}"
        yield "title", f"{text}; about {round(seconds)} s of work, {interruption(plan)}."
    else:
        yield "good", "No change."


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _not_started(actions: Sequence[str]) -> Iterator[Line]:
    """Ids, CLUSTER/HOST/WHAT, the same of several hosts in one line."""
    groups: dict[str, list[str]] = {}
    for action in actions:
        host, what = action.split("/", 2)[1:]
        groups.setdefault(what, []).append(host)
    for what, hosts in groups.items():
        yield "dim", f"  not started: {','.join(hosts)}: {what}"


def outcome_lines(
    outcomes: Sequence[ClusterOutcome], file: str, shown: Sequence[Blocked]
) -> Iterator[Line]:
    """The honest end of a run: done, failed, not started, and how to go on.

    Refusals that the plan has ``shown`` already are not repeated.
    """
    for outcome in outcomes:
        style = "good" if outcome.result in {"converged", "no-change"} else "bad"
        counts = {
            status: [a for a in outcome.actions if a.status == status]
            for status in ("done", "failed", "not-started")
        }
        words = ", ".join(f"{len(items)} {status}" for status, items in counts.items() if items)
        yield style, f"cluster {outcome.name}: {outcome.result}{f' ({words})' if words else ''}"
        for action in counts["failed"]:
            yield "bad", f"  FAILED {action.action} after {action.seconds:.1f} s"
            yield from (("", f"    {line}") for line in action.message.splitlines())
        yield from _not_started([a.action for a in counts["not-started"]])
        yield from _blocked([item for item in outcome.blocked if item not in shown])
        if outcome.message:
            yield "", f"  {outcome.message}"
    if any(outcome.result in {"partial", "failed"} for outcome in outcomes):
        yield "", f"To go on: reconcile plan {file}, then apply again; what is done stays done."
