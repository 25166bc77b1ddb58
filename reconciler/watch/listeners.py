"""Who hears what a round came to, beside the log: pages, metrics, receivers of messages."""

from __future__ import annotations

from typing import Protocol

from reconciler.watch.memory import Known
from reconciler.watch.result import Recorded, RoundResult
from reconciler.watch.wish import Wish


class Listener(Protocol):
    """Hears of each round after it was recorded, in the daemon's loop: it does not wait."""

    def hear(self, wish: Wish, result: RoundResult, recorded: Recorded, known: Known) -> None:
        """A round has ended; ``known`` is what is known of its cluster now."""

    async def close(self) -> None:
        """The daemon stops."""
