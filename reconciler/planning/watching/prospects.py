"""What becomes of a difference: whether the daemon heals it by itself and when, or somebody has to act."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.watched import ConditionKind, Reading
from reconciler.planning.watching.healable import LOOKS
from reconciler.planning.watching.healing import Healing

# What passes by itself: then it is healed.
PASSES = frozenset({"window-closed", "lease-held", "member-unread", "paused"})
HEALS = "The daemon heals it by itself."
SOMEBODY = "Somebody has to act."

Place = tuple[str, str]


def find_prospects(healing: Healing) -> Mapping[Place, str]:
    """By host and address what becomes of the differences that a plan makes good, in a sentence."""
    found = {(a.host, a.address): HEALS for a in healing.actions if a.kind not in LOOKS}
    return found | {
        (one.action.host, one.action.address): say_left(one.code, one.message)
        for one in healing.left
        if one.action.kind not in LOOKS
    }


def say_left(code: str, why: str) -> str:
    """Of what is not healed now, by the code of a rule and its words."""
    if code in PASSES:
        return f"The daemon heals it by itself once that is over: {why}."
    return f"{SOMEBODY} It is not healed by itself: {why}."


def say_next(reading: Reading, healing: Reading | None) -> str:
    """Of a condition that is trouble; ``healing`` is what is known of the healing of its subject."""
    if reading.kind == "Degraded" and healing is not None:
        if healing.status == "True":
            return f"The daemon heals by itself: {healing.message}."
        if healing.reason in _PASSING:
            return f"The daemon heals what it may once that is over: {healing.message}."
    return _NEXT.get(reading.kind, SOMEBODY)


_PASSING = frozenset("".join(w.capitalize() for w in code.split("-")) for code in PASSES)
_NEXT: Mapping[ConditionKind, str] = {
    "Converged": "The daemon looks again by itself.",
    "Paused": "Whoever paused it has to resume it; until then nothing is healed.",
    "Unreachable": f"{SOMEBODY} Until it answers, nothing of its cluster is healed.",
    "Healing": "",  # its message says what to do
}
