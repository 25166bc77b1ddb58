"""By what a record knows hosts again: a mark of each machine's id, which itself is nobody's business."""

from __future__ import annotations

from hashlib import sha256

from reconciler.model.observed import Observed, Unknown

# Hex digits: enough to tell the hosts of one machine's clusters apart.
LENGTH = 12


def machine_marks(observed: Observed) -> list[str]:
    """The marks of the hosts that answered, sorted."""
    return sorted(mark for _, mark in marks_by_host(observed))


def marks_by_host(observed: Observed) -> tuple[tuple[str, str], ...]:
    """Each host that answered with its mark, by name."""
    return tuple(
        (name, sha256(facts.identity.machine_id.encode()).hexdigest()[:LENGTH])
        for name, facts in sorted(observed.answering_hosts().items())
        if not isinstance(facts.identity, Unknown) and facts.identity.machine_id
    )
