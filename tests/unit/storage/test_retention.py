"""What is pruned, what stays, and how much room that gives back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from reconciler.model.watched import DriftIdentity, DriftReading, Reading, Round
from reconciler.storage.approvals import Approval, latest_approvals, store_approval
from reconciler.storage.cluster_conditions import past_conditions, standing_conditions
from reconciler.storage.clusters import add_cluster
from reconciler.storage.database import open_state
from reconciler.storage.drift_items import past_drift, present_drift
from reconciler.storage.retention import Limits, give_back, prune, used_bytes
from reconciler.storage.rounds import observed_spans, record_round
from reconciler.storage.runs import StoredRun, find_run, run_lines, store_run
from reconciler.storage.samples import record_sizes, volume_samples
from reconciler.storage.sql_tables import METADATA
from tests.unit.storage.moments import EPOCH, at

DAY = 24 * 60
KEEP = Limits()
DRIFT = DriftReading(DriftIdentity("h", "a", "file", "changed-outside"), "x", "b", "1", "2")
STANDS = DriftReading(DriftIdentity("h", "b", "file", "changed-outside"), "x", "b", "1", "2")


def round_on(day: int) -> Round:
    """Each day another state, another reason, and a difference that comes and goes."""
    drift = (STANDS, DRIFT) if day % 2 else (STANDS,)
    readings = (
        Reading("cluster/c", "Drifted", "True", f"r{day}", "m" * 400),
        Reading("cluster/c", "Paused", "False", "no", "it runs"),
    )
    return Round(1, f"s{day}", "d", readings, drift, sizes=(("v", 10**12, day),))


def watched_for(state, days: int) -> int:
    with state.writing() as connection:
        cluster = add_cluster(connection, "/f", "c", EPOCH)
        for day in range(days):
            record_round(connection, cluster, round_on(day), at(day * DAY))
        run = StoredRun("r", "", True, EPOCH, at(1), "converged", "p", "w", "f", 2, b"o\n")
        store_run(connection, replace(run, run="20260101", stamp="1"), (b"a", b"b"))
        recent = replace(run, run="20261231", stamp="2", started=at(100 * DAY), ended=None)
        store_run(connection, recent, (b"a", b"b"))
        store_run(connection, replace(run, run="20260102", lines=1), (b"going on",))
        store_approval(connection, Approval("20260101", "p", EPOCH, "w", "s"))
    return cluster


def prune_all(state, limits: Limits, now) -> dict[str, int]:
    """Batch after batch, until no more are left."""
    deleted: dict[str, int] = {}
    for _ in range(10_000):
        with state.writing() as connection:
            found = prune(connection, limits, now)
        for name, count in found.rows.items():
            deleted[name] = deleted.get(name, 0) + count
        if not found.more:
            return deleted
    raise AssertionError("it does not end")


def counts(connection) -> dict[str, int]:
    return {
        name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in METADATA.tables.items()
    }


def standing(connection, cluster):
    """All that retention never touches."""
    return (
        standing_conditions(connection, cluster),
        present_drift(connection, cluster),
        observed_spans(connection, cluster, EPOCH)[-1],
    )


def test_history_that_is_too_old_goes_and_what_stands_stays(state):
    cluster, now = watched_for(state, 121), at(120 * DAY)
    with state.reading() as connection:
        before = standing(connection, cluster)
    deleted = prune_all(state, KEEP, now)
    assert set(deleted) == {
        *("samples", "observations", "drift_spells", "conditions", "run_lines"),
    }
    with state.reading() as connection:
        assert standing(connection, cluster) == before
        assert before[0][1].since == EPOCH  # longer than anything is kept
        oldest = now - KEEP.age
        for _, ended in past_conditions(connection, cluster, at(10**7), 999):
            assert ended >= oldest
        assert len(past_conditions(connection, cluster, at(10**7), 999)) == 91
        assert min(one.last for one in observed_spans(connection, cluster, EPOCH)) >= oldest
        assert len(past_drift(connection, cluster, at(10**7), 999)) == 1
        assert len(volume_samples(connection, cluster, "v", EPOCH)) == 91


def test_lines_of_an_old_run_go_and_the_run_stays(state):
    watched_for(state, 2)
    prune_all(state, KEEP, at(120 * DAY))
    with state.reading() as connection:
        assert find_run(connection, "20260101").outline == b"o\n"
        assert run_lines(connection, "20260101") == []
        assert run_lines(connection, "20261231") == [b"a", b"b"]
        # what may go on is not touched, however old
        assert run_lines(connection, "20260102") == [b"going on"]


def test_approvals_have_an_age_of_their_own(state):
    watched_for(state, 1)
    assert "approvals" not in prune_all(state, KEEP, EPOCH + KEEP.approvals)
    with state.reading() as connection:
        assert len(latest_approvals(connection, 9)) == 1
    assert prune_all(state, KEEP, EPOCH + KEEP.approvals + timedelta(days=1)) == {
        "approvals": 1
    }


def test_a_difference_that_is_gone_for_long_goes_with_its_spells(state):
    with state.writing() as connection:
        cluster = add_cluster(connection, "/f", "c", EPOCH)
        record_round(connection, cluster, round_on(1), at(0))
        record_round(connection, cluster, round_on(2), at(5))
    prune_all(state, KEEP, EPOCH + KEEP.age + timedelta(days=1))
    with state.reading() as connection:
        assert [one.reading for one in present_drift(connection, cluster)] == [STANDS]
        assert past_drift(connection, cluster, at(10**7), 9) == []
        assert counts(connection)["drift_spells"] == 1


def test_more_rows_than_are_wanted_go_the_oldest_first(state):
    cluster = watched_for(state, 60)
    few = replace(KEEP, rows=10)
    prune_all(state, few, at(59 * DAY))
    with state.reading() as connection:
        past = past_conditions(connection, cluster, at(10**7), 999)
        assert [one.reading.reason for one, _ in past] == [f"r{n}" for n in range(58, 48, -1)]
        assert len(observed_spans(connection, cluster, EPOCH)) == 11
        assert len(standing_conditions(connection, cluster)) == 2


def test_without_a_limit_of_rows_only_age_counts(state):
    cluster = watched_for(state, 60)
    prune_all(state, replace(KEEP, rows=None), at(59 * DAY))
    with state.reading() as connection:
        assert len(past_conditions(connection, cluster, at(10**7), 999)) == 59


def test_a_clock_of_another_year_costs_days_of_history_and_not_all_of_it(state):
    cluster = watched_for(state, 100)
    with state.reading() as connection:
        past = len(past_conditions(connection, cluster, at(10**7), 999))
    prune_all(state, KEEP, at(89 * DAY))
    far = at(9999 * DAY)
    assert prune_all(state, KEEP, far) == {"observations": 1, "samples": 1, "run_lines": 2}
    assert prune_all(state, KEEP, far) == {}
    # set right again, it goes on from there
    assert prune_all(state, KEEP, at(100 * DAY)) == {
        "observations": 2,
        "samples": 2,
        "conditions": 2,
        "drift_spells": 1,
    }
    with state.reading() as connection:
        assert len(past_conditions(connection, cluster, at(10**7), 999)) == past - 2


def test_old_samples_are_thinned_to_one_a_day(state):
    with state.writing() as connection:
        cluster = add_cluster(connection, "/f", "c", EPOCH)
        for hour in range(0, 20 * 24, 6):
            sizes = (("v", 100, hour), ("w", hour // 12 % 2, 0))
            record_sizes(connection, cluster, sizes, at(hour * 60))
    now = at(20 * DAY)
    prune_all(state, KEEP, now)
    with state.reading() as connection:
        samples = volume_samples(connection, cluster, "v", EPOCH)
        other = volume_samples(connection, cluster, "w", EPOCH)
    old = [one for one in samples if one.at < now - timedelta(days=14)]
    assert [one.used for one in old] == [18 + 24 * day for day in range(6)]
    assert len(samples) - len(old) == 14 * 4
    # a day on which it had two sizes has one of each
    assert len([one for one in other if one.at < now - timedelta(days=14)]) == 12


def test_a_state_that_is_too_big_loses_its_oldest_and_gives_the_room_back(tmp_path, unsynced):
    state = open_state(tmp_path / "state", EPOCH)
    try:
        cluster, now = watched_for(state, 121), at(120 * DAY)
        with state.writing() as connection:
            before = standing(connection, cluster)
            recent = StoredRun("z", "9", True, now, now, "x", "p", "w", "f", 1, None)
            store_run(connection, recent, (b"x" * 10**6,))
        with state.reading() as connection:
            full = used_bytes(connection)
        give_back(state)
        size = (tmp_path / "state/state.db").stat().st_size
        small = replace(KEEP, age=timedelta(days=400), size=full - 40_000)
        assert prune_all(state, small, now)["conditions"] > 0
        with state.reading() as connection:
            assert used_bytes(connection) <= small.size
            assert standing(connection, cluster) == before
            assert len(past_conditions(connection, cluster, at(10**7), 999)) > 0
        give_back(state)
        assert (tmp_path / "state/state.db").stat().st_size <= size - 40_000
        assert (tmp_path / "state/state.db-wal").stat().st_size == 0
    finally:
        state.close()


def test_what_cannot_become_small_enough_ends_and_keeps_what_stands(tmp_path, unsynced):
    state = open_state(tmp_path / "state", EPOCH)
    try:
        cluster = watched_for(state, 121)
        with state.reading() as connection:
            before = standing(connection, cluster)
        prune_all(state, replace(KEEP, size=1), at(120 * DAY))
        with state.reading() as connection:
            assert standing(connection, cluster) == before
    finally:
        state.close()


def test_nothing_is_given_back_where_nothing_can_be(state):
    give_back(state)
    with state.reading() as connection:
        known = used_bytes(connection) is not None
        assert known == (connection.dialect.name == "sqlite")


@pytest.mark.parametrize("batch", [1, 7])
def test_batches_are_bounded(state, monkeypatch, batch):
    monkeypatch.setattr("reconciler.storage.retention.BATCH", batch)
    watched_for(state, 30)
    with state.writing() as connection:
        found = prune(connection, replace(KEEP, age=timedelta(0)), at(29 * DAY))
    assert found.more
    assert max(count for name, count in found.rows.items() if name != "run_lines") <= 2 * batch
