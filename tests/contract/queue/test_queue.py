"""One suite for both queues: who is asked for gets a turn, one at a time, and it is known what came of it."""

import asyncio
from collections import Counter

import pytest

from tests.contract.queue.kinds import KINDS, NAMES, running, until


@pytest.fixture(params=sorted(KINDS))
async def queue(request):
    fleets = request.getfixturevalue("fleets") if request.param == "server" else None
    async with KINDS[request.param](fleets) as made:
        yield made


class Turns:
    """Counts turns, and holds each up until it is let go; two at a time of a cluster are wrong."""

    def __init__(self, *, held=False, learns=True):
        self.begun, self.going, self.learns = Counter(), set(), learns
        self.came, self.cancelled = asyncio.Event(), []
        self.go = asyncio.Event()
        if not held:
            self.go.set()

    async def take(self, name):
        assert name not in self.going
        self.going.add(name)
        self.begun[name] += 1
        self.came.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        finally:
            self.going.discard(name)
        return self.learns

    async def until_begun(self, **counts):
        while any(self.begun[name] < count for name, count in counts.items()):
            self.came.clear()
            await self.came.wait()


async def wait_for_end(queue, name, count=1):
    """The last turns of a cluster, once so many have ended."""

    async def find():
        past = await queue.history(name, count)
        return past if len(past) == count and all(one.ended for one in past) else None

    return await until(find)


async def test_each_cluster_that_is_due_has_one_turn(queue):
    turns = Turns()
    async with running(queue, turns.take):
        for name in NAMES:
            (past,) = await wait_for_end(queue, name)
            assert (past.cluster, past.result) == (name, "done")
            assert past.began <= past.ended
    assert turns.begun == dict.fromkeys(NAMES, 1)


async def test_who_is_asked_for_has_one_more_turn_and_who_is_unknown_none(queue):
    turns = Turns()
    async with running(queue, turns.take):
        await wait_for_end(queue, "alpha")
        assert await queue.submit(["alpha", "nobody"]) == ["alpha"]
        await wait_for_end(queue, "alpha", 2)
    assert turns.begun["alpha"] == 2
    assert await queue.history("nobody", 9) == []


async def test_who_is_asked_for_again_and_again_while_it_has_its_turn_has_one_more(queue):
    turns = Turns(held=True)
    async with running(queue, turns.take):
        await turns.until_begun(alpha=1)
        (going,) = await queue.history("alpha", 9)
        assert (going.ended, going.result) == (None, "")
        for _ in range(3):
            await queue.submit(["alpha"])
        turns.go.set()
        await wait_for_end(queue, "alpha", 2)
        await wait_for_end(queue, "beta")
    assert turns.begun["alpha"] == 2


async def test_a_turn_that_learnt_nothing_has_failed(queue):
    async with running(queue, Turns(learns=False).take):
        (past,) = await wait_for_end(queue, "alpha")
    assert past.result == "failed"


async def test_what_is_given_up_ends_cancelled_and_others_go_on(queue):
    turns = Turns(held=True)
    async with running(queue, turns.take):
        await turns.until_begun(alpha=1, beta=1)
        assert await queue.cancel(["alpha", "nobody"]) == ["alpha"]
        (past,) = await wait_for_end(queue, "alpha")
        assert past.result == "cancelled"
        assert turns.cancelled == ["alpha"]
        assert turns.going == {"beta"}
        turns.go.set()
        (other,) = await wait_for_end(queue, "beta")
        assert other.result == "done"


async def test_what_is_given_up_before_its_turn_waits_an_interval_and_may_be_asked_for(queue):
    assert sorted(await queue.cancel(NAMES)) == sorted(NAMES)
    assert await queue.cancel(NAMES) == []
    turns = Turns()
    async with running(queue, turns.take):
        await queue.submit(["beta"])
        await wait_for_end(queue, "beta")
    assert turns.begun == {"beta": 1}


async def test_who_ends_the_queue_ends_its_turns(queue):
    turns = Turns(held=True)
    async with running(queue, turns.take):
        await turns.until_begun(alpha=1, beta=1)
    assert sorted(turns.cancelled) == sorted(NAMES)
    for name in NAMES:
        (past,) = await queue.history(name, 9)
        assert past.result == "cancelled"


async def test_the_last_turn_is_told_first_and_no_more_than_is_asked_for(queue):
    turns = Turns()
    async with running(queue, turns.take):
        await wait_for_end(queue, "alpha")
        turns.learns = False
        await queue.submit(["alpha"])
        past = await wait_for_end(queue, "alpha", 2)
    assert [one.result for one in past] == ["failed", "done"]
    assert await queue.history("alpha", 1) == past[:1]
