"""States for tests on both engines: a SQLite file, and a PostgreSQL that is started once for all of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.storage import engines
from reconciler.storage.database import CREATED, Database, open_state
from reconciler.storage.fleet_database import init_fleet, open_fleet
from reconciler.storage.fleet_tables import METADATA
from reconciler.storage.server_address import server_address
from reconciler.storage.sql_tables import META
from tests.postgresql import postgresql
from tests.unit.storage.moments import EPOCH


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def server_state(server: str) -> Iterator[Database]:
    address = server_address(server)
    init_fleet(address, EPOCH)
    found = open_fleet(address)
    yield found
    found.close()


@pytest.fixture
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody cuts the power of a test: it does not wait for a disk."""
    monkeypatch.setattr(engines, "WRITING", (*engines.WRITING, "PRAGMA synchronous = OFF"))


@pytest.fixture
def file_state(tmp_path: Path, unsynced: None) -> Iterator[Database]:
    """An empty state in SQLite alone, for what is the same in both."""
    found = open_state(tmp_path / "state", EPOCH)
    yield found
    found.close()


@pytest.fixture
def cleared(server_state: Database) -> Iterator[None]:
    """Nothing is left in the PostgreSQL of all tests."""
    yield
    with server_state.writing() as connection:
        for table in reversed(METADATA.sorted_tables):
            kept = META.c.name == CREATED
            connection.execute(table.delete().where(~kept) if table is META else table.delete())


@pytest.fixture(params=["sqlite", "postgresql"])
def state(request: pytest.FixtureRequest) -> Database:
    """An empty state with its tables."""
    if request.param == "postgresql":
        request.getfixturevalue("cleared")
    name = "file_state" if request.param == "sqlite" else "server_state"
    found: Database = request.getfixturevalue(name)
    return found
