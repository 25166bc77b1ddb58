"""Rows that may be there already: both engines say it in the same words, in dialects of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> Any:
    """The primary key of a new row; None where what is unique of it is there already."""
    (key,) = table.primary_key.columns
    if connection.dialect.name == "postgresql":
        ours = postgresql.insert(table).values(row).on_conflict_do_nothing().returning(key)
        return connection.execute(ours).scalar()
    file = sqlite.insert(table).values(row).on_conflict_do_nothing().returning(key)
    return connection.execute(file).scalar()
