"""A history in words, and the shortest one that breaks the same law."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tests.simulation.leases.histories import History, play
from tests.simulation.leases.jobs import job_of
from tests.simulation.leases.scenario import Part, Scenario
from tests.simulation.leases.world import PRODUCT, Protocol

# ---- words ---------------------------------------------------------------------------------------

VERBS: Mapping[str, tuple[str, str]] = {
    "Acquire": ("grants run {1} the lease", "does not grant run {1} the lease"),
    "Renew": ("confirms that run {1} has the lease", "does not confirm run {1}"),
    "Seal": ("seals the lease of run {1}", "does not seal for run {1}"),
    "Free": ("frees the lease of run {1}", "does not free for run {1}"),
    "Unlock": ("unlocks run {1}", "does not unlock run {1}"),
    "Act": ("begins a command of run {1}", "does not begin a command of run {1}"),
}
TROUBLES: Mapping[str, str] = {
    "late": "the network keeps a message of run {0} to {3} ({2}) for {1:g} s",
    "lost": "the network loses a message of run {0} to {3} ({2})",
    "unheard": "the network loses what {3} answers run {0} ({2})",
    "doubled": "the network brings a message of run {0} to {3} ({2}) again after {1:g} s",
    "overtaken": "{3} reboots while a message of run {0} ({2}) is on its way",
    "fails": "the command of run {0} on {3} is going to fail",
    "stunned": "the process of run {0} stops for {1:g} s",
    "killed": "the process of run {0} is killed",
    "stopped": "somebody presses Ctrl-C in run {0}",
    "frozen": "{0} freezes for {1:g} s",
    "frozen with its clock": "{0} freezes for {1:g} s, and its clock with it",
    "reboots": "{0} reboots",
    "pause": "an operator pauses {0} for {1:g} s",
    "garbled": "the lease of {0} cannot be read any more",
    "unlock": "an operator looks who has the hosts of controller {0}, to unlock them",
    "types free": "an operator is about to give back the lease of {0} by hand",
    "types a command": "an operator types a command on {0}, in the name of its run",
    "types old seal": "an operator is about to seal {0} with an old token",
    "types old free": "an operator is about to free {0} with an old token",
    "types old renewal": "an operator is about to renew {0} with an old token",
}
PLAIN: Mapping[str, str] = {
    "begins": "run {0} begins",
    "locked": "run {0} has all its hosts: it is locked",
    "gives up": "run {0} gives up what it was granted",
    "lost": "run {0} starts nothing more",
    "ends": "run {0} has nothing more to start, and seals",
    "is over": "run {0} has ended",
    "is killed": "run {0} sends and hears nothing any more",
    "resumed": "{0} is not paused any more",
    "calm": "from here on nothing befalls anybody",
    "ended": "the command of run {1} on {0} has ended",
    "BROKEN": "THIS MUST NOT BE ({1}): {0}",
}


def tell(history: History) -> str:
    """All that happened, a line each."""
    return "\n".join(f"{when:8.2f}  {_words(*what)}" for when, *what in history.trace)


def _words(what: str, *about: object) -> str:
    if what in VERBS:
        place, run, code, *_ = about
        yes, no = VERBS[what]
        return (
            f"{place} " + (no if code else yes).format(place, run) + (f": {code}" * bool(code))
        )
    if what == "trouble":
        kind, *rest = about
        return TROUBLES[str(kind)].format(*rest)
    if what == "typed":
        verb, place, run, code = about
        return f"an operator types it: {_words(str(verb), place, run, code)}"
    return PLAIN[what].format(*about)


# ---- the shortest that breaks the same law ---------------------------------------------------------


def shrink(scenario: Scenario, protocol: Protocol = PRODUCT) -> History:
    """A history that breaks the law that this one breaks, with nothing in it that is not needed.

    ValueError for one that breaks none.
    """
    history = play(scenario, protocol)
    if not history.wrong:
        raise ValueError("nothing is wrong in this history")
    law = history.wrong[0][0]

    def breaks(other: Scenario) -> History | None:
        found = play(other, protocol)
        return found if found.wrong and found.wrong[0][0] == law else None

    while smaller := next(filter(None, map(breaks, _smaller(history.scenario))), None):
        history = smaller
    return history


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    """With a trouble, a controller or a step less, or simpler; each is a step towards an end."""
    for place in range(len(scenario.troubles)):
        rest = scenario.troubles[:place] + scenario.troubles[place + 1 :]
        yield replace(scenario, troubles=rest)
    for part in scenario.parts if len(scenario.parts) > 1 else ():
        yield _without(scenario, part)
    for number, part in enumerate(scenario.parts):
        for simpler in _simpler(part):
            parts = (*scenario.parts[:number], simpler, *scenario.parts[number + 1 :])
            yield replace(scenario, parts=parts)


def _without(scenario: Scenario, part: Part) -> Scenario:
    """What befalls it goes with it, and what befalls places that nobody has any more."""
    parts = tuple(other for other in scenario.parts if other is not part)
    known = {other.controller for other in parts}
    known |= {place for other in parts for place in job_of(other).places}
    return replace(
        scenario, parts=parts, troubles=tuple(t for t in scenario.troubles if t.who in known)
    )


def _simpler(part: Part) -> Iterator[Part]:
    left = len(job_of(part).steps)
    for fewer in {left // 2, left - 1} - {0, left}:
        yield replace(part, done=part.done + left - fewer)
    if part.patience > 2.0:
        yield replace(part, patience=2.0)
