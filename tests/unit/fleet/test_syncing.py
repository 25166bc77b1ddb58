"""From a source to the database: which clusters are wanted, at which commit, and what is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from reconciler import telemetry
from reconciler.errors import HostUnreachable
from reconciler.fleet.folder import read_folder
from reconciler.fleet.look_turns import Looks
from reconciler.fleet.syncing import Syncing
from reconciler.fleet.transactions import Transactions
from reconciler.model.fleet import Fleet, Source, Zone
from reconciler.model.revision import Revision
from reconciler.model.ssh_access import Ssh
from reconciler.storage import engines
from reconciler.storage.database import Database, open_state
from reconciler.storage.fleet_database import open_fleet
from reconciler.storage.fleet_files import (
    ASKED,
    FleetChange,
    FleetFile,
    FleetSource,
    fleet_file_of,
    fleet_files,
    fleet_source,
    set_fleet_source,
)
from reconciler.storage.fleet_schedule import fleet_clusters
from reconciler.storage.fleet_tables import FLEET_FILES
from reconciler.storage.meta_words import write_word
from reconciler.storage.server_address import server_address
from reconciler.telemetry import Detail
from reconciler.watch.cluster_turns import Turns
from reconciler.watch.wish import Wish
from reconciler.watch.workers import Workers
from tests.unit.fleet.git_repository import Repository
from tests.unit.watch.test_sources import text

NOW = datetime(2026, 11, 29, tzinfo=UTC)
NORTH, SOUTH = Zone(name="north"), Zone(name="south")


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as found:
        yield found


@pytest.fixture(scope="module")
def workers(runner: asyncio.Runner) -> Iterator[Workers]:
    async def nobody(*asked: object) -> object:
        raise HostUnreachable("", "host-unreachable", str(asked))

    async def start() -> Workers:
        return Workers(1, nobody)

    found = runner.run(start())
    yield found
    runner.run(found.close())


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(engines, "WRITING", (*engines.WRITING, "PRAGMA synchronous = OFF"))
    found = open_state(tmp_path / "database", NOW)
    yield found
    found.close()


class Site:
    """A worker that keeps a database current, of a repository or of a directory."""

    def __init__(self, runner, workers, database, tmp_path) -> None:
        self.runner, self.workers, self.database = runner, workers, database
        self.state = tmp_path / "worker"

    def worker(self, source: Source, name: str = "one", zones=(NORTH, SOUTH)) -> Syncing:
        source = source.model_copy(update={"every": timedelta(0)})
        fleet = Fleet.model_construct(database="env:A", source=source, zones=zones)

        async def storing(work):
            with self.database.writing() as connection:
                return work(connection)

        return Syncing(fleet, self.state / name, self.workers, storing)

    def sync(self, worker: Syncing) -> FleetChange:
        return self.runner.run(worker.sync(), context=copy_context())

    def wanted(self) -> dict[str, tuple[str, str]]:
        with self.database.reading() as connection:
            return {one.name: (one.file, one.zone) for one in fleet_clusters(connection)}

    def files(self) -> dict[str, FleetFile]:
        with self.database.reading() as connection:
            return {one.file: one for one in fleet_files(connection)}

    def file_of(self, cluster: str) -> FleetFile | None:
        with self.database.reading() as connection:
            return fleet_file_of(connection, cluster)

    def source(self) -> FleetSource:
        with self.database.reading() as connection:
            found = fleet_source(connection)
        assert found is not None
        return found


@pytest.fixture
def site(runner, workers, database, tmp_path) -> Site:
    return Site(runner, workers, database, tmp_path)


@pytest.fixture
def worker(site: Site, repository: Repository) -> Syncing:
    return site.worker(repository.source())


def north(*names: str, **more: object) -> str:
    return text(*names, zone="north", **more)


A, B = "clusters/a.yaml", "clusters/b.yaml"


def test_what_a_commit_says_is_wanted_and_named(site, worker, repository):
    first = repository.push({"a.yaml": north("one"), "b.yaml": north("two", "three")})
    assert site.sync(worker) == FleetChange(new=("one", "three", "two"))
    wanted = {"one": (A, "north"), "two": (B, "north"), "three": (B, "north")}
    assert site.wanted() == wanted
    assert site.files()[A].text == north("one")
    assert {file.commit for file in site.files().values()} == {first}
    found = site.source()
    assert (found.commit, found.ref, found.problem, found.address) == (
        first,
        "main",
        "",
        repository.address,
    )


def test_a_file_has_the_commit_at_which_it_was_taken_over(site, worker, repository):
    first = repository.push({"a.yaml": north("one"), "b.yaml": north("two")})
    site.sync(worker)
    second = repository.push({"a.yaml": north("one", number=12), "b.yaml": north("two")})
    assert site.sync(worker) == FleetChange(changed=("one",))
    assert (site.file_of("one").commit, site.file_of("two").commit) == (second, first)
    assert site.source().commit == second


def test_a_file_that_is_gone_takes_its_clusters_with_it(site, worker, repository):
    repository.push({"a.yaml": north("one"), "b.yaml": north("two")})
    site.sync(worker)
    repository.push({"b.yaml": north("two")})
    assert site.sync(worker) == FleetChange(gone=("one",))
    assert site.files().keys() == {B}


def test_a_broken_file_leaves_what_was_good_and_says_what_is_wrong(site, worker, repository):
    first = repository.push({"a.yaml": north("one"), "b.yaml": north("two")})
    site.sync(worker)
    repository.push(
        {
            "a.yaml": "version: 1\nclusters: 5\n",
            "b.yaml": north("two", number=12),
            "c.yaml": "x",
        }
    )
    assert site.sync(worker) == FleetChange(changed=("two",))
    kept = site.files()
    assert (kept[A].text, kept[A].commit) == (north("one"), first)
    assert kept[A].problem.startswith("2:11: bad-type: 'clusters' takes a list")
    assert (kept["clusters/c.yaml"].text, bool(kept["clusters/c.yaml"].problem)) == ("", True)
    assert site.wanted().keys() == {"one", "two"}
    # Another worker, which has seen nothing of the past, finds the same.
    assert site.sync(site.worker(worker.fleet.source, "two")) == FleetChange()
    assert site.files() == kept
    third = repository.push(
        {"a.yaml": north("one", number=12), "b.yaml": north("two", number=12)}
    )
    assert site.sync(worker) == FleetChange(changed=("one",))
    assert (site.files()[A].problem, site.files()[A].commit) == ("", third)


def test_a_cluster_goes_from_one_file_to_another(site, worker, repository):
    repository.push({"a.yaml": north("one"), "b.yaml": north("two")})
    site.sync(worker)
    repository.push({"a.yaml": north("two"), "b.yaml": north("one")})
    assert site.sync(worker) == FleetChange(changed=("one", "two"))
    assert site.wanted() == {"one": (B, "north"), "two": (A, "north")}


def test_of_two_files_with_one_cluster_the_first_has_it(site, worker, repository):
    repository.push({"b.yaml": north("one")})
    site.sync(worker)
    repository.push({"a.yaml": north("one"), "b.yaml": north("one")})
    assert site.sync(worker) == FleetChange()
    assert site.wanted() == {"one": (B, "north")}
    problem = site.files()[A].problem
    assert problem.startswith(
        "1:1: duplicate-cluster: a cluster 'one' is in clusters/b.yaml, too; "
        "name it in one file of the source"
    )


def test_a_zone_that_the_fleet_does_not_have_is_told_with_its_place(site, worker, repository):
    repository.push({"a.yaml": text("one", zone="east"), "b.yaml": north("two")})
    site.sync(worker)
    assert site.wanted() == {"one": (A, "east"), "two": (B, "north")}
    line = next(
        n for n, row in enumerate(text("one", zone="east").splitlines(), 1) if "zone" in row
    )
    assert site.files()[A].problem == (
        f"{line}:9: zone-unknown: cluster 'one' is in zone 'east', which the fleet does not have; "
        "its zones are north, south"
    )
    # Once the settings have it, nothing of the file has to change.
    with_east = site.worker(worker.fleet.source, "two", (NORTH, Zone(name="east")))
    assert site.sync(with_east) == FleetChange()
    assert site.files()[A].problem == ""


def test_each_problem_of_a_file_is_told_once(site, worker, repository):
    found = []
    with telemetry.logging(Detail("info", "json"), found.append):
        repository.push({"a.yaml": north("one"), "b.yaml": "x"})
        site.sync(worker)
        site.sync(worker)
        site.sync(site.worker(worker.fleet.source, "two"))
        repository.push({"a.yaml": north("one")})
        site.sync(worker)
    told = [json.loads(line) for line in found]
    assert [(one["event"], one.get("place", one.get("file"))) for one in told] == [
        ("source-taken", None),
        ("file-wrong", f"{B}:1:1"),
        ("source-taken", None),
        ("file-good-again", B),
    ]


def test_a_server_that_is_away_leaves_all_with_its_age(site, worker, repository):
    repository.push({"a.yaml": north("one")})
    site.sync(worker)
    before = site.source()
    repository.place.rename(repository.place.with_name("away"))
    assert site.sync(worker) == FleetChange()
    after = site.source()
    assert after.problem.startswith("source-unreachable: ")
    assert replace(after, problem="") == before
    assert site.wanted().keys() == {"one"}
    repository.place.with_name("away").rename(repository.place)
    site.sync(worker)
    assert site.source().problem == ""
    assert site.source().fetched_at > before.fetched_at


def test_a_source_that_was_never_had_says_why(site, worker, repository):
    assert site.sync(worker) == FleetChange()
    assert site.source().problem.startswith("ref-unusable: ")
    repository.push({"a.yaml": north("one")})
    assert site.sync(worker) == FleetChange(new=("one",))


def test_a_rewound_branch_leaves_what_was_taken(site, worker, repository):
    first, second = (repository.push({"a.yaml": north("one", number=n)}) for n in (11, 12))
    site.sync(worker)
    repository.git("update-ref", "refs/heads/main", first)
    fresh = site.worker(worker.fleet.source, "two")
    for one in (worker, fresh):
        assert site.sync(one) == FleetChange()
        assert site.source().problem.startswith("ref-rewound: ")
    assert (site.source().commit, site.file_of("one").commit) == (second, second)
    pinned = site.worker(repository.source(ref=first), "three")
    assert site.sync(pinned) == FleetChange(changed=("one",))
    assert site.file_of("one").commit == first


def test_an_empty_tree_drops_no_cluster(site, worker, repository):
    repository.push({"a.yaml": north("one")})
    site.sync(worker)
    repository.push({"notes.txt": "one"})
    assert site.sync(worker) == FleetChange()
    assert site.source().problem.startswith("source-empty: ")
    assert site.wanted().keys() == {"one"}


def test_a_fetch_that_another_has_overtaken_changes_nothing(site, worker, repository):
    first = repository.push({"a.yaml": north("one")})
    site.sync(worker)
    second = repository.push({"a.yaml": north("one", number=12)})
    real, slow = worker.storing, site.worker(worker.fleet.source, "two")
    calls = []

    async def storing(work):
        """Just before the slow one writes, the other takes over a commit that is younger."""
        calls.append(work)
        if len(calls) == 4:
            third = repository.push({"a.yaml": north("one", number=13)})
            await worker.sync()
            assert site.source().commit == third
        return await real(work)

    slow.storing = storing
    assert site.sync(slow) == FleetChange()
    assert len(calls) == 4
    assert site.source().commit not in {first, second}
    assert site.file_of("one").text == north("one", number=13)


def test_what_another_took_over_meanwhile_stands(site, worker, repository):
    """It began earlier and was slower; what is compared with is not what the database has any more."""
    repository.push({"a.yaml": north("one")})
    site.sync(worker)
    repository.push({"a.yaml": north("one", number=12)})
    real, other = worker.storing, replace(site.source(), commit="f" * 40)
    calls = []

    async def storing(work):
        calls.append(work)
        if len(calls) == 4:
            assert await real(lambda connection: set_fleet_source(connection, other))
        return await real(work)

    worker.storing = storing
    assert site.sync(worker) == FleetChange()
    assert (site.source(), site.file_of("one").text) == (other, north("one"))


def test_one_worker_at_a_time_looks(site, worker, repository):
    repository.push({"a.yaml": north("one")})
    often = site.worker(repository.source(), "two")
    hourly = worker.fleet.source.model_copy(update={"every": timedelta(hours=1)})
    worker.fleet = worker.fleet.model_copy(update={"source": hourly})
    assert site.sync(worker) == FleetChange(new=("one",))
    repository.push({"a.yaml": north("two")})
    assert site.sync(worker) == FleetChange()
    assert site.sync(often) == FleetChange(new=("two",), gone=("one",))


def test_a_clock_that_went_back_holds_nobody_up(site, worker, repository):
    repository.push({"a.yaml": north("one")})
    hourly = worker.fleet.source.model_copy(update={"every": timedelta(hours=1)})
    worker.fleet = worker.fleet.model_copy(update={"source": hourly})
    with site.database.writing() as connection:
        write_word(connection, ASKED, (NOW + timedelta(days=3650)).isoformat())
    assert site.sync(worker) == FleetChange(new=("one",))


def test_a_directory_is_a_source_too(site, tmp_path, monkeypatch):
    monkeypatch.setattr("reconciler.fleet.folder.APART", 0.0)
    place = tmp_path / "clusters"
    place.mkdir()
    (place / "a.yaml").write_text(north("one"))
    worker = site.worker(Source(directory=str(place)))
    assert site.sync(worker) == FleetChange(new=("one",))
    assert site.wanted() == {"one": (f"{place}/a.yaml", "north")}
    found = site.source()
    assert (found.commit, found.ref, found.address) == ("", "", str(place))
    (place / "a.yaml").write_text(north("one", number=12))
    assert site.sync(worker) == FleetChange(changed=("one",))
    place.rename(tmp_path / "away")
    assert site.sync(worker) == FleetChange()
    assert site.source().problem.startswith("source-unreachable: ")
    assert site.wanted().keys() == {"one"}


def test_a_file_that_is_just_written_stays_as_it_was(site, tmp_path, monkeypatch):
    place = tmp_path / "clusters"
    place.mkdir()
    (place / "a.yaml").write_text(north("one"))
    (place / "b.yaml").write_text(north("two"))
    worker = site.worker(Source(directory=str(place)))
    monkeypatch.setattr(
        "reconciler.fleet.syncing.read_folder", lambda name: read(name, lambda: None)
    )
    assert site.sync(worker) == FleetChange(new=("one", "two"))
    before = site.files()
    monkeypatch.setattr(
        "reconciler.fleet.syncing.read_folder",
        lambda name: read(name, lambda: (place / "b.yaml").write_text("version: 1\ncl")),
    )
    assert site.sync(worker) == FleetChange()
    assert site.files() == before


def read(name, meanwhile):
    return read_folder(name, 0.0, lambda _seconds: meanwhile())


def test_what_another_version_cannot_read_any_more_is_still_wanted(site, worker, repository):
    repository.push({"a.yaml": north("one"), "b.yaml": north("two")})
    site.sync(worker)
    with site.database.writing() as connection:
        bad = update(FLEET_FILES).where(FLEET_FILES.c.file == A).values(text="clusters: of old")
        connection.execute(bad)
    repository.push({"a.yaml": "clusters: of old", "b.yaml": north("two")})
    fresh = site.worker(worker.fleet.source, "two")
    assert site.sync(fresh) == FleetChange()
    assert site.wanted().keys() == {"one", "two"}
    assert site.files()[A].problem


def test_a_later_failure_does_not_hide_what_was_taken(site, worker, repository):
    """Who fails has read the source before another took over something: it says nothing."""
    repository.push({"a.yaml": north("one")})
    site.sync(worker)
    stale = site.source()
    second = repository.push({"a.yaml": north("one", number=12)})
    site.sync(worker)
    with site.database.writing() as connection:
        assert not set_fleet_source(connection, replace(stale, problem="source-unreachable: x"))
    assert (site.source().commit, site.source().problem) == (second, "")


def test_a_turn_wants_what_was_taken_over_by_the_way_of_its_zone(site, repository, fleets):
    site.database = open_fleet(server_address(fleets.new()))
    zones = (Zone(name="north", jump="bastion"),)
    worker = site.worker(repository.source(), zones=zones)
    first = repository.push({"a.yaml": north("one"), "b.yaml": text("two", zone="east")})
    site.sync(worker)
    turns = Turns(site.workers, None, None, None, None, None)
    looks = Looks(worker.fleet, Transactions(site.database), turns, None, None, None)

    def wish(cluster: str) -> Wish | None:
        return site.runner.run(looks.find_wish(cluster))

    found = wish("one")
    assert (found.file, found.revision, found.wrong) == (A, Revision(first, "main"), ())
    assert (found.cluster.name, found.desired.ssh) == ("one", Ssh(jump="bastion"))
    assert wish("two") is None  # nobody knows how it is reached
    repository.push({"a.yaml": "version: 1\n", "b.yaml": text("two", zone="east")})
    site.sync(worker)
    broken = wish("one")
    assert (broken.desired, broken.revision) == (found.desired, found.revision)
    assert broken.file_trouble.startswith("clusters/a.yaml:1: ")  # so that nothing is healed
    third = repository.push({"a.yaml": north("one"), "b.yaml": text("two", zone="north")})
    site.sync(worker)
    assert (wish("one").wrong, wish("two").revision) == ((), Revision(third, "main"))
    site.runner.run(looks.state.close())
