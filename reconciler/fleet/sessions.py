"""Sessions of the database that are ours from their begin to their end.

Locks of a session, its settings and LISTEN are of the server's process that it has. A pooler that
gives each transaction another one breaks all three without a word, so it is refused.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import psycopg
from procrastinate.exceptions import ConnectorException
from psycopg.conninfo import conninfo_to_dict

from reconciler.errors import StoreFailed
from reconciler.storage.server_errors import name_driver_error

Session: TypeAlias = "psycopg.AsyncConnection[tuple[Any, ...]]"

POOLED = (
    "is behind a pooler that gives each transaction another session, which breaks the locks of a fleet; name the "
    "server itself, or a pooler whose pool_mode is session"
)


def conninfo(url: str) -> str:
    """A database's address as libpq reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def place_of(info: str) -> str:
    """A database as it may be told: without its password."""
    found = conninfo_to_dict(info)
    user = f"{found['user']}@" if found.get("user") else ""
    port = f":{found['port']}" if found.get("port") else ""
    return f"postgresql://{user}{found.get('host', '')}{port}/{found.get('dbname', '')}"


def store_failed(info: str, error: BaseException) -> StoreFailed:
    """What befell a connection, in the words of all commands."""
    cause = error.__cause__ if isinstance(error, ConnectorException) else None
    return name_driver_error(place_of(info), cause or error)


@contextmanager
def store_errors(info: str) -> Iterator[None]:
    """Errors of the driver, its pool and Procrastinate become StoreFailed."""
    try:
        yield
    except (psycopg.Error, ConnectorException) as error:
        raise store_failed(info, error) from error


async def open_session(info: str, name: str) -> Session:
    """A session that the server knows by ``name``. Raises StoreFailed."""
    with store_errors(info):
        return await _open_session(info, name)


def hear(asked: asyncio.Future[Any]) -> None:
    """What is answered when nobody waits any more is no news."""
    if not asked.cancelled():
        asked.exception()


async def _open_session(info: str, name: str) -> Session:
    session = await _connect(info, name)
    try:
        other = await _connect(info, name)
        try:
            if not await _are_apart(session, other):
                raise StoreFailed(place_of(info), POOLED, "fleet-database-pooled")
        finally:
            await other.close()
    except BaseException:
        await session.close()
        raise
    return session


def break_off(connection: psycopg.BaseConnection[Any]) -> None:
    """End the connection beneath whoever waits for an answer on it: he is told so at once."""
    with suppress(OSError, psycopg.Error):
        ours = socket.socket(fileno=os.dup(connection.fileno()))
        with ours:
            ours.shutdown(socket.SHUT_RDWR)


async def _connect(info: str, name: str) -> Session:
    return await psycopg.AsyncConnection.connect(info, autocommit=True, application_name=name)


async def _are_apart(one: Session, other: Session) -> bool:
    """Whether each has a process of the server to itself, also while the other is at work.

    A pooler gives what was just let go to the next who asks, so that two would meet.
    """
    mine = await _process(one)
    async with other.transaction():
        its = await _process(other)
    return mine != its and mine == await _process(one)


async def _process(session: Session) -> int:
    row = await (await session.execute("SELECT pg_backend_pid()")).fetchone()
    return int(row[0]) if row else 0
