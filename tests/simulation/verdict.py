"""What must hold once all troubles cease: three runs converge, or refuse by name (I27, I28)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.model.desired import Desired
from reconciler.model.refusals import REFUSALS
from tests.invariant_monitor import Witness
from tests.properties.recovery import GOOD, LOOPS, PASSING, RECOVERY, twice
from tests.runs import Controller, Ended

# What an action meets that cannot be told beforehand, and by what code the next plan knows it: who
# beats under a member's number is only seen when that member has stopped.
SIGNS = {"foreign-heartbeat": "has not ended cleanly"}
# What only a gate meets, and refuses by name each time: a lock that somebody never lets go, a
# repository that never answers, and another disk than that whose name the kernel still has.
MET = frozenset({"package-lock-busy", "repository-failed", "wrong-device"})
CODE = re.compile(r"\b[a-z]+(?:-[a-z0-9]+)*\b")


@dataclass(frozen=True, slots=True)
class Peace:
    """How the runs without troubles ended, and what is wrong with it."""

    runs: tuple[Ended, ...]
    wrongs: tuple[str, ...]

    @property
    def codes(self) -> set[str]:
        """Why the last one was refused, by plan or gate; empty for one that converged."""
        last = self.runs[-1]
        return last.codes if last.word == "refused" else _met(last)


async def make_peace(world: Witness, controller: Controller, wanted: Desired) -> Peace:
    """Up to three runs without troubles, and a plan after the last one that converged."""
    runs: list[Ended] = []
    while len(runs) < LOOPS:
        runs.append(await controller.apply(wanted))
        if runs[-1].word == "refused" and runs[-1].codes == PASSING:
            world.advance(RECOVERY)
        elif runs[-1].word in GOOD or runs[-1].word == "refused":
            break
    wrongs = [f"16 {wrong}" for run in runs for wrong in twice(run)]
    wrongs += [f"28 {code} was not foreseen" for run in runs for code in _unforeseen(run)]
    wrongs += [f"28 in peace {text}"[:300] for run in runs for text in _strange(run, runs[-1])]
    if runs[-1].word == "refused":
        wrongs += _unnamed(runs[-1])
    elif _met(runs[-1]):
        pass  # refused by name, too
    elif runs[-1].word not in GOOD:
        told = [(run.word, sorted(run.codes), run.failures) for run in runs]
        wrongs.append(f"28 no end after {len(runs)} runs: {told}")
    else:
        plan = await controller.plan(wanted)
        left = [action.id for action in plan.actions] + [b.code for b in plan.blocked]
        left += [change.address for part in plan.clusters for change in part.changes]
        wrongs += [f"27 a second plan has {left}"] if left else []
    return Peace(tuple(runs), tuple(wrongs))


def _strange(ended: Ended, last: Ended) -> list[str]:
    """What failed and is no sign of what the last run is refused for by name."""
    if _met(last) and _met(ended):
        return []
    return [
        text
        for text in ended.failures.values()
        if not any(sign in text for code, sign in SIGNS.items() if code in last.codes)
    ]


def _met(ended: Ended) -> set[str]:
    """The codes of what only a gate meets, if nothing but that failed."""
    texts = ended.failures.values()
    return told_codes(ended) & MET if all(_names(text) & MET for text in texts) else set()


def _names(text: str) -> set[str]:
    return set(CODE.findall(text))


def _unforeseen(ended: Ended) -> list[str]:
    """What a run met at its end that nothing forbade at its beginning, though all went well."""
    if ended.word != "partial" or ended.failures:
        return []
    return sorted(ended.codes - PASSING)


def _unnamed(ended: Ended) -> list[str]:
    found = [b for outcome in ended.outcomes for b in outcome.blocked]
    if not found:
        return ["28 refused without a reason"]
    return [f"28 {b.code} has no remedy" for b in found if not b.remedy]


def told_codes(ended: Ended) -> set[str]:
    """Every code that a run said: of plans, of gates, of hosts."""
    words = {word for text in ended.failures.values() for word in _names(text)}
    return ended.codes | (words & REFUSALS.keys())
