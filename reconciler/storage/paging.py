"""Pages of history, from the latest back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select


def page_back(
    connection: Connection,
    moment: ColumnElement[Any],
    which: ColumnElement[bool],
    before: datetime,
    limit: int,
) -> ColumnElement[bool]:
    """What is on a page: the latest ``limit`` rows whose ``moment`` is ``before``.

    Rows of one moment are on one page, so that the next begins before the last one's and none is
    left out.
    """
    earlier = and_(which, moment < before)
    asked = select(moment).where(earlier).order_by(moment.desc())
    last = connection.execute(asked.offset(limit - 1).limit(1)).scalar()
    return earlier if last is None else and_(earlier, moment >= last)
