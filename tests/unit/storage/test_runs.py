"""Runs, their lines and approvals, on both engines."""

from dataclasses import replace

import pytest

from reconciler.storage.approvals import (
    Approval,
    latest_approvals,
    plan_approvals,
    store_approval,
)
from reconciler.storage.runs import (
    StoredRun,
    count_runs,
    drop_run,
    find_run,
    latest_runs,
    run_lines,
    run_outlines,
    run_stamps,
    store_run,
)
from tests.unit.storage.moments import EPOCH, at

LINES = (b'{"event": "run-started"}', b"not \xff utf-8 \0 at all", b"{}")
RUN = StoredRun(
    run="20260101T000000Z-aaaaaa",
    stamp="1:2:3:4",
    settled=True,
    started=EPOCH,
    ended=at(1),
    result="converged",
    plan="9c1f",
    who="ops@desk",
    file="a\0b.yaml",
    lines=3,
    outline=LINES[0] + b"\n",
    clusters={"c": "converged", "d": "no-change"},
    counts={"done": 3},
)
READ_BACK = replace(RUN, file="a\ufffdb.yaml")


def stored(state, run: StoredRun = RUN, lines=LINES) -> None:
    with state.writing() as connection:
        store_run(connection, run, lines)


def test_a_run_comes_back_with_its_lines_byte_for_byte(state):
    stored(state)
    with state.reading() as connection:
        assert find_run(connection, RUN.run) == READ_BACK
        assert tuple(run_lines(connection, RUN.run)) == LINES
        assert tuple(run_lines(connection, RUN.run, after=2)) == LINES[2:]
        assert find_run(connection, "nothing") is None
        assert run_lines(connection, "nothing") == []
        assert run_stamps(connection) == {RUN.run: "1:2:3:4"}
        assert run_outlines(connection, RUN.run) == {RUN.run: ("1:2:3:4", RUN.outline)}
        assert run_outlines(connection, RUN.run + "b") == {}
        assert count_runs(connection) == {"converged": 1}


@pytest.mark.parametrize(
    "later",
    [
        (*LINES, b"more"),
        LINES,
        LINES[:1],
        (b"another", *LINES[1:]),
        (*LINES[:2], b"x", b"y"),
        (),
    ],
)
def test_what_is_stored_again_is_what_is_there(state, later):
    stored(state)
    again = replace(RUN, clusters={"e": "failed"}, result="failed", lines=len(later))
    stored(state, again, later)
    with state.reading() as connection:
        assert find_run(connection, RUN.run) == replace(again, file="a\ufffdb.yaml")
        assert tuple(run_lines(connection, RUN.run)) == later


def test_runs_are_listed_latest_first_before_another_and_of_a_cluster(state):
    for number in range(5):
        name = "c" if number % 2 else "d"
        stored(state, replace(RUN, run=f"{number}", clusters={name: "x"}), ())
    with state.reading() as connection:
        assert [one.run for one in latest_runs(connection, 2)] == ["4", "3"]
        assert [one.run for one in latest_runs(connection, 9, before="3")] == ["2", "1", "0"]
        assert [one.run for one in latest_runs(connection, 9, cluster="c")] == ["3", "1"]


def test_a_run_is_dropped_with_its_lines(state):
    stored(state)
    with state.writing() as connection:
        drop_run(connection, RUN.run)
        assert run_lines(connection, RUN.run) == []
        assert latest_runs(connection, 9) == []
        drop_run(connection, RUN.run)


def test_an_approval_is_kept_once(state):
    one = Approval("r", "9c1f", EPOCH, "ops@desk", "formats /dev/sdb")
    other = replace(one, plan="aaaa", at=at(1))
    with state.writing() as connection:
        assert store_approval(connection, one)
        assert not store_approval(connection, one)
        assert store_approval(connection, other)
        assert plan_approvals(connection, "9c1f") == [one]
        assert latest_approvals(connection, 9) == [other, one]
        assert latest_approvals(connection, 1) == [other]
