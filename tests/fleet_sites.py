"""Clusters of simulated hosts behind real SSH, converged, as the files of a fleet have them."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from reconciler.cli import run
from reconciler.hosts.loopback import Served, serve_hosts
from reconciler.hosts.simulator.presets import Shape
from reconciler.storage.database import Database
from reconciler.storage.fleet_database import open_fleet
from reconciler.storage.fleet_turns import turn_history
from reconciler.storage.rollouts import rollout_clusters
from reconciler.storage.server_address import server_address
from tests.clock import drive
from tests.fleet_processes import worker_process
from tests.fleets import want_files
from tests.invariant_monitor import Witness
from tests.runs import Controller, members, mounted, of, volume, witnessed

FLEET = {"version": 1, "database": "env:FLEET_DATABASE", "source": {"directory": "/nowhere"}}
HOSTS = 2  # of each cluster
OPEN = {"going", "stopping", "cancelling"}


@dataclass
class Sites:
    """Clusters, their world, the database of their fleet, and the desk of an operator."""

    world: Witness
    doors: Served
    url: str
    place: Path
    database: Database
    capsys: object
    count: int = 0

    def worker(self, **more):
        self.count += 1
        fleet = FLEET | {"interval": "1h"}
        words = {"url": self.url, "hosts": "", "fleet": fleet}
        return worker_process(**words, directory=str(self.place / f"w{self.count}"), **more)

    def hosts(self, name):
        place = self.names.index(name)
        return list(self.world.machines)[place * HOSTS : (place + 1) * HOSTS]

    def want(self, **hosts):
        """What files say: each cluster has these hosts; those that are not named, all of theirs."""
        texts = {name: self.text(name, hosts.get(name)) for name in self.names}
        want_files(self.database, texts)

    @property
    def names(self):
        return [f"site{number}" for number in range(1, len(self.world.machines) // HOSTS + 1)]

    def cluster(self, name, hosts=None):
        return {
            "name": name,
            "members": members(self.world, *(hosts or self.hosts(name))),
            "volumes": [volume(self.world, f"lun{name[-1]}", name)],
        }

    def text(self, name, hosts):
        return yaml.safe_dump({"version": 1, "clusters": [self.cluster(name, hosts)]})

    def read(self, call):
        with self.database.reading() as connection:
            return call(connection)

    async def until_looked_at(self, *names, count=1):
        """So many looks at each of these have ended."""
        for name in names:
            while self.looks(name) < count:  # noqa: ASYNC110  # other processes end them
                await asyncio.sleep(0.05)

    def looks(self, name):
        return sum(t.kind == "look" and bool(t.ended) for t in self.turns(name))

    def turns(self, name):
        """The turns of a cluster, the last one first."""
        return self.read(lambda c: turn_history(c, name, 99))

    def command(self, *words):
        """The exit code of a command of the fleet, and the document that it printed."""
        self.capsys.readouterr()
        code = run(["fleet", *words, "--format", "json"])
        return code, json.loads(self.capsys.readouterr()[0])

    def approve(self, *words):
        """Begin what is listed; the id of that rollout."""
        code, draft = self.command("apply", *words)
        assert code == 3, draft
        code, begun = self.command("apply", *words, "--approve", draft["id"])
        assert code == 0, begun
        return begun["rollout"]

    async def until_ended(self, rollout):
        """The exit code of a rollout at its end, and its document."""
        while self.command("rollouts", rollout)[1]["state"] in OPEN:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.05)
        return self.command("rollouts", rollout, "--follow")

    def row(self, rollout, name):
        rows = self.read(lambda c: rollout_clusters(c, rollout))
        return next(row for row in rows if row.cluster == name)

    def mounted(self, name):
        return [bool(mounted(self.world)[host]) for host in self.hosts(name)]


@asynccontextmanager
async def sites(number, url, place, capsys):
    """So many clusters, each converged."""
    world = witnessed(number * HOSTS, Shape("san", luns=number))
    async with serve_hosts(world, place) as doors:
        database = open_fleet(server_address(url))
        found = Sites(world, doors, url, place, database, capsys)
        pace = world.pace
        wish = of(*(found.cluster(name) for name in found.names))
        ended = await asyncio.to_thread(lambda: drive(world, Controller(world).apply(wish)))
        assert ended.word == "converged", (ended.codes, ended.failures)
        world.pace = pace
        (place / "fleet.yaml").write_text(yaml.safe_dump(FLEET))
        try:
            yield found
        finally:
            database.close()
