"""Telling goes on beside the rounds: never twice at once, never lost, never in the way."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from reconciler.model.watched import Told, TroubleKey
from reconciler.notify import by_apprise
from reconciler.notify.delivery import Message, NotDelivered, Receiver
from reconciler.notify.documents import About
from reconciler.notify.teller import MOST_AT_ONCE, Teller
from tests.unit.notify.news_worlds import EPOCH, standing
from tests.unit.notify.web_hooks import OK, hook

ABOUT = About("alpha", "cluster.yaml")
CHAT = Receiver("chat", "https://chat.example/hook")


@dataclass
class Records:
    """In memory what the database keeps."""

    told: dict[tuple[str, str], Mapping[TroubleKey, Told]] = field(default_factory=dict)

    async def load_told(self, cluster: str, receiver: str) -> Mapping[TroubleKey, Told]:
        return self.told.get((cluster, receiver), {})

    async def keep_told(
        self, cluster: str, receiver: str, told: Mapping[TroubleKey, Told]
    ) -> None:
        self.told[cluster, receiver] = told


@dataclass
class Pigeon:
    """A carrier whose messages wait until they are let go; ``refuses`` is what it then says."""

    refuses: str = ""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    took_off: asyncio.Event = field(default_factory=asyncio.Event)
    sent: list[Message] = field(default_factory=list)
    most: int = 0
    now: int = 0

    def clock(self):
        return EPOCH

    async def deliver(self, receiver: Receiver, message: Message) -> None:
        self.now += 1
        self.took_off.set()
        self.most = max(self.most, self.now)
        try:
            await self.gate.wait()
        finally:
            self.now -= 1
        if self.refuses:
            raise NotDelivered(f"{receiver.name} {self.refuses}")
        self.sent.append(message)


def teller(pigeon: Pigeon):
    records, failures = Records(), []
    return (
        Teller(
            pigeon,
            records,
            lambda name, words: failures.append((name, words)) if words else None,
        ),  # type: ignore[arg-type]
        records,
        failures,
    )


async def test_what_was_told_is_remembered():
    pigeon = Pigeon()
    told, records, failures = teller(pigeon)
    pigeon.gate.set()
    for _ in range(3):
        told.tell(ABOUT, [standing()], [CHAT])
        await told.drain()
    assert len(pigeon.sent) == 1
    assert list(records.told) == [("alpha", "chat")]
    assert failures == []


async def test_a_message_on_its_way_is_not_sent_again():
    pigeon = Pigeon()
    told, _, _ = teller(pigeon)
    for _ in range(3):
        told.tell(ABOUT, [standing()], [CHAT])
        await pigeon.took_off.wait()
    pigeon.gate.set()
    await told.drain()
    assert len(pigeon.sent) == 1


async def test_what_was_not_handed_over_is_told_by_the_next_round():
    pigeon = Pigeon("answered 503")
    told, records, failures = teller(pigeon)
    pigeon.gate.set()
    told.tell(ABOUT, [standing()], [CHAT])
    await told.drain()
    assert failures == [("chat", "chat answered 503")]
    assert records.told == {}
    pigeon.refuses = ""
    told.tell(ABOUT, [standing()], [CHAT])
    await told.drain()
    assert len(pigeon.sent) == 1


async def test_a_daemon_that_stops_has_told_nothing_that_was_on_its_way():
    pigeon = Pigeon()
    told, records, failures = teller(pigeon)
    told.tell(ABOUT, [standing()], [CHAT])
    await pigeon.took_off.wait()
    await told.close()
    assert (pigeon.now, records.told, failures) == (0, {}, [])


async def test_many_clusters_share_a_few_places():
    pigeon = Pigeon()
    told, _, _ = teller(pigeon)
    for number in range(100):
        told.tell(About(f"c{number}", "f.yaml"), [standing()], [CHAT])
    for _ in range(5):
        await asyncio.sleep(0)
    assert pigeon.most == MOST_AT_ONCE
    pigeon.gate.set()
    await told.drain()
    assert len(pigeon.sent) == 100
    assert pigeon.most == MOST_AT_ONCE


async def test_a_receiver_of_another_kind_is_told_by_apprise(monkeypatch):
    pigeon = Pigeon()
    told, records, failures = teller(pigeon)
    heard: list[tuple[str, str, str]] = []

    def notify(url: str, title: str, text: str) -> bool:
        heard.append((url, title, text))
        return url.startswith("mailto")

    monkeypatch.setattr(by_apprise, "_notify", notify)
    told.tell(
        ABOUT,
        [standing()],
        [Receiver("ops", "mailto://ops@mail.example"), Receiver("odd", "odd://x")],
    )
    await told.drain()
    assert [title for _, title, _ in heard] == [
        "alpha: member/node01 is Unreachable (host-unreachable)"
    ] * 2
    assert list(records.told) == [("alpha", "ops")]
    assert failures == [("odd", "odd was not told: apprise refused it or its address")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of apprise's own imports
async def test_apprise_takes_a_real_address_over_a_real_connection():
    """json:// of apprise is a POST: the one service of it that needs no account."""
    pytest.importorskip("apprise", reason="apprise is an extra")
    async with hook(OK) as (served, _, _):
        await by_apprise.deliver_by_apprise(
            Receiver("ops", f"json://127.0.0.1:{served.port}/"), "title", "text"
        )
    assert b'"title": "title"' in served.bodies[0]
