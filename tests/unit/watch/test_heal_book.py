"""What is remembered of healing, and what runs of people mean to it."""

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.execution.journal import Journal
from reconciler.planning.watching.strikes import Attempt, History, failed_twice, flapping
from reconciler.watch.heal_book import MOST_ATTEMPTS, MOST_RUNS, HealBook, read_book
from reconciler.watch.other_runs import OtherRuns, Who

START = datetime(2026, 11, 29, 9, tzinfo=UTC)
NOW = START + timedelta(hours=5)


def attempt(minute, result="healed", what="mount node02 volume/images/mount/node02"):
    return Attempt(START + timedelta(minutes=minute), what, result)


def test_a_book_is_read_as_it_was_stored():
    book = HealBook().begin("r1").end([attempt(1), attempt(2, "failed")]).clear(START, NOW)
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
    assert failed_twice(book.history.of("other"), "mount")
    assert flapping(book.history.of(attempt(0).difference), "mount")


def test_runs_that_did_nothing_do_not_push_out_one_that_was_cut_off():
    book = HealBook().begin("cut").end([attempt(1, "failed")])
    for number in range(2 * MOST_RUNS):
        book = book.begin(f"locked{number}").end([], is_whole=True)
    assert book.runs == ("cut",)
    assert book.begin("cut too").end([]).runs == ("cut", "cut too")


def test_who_has_looked_clears_what_was_before():
    book = HealBook().end([attempt(1, "failed"), attempt(2, "failed"), attempt(9, "failed")])
    assert failed_twice(book.history.of(attempt(0).difference), "mount")
    cleared = book.clear(START + timedelta(minutes=5), NOW)
    assert not failed_twice(cleared.history.of(attempt(0).difference), "mount")
    assert cleared.clear(START, NOW) == cleared
    assert cleared.clear(None, NOW) == cleared


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
    assert others.look(Who("ocfs2"), NOW) == ((), None)
    write_record(tmp_path / "runs", "r1", BEGAN, ACTED)
    ((words,), good) = others.look(Who("ocfs2"), NOW)
    assert "run r1 was cut off" in words
    assert good is None
    assert others.look(Who("other"), NOW) == ((), None)
    write_record(tmp_path / "runs", "r2", HEALS, ACTED, finish("converged"), minute=2)
    assert others.look(Who("ocfs2"), NOW)[0] == (words,)
    write_record(tmp_path / "runs", "r3", BEGAN, finish("no-change"), minute=3)
    assert others.look(Who("ocfs2"), NOW) == ((), START + timedelta(minutes=3))


@pytest.mark.parametrize("word", ["partial", "failed", "interrupted"])
def test_a_run_that_did_not_get_there_holds_up_as_one_that_was_cut_off(tmp_path, word):
    write_record(tmp_path / "runs", "r1", BEGAN, ACTED, finish(word))
    ((words,), good) = OtherRuns(tmp_path / "runs").look(Who("ocfs2"), NOW)
    assert f"run r1 ended {word}: apply" in words
    assert good is None


@pytest.mark.parametrize(
    "events",
    [
        (BEGAN,),  # killed at the question
        (BEGAN, finish("refused")),
        (BEGAN, finish("partial")),  # of another cluster
        (HEALS, ACTED),
    ],
)
def test_what_neither_holds_up_nor_clears(tmp_path, events):
    write_record(tmp_path / "runs", "r1", *events)
    assert OtherRuns(tmp_path / "runs").look(Who("ocfs2"), NOW) == ((), None)


WATCHED = Who("ocfs2", "/etc/reconcile/a.yaml", frozenset({"m1", "m2"}))


def begun_of(path="", *machines):
    """A run of a file, and the hosts that it has seen."""
    seen = ("observed", {"cluster": "ocfs2", "machines": [*machines]})
    return ("run-started", {"user": "alice", "path": path}), seen


