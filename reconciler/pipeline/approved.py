"""One cluster's approved plan carried out: it is made anew, held to the approval, and executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from reconciler.model.addresses import cluster_address
from reconciler.model.machine_marks import marks_by_host
from reconciler.model.outcome import Blocked, ClusterOutcome
from reconciler.model.plan import Plan
from reconciler.pipeline import Run, plan
from reconciler.planning.review.approved_plan import ApprovedPlan, objections, strangers
from reconciler.reports.documents import planned_counts

# Plans that are made, at most: while the lease of who was cut off is waited for, what it had begun ends.
PLANS = 3
# Objections that are told; of the others how many there are.
MOST = 3
REMEDY = "look at what is to be done now with reconcile fleet apply, and approve that"


@dataclass(frozen=True, slots=True)
class Approval:
    """What was approved, and by whom, in ``words``.

    ``is_begun``: an earlier run of the same approval may have done a part of it.
    """

    plan: ApprovedPlan
    words: str
    is_begun: bool = False


async def carry_out(work: Run, approval: Approval) -> ClusterOutcome:
    """Plan the one cluster of ``work`` and do it if that is what was approved; all goes on record.

    Whoever was cut off may still end its last action while its lease is waited for: then it is
    planned again, and held to the approval again.
    """
    outcome = await _once(work, approval)
    for _ in range(PLANS - 1):
        if not _has_moved(outcome) or work.stop.is_set():
            break
        outcome = await _once(work, approval)
    for item in outcome.blocked:
        work.emit("refused", {"cluster": outcome.name, **asdict(item)})
    if outcome.message:
        work.emit("told", {"cluster": outcome.name, "message": outcome.message})
    return outcome


def _has_moved(outcome: ClusterOutcome) -> bool:
    """Whether hosts changed between the plan and its lease, and so nothing was done."""
    codes = {(one.code, one.remedy == REMEDY) for one in outcome.blocked}
    return codes == {("plan-changed", False)}


async def _once(work: Run, approval: Approval) -> ClusterOutcome:
    found, pairs = await plan(work.desired, work.fleet, work.options)
    ((_, observed),) = pairs
    (cluster,) = found.clusters
    about: Mapping[str, object] = {
        "hosts": len(observed.hosts),
        "unreachable": len(observed.unreachable()),
        **planned_counts(cluster.actions),
        "plan": found.id,
    }
    work.emit("observed", {"cluster": cluster.name, **about})
    if cluster.blocked:
        return ClusterOutcome(cluster.name, "refused", blocked=cluster.blocked)
    beyond = objections(approval.plan, found, is_begun=approval.is_begun)
    if cluster.actions:
        beyond = (*strangers(approval.plan, marks_by_host(observed)), *beyond)
    if beyond:
        refused = (_changed(cluster.name, approval, beyond),)
        return ClusterOutcome(cluster.name, "refused", blocked=refused)
    if cluster.actions:
        words = _words(approval, found)
        work.emit("approved", {"cluster": None, "plan": found.id, "message": words})
    (outcome,) = await work.execute(found, pairs)
    return outcome


def _words(approval: Approval, found: Plan) -> str:
    if found.id == approval.plan.id:
        return f"plan {found.id} approved by {approval.words}"
    same = "a rest of" if approval.is_begun else "the same actions as"
    return f"plan {found.id}, {same} plan {approval.plan.id}, approved by {approval.words}"


def _changed(name: str, approval: Approval, beyond: tuple[str, ...]) -> Blocked:
    more = f"; and {len(beyond) - MOST} more" if len(beyond) > MOST else ""
    done = "nothing more was done" if approval.is_begun else "nothing was done"
    return Blocked(
        "plan-changed",
        cluster_address(name),
        f"what is to be done is not plan {approval.plan.id} that was approved, {done}: "
        f"{'; '.join(beyond[:MOST])}{more}",
        REMEDY,
    )
