"""A kind of action is declared once, and whatever rests on it follows."""

from typing import get_args

import pytest

from reconciler.model.plan import DECLARED, Action, declared_kind
from reconciler.planning.kinds import (
    DEVICE,
    GUEST,
    KINDS,
    MOUNTS,
    TAKES,
    TOUCHES,
    UNMOUNTED,
    WHOLE,
    WRITES,
    Phase,
    having,
    in_phases,
)
from reconciler.planning.order import ORDER, link
from reconciler.planning.rollout import LAST
from reconciler.resources import EFFECTS, RESOURCES


def test_every_kind_has_its_row():
    assert KINDS.keys() == DECLARED


def test_every_kind_has_one_effect_or_is_said_to_change_nothing():
    assert sorted(kind for r in RESOURCES for kind in r.effects) == sorted(KINDS)
    assert EFFECTS.keys() == KINDS.keys()


def test_every_phase_has_a_kind():
    assert all(in_phases(phase) for phase in get_args(Phase))


def test_every_edge_is_between_kinds():
    assert {kind for *both, _scope in ORDER for kind in both} <= KINDS.keys()


def test_what_is_taken_away_is_taken_whole():
    assert set(having(TAKES)) <= set(having(WHOLE))


def test_what_needs_a_volume_unmounted_is_done_once_at_the_end():
    assert set(having(UNMOUNTED)) <= LAST


def test_who_touches_a_guest_says_so():
    assert {kind for kind in KINDS if kind.endswith("-guest")} == set(having(GUEST))


@pytest.mark.parametrize("touch", [DEVICE, MOUNTS, WRITES])
def test_a_kind_touches_a_device_in_one_way(touch):
    assert not [kind for kind in having(touch) if KINDS[kind].has(TOUCHES & ~touch)]


def test_a_kind_that_nobody_declared_is_not_planned():
    with pytest.raises(ValueError, match="mount-twice is no kind of action"):
        declared_kind("mount-twice")
    strange = Action("a", "mount-twice", "h", "volume/a", "", "", "safe", None, ())
    with pytest.raises(KeyError, match="mount-twice"):
        link([strange])
