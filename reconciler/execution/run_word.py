"""How a run as a whole ended: the word, and the exit code."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.outcome import ClusterOutcome

EXIT = {"interrupted": 130, "stale": 6, "locked": 5, "partial": 4, "refused": 3}


def result(outcomes: Sequence[ClusterOutcome], interrupted: bool) -> str:  # noqa: FBT001  # a fact
    """The word of the whole run (manual exit-codes, 1)."""
    found = {outcome.result for outcome in outcomes}
    acted = bool(found & {"converged", "partial"})
    if interrupted:
        return "interrupted"
    if first := next((word for word in ("stale", "locked") if word in found), None):
        return first
    if "refused" in found and not acted and "failed" not in found:
        return "refused"
    if found & {"partial", "failed", "refused"}:
        return "partial" if acted or "failed" not in found else "failed"
    return "converged" if "converged" in found else "no-change"


def exit_code(word: str) -> int:
    """The process's exit code of a run that ended as ``word``."""
    return {**EXIT, "failed": 4}.get(word, 0)