@pytest.mark.parametrize(
    ("path", "machines", "clears", "holds_up"),
    [
        ("/etc/reconcile/a.yaml", (), True, True),
        ("/home/ada/a.yaml", ("m2", "m3"), True, True),
        ("/home/ada/lab.yaml", ("m7", "m8"), False, False),
        ("/home/ada/lab.yaml", (), False, True),  # nobody knows
        ("", ("m1",), True, True),
    ],
)
def test_only_a_run_of_the_same_cluster_is_the_word_of_who_has_looked(
    tmp_path, path, machines, clears, holds_up
):
    others, began = OtherRuns(tmp_path / "runs"), begun_of(path, *machines)
    write_record(tmp_path / "runs", "r1", *began, finish("converged"))
    assert others.look(WATCHED, NOW) == ((), START if clears else None)
    write_record(tmp_path / "runs", "r2", *began, ACTED, minute=1)
    assert bool(others.look(WATCHED, NOW)[0]) is holds_up


def test_a_run_of_another_file_does_not_bring_a_cut_off_one_to_its_end(tmp_path):
    others = OtherRuns(tmp_path / "runs")
    write_record(tmp_path / "runs", "r1", *begun_of(WATCHED.file, "m1"), ACTED)
    write_record(tmp_path / "runs", "r2", *begun_of("/b.yaml", "m9"), finish("converged"))
    assert "r1 was cut off" in others.look(WATCHED, NOW)[0][0]


def test_a_run_that_is_at_work_is_the_matter_of_its_lease_and_is_read_again_at_its_end(
    tmp_path,
):
    others = OtherRuns(tmp_path / "runs")
    with Journal(tmp_path / "runs", "r1", lambda: START) as journal:
        journal.emit(*BEGAN)
        journal.emit(*ACTED)
        assert others.look(Who("ocfs2"), NOW) == ((), None)
    assert others.look(Who("ocfs2"), NOW)[0] != ()


def test_many_healings_do_not_hide_a_run_that_was_cut_off(tmp_path):
    write_record(tmp_path / "runs", "r000", BEGAN, ACTED)
    for number in range(1, 60):
        write_record(tmp_path / "runs", f"r{number:03}", HEALS, ACTED, finish("converged"))
    ((words,), _good) = OtherRuns(tmp_path / "runs").look(Who("ocfs2"), NOW)
    assert "run r000 was cut off" in words


def act(event, action, kind="mount"):
    return (event, {"cluster": "ocfs2", "action": action, "kind": kind})


HEALED = (
    *(
        HEALS,
        act("action-started", "look", "same-timeouts"),
        act("barrier", "look", "same-timeouts"),
    ),
    *(act("action-started", "a"), act("action-finished", "a")),
    *(act("action-started", "b"), act("action-failed", "b"), act("action-started", "c")),
)


def test_what_a_healing_tried_is_read_from_its_record_whatever_became_of_it(tmp_path):
    others = OtherRuns(tmp_path)
    write_record(tmp_path, "killed", *HEALED)
    left = ("run-finished", {"detached": True, "clusters": {}})
    write_record(tmp_path, "left", *HEALED, left)
    found = [(one.difference, one.result) for one in others.attempts("killed")]
    assert found == [("a", "healed"), ("b", "failed"), ("c", "failed")]
    assert others.attempts("killed")[0].moment == START
    assert [one.difference for one in others.attempts("left")] == ["a", "b"]
    assert others.attempts("never-begun") == ()
    with Journal(tmp_path, "at-work", lambda: START) as journal:
        journal.emit(*HEALS)
        assert others.attempts("at-work") is None


def test_a_run_whose_end_nobody_has_heard_of_is_remembered_until_then():
    book = HealBook().begin("r1")
    assert read_book(book.text()).open_run == "r1"
    assert book.end([]).open_run == ""


def test_a_clock_that_was_ahead_neither_hides_strikes_nor_keeps_them_for_ever(tmp_path):
    ahead = NOW + timedelta(days=1500)
    failed = [attempt(1, "failed"), attempt(2, "failed")]
    book = HealBook(History((), ahead)).clear(None, NOW).end(failed)
    assert failed_twice(book.history.of(failed[0].difference), "mount")
    late = [Attempt(ahead, "a", "failed"), Attempt(ahead, "a", "failed")]
    assert HealBook().end(late).clear(START, NOW).history.attempts == ()
    assert HealBook().end(failed).clear(ahead, NOW).history.attempts == tuple(failed)
    write_record(tmp_path, "r1", BEGAN, finish("converged"), minute=5)
    write_record(tmp_path, "r9", BEGAN, finish("converged"), minute=9999)
    assert OtherRuns(tmp_path).look(Who("ocfs2"), NOW) == ((), START + timedelta(minutes=5))
