"""Who may look, and what a browser may do with what it is shown. Pure ASGI: streams pass through."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
App: TypeAlias = Callable[[Scope, Any, Any], Any]

COOKIE = "reconcile_session"
# Seconds that a browser stays logged in.
SESSION = 12 * 3600
# Nothing inline, nothing from elsewhere, no frame around it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "private, no-cache",
}
# So many wrong tokens a minute are heard from one address, and from all of them together.
WRONG_OF_ONE, WRONG_OF_ALL, MINUTE = 5, 60, 60.0
# Addresses that are remembered for it: an attacker has more than memory has places.
_ADDRESSES = 1024


@dataclass(frozen=True, slots=True)
class Access:
    """Who may look.

    Without ``token`` everybody on this machine; ``user_header`` names who a proxy at one of the
    addresses ``proxies`` has let in. ``hosts`` are the names by which browsers may ask for us: a
    page elsewhere whose name leads here (DNS rebinding) has another.
    """

    token: bytes | None = field(default=None, repr=False)
    user_header: str | None = None
    proxies: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    hosts: frozenset[str] = frozenset({"localhost", "127.0.0.1", "::1"})

    def knows(self, token: bytes) -> bool:
        """Whether it is the token, in a time that does not tell how much of it is right."""
        return self.token is not None and hmac.compare_digest(
            hashlib.sha256(token).digest(), hashlib.sha256(self.token).digest()
        )

    def session(self, now: float) -> str:
        """What a browser shows instead of the token, until it ends."""
        end = f"{int(now) + SESSION}"
        return f"{end}.{self._sign(end)}"

    def is_session(self, word: str, now: float) -> bool:
        """Whether ``session`` made this word, and it has not ended."""
        end, _, signature = word.partition(".")
        if not (end.isascii() and end.isdecimal() and len(end) <= 12):
            return False
        whole = hmac.compare_digest(signature.encode(), self._sign(end).encode())
        return whole and now < int(end)

    def _sign(self, end: str) -> str:
        key = hashlib.sha256(b"session of reconcile\0" + (self.token or b"")).digest()
        return hmac.new(key, end.encode(), hashlib.sha256).hexdigest()

    def proxied_user(self, peer: str, headers: Mapping[str, str]) -> str | None:
        """Who a trusted proxy has let in; None for anybody else."""
        if self.user_header is None or not self.proxies:
            return None
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return None
        trusted = any(address in network for network in self.proxies)
        return headers.get(self.user_header.lower()) or None if trusted else None


@dataclass(slots=True)
class Attempts:
    """Wrong tokens of the last minute; the oldest addresses are forgotten first."""

    clock: Callable[[], float]
    _wrong: OrderedDict[str, list[float]] = field(default_factory=OrderedDict)
    _all: list[float] = field(default_factory=list)

    def may_try(self, address: str) -> bool:
        """Whether another token of this address is looked at."""
        since = self.clock() - MINUTE
        self._all = [at for at in self._all if at > since]
        own = [at for at in self._wrong.get(address, ()) if at > since]
        return len(own) < WRONG_OF_ONE and len(self._all) < WRONG_OF_ALL

    def note_wrong(self, address: str) -> None:
        """It was wrong."""
        now = self.clock()
        own = self._wrong.pop(address, [])
        self._wrong[address] = [*own[-WRONG_OF_ONE:], now]
        self._all.append(now)
        while len(self._wrong) > _ADDRESSES:
            self._wrong.popitem(last=False)


def headers_of(scope: Scope) -> dict[str, str]:
    """The request's headers, the last of each name."""
    return {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in scope["headers"]
    }


def session_of(headers: Mapping[str, str]) -> str:
    """The session that a browser shows, empty if none."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def host_of(headers: Mapping[str, str]) -> str:
    """The name by which a browser asks, without its port."""
    given = headers.get("host", "")
    if given.startswith("["):
        return given[1:].partition("]")[0]
    return given.partition(":")[0]
