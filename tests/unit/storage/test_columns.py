"""Values come back from a database as they were given."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, MetaData, Table, create_engine, delete, insert, select
from sqlalchemy.exc import StatementError

from reconciler.storage.columns import Moment, Words
from tests.postgresql import postgresql

KEPT = Table("kept", MetaData(), Column("at", Moment), Column("words", Words))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield "sqlite://"
        return
    with postgresql() as found:
        yield found


def returned(
    url: str, at: datetime | None, words: str | None
) -> tuple[datetime | None, str | None]:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            KEPT.metadata.create_all(connection)
            connection.execute(delete(KEPT))
            connection.execute(insert(KEPT), {"at": at, "words": words})
            found = connection.execute(select(KEPT.c.at, KEPT.c.words)).one()
    finally:
        engine.dispose()
    return found.at, found.words


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine is elsewhere than its database."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


def test_a_moment_keeps_its_zone(url, tokyo):
    at = datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    found, _ = returned(url, at, "")
    assert found == at
    assert found.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(url):
    with pytest.raises(StatementError, match="has no zone"):
        returned(url, datetime(2026, 3, 29), "")  # noqa: DTZ001  # what is refused


def test_words_that_no_database_holds_are_replaced(url):
    assert returned(url, None, "a\0b\ud800c") == (None, "a\ufffdb\ufffdc")


def test_nothing_stays_nothing(url):
    assert returned(url, None, None) == (None, None)
