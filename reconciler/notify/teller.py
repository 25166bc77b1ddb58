"""Tells the receivers of a cluster what changed, beside the daemon's work and never before it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.errors import ReconcilerError
from reconciler.model.notification import Notification
from reconciler.model.watched import Told, TroubleKey
from reconciler.notify.bodies import body, text
from reconciler.notify.by_apprise import deliver_by_apprise, is_web_hook
from reconciler.notify.by_mail import deliver_by_mail
from reconciler.notify.delivery import Carrier, Message, Receiver
from reconciler.notify.documents import About, notification
from reconciler.notify.news import Standing, find_news

# Messages that are on their way at once, of all clusters.
MOST_AT_ONCE = 8


class ToldRecords(Protocol):
    """What each receiver was told of each cluster; it has to outlive the daemon."""

    async def load_told(self, cluster: str, receiver: str) -> Mapping[TroubleKey, Told]:
        """What was told, empty where nothing was."""

    async def keep_told(
        self, cluster: str, receiver: str, told: Mapping[TroubleKey, Told]
    ) -> None:
        """It was told: this replaces what was read."""


@dataclass(slots=True)
class Teller:
    """Starts a delivery for each receiver that has something to learn, one at a time for each.

    ``ended`` is called with a receiver's name and why it was not told, empty if it was. While a message is on
    its way, further news of the same cluster wait for the next round, which sees what is then.
    """

    carrier: Carrier
    records: ToldRecords
    ended: Callable[[str, str], None]
    new_id: Callable[[], str] = lambda: f"msg_{uuid.uuid4().hex}"
    _under_way: dict[tuple[str, str], asyncio.Task[None]] = field(default_factory=dict)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))

    def tell(
        self,
        about: About,
        standings: Iterable[Standing],
        receivers: Iterable[Receiver],
        *,
        is_whole: bool = True,
    ) -> None:
        """Start telling ``receivers`` how ``standings`` differ from what they know; wait for none.

        Where they are not ``is_whole``, nothing is known of the rest.
        """
        standing = tuple(standings)
        for receiver in receivers:
            place = about.cluster, receiver.name
            if place not in self._under_way:
                self._under_way[place] = asyncio.create_task(
                    self._tell_one(about, standing, receiver, is_whole=is_whole)
                )

    async def close(self) -> None:
        """Cut what is on its way: it was not told, and the next daemon finds it again."""
        tasks = tuple(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def drain(self) -> None:
        """Wait until nothing is on its way."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _tell_one(
        self,
        about: About,
        standings: Sequence[Standing],
        receiver: Receiver,
        *,
        is_whole: bool,
    ) -> None:
        try:
            told = await self.records.load_told(about.cluster, receiver.name)
            now = self.carrier.clock()
            news = find_news(standings, told, receiver.minimum, now, is_whole=is_whole)
            if news is not None:
                document = notification(about, news, message_id=self.new_id(), now=now)
                async with self._places:
                    await self._deliver(receiver, document)
                await self.records.keep_told(about.cluster, receiver.name, news.told)
                self.ended(receiver.name, "")
        except (ReconcilerError, ValueError) as error:
            self.ended(receiver.name, str(error))
        finally:
            del self._under_way[about.cluster, receiver.name]

    async def _deliver(self, receiver: Receiver, document: Notification) -> None:
        if receiver.mail is not None:
            await deliver_by_mail(receiver.name, receiver.mail, document)
        elif is_web_hook(receiver.url):
            message = Message(document.id, *body(receiver.form, document))
            await self.carrier.deliver(receiver, message)
        else:
            await deliver_by_apprise(receiver, document.title, text(document))
