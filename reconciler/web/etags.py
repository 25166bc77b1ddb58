"""Answers that have not changed are not sent again: a strong ETag of what the answer is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from reconciler.web.guards import App, Scope, headers_of


@dataclass(frozen=True, slots=True)
class ETags:
    """Gives whole answers to a GET their ETag; a stream goes through as it is."""

    app: App

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self.app(scope, receive, send)
            return
        await self.app(
            scope, receive, _Tagged(send, headers_of(scope).get("if-none-match", ""))
        )


@dataclass(slots=True)
class _Tagged:
    send: Any
    known: str
    start: Any = None

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        start, self.start = self.start, None
        if start is not None:
            whole = not message.get("more_body", False)
            if whole and start["status"] == 200:
                start, message = self._tag(start, message)
            await self.send(start)
        await self.send(message)

    def _tag(self, start: Any, message: Any) -> tuple[Any, Any]:
        tag = '"' + hashlib.sha256(message.get("body", b"")).hexdigest()[:32] + '"'
        headers = [*start["headers"], (b"etag", tag.encode())]
        tags = {word.strip().removeprefix("W/") for word in self.known.split(",")}
        if tag not in tags and "*" not in tags:
            return {**start, "headers": headers}, message
        kept = [
            each
            for each in headers
            if each[0].lower() not in {b"content-length", b"content-type"}
        ]
        return {**start, "status": 304, "headers": kept}, {**message, "body": b""}
