"""Types of columns that are the same in SQLite and PostgreSQL."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text, TypeDecorator

# PostgreSQL takes no NUL, and neither database half of a surrogate pair; hosts send both.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable_words(text: str) -> str:
    """Text of hosts or files as every database gives it back: what none can hold is U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite alone would give it back without its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # as the base has it
        """Raise ValueError for a datetime without a zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002  # as the base has it
    ) -> datetime | None:
        """In UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text of hosts or files; what no database can hold is U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # as the base has it
        """With each such character replaced."""
        return None if value is None else storable_words(value)


# SQLite gives ids by itself to INTEGER alone.
Id = BigInteger().with_variant(Integer, "sqlite")
