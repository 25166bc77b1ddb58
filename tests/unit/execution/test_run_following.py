"""Records are followed while they grow: what is stored is what stands in the file, at each look."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.execution import run_following, run_index
from reconciler.execution.journal import Journal, read_content
from reconciler.execution.run_following import RunFollower
from reconciler.execution.run_index import FRESH, index_runs
from reconciler.storage import engines
from reconciler.storage.approvals import latest_approvals
from reconciler.storage.database import Database, open_state
from reconciler.storage.runs import drop_run, find_run, latest_runs, run_lines

BEGAN = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = timedelta(seconds=FRESH + 1)
RUN = "20261122T120000Z-aaaaaa"
WHO = {"cluster": None, "user": "ops", "controller": "desk", "file": "c.yaml"}
ACTION = {"cluster": "c", "action": "c/n1/mount/v", "host": "n1", "summary": "mount v"}


class Watched:
    """A state, and a follower of its records at a moment when files are not new any more."""

    def __init__(self, place: Path) -> None:
        self.database = open_state(place, BEGAN)
        self.runs = place / "runs"
        self.asked = 0
        self.follower = RunFollower(self.runs, self.opened)

    def opened(self) -> Database:
        self.asked += 1
        return self.database

    def look(self, later: timedelta = LATER):
        now = datetime.now(UTC) + later  # noqa: TID251  # files have the real time
        return [(one.result, one.lines, one.has_grown) for one in self.follower.follow(now)]

    def stored(self, path: Path):
        """What is stored of a run, whose lines are those of the file."""
        with self.database.reading() as connection:
            texts = run_lines(connection, path.stem)
            assert b"".join(text + b"\n" for text in texts) == path.read_bytes()
            return find_run(connection, path.stem)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(engines, "WRITING", (*engines.WRITING, "PRAGMA synchronous = OFF"))
    found = Watched(tmp_path / "state")
    yield found
    found.database.close()


def journal(site: Watched, run: str = RUN) -> Journal:
    ticks = (BEGAN + timedelta(seconds=n) for n in range(99))
    made = Journal(site.runs, run, lambda: next(ticks))
    made.emit("run-started", WHO)
    made.emit("observed", {"cluster": "c", "hosts": 3, "actions": 4, "plan": "9c1f"})
    return made


def end(made: Journal) -> None:
    ended = {"exit_code": 0, "result": "converged", "clusters": {"c": "converged"}}
    made.emit("run-finished", {"cluster": None, **ended, "counts": {"done": 1}})


def test_a_run_is_stored_line_by_line_until_it_has_ended(site):
    with journal(site) as made:
        assert site.look() == [("at work", 2, False)]
        made.emit("approved", {"cluster": None, "plan": "9c1f", "message": "approved"})
        made.emit("action-started", {**ACTION, "command": "mount \udcff"})
        assert site.look() == [("at work", 4, True)]
        assert site.stored(made.path).plan == "9c1f"
        with site.database.reading() as connection:
            assert [one.run for one in latest_runs(connection, 9, cluster="c")] == [RUN]
            assert [one.plan for one in latest_approvals(connection, 9)] == ["9c1f"]
        made.emit("action-finished", {**ACTION, "seconds": 1.0})
        end(made)
        assert site.look() == [("converged", 6, False)]
    assert site.look() == []
    found = site.stored(made.path)
    assert (found.settled, found.clusters, found.stamp != "") == (
        *(True, {"c": "converged"}),
        True,
    )


def test_where_nothing_happens_the_database_is_not_asked(site):
    with journal(site):
        site.look()
        site.look()
        asked = site.asked
        assert [site.look() for _ in range(3)] == [[], [], []]
        assert site.asked == asked
    site.look()
    asked = site.asked
    site.look()
    assert site.asked == asked


def test_a_half_line_is_no_line_yet(site):
    with journal(site) as made:
        site.look()
        site.look()
        whole = made.path.read_bytes()
        made.emit("action-started", ACTION)
        grown = made.path.read_bytes()
        os.truncate(made.path, len(grown) - 9)
        assert site.look() == []
        with made.path.open("r+b") as file:
            file.seek(len(whole))
            file.write(grown[len(whole) :])
        assert site.look() == [("at work", 3, True)]
        site.stored(made.path)


def test_a_run_that_was_killed_is_cut_off(site):
    with journal(site):
        site.look()
    assert site.look() == [("cut off", 2, False)]
    assert site.stored(site.runs / f"{RUN}.jsonl").clusters == {"c": "cut off"}
    assert site.look() == []


def test_a_line_that_does_not_follow_is_known_as_damage(site):
    with journal(site) as made:
        site.look()
        site.look()
        made._last = "0" * 64
        made.emit("action-started", ACTION)
        assert site.look() == [("at work", 3, True)]
        made.emit("action-started", ACTION)
        assert site.look() == [("at work", 4, True)]
        assert not site.stored(made.path).settled


@pytest.mark.parametrize("what", ["indexed", "forgotten"])
def test_what_others_do_to_the_index_is_made_good(site, what):
    with journal(site) as made:
        site.look()
        site.look()
        made.emit("action-started", ACTION)
        if what == "indexed":
            index_runs(site.database, site.runs, BEGAN)
        else:
            with site.database.writing() as connection:
                drop_run(connection, RUN)
        site.look()
        site.stored(made.path)
        made.emit("action-finished", {**ACTION, "seconds": 1.0})
        assert site.look() == [("at work", 4, True)]
        site.stored(made.path)


def test_another_file_in_its_place_is_read_whole(site):
    with journal(site) as made:
        site.look()
        site.look()
        made.path.rename(made.path.with_name("kept-aside"))
        with journal(site) as other:
            end(other)
            site.look()
            assert site.stored(other.path).result == "converged"


def test_a_record_that_goes_is_forgotten(site):
    with journal(site) as made:
        site.look()
        made.path.unlink()
        site.look()
        site.look()
        with site.database.reading() as connection:
            assert find_run(connection, RUN) is None


def test_a_record_that_is_only_just_there_is_not_in_the_way_of_its_run(site, monkeypatch):
    """Who asks for its lock at that moment would not get it, and be taken for cut off."""
    site.runs.mkdir(mode=0o700)
    (site.runs / f"{RUN}.jsonl").touch(0o600)
    opened = []
    real = os.open
    monkeypatch.setattr(
        os, "open", lambda path, *rest, **more: opened.append(path) or real(path, *rest, **more)
    )
    assert site.look(timedelta()) == []
    assert [path for path in opened if str(path).endswith(".jsonl")] == []
    assert site.look() == [("cut off", 0, False)]


def test_of_many_records_the_latest_come_first_and_none_is_left_out(site, monkeypatch):
    monkeypatch.setattr(run_following, "MOST", 2)
    for number in range(5):
        with journal(site, f"run{number}") as made:
            end(made)
    runs = []
    while found := site.follower.follow(datetime.now(UTC) + LATER):  # noqa: TID251
        runs.append([one.run for one in found])
    assert runs == [["run3", "run4"], ["run1", "run2"], ["run0"]]


def test_a_name_that_is_no_words_stops_nothing(site):
    site.runs.mkdir(mode=0o700)
    (site.runs / os.fsdecode(b"\xff.jsonl")).touch(0o600)
    with journal(site):
        assert site.look() == [("at work", 2, False)]


def test_without_a_directory_there_is_nothing_and_it_may_come(site):
    assert site.look() == []
    with journal(site):
        assert site.look() == [("at work", 2, False)]


def test_a_state_that_cannot_be_written_is_tried_again(site):
    with journal(site):
        site.database.engine.dispose()
        place = Path(site.database.place)
        kept = place.rename(place.with_name("kept"))
        assert site.look() == []
        kept.rename(place)
        assert site.look() == [("at work", 2, False)]


def test_a_record_that_goes_while_it_is_followed_is_followed_no_more(site):
    with journal(site) as made:
        assert site.look() == [("at work", 2, False)]
        made.path.unlink()
        assert site.look() == []
        assert site.look() == []


def test_a_record_that_goes_while_it_is_read_is_followed_no_more(site, monkeypatch):
    with journal(site) as made:
        assert site.look() == [("at work", 2, False)]
    reads = []

    def read(path, *offset):
        reads.append(path)
        if len(reads) > 1:
            raise FileNotFoundError(path)
        return read_content(path, *offset)

    monkeypatch.setattr(run_following, "read_content", read)
    assert site.look() == []
    assert reads == [made.path, made.path]


def test_a_file_that_is_gone_has_not_only_begun_and_has_to_be_looked_for(tmp_path):
    gone = tmp_path / "gone.jsonl"
    assert not run_index._has_only_begun(gone, BEGAN)
    assert run_index._is_due(gone, "")


def test_a_record_that_is_away_for_a_moment_is_followed_again(site):
    """Nothing of its directory tells that it came back."""
    with journal(site, "run-a") as first, journal(site, "run-b") as second:
        site.look()
        site.look()
        first.emit("action-started", ACTION)
        second.emit("action-started", ACTION)
        found = site.runs.stat()
        away = second.path.rename(site.runs.with_name("away"))
        os.utime(site.runs, ns=(found.st_atime_ns, found.st_mtime_ns))
        assert site.look() == [("at work", 3, True)]
        away.rename(second.path)
        os.utime(site.runs, ns=(found.st_atime_ns, found.st_mtime_ns))
        assert ("at work", 3, False) in site.look()
        second.emit("action-finished", {**ACTION, "seconds": 1.0})
        site.look()
        assert site.stored(second.path).lines == 4
