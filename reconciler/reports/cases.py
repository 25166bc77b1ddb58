"""A plan as a JUnit report: what is refused fails, what would be done passes and says so."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.addresses import names_host
from reconciler.model.outcome import Blocked, Finding
from reconciler.model.plan import ClusterPlan, Plan
from reconciler.planning.review.outages import said_risk
from reconciler.reports import junit
from reconciler.reports.doings import doings
from reconciler.reports.grouping import differences, fold_names, refusals, steps
from reconciler.reports.junit import Case, Suite


def plan_junit(plan: Plan) -> str:
    """A suite a cluster: a failed case a refusal, a passed one a change and a step.

    A pending change is no failure: it is what the reviewer is asked about.
    """
    return junit.render(plan_suites(plan))


def plan_suites(plan: Plan) -> list[Suite]:
    """The suites alone, to be put beside those of other files."""
    return [Suite(c.name, tuple(_cases(c))) for c in plan.clusters]


def _cases(cluster: ClusterPlan) -> Iterator[Case]:
    yield from map(_refusal, refusals(cluster.blocked))
    yield from _changes(cluster)
    yield from _steps(cluster)
    yield from map(_finding, refusals([f for f in cluster.findings if not f.mended_by]))
    if not cluster.changes and not cluster.blocked:
        yield Case("no change")


def _refusal(item: Blocked) -> Case:
    failure = f"{item.message}\nremedy: {item.remedy}"
    return Case(f"refused {item.code}: {item.subject}", failure, item.code)


def _changes(cluster: ClusterPlan) -> Iterator[Case]:
    """Each change by its own address, with what would be written there."""
    for change in cluster.changes:
        (found,) = differences([change])
        words = [f"because: {change.because}", *found.lines]
        where = f" on {change.host}" if not names_host(change.address, change.host) else ""
        yield Case(f"change {change.address}{where}", output="\n".join(words))


def _steps(cluster: ClusterPlan) -> Iterator[Case]:
    for step in steps(cluster.actions):
        action = step.first
        final = ", cannot be undone" if action.irreversible else ""
        words = [f"because: {action.because}", f"risk: {said_risk(action)}{final}"]
        for doing in doings(step):
            if doing.command:
                words.append(f"{fold_names(doing.hosts)}$ {doing.command}")
            words += [f"proves {proof}" for proof in doing.proofs]
        name = f"step {step.number} on {step.where}: {action.summary}"
        yield Case(name, output="\n".join(words))


def _finding(item: Finding) -> Case:
    words = f"{item.severity}: {item.message}\nremedy: {item.remedy}"
    return Case(f"{item.severity} {item.code}: {item.subject}", output=words)
