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
from psycopg.conninfo import conninfo_to_dict

from reconciler.errors import StoreFailed

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
    return f"postgresql://{found.get('host', '')}/{found.get('dbname', '')}"


async def open_session(info: str, name: str) -> Session:
    """A session that the server knows by ``name``. Raises StoreFailed."""
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
