"""Plans and runs as text for a terminal: lines of (style, text), coloured by the caller."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.addresses import parse_action_id
from reconciler.model.outcome import ActionOutcome, Blocked, ClusterOutcome, Finding
from reconciler.model.plan import Action, Change, ClusterPlan, Plan
from reconciler.model.quantities import with_count
from reconciler.model.views import View
from reconciler.planning.review.approval import runnable
from reconciler.planning.review.outages import said_risk
from reconciler.reports.documents import interruption
from reconciler.reports.doings import doings
from reconciler.reports.grouping import (
    Step,
    differences,
    fold_names,
    group_alike,
    hide_host,
    losses,
    refusals,
    rows,
    show_hosts,
    steps,
)

Line = tuple[str, str]
# Symbols carry the meaning; colour only repeats it.
GATE_CODE = re.compile(r"^.*\bgate: ([a-z0-9-]+): ", re.MULTILINE)
# How a step is painted, by its own risk.
STYLES = {"data": "bad", "outage": "warn"}
_SIGNS = {"added": ("add", "+"), "removed": ("bad", "-"), "changed": ("change", "~")}


def plan_lines(plan: Plan, views: Mapping[str, View], detail: int) -> Iterator[Line]:
    """A whole plan; with ``detail`` > 0 also commands and what proves each action."""
    for cluster in plan.clusters:
        yield from _cluster(plan, cluster, views[cluster.name], detail)
        yield "", ""
    yield from _summary(plan)


def _cluster(plan: Plan, cluster: ClusterPlan, view: View, detail: int) -> Iterator[Line]:
    reached = f"{view.answered}/{len(view.hosts)}"
    yield "title", f"Plan {plan.id}  cluster {cluster.name}  observed {reached} hosts"
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
    found = rows(changes)
    wide = min(30, max((len(fold_names(row.hosts)) for row in found), default=0))
    broad = min(30, max((len(row.what) for row in found), default=0))
    for row in found:
        style, sign = _SIGNS[row.how]
        place = f"{fold_names(row.hosts):<{wide}}  {row.what:<{broad}}  {row.truth:<7}"
        yield style, f"  {sign} {place}  because: {row.because}"


def _differences(changes: Sequence[Change]) -> Iterator[Line]:
    """What would change in each place; lines are left whole, as they will stand there."""
    for item in differences(changes):
        yield "title", f"  {item.what} on {fold_names(item.hosts)}"
        yield from ((style, f"    {line}") for style, line in item.styled)


def _blocked(blocked: Sequence[Blocked]) -> Iterator[Line]:
    """Refusals; a remedy is left whole, so that a command in it can be copied."""
    for item in refusals(blocked):
        yield "bad", f"  BLOCKED {item.code}  {item.subject}"
        yield "bad", f"          {item.message}"
        yield "remedy", f"          remedy: {item.remedy}"


def _findings(findings: Sequence[Finding]) -> Iterator[Line]:
    """What the plan does not mend; the rest stands among its changes."""
    for item in refusals([item for item in findings if not item.mended_by]):
        style = {"warning": "warn"}.get(item.severity, "dim")
        yield style, f"  {item.severity.upper()} {item.code}  {item.subject}"
        yield style, f"          {item.message}"
        yield "remedy", f"          remedy: {item.remedy}"


def _actions(actions: Sequence[Action], detail: int) -> Iterator[Line]:
    found = steps(actions)
    width = min(30, max((len(step.where) for step in found), default=0))
    for step in found:
        style = STYLES.get(said_risk(step.first), "")
        mark = "  ! cannot be undone" if step.first.irreversible else ""
        yield style, f"{step.number:3} {step.where:<{width}}  {step.first.summary}{mark}"
        if detail:
            yield from _details(step)


def _details(step: Step) -> Iterator[Line]:
    for doing in doings(step):
        if doing.command:
            yield "command", f"        {fold_names(doing.hosts)}$ {doing.command}"
        yield from (("dim", f"        proves {proof}") for proof in doing.proofs)


def _outages(cluster: ClusterPlan) -> Iterator[Line]:
    """Who loses what, for how long, and which processes were seen using it."""
    for loss in losses(cluster):
        outage = loss.outage
        long = "that this plan does not end" if outage.seconds is None else f"of {loss.length}"
        yield "warn", f"  OUTAGE {long} on {', '.join(outage.hosts)}: {outage.because}"
        if outage.volumes:
            yield "", f"         volumes: {', '.join(outage.volumes)}"
        if loss.services:
            yield "", f"         services: {', '.join(loss.services)}"
        for host, names in loss.guests.items():
            yield "warn", f"         guests on {host}: {', '.join(names)}"
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
        refusals = with_count(len(plan.blocked), "refusal")
        yield "bad", f"{with_count(changes, 'change')}, {refusals}. Blocked (exit 3)."
        yield "", "reconcile explain CODE says what a refusal means and what to do."
    elif plan.actions:
        work = f"{with_count(changes, 'change')}, {with_count(len(plan.actions), 'action')}"
        again = sum(f.code == "failed-before" for c in plan.clusters for f in c.findings)
        tried = f", {again} of them failed in the last run" if again else ""
        text = f"{work}{tried}, risk {plan.risk}{final}"
        yield "title", f"{text}; about {round(seconds)} s of work, {interruption(plan)}."
    else:
        yield "good", "No change."


def saved_for(plan: Plan, path: str) -> str:
    """What a plan that was saved is good for."""
    if plan.blocked and not runnable(plan):
        return f"which is refused: reconcile show {path} shows it"
    if not plan.actions:
        return "with nothing to be carried out: no action is due"
    return f"to be carried out by reconcile apply {path}"


def _not_started(actions: Sequence[str]) -> Iterator[Line]:
    """Ids, CLUSTER/HOST/WHAT, the same of several hosts in one line."""
    groups: dict[str, list[str]] = {}
    for action in actions:
        _cluster, host, what = parse_action_id(action)
        groups.setdefault(what, []).append(host)
    for what, hosts in groups.items():
        yield "dim", f"  not started: {fold_names(hosts)}: {what}"


def _failed(actions: Sequence[ActionOutcome]) -> Iterator[Line]:
    """What failed with the same message on several hosts once for all of them."""
    for group in group_alike(actions, _failure, _failure_of_any):
        first, ids = group[0], [parse_action_id(item.action) for item in group]
        cluster, host, what = ids[0]
        hosts = [name for _cluster, name, _what in ids]
        message = first.message
        if any(item.message != message for item in group):
            message = show_hosts(hide_host(message, host), hosts)
        seconds = max(item.seconds for item in group)
        yield "bad", f"  FAILED {cluster}/{fold_names(hosts)}/{what} after {seconds:.1f} s"
        yield from (("", f"    {line}") for line in message.splitlines())
        if named := GATE_CODE.search(message):
            yield "remedy", f"    what to do: reconcile explain {named[1]}"


def _failure(item: ActionOutcome) -> tuple[str, str]:
    return parse_action_id(item.action)[2], item.message


def _failure_of_any(item: ActionOutcome) -> tuple[str, str]:
    _cluster, host, what = parse_action_id(item.action)
    return what, hide_host(item.message, host)


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
        yield from _failed(counts["failed"])
        yield from _not_started([a.action for a in counts["not-started"]])
        yield from _blocked([item for item in outcome.blocked if item not in shown])
        if outcome.message:
            yield "", f"  {outcome.message}"
    if any(outcome.result in {"partial", "failed"} for outcome in outcomes):
        yield "", f"To go on: reconcile plan {file}, then apply again; what is done stays done."
