"""Events reach who listens, in order; nobody waits for a slow one."""

import asyncio
import json

import pytest

from reconciler.web.events import MOST_LISTENERS, EventHub, TooManyListeners


def kind_of(text: str) -> str:
    return json.loads(text.split("data: ")[1])["kind"]


async def test_all_who_listen_hear_the_same_in_order():
    hub = EventHub()
    streams = [hub.listen() for _ in range(3)]
    for stream in streams:
        assert (await anext(stream)).startswith("retry: ")
    hub.publish("round", {"cluster": 1})
    hub.publish("condition", {"cluster": 1})
    for stream in streams:
        assert [kind_of(await anext(stream)) for _ in range(2)] == ["round", "condition"]


async def test_who_is_slow_is_told_that_something_was_lost():
    hub = EventHub()
    stream = hub.listen()
    await anext(stream)
    for number in range(101):
        hub.publish(f"e{number}", {})
    assert [kind_of(await anext(stream)) for _ in range(2)] == ["lost", "e100"]


async def test_a_quiet_stream_says_that_it_lives():
    stream = EventHub(quiet=0.0).listen()
    await anext(stream)
    assert await anext(stream) == ": still here\n\n"


async def test_no_more_listen_than_there_are_places_and_a_place_comes_free():
    hub = EventHub()
    streams = [hub.listen() for _ in range(MOST_LISTENERS)]
    with pytest.raises(TooManyListeners):
        hub.listen()
    await anext(streams[0])
    await streams[0].aclose()  # type: ignore[attr-defined]
    hub.listen()


async def test_a_hub_that_closes_ends_its_streams():
    hub = EventHub()
    stream = hub.listen()
    await anext(stream)
    waiting = asyncio.ensure_future(anext(stream, "ended"))
    await asyncio.sleep(0)
    hub.publish("round", {})
    hub.close()
    assert await waiting == "ended"


class Brief(EventHub):
    """Ends each stream as soon as it is asked for."""

    def listen(self):
        stream = super().listen()
        self.close()
        return stream


async def test_the_route_is_a_stream(site):
    async with site.client(events=Brief()) as client:
        answer = await client.get("/api/v1/events")
        refused = await client.get("/api/v1/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text == "retry: 5000\n\n"
    assert "etag" not in answer.headers
    assert refused.status_code == 503
