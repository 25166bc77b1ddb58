"""The processes that heal, as the daemon has them: one for each healing, a few at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.pipeline.heal import Healed
from reconciler.pipeline.parts import Past
from reconciler.watch.commissions import LONGEST, LONGEST_END, Commissions
from reconciler.watch.messages import Heal
from reconciler.watch.wish import Wish

PROGRAM = "from reconciler.watch.healer import main; main()"
AT_ONCE = 4


@dataclass(slots=True, eq=False)
class Healers:
    """Starts them; ``records`` is where their runs leave records, ``program`` is what they run."""

    records: Path
    program: str = PROGRAM
    longest: float = LONGEST
    longest_end: float = LONGEST_END
    _commissions: Commissions = field(init=False)
    _rooms: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._commissions = Commissions(self.program, self.longest, self.longest_end)

    @property
    def has_room(self) -> bool:
        """Whether one more cluster may be healed."""
        return len(self._rooms) < AT_ONCE

    def take_room(self, name: str) -> bool:
        """Whether there is room for a cluster; it is its own until ``leave_room``."""
        if not self.has_room:
            return False
        self._rooms.add(name)
        return True

    def holds_room(self, name: str) -> bool:
        """Whether there is room for a cluster that it has taken."""
        return name in self._rooms

    def leave_room(self, name: str) -> None:
        """Another may be healed."""
        self._rooms.discard(name)

    async def heal(
        self, wish: Wish, run: str, past: Past, is_wanted: Callable[[], bool]
    ) -> Healed:
        """Heal what may be healed of a cluster, for which there is room. Raises WorkFailed.

        Nothing is begun of what is not wanted any more. Who is cancelled while it waits leaves the
        process to ``close``.
        """

        def ask(number: int) -> Heal:
            about = wish.revision.fields if wish.revision else {}
            return Heal(number, wish.desired, wish.file, run, self.records, about, past)

        value = await self._commissions.carry_out(wish.cluster.name, ask, is_wanted)
        return value if isinstance(value, Healed) else Healed(None)

    def halt(self, name: str) -> bool:
        """Nothing more of a cluster is begun, what runs comes to its end; whether there is any."""
        return self._commissions.halt(name)

    async def close(self) -> dict[str, Healed]:
        """Stop all; what those came to that ended in time, by cluster."""
        found = await self._commissions.close()
        return {name: value for name, value in found.items() if isinstance(value, Healed)}
