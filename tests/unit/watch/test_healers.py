"""The processes that heal: room for a few, and none that outlives its time."""

from dataclasses import replace

import pytest

from reconciler.errors import WorkFailed
from reconciler.execution.journal import read_record
from reconciler.model.desired import Desired
from reconciler.model.problems import Problem
from reconciler.model.revision import Revision
from reconciler.model.watched import Reading, Round
from reconciler.pipeline.heal import Healed
from reconciler.pipeline.parts import Past
from reconciler.watch.cluster_turns import Turns
from reconciler.watch.healers import AT_ONCE, Healers
from reconciler.watch.keeping import Keeping
from reconciler.watch.other_runs import OtherRuns
from reconciler.watch.result import NO_ROOM, RoundResult
from reconciler.watch.stores import Store
from reconciler.watch.wish import Wish
from tests.builders import spec
from tests.runs import NOW

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


async def test_the_record_of_a_healing_says_at_which_commit_it_was_wanted(tmp_path):
    commit = "8f14e45fceea167a5a36dedd4bea2543deadbeef"
    healers = Healers(tmp_path)
    await healers.heal(replace(wish(), revision=Revision(commit, "main")), "r1", Past(), always)
    await healers.close()
    first, *_ = read_record(next(tmp_path.glob("r1*"))).lines
    assert (first["event"], first["commit"], first["ref"]) == ("run-started", commit, "main")


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


DUE = Reading("cluster/ocfs2", "Healing", "True", "AtWork", "mount images on node02")


class Finding:
    """A round that finds something to heal."""

    async def observe(self, desired, _earlier, moment):
        name, found = desired.clusters[0].name, Round(0, "drifted", "", (DUE,))
        return RoundResult(name, moment, 0.0, readings=(DUE,), heals=("mount",), found=found)


@pytest.mark.parametrize(("others", "reason"), [(AT_ONCE - 1, "AtWork"), (AT_ONCE, NO_ROOM)])
async def test_what_has_no_room_is_said_to_wait_and_not_to_be_at_work(tmp_path, others, reason):
    healers, keeping = Healers(tmp_path), Keeping(Store(), lambda: NOW)
    clocks = (lambda: NOW), (lambda: "r1")
    turns = Turns(Finding(), healers, keeping, OtherRuns(tmp_path), *clocks)
    assert all(healers.take_room(str(number)) for number in range(others))
    result = await turns.look(wish(), always)
    (standing,) = keeping.store.memory.clusters["ocfs2"].conditions.values()
    assert (standing.reading.status, standing.reading.reason) == ("True", reason)
    assert result.readings == (standing.reading,)
    assert healers.holds_room("ocfs2") == (reason == "AtWork")
    turns.leave_room("ocfs2")
    assert not healers.holds_room("ocfs2")
    await keeping.close()


class Remembering(Finding):
    """What the last round knew of the past."""

    async def observe(self, desired, earlier, moment):
        self.past = earlier.past
        return await super().observe(desired, earlier, moment)


async def test_what_is_only_remembered_of_a_broken_file_is_not_to_be_healed(tmp_path):
    cluster = spec(policy={"mode": "heal", "heal": ["mounts"]})
    good = Wish("a.yaml", Desired.model_construct(version=1, clusters=(cluster,)))
    workers, keeping = Remembering(), Keeping(Store(), lambda: NOW)
    clocks = (lambda: NOW), (lambda: "r1")
    turns = Turns(workers, Healers(tmp_path), keeping, OtherRuns(tmp_path), *clocks)
    await turns.look(good, always)
    assert workers.past.file_trouble == ""
    wrong = (Problem("a.yaml", 7, 1, "unknown-key", "there is no such key"),)
    await turns.look(replace(good, wrong=wrong), always)
    assert workers.past.file_trouble.endswith("a.yaml:7: there is no such key")
    await keeping.close()
