"""A process that carries out the approved plan of one cluster (``watch.commissioned``)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from reconciler.execution import author
from reconciler.execution.locks import Claim
from reconciler.gate.lease_decision import EXPIRY
from reconciler.model.outcome import ClusterOutcome
from reconciler.pipeline import Run
from reconciler.pipeline.approved import carry_out
from reconciler.watch.commissioned import record_run, serve
from reconciler.watch.messages import Apply

# Seconds for a lease that somebody has: longer than one who was cut off keeps it.
PATIENCE = EXPIRY + 60.0


def main() -> None:
    """Carry out what a worker asks for on the socket whose number is the last word."""
    serve(Apply, _apply)


async def _apply(asked: Apply, stop: asyncio.Event) -> ClusterOutcome:
    async def act(run: Run) -> tuple[ClusterOutcome, Sequence[ClusterOutcome]]:
        outcome = await carry_out(run, asked.approval)
        return outcome, (outcome,)

    return await record_run(asked, {}, _claim, stop, act)


def _claim(run: str, cluster: str) -> Claim:
    return author.claim(cluster, run, PATIENCE)
