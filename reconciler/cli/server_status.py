"""The status of clusters as a daemon has it, by its API: no host is asked."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import ssl
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.errors import ServerFailed, UsageError
from reconciler.execution.secrets import read_reference
from reconciler.model.documents import FORMAT_VERSION, Json
from reconciler.model.secrets import REFERENCE
from reconciler.reports.visible import visible
from reconciler.system_errors import say_cause

if TYPE_CHECKING:
    import httpx

# Seconds for one answer, as a whole, and the most bytes that it may have.
PATIENCE, LARGEST = 20.0, 64 * 2**20
AT_A_TIME, ON_A_PAGE = 8, 200
# What the status of a cluster has, whatever its version; what is read of it is more.
_KEYS = frozenset({"name", "hosts", "read", "state", "members", "volumes", "leases"})
_SAID = 200


@dataclass(frozen=True, slots=True)
class DaemonAddress:
    """Where the API of a daemon is; ``token`` is what it wants to be shown."""

    url: str
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """The document of `status`, and the clusters that the daemon has not looked at yet."""

    document: Json
    unseen: tuple[str, ...]


def daemon_address(url: str | None, reference: str | None) -> DaemonAddress:
    """Of the words of a command line. Raises UsageError, SecretUnread for the token."""
    if url is None:
        raise UsageError("--token is for --server URL")
    parts = urlsplit(url)
    try:
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        raise UsageError(f"--server {url}: write a URL, as in https://watch.example:8443")
    if parts.username is not None or parts.password is not None:
        raise UsageError("--server: a URL with a password has no place in a command: --token")
    if reference is None:
        return DaemonAddress(url.rstrip("/"))
    if not REFERENCE.fullmatch(reference):
        raise UsageError("--token is env:NAME or file:PATH: a token has no place in a command")
    if parts.scheme == "http" and not _is_here(host):
        raise UsageError(
            f"--server {url}: the token would cross the network for everybody to read: name https"
        )
    return DaemonAddress(url.rstrip("/"), read_reference(reference))


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@asynccontextmanager
async def daemon_client(address: DaemonAddress) -> AsyncGenerator[httpx.AsyncClient, None]:
    """A client that checks certificates by what this machine trusts, and goes nowhere else."""
    import httpx  # noqa: PLC0415  # slow to import, and only who asks a daemon needs it

    headers = {"user-agent": "reconcile", "accept": "application/json"}
    if address.token is not None:
        headers["authorization"] = f"Bearer {address.token}"
    async with httpx.AsyncClient(
        headers=headers,
        timeout=PATIENCE,
        verify=ssl.create_default_context(),
        follow_redirects=False,
        trust_env=False,  # no proxy of the environment is shown the token
        limits=httpx.Limits(max_connections=AT_A_TIME),
    ) as client:
        yield client


@dataclass(frozen=True, slots=True)
class DaemonLooks:
    """Asks a daemon again and again; ``names`` are the clusters that are meant, None for all."""

    address: DaemonAddress
    names: Collection[str] | None
    interval: float

    async def one(self) -> DaemonStatus:
        """What it knows now. Raises ServerFailed."""
        async with daemon_client(self.address) as client:
            return await self._ask(client)

    async def each(self) -> AsyncGenerator[Json, None]:
        """A document a look. While the daemon does not answer, the last one stands: it says of when it is.

        Raises ServerFailed if it does not answer at first.
        """
        async with daemon_client(self.address) as client:
            found = await self._ask(client)
            while True:
                yield found.document
                await asyncio.sleep(self.interval)
                try:
                    found = await self._ask(client)
                except ServerFailed:
                    continue

    async def _ask(self, client: httpx.AsyncClient) -> DaemonStatus:
        api = _Api(client, f"{self.address.url}/api/v1")
        clusters = await api.list_clusters()
        if missing := sorted(set(self.names or ()) - {one["name"] for one in clusters}):
            raise ServerFailed(self.address.url, f"it does not watch {', '.join(missing)}")
        meant = [one for one in clusters if self.names is None or one["name"] in self.names]
        if not meant:
            raise ServerFailed(self.address.url, "it watches no cluster")
        limit = asyncio.Semaphore(AT_A_TIME)
        found = await asyncio.gather(*(api.load_status(one["id"], limit) for one in meant))
        told = [one for one in found if one is not None]
        unseen = [
            one["name"] for one, status in zip(meant, found, strict=True) if status is None
        ]
        return DaemonStatus(_document(told), tuple(unseen))


def _document(clusters: Sequence[Json]) -> Json:
    """As `status` makes it of hosts; the whole is as old as the oldest part."""
    clusters = sorted(clusters, key=lambda one: str(one["name"]))
    moments = [str(one["observed_at"]) for one in clusters]
    return {
        "format_version": FORMAT_VERSION,
        "observed_at": min(moments, default=None),
        "clusters": clusters,
    }


@dataclass(frozen=True, slots=True)
class _Api:
    client: httpx.AsyncClient
    url: str

    async def list_clusters(self) -> list[Mapping[str, Any]]:
        found: dict[int, Mapping[str, Any]] = {}
        after: str | None = ""
        while after is not None:
            query = {"limit": str(ON_A_PAGE)} | ({"after": after} if after else {})
            page = await self._get("/clusters", query)
            new = [one for one in _items(page) if one["id"] not in found]
            found |= {one["id"]: one for one in new}
            after = page["next"] if new and isinstance(page.get("next"), str) else None
        return list(found.values())

    async def load_status(self, cluster: int, limit: asyncio.Semaphore) -> Json | None:
        """None of a cluster that was not looked at yet, or is watched no longer."""
        async with limit:
            found = await self._get(f"/clusters/{cluster}/status", {}, may_lack=True)
        if found is None:
            return None
        if not found.keys() >= _KEYS or not isinstance(found.get("observed_at"), str):
            raise ServerFailed(self.url, "what it answers is no status of a cluster")
        return dict(found)

    async def _get(self, path: str, query: Mapping[str, str], *, may_lack: bool = False) -> Any:
        """An object, None for what is not there if it ``may_lack``. Raises ServerFailed."""
        import httpx  # noqa: PLC0415  # as above

        try:
            async with (
                asyncio.timeout(PATIENCE),
                self.client.stream("GET", self.url + path, params=query) as answer,
            ):
                body = await self._read(answer)
        except TimeoutError:
            raise ServerFailed(self.url, f"no answer in {PATIENCE:.0f} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            raise ServerFailed(self.url, f"is not reached: {say_cause(error)}") from None
        if answer.status_code == 404 and may_lack:
            return None
        if not answer.is_success:
            raise ServerFailed(self.url, _refusal(answer, body))
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise ServerFailed(self.url, "it answers, and not as reconcile watch does")
        return found

    async def _read(self, answer: httpx.Response) -> bytes:
        body = bytearray()
        async for piece in answer.aiter_bytes():
            body += piece
            if len(body) > LARGEST:
                raise ServerFailed(self.url, f"its answer has more than {LARGEST} bytes")
        return bytes(body)


def _items(page: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    items = page.get("items")
    return [
        one
        for one in (items if isinstance(items, list) else [])
        if isinstance(one, dict)
        and isinstance(one.get("id"), int)
        and isinstance(one.get("name"), str)
    ]


def _refusal(answer: httpx.Response, body: bytes) -> str:
    """What a server says of why not, as far as it goes."""
    if answer.is_redirect:
        there = visible(answer.headers.get("location", "?")[:_SAID])
        return f"it leads to {there}, and is not followed: name that if it is meant"
    try:
        said = str(json.loads(body)["detail"])
    except (ValueError, RecursionError, KeyError, TypeError):
        said = answer.reason_phrase
    hint = "; --token env:NAME or file:PATH" if answer.status_code == 401 else ""
    return f"it answers {answer.status_code}: {' '.join(visible(said[:_SAID]).split())}{hint}"
