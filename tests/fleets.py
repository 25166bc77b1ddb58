"""Databases of fleets for tests: one PostgreSQL, and in it a new database for each who asks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from reconciler.execution.author import now
from reconciler.fleet.queue_tables import prepare_queue
from reconciler.fleet.sessions import conninfo
from reconciler.storage.database import Database
from reconciler.storage.fleet_database import init_fleet
from reconciler.storage.fleet_files import FleetFile, Wanted, keep_fleet_files
from reconciler.storage.server_address import server_address
from tests.postgresql import postgresql

TEMPLATE = "fleet_template"


@dataclass
class FleetServer:
    """A server; ``new`` makes the database of a new fleet, and returns its address."""

    address: str
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def new(self) -> str:
        name = f"fleet{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self._url(name)

    def empty(self) -> str:
        """The address of a database without any table."""
        name = f"fleet{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return self._url(name)

    def _url(self, name: str) -> str:
        return server_address(self.address.replace("/postgres?", f"/{name}?")).url

    def run(self, command: str) -> None:
        with psycopg.connect(conninfo(self.address), autocommit=True) as connection:
            connection.execute(command.encode())


@contextmanager
def fleet_server() -> Iterator[FleetServer]:
    """A PostgreSQL with the tables of a fleet in a template. Skips without PostgreSQL."""
    with postgresql() as address:
        server = FleetServer(address)
        server.run(f"CREATE DATABASE {TEMPLATE}")
        set_up(address.replace("/postgres?", f"/{TEMPLATE}?"))
        yield server


def set_up(url: str) -> None:
    """What ``reconcile fleet init`` makes."""
    address = server_address(url)
    init_fleet(address, now())
    prepare_queue(address)


def want(state: Database, names: Sequence[str], zone: str = "default") -> None:
    """These clusters are wanted, and no others: each by a file of its own, which nobody reads."""
    want_files(state, dict.fromkeys(names, "text"), dict.fromkeys(names, zone))


def want_files(
    state: Database, texts: Mapping[str, str], zones: Mapping[str, str] | None = None
) -> None:
    """The clusters of these files are wanted, each by its own, and no others."""
    zones = zones or dict.fromkeys(texts, "default")
    files = [FleetFile(f"/{name}.yaml", text, "c1", "", now()) for name, text in texts.items()]
    with state.writing() as connection:
        wanted = [Wanted(name, f"/{name}.yaml", zones[name]) for name in texts]
        keep_fleet_files(connection, files, wanted)
