"""Whatever is weakened in the table or in a run, some history shows it, and each law is needed."""

from dataclasses import replace
from functools import cache

import pytest

from reconciler.gate.lease_decision import EFFECTS, REFUSALS
from tests.simulation.leases.histories import play_seeds
from tests.simulation.leases.proving import LAWS, find_by_law, find_weakening
from tests.simulation.leases.weakenings import WEAKER, weakenings

# Laws that others forestall, and a weakening that each of them finds when it is alone.
ALONE = {
    "I1: nothing of another run runs": "Act without lease-lost (its token)",
    "I1: nothing of another began since the lock": "Act without lease-lost (its token)",
    "S4: not once it has sealed all": "Act without lease-lost (its token)",
    "it ends": "Acquire notes no run",
}
find = cache(find_weakening)


def test_each_row_and_each_effect_is_weakened():
    rows = [name for name in weakenings() if " without " in name]
    assert len(rows) == sum(map(len, REFUSALS.values()))
    assert WEAKER.keys() == EFFECTS.keys()


@pytest.mark.parametrize("name", weakenings())
def test_each_weakening_is_found(name):
    found = find(name)
    print(name, found)
    assert found


def test_each_law_is_alive():
    """A history that breaks it first breaks it with all other laws deleted, too."""
    first = {found[1] for name in weakenings() if (found := find(name))}
    dead = [law for law in LAWS if law not in first and not find_by_law(law, [ALONE[law]])]
    assert dead == []


def test_without_laws_nothing_is_found():
    weaker = weakenings()["Act without lease-lost (its token)"]
    assert play_seeds(range(50), replace(weaker, laws=frozenset())).wrong == {}
