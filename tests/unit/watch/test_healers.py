"""The processes that heal: room for a few, and none that outlives its time."""

import pytest

from reconciler.errors import WorkFailed
from reconciler.model.desired import Desired
from reconciler.pipeline.heal import Healed
from reconciler.pipeline.parts import Past
from reconciler.watch.cluster_turns import Turns
from reconciler.watch.healers import AT_ONCE, Healers
from reconciler.watch.sources import Wish
from tests.builders import spec

FOR_EVER = "import signal; signal.pause()"


def wish():
    return Wish("cluster.yaml", Desired.model_construct(version=1, clusters=(spec(),)))


def always():
    return True


async def test_one_that_hangs_for_ever_is_given_up(tmp_path):
    healers = Healers(tmp_path, FOR_EVER, longest=0.0, longest_end=0.0)
    with pytest.raises(WorkFailed, match="given up"):
        await healers.heal(wish(), "r1", Past(), always)
    assert await healers.close() == {}


async def test_what_is_not_wanted_any_more_is_not_begun(tmp_path):
    healers = Healers(tmp_path)
    assert await healers.heal(wish(), "r1", Past(), lambda: False) == Healed(None)
    assert list(tmp_path.iterdir()) == []


async def test_nobody_waits_for_room_and_the_first_put_off_is_next():
    healers = Healers(None)
    turns = Turns(None, healers, None, None, None, None)
    others = [str(number) for number in range(AT_ONCE)]
    assert all(healers.take_room(name) for name in others)
    assert not await turns.heal(wish(), None, always)
    assert turns.next_put_off() is None
    healers.leave_room(others[0])
    assert turns.next_put_off() == wish().cluster.name
    assert turns.next_put_off() is None
