"""A state with clusters, behind the application as a server runs it."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from reconciler.execution.journal import Journal, read_content
from reconciler.execution.run_index import index_content
from reconciler.model.watched import DriftIdentity, DriftReading, Reading, Round
from reconciler.storage import engines
from reconciler.storage.approvals import Approval, store_approval
from reconciler.storage.cluster_documents import keep_document
from reconciler.storage.clusters import add_cluster
from reconciler.storage.database import Database, open_state
from reconciler.storage.engines import writing_engine
from reconciler.storage.fleet_files import (
    FleetFile,
    FleetSource,
    Wanted,
    keep_fleet_files,
    set_fleet_source,
)
from reconciler.storage.fleet_identity import make_identity
from reconciler.storage.fleet_schedule import pause
from reconciler.storage.fleet_turns import begin_turn
from reconciler.storage.fleet_workers import Life, begin_life
from reconciler.storage.private import STATE
from reconciler.storage.rollouts import Enrolled, Rollout, new_rollout, spoil_cluster
from reconciler.storage.rounds import record_round
from reconciler.web.app import Server, build_app
from reconciler.web.events import EventHub
from reconciler.web.guards import Access

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m\"'{{7*7}}"


@dataclass
class Site:
    """The application over one state, and what asks it."""

    database: Database
    now: datetime = NOW
    uptime: float = 1000.0
    access: Access = field(default_factory=Access)
    records: str = "/var/lib/reconcile/runs"

    def client(
        self, peer: str = "127.0.0.1", events: EventHub | None = None
    ) -> httpx.AsyncClient:
        clocks = (lambda: self.now), (lambda: self.uptime)
        app = build_app(
            Server(
                *(self.database, *clocks, self.access, events or EventHub()),
                records=self.records,
            )
        )
        transport = httpx.ASGITransport(app, client=(peer, 50000))
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080")

    def begin_run(self, run: str) -> "RecordedRun":
        """A run that is at work; its moments are seconds from now on."""
        directory = Path(self.database.place).parent / "runs"
        ticks = (self.now + timedelta(seconds=number) for number in range(9999))
        return RecordedRun(self, Journal(directory, run, lambda: next(ticks)))

    async def get(self, path: str, **headers: str) -> httpx.Response:
        async with self.client() as client:
            return await client.get(path, headers=headers)

    def record(self, name: str, found: Round, at: datetime = NOW, file: str = "a.yaml") -> int:
        with self.database.writing() as connection:
            cluster = add_cluster(connection, file, name, at)
            record_round(connection, cluster, found, at)
            return cluster

    def keep(self, cluster: int, kind: str, text: str) -> None:
        with self.database.writing() as connection:
            keep_document(connection, cluster, kind, text, self.now)


@dataclass
class RecordedRun:
    """A run that writes its record, which is indexed after each step of it."""

    site: Site
    journal: Journal

    @property
    def id(self) -> str:
        return self.journal.path.stem

    def start(self, words: str = "cluster.yaml", **by_host: int) -> "RecordedRun":
        who = {"user": "ops", "controller": "desk", "file": words}
        self.journal.emit("run-started", {"cluster": None, **who})
        due = {"actions": sum(by_host.values()), "actions_by_host": by_host}
        self.journal.emit("observed", {"cluster": "beta", "hosts": 2, **due, "plan": "9c1f"})
        return self.index()

    def begin(
        self, host: str, kind: str = "mount", words: str = "mount images", **more: object
    ) -> None:
        told = {**self._action(host, kind), "summary": words, **more}
        self.journal.emit("action-started", told)
        self.index()

    def end(self, event: str, host: str, kind: str = "mount", **more: object) -> None:
        summary = more.pop("words", "mount images")
        action = {**self._action(host, kind), "summary": summary, "seconds": 1.5}
        self.journal.emit(event, {**action, **more})
        self.index()

    @staticmethod
    def _action(host: str, kind: str) -> dict[str, str]:
        return {
            "cluster": "beta",
            "action": f"beta/{host}/{kind}/images",
            "host": host,
            "kind": kind,
        }

    def refuse(self, words: str, code: str = "device-missing") -> None:
        told = {"code": code, "subject": words, "message": words, "remedy": words}
        self.journal.emit("refused", {"cluster": "beta", **told})
        self.index()

    def finish(self, result: str = "converged", **counts: int) -> "RecordedRun":
        ended = {"result": result, "exit_code": 0, "clusters": {"beta": result}}
        self.journal.emit("run-finished", {"cluster": None, **ended, "counts": counts})
        return self.close()

    def close(self) -> "RecordedRun":
        """The process has gone."""
        self.journal.__exit__()
        return self.index()

    def index(self) -> "RecordedRun":
        content = read_content(self.journal.path)
        index_content(
            self.site.database, self.id, content, self.site.now + timedelta(days=9999)
        )
        return self


def record_fleet(site: Site, cluster: str, words: str) -> None:
    """A fleet that wants the cluster, with these words wherever somebody else's words may stand."""
    file = FleetFile(words, "text", "c0ffee", words, NOW)
    rollout = Rollout("r1", NOW, words, "c0ffee", ("1", "rest"), 60.0, "going", words, None)
    with site.database.writing() as connection:
        make_identity(connection)
        begin_life(connection, Life("w1", ("south",), words, 1, "1", 1))
        set_fleet_source(connection, FleetSource("c0ffee", words, NOW, words))
        keep_fleet_files(connection, [file], [Wanted(cluster, words, "north")])
        begin_turn(connection, cluster, "look", "w1", "")
        pause(connection, [cluster], words)
        new_rollout(connection, rollout, [Enrolled(cluster, 1, words, "{}", "[]")])
        spoil_cluster(connection, "r1", cluster, "unwell", words)
        store_approval(connection, Approval("r1", words, NOW, words, words))


