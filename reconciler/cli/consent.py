"""The operator's word for a plan: given on the command line, at the prompt, or not at all."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from reconciler.cli import prompts
from reconciler.cli.apply_request import ApplyRequest
from reconciler.cli.terminal import note, say, show
from reconciler.execution.journal import Journal
from reconciler.model.desired import Cluster
from reconciler.model.observed import Observed
from reconciler.model.outcome import ClusterOutcome
from reconciler.model.plan import Plan
from reconciler.planning.review.approval import Consent, judge
from reconciler.reports.devices import aliases
from reconciler.reports.plan_views import plan_views
from reconciler.reports.text import plan_lines


def is_approved(
    request: ApplyRequest,
    journal: Journal,
    plan: Plan,
    pairs: Sequence[tuple[Cluster, Observed]],
) -> bool:
    """Whether the plan may be carried out; who approved it, or what is missing, goes on record."""
    names = aliases(pairs)
    verdict = judge(plan, request.consent, request.file, names)
    for words in verdict.notes:
        note(f"note: {words}")
    asked = bool(verdict.missing) and request.ask and request.consent.plan_id is None
    if asked and request.quiet:  # nobody approves what was not shown
        show(plan_lines(plan, plan_views(plan, pairs), request.detail), request.no_color)
    if not verdict.missing or (asked and prompts.ask_approval(plan, names)):
        how = "answers at the prompt" if asked else _approving_words(request.consent)
        about = {"plan": plan.id, "message": f"plan {plan.id} approved by {how}"}
        journal.emit("approved", {"cluster": None, **about})
        return True
    if asked:
        return False
    for reason in verdict.missing:
        say(f"not approved: {reason}")
        journal.emit("not-approved", {"cluster": None, "reason": reason})
    say(f"to approve exactly this: {verdict.command}{request.more}")
    return False


def _approving_words(consent: Consent) -> str:
    """The words of the command line that approve a plan."""
    words = ["--approve", consent.plan_id] if consent.plan_id else ["--auto-approve"]
    words += [word for device in sorted(consent.devices) for word in ("--accept-data", device)]
    return shlex.join(words)


def unapproved_outcomes(plan: Plan) -> tuple[ClusterOutcome, ...]:
    """Nothing was done, on any cluster."""
    return tuple(
        ClusterOutcome(
            item.name,
            "refused" if item.actions or item.blocked else "no-change",
            blocked=item.blocked,
            message="not approved: nothing was done" if item.actions else "",
        )
        for item in plan.clusters
    )
