"""What is wrong in a desired-state file, and where."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.refusals import require_declared


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem; ``line`` and ``column`` are 1-based, ``hint`` may be empty."""

    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for a code that is not declared."""
        require_declared(self.code)