def quiet_round(rank: int = 0) -> Round:
    reading = Reading("cluster/alpha", "Converged", "True", "NothingToDo", "Nothing differs.")
    return Round(rank, "Converged", "sha256:1", (reading,), sizes=(("images", 2**40, 2**39),))


def drift_round(words: str = "the line is another") -> Round:
    readings = (
        Reading("cluster/beta", "Drifted", "True", "changed-outside", words),
        Reading("member/node01", "Unreachable", "False", "Answers", "node01 answers."),
        Reading("volume/images", "Degraded", "True", "mount-missing", words),
    )
    difference = DriftReading(
        DriftIdentity("node01", "volume/images/boot/node01", "file", "changed"),
        *("degrades", words, f'"{words!s}"' if '"' not in words else words, "null", words),
    )
    return Round(
        5, "Drifted", "sha256:2", readings, (difference,), sizes=(("images", 2**40, 2**38),)
    )


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory of which each test has a copy: to make one takes longer than a test."""
    directory = tmp_path_factory.mktemp("web") / "state"
    open_state(directory, NOW - timedelta(days=2)).close()
    return directory


@contextmanager
def open_site(blank: Path, directory: Path) -> Iterator[Site]:
    """The site over a copy of ``blank`` in a directory that is not there yet."""
    with pytest.MonkeyPatch.context() as patch:
        # Nobody cuts the power of a test: it does not wait for a disk.
        patch.setattr(engines, "WRITING", (*engines.WRITING, "PRAGMA synchronous = OFF"))
        patch.setattr(os, "fsync", lambda _file: None)
        shutil.copytree(blank, directory)
        database = Database(writing_engine(directory / STATE), str(directory / STATE))
        yield Site(database)
        database.close()


@pytest.fixture
def site(blank: Path, tmp_path: Path) -> Iterator[Site]:
    with open_site(blank, tmp_path / "state") as found:
        yield found


def plan_text(words: str) -> str:
    """The plan as a round keeps it."""
    step = {
        "kind": "mount",
        "host": "node01",
        "address": words,
        "summary": words,
        "risk": "data",
    }
    refusal = {"code": "device-missing", "subject": words, "message": words, "remedy": words}
    return json.dumps({"plan_id": "1", "risk": "data", "steps": [step], "blocked": [refusal]})
