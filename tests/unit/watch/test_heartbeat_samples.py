"""A heartbeat that stands still from one round to another, and how old a sample has to be."""

import asyncio

from reconciler.resources.volumes.heartbeat_samples import (
    BEATS_APART,
    sample_beats,
    with_beats_since,
)
from reconciler.watch.cluster_turns import Samples, Turns
from reconciler.watch.healers import Healers
from reconciler.watch.keeping import Keeping
from reconciler.watch.other_runs import OtherRuns
from reconciler.watch.result import RoundResult
from reconciler.watch.stores import Store
from reconciler.watch.wish import Wish
from tests.clock import drive
from tests.runs import NOW, Controller, desired, witnessed


def look(world):
    ((cluster, observed),) = drive(world, Controller(world).look(desired(world)))
    return cluster, observed


def advancing(observed):
    return {
        host: [item.advancing for item in facts.wanted]
        for host, facts in observed.answering_hosts().items()
    }


def test_who_writes_goes_on_and_who_does_not_stands_still():
    world = witnessed(2)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    _cluster, first = look(world)
    earlier = sample_beats(first)
    assert [set(nodes) for nodes in earlier.values()] == [{0, 1}]
    _cluster, same = look(world)
    assert advancing(with_beats_since(same, {})) == {"node01": [None], "node02": [None]}
    world.advance(BEATS_APART)
    _cluster, later = look(world)
    assert advancing(with_beats_since(later, earlier)) == {
        host: [(0, 1)] for host in later.hosts
    }
    still = sample_beats(later)
    assert advancing(with_beats_since(later, still)) == {host: [()] for host in later.hosts}


def test_a_sample_is_old_enough_or_not_used_and_no_more_are_kept_than_it_takes():
    samples = Samples()
    assert samples.before(0.0) == {}
    for at in range(0, 60, 3):
        samples.add(float(at), {"sda": {0: str(at)}})
    assert samples.before(60.0) == {"sda": {0: "48"}}
    assert samples.before(57.0) == {"sda": {0: "45"}}
    assert len(samples.found) <= 2 + BEATS_APART / 3
    assert Samples([(50.0, {"sda": {}})]).before(55.0) == {}


class SlowWorkers:
    """A round that takes long; when its answer came, by the loop's clock."""

    answered = 0.0

    async def observe(self, desired, _earlier, moment):
        await asyncio.sleep(0.05)
        self.answered = asyncio.get_running_loop().time()
        return RoundResult(desired.clusters[0].name, moment, 0.0, beats={"sda": {0: "1"}})


async def test_a_sample_is_as_young_as_the_last_answer_of_its_round(tmp_path):
    """Else who answered late in one round, and early in the next, would seem to stand still."""
    workers, keeping = SlowWorkers(), Keeping(Store(), lambda: NOW)
    turns = Turns(
        workers=workers,
        healers=Healers(tmp_path),
        keeping=keeping,
        others=OtherRuns(tmp_path),
        wall=lambda: NOW,
        new_run=lambda: "r1",
    )
    wanted = desired(witnessed(1))
    await turns.look(Wish("a.yaml", wanted), lambda: False)
    ((at, _beats),) = turns._samples["ocfs2"].found
    assert at >= workers.answered > 0
    turns.forget(["ocfs2"])
    assert turns._samples == {}
    await keeping.close()
