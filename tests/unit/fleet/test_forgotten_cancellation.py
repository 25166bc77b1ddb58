"""A life that is told to end while its pool of connections opens does not go on."""

import asyncio
from contextlib import asynccontextmanager, nullcontext, suppress
from types import SimpleNamespace

import pytest

from reconciler.fleet import server_queue
from reconciler.fleet.server_queue import ServerQueue


@pytest.mark.parametrize("told", [True, False])
async def test_a_cancellation_that_the_pool_forgot_is_heeded(monkeypatch, told):
    """As ``asyncio.wait_for`` of Python 3.11 does where its future is done at the same moment."""
    opening, opened = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def dispatching(*_given):
        opening.set()
        with suppress(asyncio.CancelledError):
            await opened.wait()
        yield SimpleNamespace(app=None)

    @asynccontextmanager
    async def living(_queue):
        yield None

    async def work(*_given):
        return None

    monkeypatch.setattr(server_queue, "dispatching", dispatching)
    monkeypatch.setattr(server_queue, "register", lambda *_given: None)
    monkeypatch.setattr(ServerQueue, "_living", living)
    monkeypatch.setattr(ServerQueue, "_work", work)
    monkeypatch.setattr(server_queue, "Turns", lambda *_given: SimpleNamespace(take=None))
    queue = ServerQueue("", None, {}, 1.0)
    kit = SimpleNamespace(hear=None)
    life = asyncio.create_task(queue.live(lambda _life: nullcontext(kit)))
    await opening.wait()
    if told:
        life.cancel()
    else:
        opened.set()
    await asyncio.wait([life])
    assert life.cancelled() is told
