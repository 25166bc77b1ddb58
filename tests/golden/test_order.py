"""Of any two actions, which waits for the other, and where: as a text that is reviewed.

UPDATE_GOLDEN=1 rewrites it. It does not rest on how the edges are written down.
"""

import itertools

from reconciler.model.plan import Action
from reconciler.planning.kinds import KINDS
from reconciler.planning.order import link
from tests.golden.test_golden import matches

# Where the second is, seen from the first; hosts and volumes, or guests of volumes.
PLACES = {
    "both": ("node01", "volume/images/guest/vm1"),
    "host": ("node01", "volume/other/guest/vm2"),
    "volume": ("node02", "volume/images/guest/vm1"),
    "neither": ("node02", "volume/other/guest/vm2"),
}
WORDS = {
    ("both", "host", "volume", "neither"): "anywhere",
    ("both", "host"): "on the same host",
    ("both", "volume"): "of the same volume or guest",
    ("both",): "of the same volume on the same host",
}


def act(kind, host, address, number):
    values = {"summary": "", "because": "", "risk": "safe", "command": None, "expects": ()}
    return Action(f"{number}", kind, host, address, **values)


def where(kind, need, groups):
    """The places at which an action waits for one of the other kind; each group is asked at once."""
    found = []
    for places in groups:
        first = act(need, *PLACES["both"], "first")
        actions = link([first, *(act(kind, *PLACES[place], place) for place in places)])
        found += [a.id for a in actions if "first" in a.needs]
    return tuple(place for place in PLACES if place in found)


ONE_BY_ONE = [[place] for place in PLACES]


def lines():
    one_at_a_time = {kind for kind in KINDS if where(kind, kind, ONE_BY_ONE)}
    for kind, need in itertools.product(KINDS, KINDS):
        # Actions of a kind that wait for each other leave out what the first of them waits for.
        groups = ONE_BY_ONE if kind in one_at_a_time else [[*PLACES]]
        if kind != need and (found := where(kind, need, groups)):
            yield f"{kind} waits for {need} {WORDS[found]}\n"
        elif kind == need and kind in one_at_a_time:
            yield f"{kind} waits for {need} {WORDS[where(kind, kind, ONE_BY_ONE)]}\n"


def test_which_of_two_actions_waits_for_the_other():
    matches("order.txt", "".join(lines()))
