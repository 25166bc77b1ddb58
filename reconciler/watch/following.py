"""Runs that go on are followed while the daemon serves pages: who looks sees them as they happen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from reconciler.execution.run_following import RunChange
from reconciler.watch.keeping import Keeping

# Seconds between two looks at the records.
APART = 1.0


async def follow_runs(
    keeping: Keeping,
    look: Callable[[datetime], Sequence[RunChange]],
    tell: Callable[[RunChange], None],
) -> None:
    """Looks again and again, in the thread that writes the state, and tells what became of runs."""
    while True:
        for change in await keeping.ask(lambda: look(keeping.wall())):
            tell(change)
        await asyncio.sleep(APART)
