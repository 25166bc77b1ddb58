"""A process that heals one cluster (``watch.commissioned``)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from reconciler.execution import author
from reconciler.execution.locks import Claim
from reconciler.model.outcome import ClusterOutcome
from reconciler.pipeline import Run
from reconciler.pipeline.heal import Healed, heal
from reconciler.pipeline.parts import Healable
from reconciler.watch.commissioned import record_run, serve
from reconciler.watch.messages import Heal

# Seconds for a lease that somebody has: the next round comes anyway.
PATIENCE = 0.0


def main() -> None:
    """Heal what the daemon asks for on the socket whose number is the last word."""
    serve(Heal, _heal)


async def _heal(asked: Heal, stop: asyncio.Event) -> Healed:
    (cluster,) = asked.desired.clusters

    async def act(run: Run) -> tuple[Healed, Sequence[ClusterOutcome]]:
        part = Healable(cluster, run.fleet, run.options, author.now, asked.past)
        healed = await heal(run, part)
        return healed, (healed.outcome,) if healed.outcome else ()

    return await record_run(asked, {"healing": True}, _claim, stop, act)


def _claim(run: str, cluster: str) -> Claim:
    return author.claim(cluster, run, PATIENCE)
