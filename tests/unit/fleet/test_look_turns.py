"""What is healed by a worker ends once it is not wanted so any more, and that is told once."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace

import pytest

from reconciler.errors import StoreFailed
from reconciler.fleet import look_turns
from reconciler.fleet.look_turns import Looks
from reconciler.fleet.transactions import Transactions
from reconciler.storage.fleet_database import open_fleet
from reconciler.storage.fleet_schedule import pause
from reconciler.storage.server_address import server_address
from tests.contract.queue.kinds import GUARD, until
from tests.fleets import want

A, B = (SimpleNamespace(cluster=SimpleNamespace(name=name)) for name in "ab")


class Healing:
    """Turns whose healing lasts until it is let go; it has begun after so many halts."""

    def __init__(self, too_early):
        self.too_early, self.halted, self.end = too_early, [], asyncio.Event()

    async def heal(self, _wish, _result, _is_wanted):
        await self.end.wait()
        return True

    def halt(self, names, because):
        self.halted.append((*names, because))
        return len(self.halted) > self.too_early


class Roomy:
    """Turns that find something to heal, and have room for it until they are told."""

    def __init__(self, error=None):
        self.error, self.rooms = error, set()

    async def reload(self, _cluster):
        pass

    async def look(self, wish, _is_wanted):
        self.rooms.add(wish.cluster.name)
        if self.error:
            raise self.error
        return SimpleNamespace(heals=("mount",), is_failed=False)

    def leave_room(self, name):
        self.rooms.remove(name)

    def next_put_off(self):
        return None


class Changing(Looks):
    """What is wanted of a cluster is another thing once it was looked at."""

    async def _wish(self, _cluster):
        return "text", A

    async def _standing(self, _cluster):
        return "another text", ""


@pytest.mark.parametrize("error", [None, StoreFailed("db", "is away")])
async def test_who_is_not_healed_after_all_leaves_its_room_to_others(error):
    """The next turn of the cluster may be another worker's: nobody else would leave it."""
    turns = Roomy(error)
    looks = Changing(None, None, turns, None, lambda: "r1", None)
    with suppress(StoreFailed):
        assert await looks.take("a")
    assert turns.rooms == set()


class Counted(Transactions):
    """``reads`` counts what was asked."""

    reads = 0

    async def read(self, call):
        self.reads += 1
        return await super().read(call)


@pytest.mark.parametrize("too_early", [0, 2])
async def test_a_pause_halts_what_is_healed_once_and_says_who_paused_it(
    fleets, monkeypatch, too_early
):
    monkeypatch.setattr(look_turns, "APART", 0.001)
    database = open_fleet(server_address(fleets.new()))
    want(database, ["a", "b"])
    state, healing = Counted(database), Healing(too_early)
    looks = Looks(None, state, healing, None, None, None)
    async with asyncio.timeout(GUARD):
        following = asyncio.create_task(looks.follow())
        doing = [asyncio.create_task(looks._heal(one, "text", None)) for one in (A, B)]

        async def is_followed(since=0):
            return state.reads > since + 5

        await until(is_followed)
        assert healing.halted == []
        await state.write(lambda c: pause(c, ["a"], "alice: new switch"))

        async def is_halted():
            return len(healing.halted) > too_early

        await until(is_halted)
        since = state.reads
        await until(lambda: is_followed(since))  # b is, and a is left alone
        healing.end.set()
        assert await asyncio.gather(*doing) == [True, True]
        following.cancel()
        await asyncio.wait([following])
    assert healing.halted == [("a", "paused by alice: new switch")] * (too_early + 1)
    await state.close()
