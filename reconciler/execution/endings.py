"""How a command ended, in words: for whoever runs it, and for the journal."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from reconciler.errors import HostUnreachable
from reconciler.execution.kernel import explain_kernel_error
from reconciler.model.plan import Action, Completed, Fact

# How the gate ends when it refuses (EX_TEMPFAIL).
REFUSED = 75
# What of a command's output goes into the journal.
OUTPUT = 4000

Ended = Completed | HostUnreachable | None


def typed_command(action: Action) -> str:
    """As a person would type it; what goes to its stdin may hold secrets of other files."""
    return shlex.join(action.command.words) if action.command else ""


def was_refused(ended: Ended) -> bool:
    """Whether the gate did nothing."""
    return isinstance(ended, Completed) and ended.status == REFUSED


def exited_zero(ended: Ended) -> bool:
    """Whether it says of itself that it was done; so does what has no command."""
    return ended is None or (isinstance(ended, Completed) and ended.status == 0)


def explain_failure(ended: Ended) -> str:
    """Why it failed, in its own last words."""
    if isinstance(ended, Completed):
        words = (ended.stderr or ended.stdout).strip()[-OUTPUT:]
        meaning = explain_kernel_error(words)
        why = f"{meaning}\n" if meaning else ""
        return f"{why}exit status {ended.status}: {words or 'no output'}"
    return f"outcome unknown: {ended}"


def output_of(ended: Ended) -> Mapping[str, object]:
    """What the journal keeps of it."""
    if not isinstance(ended, Completed):
        return {}
    return {
        "status": ended.status,
        "command_seconds": ended.seconds,
        "stdout": ended.stdout[-OUTPUT:],
        "stderr": ended.stderr[-OUTPUT:],
    }


def words_of(facts: Sequence[Fact]) -> list[str]:
    """Each fact in a line."""
    return [
        f"{', '.join(f.hosts)}: {f.reading} {f.subject} = {f.value or '(the same)'}"
        for f in facts
    ]
