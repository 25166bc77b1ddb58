"""Hands a message to a web hook: bounded in time and size, tried again where that may help.

The address of a hook is a secret, since who knows it may post: no error says more of it than the
receiver's name, and no redirect is followed, which would carry message and signature elsewhere.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError
from reconciler.model.policy import Form, Mail, Severity
from reconciler.notify.signature import signed_headers
from reconciler.reports.visible import visible
from reconciler.system_errors import say_cause

if TYPE_CHECKING:
    import httpx

# Seconds for one attempt, as a whole: a server that sends a byte a second holds nobody.
ATTEMPT = 20.0
# Seconds before each further attempt. What fails longer is found again by the next round.
PAUSES = (2.0, 10.0)
# A server that is asked too much names its own pause; longer than this, the next round is soon.
LONGEST_PAUSE = 60.0
_ANSWER = 300
_MAY_PASS = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told: ``minimum`` is the slightest severity, ``secret`` signs if there is one.

    One that gets ``mail`` has no ``url``.
    """

    name: str
    url: str = field(repr=False)
    form: Form = "json"
    minimum: Severity = "cosmetic"
    secret: str | None = field(default=None, repr=False)
    mail: Mail | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One body for one receiver; ``id`` is the same for each attempt."""

    id: str
    content_type: str
    body: bytes = field(repr=False)


class NotDelivered(ReconcilerError):
    """A receiver did not take a message; the words name no address."""


class _Refused(Exception):
    """One attempt failed; ``pause`` is what the server asks for, in seconds."""

    def __init__(self, words: str, *, may_pass: bool, pause: float | None = None) -> None:
        super().__init__(words)
        self.may_pass = may_pass
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Carrier:
    """What delivery needs of the world: a client, the wall clock, and waiting."""

    client: httpx.AsyncClient
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def deliver(self, receiver: Receiver, message: Message) -> None:
        """Hand ``message`` over, in three attempts at most. Raises NotDelivered."""
        for pause in (*PAUSES, None):
            try:
                return await self._attempt(receiver, message)
            except _Refused as refused:
                if pause is None or not refused.may_pass:
                    raise NotDelivered(f"{receiver.name} {refused}") from None
                await self.sleep(max(pause, refused.pause or 0))
        return None

    async def _attempt(self, receiver: Receiver, message: Message) -> None:
        import httpx  # noqa: PLC0415  # slow to import, and only who is told needs it

        headers = {"content-type": message.content_type, "user-agent": "reconcile"}
        if receiver.secret is not None:
            headers |= signed_headers(receiver.secret, message.id, message.body, self.clock())
        try:
            async with (
                asyncio.timeout(ATTEMPT),
                self.client.stream(
                    "POST", receiver.url, content=message.body, headers=headers
                ) as answer,
            ):
                said = "" if answer.is_success else await _beginning(answer)
        except TimeoutError:
            raise _Refused(f"gave no answer in {ATTEMPT:.0f} s", may_pass=True) from None
        except httpx.TransportError as error:
            raise _Refused(f"is not reached: {say_cause(error)}", may_pass=True) from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise _Refused("has an address that is no URL", may_pass=False) from None
        if not answer.is_success:
            raise _refusal(answer, said)


def new_client() -> httpx.AsyncClient:
    """A client that checks certificates, follows no redirect and keeps few connections."""
    import httpx  # noqa: PLC0415  # slow to import, and only who is told needs it

    limits = httpx.Limits(max_connections=8, max_keepalive_connections=4)
    return httpx.AsyncClient(timeout=ATTEMPT, limits=limits, follow_redirects=False)


async def _beginning(answer: httpx.Response) -> str:
    """What a server says of its refusal, and no more than that."""
    said = b""
    async for piece in answer.aiter_bytes(_ANSWER):
        said += piece
        if len(said) >= _ANSWER:
            break
    return " ".join(visible(said[:_ANSWER].decode(errors="replace")).split())


def _refusal(answer: httpx.Response, said: str) -> _Refused:
    words = f"answered {answer.status_code} {answer.reason_phrase}".rstrip()
    if answer.is_redirect:
        words += "; redirects are not followed: write the address that it leads to"
    pause = answer.headers.get("retry-after", "")
    return _Refused(
        f"{words}: {said}" if said else words,
        may_pass=answer.status_code in _MAY_PASS,
        pause=min(float(pause), LONGEST_PAUSE) if re.fullmatch("[0-9]{1,6}", pause) else None,
    )
