"""One healing: what may be healed of a cluster is looked for, carried out as any plan is, and told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from reconciler.model.outcome import ClusterOutcome
from reconciler.model.plan import ClusterPlan, Plan
from reconciler.pipeline import Run, plan
from reconciler.pipeline.parts import Healable
from reconciler.planning.review.digest import plan_id
from reconciler.planning.watching.healable import LOOKS
from reconciler.planning.watching.strikes import Attempt, difference_of
from reconciler.planning.watching.windows import look_at_windows
from reconciler.reports.documents import planned_counts


@dataclass(frozen=True, slots=True)
class Healed:
    """How a healing ended, and what it tried; ``outcome`` is None where nothing might be healed."""

    outcome: ClusterOutcome | None
    attempts: tuple[Attempt, ...] = ()


async def heal(work: Run, part: Healable) -> Healed:
    """Look at the one cluster of ``work`` and carry out what ``part`` allows; all goes on record.

    The hosts are looked at once more under the lease, as for any plan: if other actions may be
    healed by then, nothing is done. Nothing more is begun once the window has closed.
    """
    work = replace(work, part=part)
    _stop_with_window(work, part)
    whole, pairs = await plan(work.desired, work.fleet, work.options)
    ((cluster, observed),) = pairs
    chosen = await part.choose(cluster, observed)
    part_of = _plan(whole, chosen)
    about: Mapping[str, object] = {
        "hosts": len(observed.hosts),
        "unreachable": len(observed.unreachable()),
        **planned_counts(chosen.actions),
        "plan": part_of.id,
    }
    work.emit("observed", {"cluster": cluster.name, **about})
    if not chosen.actions:
        return Healed(None)
    words = f"plan {part_of.id} approved by the policy of the file, which heals"
    work.emit("approved", {"cluster": None, "plan": part_of.id, "message": words})
    (outcome,) = await work.execute(part_of, pairs)
    for item in outcome.blocked:
        work.emit("refused", {"cluster": outcome.name, **asdict(item)})
    if outcome.message:
        work.emit("told", {"cluster": outcome.name, "message": outcome.message})
    return Healed(outcome, tuple(_attempts(chosen, outcome, part.now())))


def _stop_with_window(work: Run, part: Healable) -> None:
    now = part.now()
    opening = look_at_windows(part.asked.policy.windows, now)
    if opening.is_open and opening.until is not None:
        left = (opening.until - now).total_seconds()
        asyncio.get_running_loop().call_later(left, work.stop.set)


def _plan(whole: Plan, chosen: ClusterPlan) -> Plan:
    """The part as a plan of its own, with an id of its own."""
    return replace(whole, id=plan_id((chosen,), whole.facts_digest), clusters=(chosen,))


def _attempts(chosen: ClusterPlan, outcome: ClusterOutcome, now: datetime) -> Iterator[Attempt]:
    """What was begun, and how it ended; what only looks heals nothing."""
    ends = {one.action: one.status for one in outcome.actions}
    for action in chosen.actions:
        status = ends.get(action.id, "not-started")
        if action.kind in LOOKS or status == "not-started":
            continue
        yield Attempt(now, difference_of(action), "healed" if status == "done" else "failed")
