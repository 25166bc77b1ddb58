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


def where(kind, need):
    """The places at which an action waits for one of the other kind."""
    found = []
    for place, (host, address) in PLACES.items():
        first = act(need, "node01", "volume/images/guest/vm1", 1)
        second = act(kind, host, address, 2)
        if any(action.id == "2" and "1" in action.needs for action in link([first, second])):
            found.append(place)
    return found


def lines():
    for kind, need in itertools.product(KINDS, KINDS):
        if found := where(kind, need):
            yield f"{kind} waits for {need} {WORDS[tuple(found)]}\n"


def test_which_of_two_actions_waits_for_the_other():
    matches("order.txt", "".join(lines()))
