"""Sessions of the database that are ours from their begin to their end.

Locks of a session, its settings and LISTEN are of the server's process that it has. A pooler that
gives each transaction another one breaks all three without a word, so it is refused.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Any, TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from reconciler.errors import StoreFailed, StoreRefused

Session: TypeAlias = "psycopg.AsyncConnection[tuple[Any, ...]]"
# Seconds until a server or a network that says nothing is taken for gone, where the address does
# not say otherwise (libpq's names; tcp_user_timeout is in milliseconds).
LIVENESS = {
    "connect_timeout": 5,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}

POOLED = (
    "a pooler gives each transaction another session, which breaks the locks of a fleet; name the "
    "server itself, or a pooler whose pool_mode is session"
)


def conninfo(url: str) -> str:
    """A database's address as libpq reads it. Raises StoreFailed."""
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        return make_conninfo(plain, **{**LIVENESS, **conninfo_to_dict(plain)})
    except psycopg.Error as error:
        raise StoreFailed("the address of the database", f"cannot be read: {error}") from error


def place_of(info: str) -> str:
    """A database as it may be told: without its password."""
    found = conninfo_to_dict(info)
    return f"postgresql://{found.get('host', '')}/{found.get('dbname', '')}"


async def open_session(info: str, name: str) -> Session:
    """A session that the server knows by ``name``. Raises StoreRefused, StoreFailed."""
    session = await _connect(info, name)
    try:
        other = await _connect(info, name)
        try:
            if not await _are_apart(session, other):
                raise StoreRefused(place_of(info), "fleet-database-pooled", POOLED)
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
    try:
        return await psycopg.AsyncConnection.connect(
            info, autocommit=True, application_name=name
        )
    except psycopg.Error as error:
        raise StoreFailed(place_of(info), f"cannot be reached: {error}") from error


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
