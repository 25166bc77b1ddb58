"""The runs of several workers in one database: each tells of its own, and none drops another's."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.errors import WorkerLost
from reconciler.execution.journal import Journal
from reconciler.execution.run_following import RunFollower
from reconciler.execution.run_index import FRESH, index_runs
from reconciler.storage.database import Database
from reconciler.storage.fleet_identity import make_identity
from reconciler.storage.fleet_workers import Life, begin_life, end_life
from reconciler.storage.runs import cut_off_runs, find_run, latest_runs, run_lines

BEGAN = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHO = {"cluster": None, "user": "ops", "controller": "desk", "file": "c.yaml"}


class Worker:
    """A worker with the directory of its records."""

    def __init__(self, state: Database, name: str, place: Path) -> None:
        self.state, self.name, self.runs = state, name, place
        with state.writing() as connection:
            begin_life(connection, Life(name, ("north",), "host", 1, "1", 1))
        self.database = replace(state, worker=name)
        self.follower = RunFollower(self.runs, lambda: self.database)

    def begin(self, run: str) -> Journal:
        ticks = (BEGAN + timedelta(seconds=n) for n in range(99))
        made = Journal(self.runs, run, lambda: next(ticks))
        made.emit("run-started", WHO)
        made.emit("observed", {"cluster": "c", "hosts": 3, "actions": 4, "plan": "9c1f"})
        return made

    def look(self) -> list[tuple[str, str]]:
        now = datetime.now(UTC) + timedelta(seconds=FRESH + 1)  # noqa: TID251  # files have the real time
        return [(one.run, one.result) for one in self.follower.follow(now)]

    def index(self):
        now = datetime.now(UTC) + timedelta(seconds=FRESH + 1)  # noqa: TID251  # as above
        return index_runs(self.database, self.runs, now)

    def kept(self) -> list[tuple[str, str, str]]:
        with self.state.reading() as connection:
            found = latest_runs(connection, 9)
        return sorted((one.run, one.worker, one.result) for one in found)


def end(made: Journal) -> None:
    ended = {"exit_code": 0, "result": "converged", "clusters": {"c": "converged"}}
    made.emit("run-finished", {"cluster": None, **ended, "counts": {"done": 1}})


@pytest.fixture
def pair(state: Database, tmp_path: Path) -> Iterator[tuple[Worker, Worker]]:
    with state.writing() as connection:
        make_identity(connection)
    return Worker(state, "w1", tmp_path / "1"), Worker(state, "w2", tmp_path / "2")


def test_each_follows_its_own_and_drops_nothing(pair):
    one, two = pair
    with one.begin("r1") as first, two.begin("r2") as second:
        assert one.look() == [("r1", "at work")]
        assert two.look() == [("r2", "at work")]
        assert one.look() == []
        end(first)
        assert one.look() == [("r1", "converged")]
        assert one.index().forgotten == two.index().forgotten == ()
        assert one.kept() == [("r1", "w1", "converged"), ("r2", "w2", "at work")]
        end(second)


def test_a_record_that_is_gone_with_its_disk_stays_in_the_database(pair):
    one, two = pair
    with one.begin("r1") as made:
        end(made)
    one.index()
    made.path.chmod(0o666)  # who else may have written it is not believed
    assert one.index().unreadable == ("r1",)
    assert one.kept() == [("r1", "w1", "converged")]
    made.path.unlink()
    assert one.index().forgotten == ()
    assert two.look() == one.look() == []
    assert one.kept() == [("r1", "w1", "converged")]


def test_the_runs_of_a_worker_that_is_given_up_are_cut_off(pair):
    one, two = pair
    with one.begin("r1") as made, one.begin("r0") as whole:
        end(whole)
        one.look()
        one.look()
        made.emit(
            "action-started", {"cluster": "c", "action": "a", "host": "n1", "summary": "s"}
        )
        one.look()
        with two.begin("r2"):
            two.look()
            with one.state.writing() as connection:
                end_life(connection, "w1")
                assert cut_off_runs(connection, "w1") == ["r1"]
                assert cut_off_runs(connection, "w1") == []
                found = find_run(connection, "r1")
                assert (found.clusters, found.ended) == ({"c": "cut off"}, None)
                assert len(run_lines(connection, "r1")) == 3
            assert two.kept()[0] == ("r0", "w1", "converged")
            assert two.kept()[1:] == [("r1", "w1", "cut off"), ("r2", "w2", "at work")]
            with pytest.raises(WorkerLost):
                one.index()


def test_the_next_life_of_a_worker_says_how_its_runs_ended(pair):
    one, _ = pair
    with one.begin("r1") as made:
        one.look()
        with one.state.writing() as connection:
            end_life(connection, "w1")
            cut_off_runs(connection, "w1")
        end(made)
    again = Worker(one.state, "w3", one.runs)
    assert again.look() == [("r1", "converged")]
    assert again.kept() == [("r1", "w3", "converged")]
