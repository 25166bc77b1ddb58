"""By what a record knows hosts again: a mark of each machine's id, which itself is nobody's business."""

from __future__ import annotations

from hashlib import sha256

from reconciler.model.observed import Observed, Unknown

# Hex digits: enough to tell the hosts of one machine's clusters apart.
LENGTH = 12


def machine_marks(observed: Observed) -> list[str]:
    """The marks of the hosts that answered, sorted."""
    return sorted(
        sha256(facts.identity.machine_id.encode()).hexdigest()[:LENGTH]
        for facts in observed.answering_hosts().values()
        if not isinstance(facts.identity, Unknown) and facts.identity.machine_id
    )
