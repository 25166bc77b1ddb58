"""What is remembered of healing, and what runs of people mean to it."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.execution.journal import Journal
from reconciler.planning.watching.strikes import Attempt, failed_twice, flapping
from reconciler.watch.heal_book import MOST_ATTEMPTS, MOST_RUNS, HealBook, read_book
from reconciler.watch.other_runs import OtherRuns

START = datetime(2026, 11, 29, 9, tzinfo=UTC)


def attempt(minute, result="healed", what="mount node02 volume/images/mount/node02"):
    return Attempt(START + timedelta(minutes=minute), what, result)


def test_a_book_is_read_as_it_was_stored():
    book = HealBook().begin("r1").end([attempt(1), attempt(2, "failed")]).clear(START)
    assert read_book(book.text()) == book
    assert read_book(HealBook().text()) == HealBook()


def test_it_does_not_grow_and_its_strikes_stay():
    book = HealBook()
    for number in range(100):
        book = book.begin(f"r{number}").end(
            [attempt(number), attempt(number, "failed", "other")]
        )
    assert len(book.history.attempts) == 2 * MOST_ATTEMPTS
    assert book.runs[-1] == "r99"
    assert len(book.runs) == MOST_RUNS
    assert failed_twice(book.history.of("other"))
    assert flapping(book.history.of(attempt(0).difference))


def test_who_has_looked_clears_what_was_before():
    book = HealBook().end([attempt(1, "failed"), attempt(2, "failed"), attempt(9, "failed")])
    assert failed_twice(book.history.of(attempt(0).difference))
    cleared = book.clear(START + timedelta(minutes=5))
    assert not failed_twice(cleared.history.of(attempt(0).difference))
    assert cleared.clear(START) == cleared
    assert cleared.clear(None) == cleared


def write_record(place, run, *events, minute=0):
    with Journal(place, run, lambda: START + timedelta(minutes=minute)) as journal:
        for event, details in events:
            journal.emit(event, {"cluster": None, **details})


BEGAN = ("run-started", {"user": "alice"})
HEALS = ("run-started", {"healing": True})
ACTED = ("action-started", {"cluster": "ocfs2", "action": "a"})


def finish(result):
    return ("run-finished", {"clusters": {"ocfs2": result}})


def test_a_run_that_was_cut_off_holds_up_until_one_comes_to_its_end(tmp_path):
    others = OtherRuns(tmp_path / "runs")
    assert others.look("ocfs2") == ((), None)
    write_record(tmp_path / "runs", "r1", BEGAN, ACTED)
    ((words,), good) = others.look("ocfs2")
    assert "run r1 was cut off" in words
    assert good is None
    assert others.look("other") == ((), None)
    write_record(tmp_path / "runs", "r2", HEALS, ACTED, finish("converged"), minute=2)
    assert others.look("ocfs2")[0] == (words,)
    write_record(tmp_path / "runs", "r3", BEGAN, finish("no-change"), minute=3)
    assert others.look("ocfs2") == ((), START + timedelta(minutes=3))


@pytest.mark.parametrize(
    "events",
    [
        (BEGAN,),  # killed at the question
        (BEGAN, ACTED, finish("partial")),
        (BEGAN, finish("refused")),
        (HEALS, ACTED),
    ],
)
def test_what_neither_holds_up_nor_clears(tmp_path, events):
    write_record(tmp_path / "runs", "r1", *events)
    assert OtherRuns(tmp_path / "runs").look("ocfs2") == ((), None)


def test_a_run_that_is_at_work_is_the_matter_of_its_lease_and_is_read_again_at_its_end(
    tmp_path,
):
    others = OtherRuns(tmp_path / "runs")
    with Journal(tmp_path / "runs", "r1", lambda: START) as journal:
        journal.emit(*BEGAN)
        journal.emit(*ACTED)
        assert others.look("ocfs2") == ((), None)
    assert others.look("ocfs2")[0] != ()
