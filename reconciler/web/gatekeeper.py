"""The one place that every request passes: method, name, token; and the headers of every answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reconciler.web.guards import (
    HEADERS,
    Access,
    App,
    Attempts,
    Scope,
    headers_of,
    host_of,
    session_of,
)

# The form that takes a token is the one route that is no GET; it changes nothing but a cookie.
LOGIN = "/login"
# What a browser needs to show that form.
_FREE = (LOGIN, "/static/")
_BEARER = "bearer "
_READS = frozenset({"GET", "HEAD"})
# What programs ask for: a page to log in at is no answer to them.
_OF_PROGRAMS = ("/api/", "/metrics")


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """Lets requests through to ``app`` as ``access`` has it."""

    app: App
    access: Access
    attempts: Attempts
    clock: Callable[[], float]

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        answer = _Guarded(send)
        refusal = self._refusal(scope)
        if refusal is None and scope["method"] == "HEAD":
            head = _Head(receive, answer)
            await self.app({**scope, "method": "GET"}, head.receive, head.send)
        elif refusal is None:
            await self.app(scope, receive, answer)
        else:
            await _refuse(scope, answer, *refusal)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers, path, method = headers_of(scope), scope["path"], scope["method"]
        if host_of(headers).lower() not in self.access.hosts:
            return 421, "this name is not served here: start watch with --server-name NAME"
        if method not in _READS and (method, path) != ("POST", LOGIN):
            return 405, "everything here only reads: GET"
        peer = scope["client"][0] if scope.get("client") else ""
        if path.startswith(_FREE) or self._knows(headers, peer):
            return None
        if not self.attempts.may_try(peer):
            return 429, "too many wrong tokens: try again in a minute"
        return 401, "a token is needed: log in, or send Authorization: Bearer TOKEN"

    def _knows(self, headers: dict[str, str], peer: str) -> bool:
        if self.access.token is None and self.access.user_header is None:
            return True
        if self.access.proxied_user(peer, headers) is not None:
            return True
        if self.access.is_session(session_of(headers), self.clock()):
            return self.access.token is not None
        given = headers.get("authorization", "")
        if not given.lower().startswith(_BEARER) or not self.attempts.may_try(peer):
            return False
        if self.access.knows(given[len(_BEARER) :].strip().encode("latin-1")):
            return True
        self.attempts.note_wrong(peer)
        return False


@dataclass(slots=True)
class _Guarded:
    """Adds the headers of every answer; a route may have set its own."""

    send: Any

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", []))
            known = {name.lower() for name, _ in given}
            given += [
                (name.encode(), value.encode())
                for name, value in HEADERS.items()
                if name.encode() not in known
            ]
            message = {**message, "headers": given}
        await self.send(message)


@dataclass(slots=True, eq=False)
class _Head:
    """A GET of which the headers are answered alone: what has more to say hears that nobody listens."""

    hear: Any
    tell: Any
    _heard: bool = False
    _begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> Any:
        if not self._heard:
            self._heard = True
            return await self.hear()
        await self._begun.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            await self.tell(message)
            await self.tell({"type": "http.response.body", "body": b""})
            self._begun.set()


async def _refuse(scope: Scope, send: Any, status: int, words: str) -> None:
    reads = scope["method"] in _READS
    wants_page = reads and not scope["path"].startswith(_OF_PROGRAMS)
    headers = [(b"content-type", b"application/problem+json")]
    if status == 401 and wants_page:
        status, headers = 303, [*headers, (b"location", LOGIN.encode())]
    elif status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    elif status == 429:
        headers.append((b"retry-after", b"60"))
    elif status == 405:
        headers.append((b"allow", b"GET, HEAD"))
    body = json.dumps({"title": words.partition(":")[0], "status": status, "detail": words})
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})
