"""Faults that a test injects into one host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Phase = Literal["before", "during", "after"]


@dataclass(slots=True)
class Fault:
    """Something that goes wrong once, at the ``at``-th command whose name fits.

    ``command`` is the beginning of a command's name (``gate mount``, ``probe``, ``systemctl
    restart``); empty fits all. ``lost``: the connection ends before or after the effect.
    ``crash``: the power goes before, in the middle of, or after it; ``reboot`` comes back
    by itself. ``fails``: the command ends with ``status`` and does nothing. ``meets``: somebody
    else does ``then`` a moment before it, after all that its caller has looked at.
    """

    kind: Literal["lost", "crash", "reboot", "fails", "meets"]
    phase: Phase = "before"
    command: str = ""
    at: int = 1
    status: int = 1
    stderr: str = "simulated failure\n"
    then: Callable[[], None] = lambda: None

    def due(self, name: str) -> bool:
        """Counts a command; True when this is the one."""
        if not name.startswith(self.command):
            return False
        self.at -= 1
        return self.at == 0
