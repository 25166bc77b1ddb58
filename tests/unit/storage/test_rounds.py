"""Rounds of a cluster, stored: what stands, since when, what came and went, on both engines."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from reconciler.model.watched import (
    Condition,
    DriftIdentity,
    DriftReading,
    Opened,
    Reading,
    Round,
    RoundChanges,
)
from reconciler.storage.cluster_conditions import (
    count_conditions,
    past_conditions,
    standing_conditions,
)
from reconciler.storage.cluster_documents import keep_document, load_document
from reconciler.storage.clusters import add_cluster, load_cluster
from reconciler.storage.drift_items import (
    count_drift,
    count_returns,
    past_drift,
    present_drift,
)
from reconciler.storage.rounds import Span, observed_spans, record_round
from reconciler.storage.samples import volume_samples
from reconciler.storage.sql_tables import CONDITIONS, SAMPLES
from tests.unit.storage.moments import EPOCH, at

DOWN = Reading("member/node01", "Unreachable", "True", "host-unreachable", "no answer")
UP = Reading("member/node01", "Unreachable", "False", "reached", "answers")
OTHER = Reading("cluster/c", "Converged", "Unknown", "not-read", "node01 was not read")
CONF = DriftIdentity("node01", "member/node01/cluster.conf", "file", "changed-outside")
EDITED = DriftReading(CONF, "degrades", "edited", '"a"', '"b"', "by root")
EVERYWHERE = DriftReading(
    DriftIdentity("", "volume/v", "disk", "not-applied"), "cosmetic", "label", '"v"', '"w"'
)


def round_of(*readings, drift=(), unread=(), sizes=(), state="drifted", digest="d"):
    return Round(3, state, digest, readings, tuple(drift), frozenset(unread), tuple(sizes))


@pytest.fixture
def cluster(state):
    with state.writing() as connection:
        return add_cluster(connection, "/etc/c.yaml", "c", EPOCH)


def recorded(state, cluster, *rounds) -> RoundChanges:
    """One round a minute; what the last of them changed."""
    found = RoundChanges()
    for minute, one in enumerate(rounds):
        with state.writing() as connection:
            found = record_round(connection, cluster, one, at(minute))
    return found


def test_a_condition_stands_since_it_was_read_first_and_was_seen_in_the_last_round(
    state, cluster
):
    last = recorded(state, cluster, round_of(DOWN), round_of(DOWN), round_of(DOWN))
    assert last == RoundChanges()
    with state.reading() as connection:
        found = standing_conditions(connection, cluster)
        assert found == [Condition(DOWN, at(0), at(0), at(0), at(2))]
        assert past_conditions(connection, cluster, at(9), 9) == []
        assert count_conditions(connection) == {("Unreachable", "True"): 1}


def test_what_stood_before_is_history(state, cluster):
    last = recorded(state, cluster, round_of(DOWN), round_of(DOWN), round_of(UP))
    now = Condition(UP, at(2), at(2), at(2), at(2))
    before = Condition(DOWN, at(0), at(0), at(0), at(1))
    assert last.opened == (Opened(now, before),)
    with state.reading() as connection:
        assert standing_conditions(connection, cluster) == [now]
        assert past_conditions(connection, cluster, at(9), 9) == [(before, at(2))]
        assert past_conditions(connection, cluster, at(2), 9) == []


def test_a_condition_that_is_read_no_more_has_ended(state, cluster):
    last = recorded(state, cluster, round_of(DOWN, OTHER), round_of(OTHER))
    before = Condition(DOWN, at(0), at(0), at(0), at(0))
    assert last == RoundChanges(ended=(before,))
    with state.reading() as connection:
        assert past_conditions(connection, cluster, at(9), 9) == [(before, at(1))]


def test_another_message_leaves_no_row(state, cluster):
    later = replace(DOWN, message="no answer in 30 s")
    assert recorded(state, cluster, round_of(DOWN), round_of(later)) == RoundChanges()
    with state.reading() as connection:
        found = standing_conditions(connection, cluster)
        assert found == [Condition(later, at(0), at(0), at(1), at(1))]


def test_a_round_that_failed_leaves_what_it_did_not_look_at_as_it_was(state, cluster):
    whole = round_of(DOWN, OTHER, drift=[EDITED])
    failed = replace(round_of(OTHER), is_whole=False)
    assert recorded(state, cluster, whole, whole, failed, failed) == RoundChanges()
    with state.reading() as connection:
        both = {one.reading: one.last_seen for one in standing_conditions(connection, cluster)}
        assert both == {DOWN: at(1), OTHER: at(3)}
        (item,) = present_drift(connection, cluster)
        assert (item.last_seen, item.gone) == (at(1), None)
    with state.writing() as connection:
        assert record_round(connection, cluster, whole, at(4)) == RoundChanges()
        found = standing_conditions(connection, cluster)
        assert [(one.since, one.last_seen) for one in found] == [(at(0), at(4))] * 2
        last = record_round(connection, cluster, round_of(UP), at(5))
        assert [one.reading for one in last.ended] == [OTHER]


def test_two_readings_of_one_condition_are_refused_and_leave_nothing(state, cluster):
    with pytest.raises(ValueError, match="two readings"):
        recorded(state, cluster, round_of(DOWN, UP))
    with state.reading() as connection:
        assert standing_conditions(connection, cluster) == []


def test_a_round_in_which_nothing_changed_writes_two_rows(state, cluster):
    many = [replace(DOWN, subject=f"member/n{n}", message="a\0b") for n in range(50)]
    drift = [
        replace(EDITED, identity=replace(CONF, host=f"n{n}"), actual="\ud800")
        for n in range(50)
    ]
    found = round_of(*many, drift=drift, sizes=[("v", 100, 50)])
    recorded(state, cluster, found, found)
    written = []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith(("SELECT", "BEGIN")):
            written.append(statement)

    event.listen(state.engine, "before_cursor_execute", note)
    try:
        with state.writing() as connection:
            assert record_round(connection, cluster, found, at(5)) == RoundChanges()
    finally:
        event.remove(state.engine, "before_cursor_execute", note)
    assert [words.split()[:2] for words in written] == [
        ["UPDATE", "observations"],
        ["UPDATE", "clusters"],
    ]


def test_what_stands_is_found_without_its_history(file_state):
    asked = []

    def note(_connection, _cursor, statement, parameters, *_rest):
        asked.append((statement, parameters))

    with file_state.writing() as connection:
        cluster = add_cluster(connection, "/f", "c", EPOCH)
        event.listen(file_state.engine, "before_cursor_execute", note)
        record_round(connection, cluster, round_of(DOWN), EPOCH)
        event.remove(file_state.engine, "before_cursor_execute", note)
        plans = [
            row[3]
            for statement, parameters in asked
            if statement.startswith("SELECT")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert [words for words in plans if "SCAN" in words] == []
    (conditions,) = (words for words in plans if "SEARCH conditions" in words)
    assert "(cluster_id=? AND ended=?)" in conditions


def test_pages_of_history_leave_nothing_out(state, cluster):
    many = [replace(DOWN, subject=f"member/n{n}") for n in range(4)]
    drift = [replace(EDITED, identity=replace(CONF, host=f"n{n}")) for n in range(3)]
    rounds = [round_of(*many, drift=drift), round_of(many[0]), round_of(), round_of(*many)]
    recorded(state, cluster, *rounds, round_of())
    found, before = [], at(99)
    with state.reading() as connection:
        while page := past_conditions(connection, cluster, before, 2):
            found.append([one.reading.subject[-1] for one, _ in page])
            before = page[-1][1]
        assert found == [["3", "2", "1", "0"], ["0", "3", "2", "1"]]
        assert len(past_drift(connection, cluster, at(99), 2)) == 3
        assert past_drift(connection, cluster, at(1), 2) == []


def test_a_round_of_an_unknown_cluster_is_refused(state):
    with pytest.raises(LookupError, match="no cluster 77"), state.writing() as connection:
        record_round(connection, 77, round_of(), EPOCH)


def test_drift_comes_stays_goes_and_recurs(state, cluster):
    came = recorded(state, cluster, round_of(drift=[EDITED])).came
    assert [(one.reading, one.first_seen, one.times, one.recurs) for one in came] == [
        (EDITED, at(0), 1, False)
    ]
    gone = recorded(
        state, cluster, round_of(drift=[EDITED]), round_of(drift=[EDITED]), round_of()
    )
    assert [(one.last_seen, one.gone) for one in gone.went] == [(at(1), at(2))]
    with state.writing() as connection:
        back = record_round(connection, cluster, round_of(drift=[EDITED]), at(7))
    (item,) = back.came
    assert (item.first_seen, item.since, item.gone, item.times) == (at(0), at(7), None, 2)
    assert item.recurs
    with state.reading() as connection:
        assert present_drift(connection, cluster) == [item]
        assert count_returns(connection, cluster, at(0)) == {CONF: 2}
        assert count_returns(connection, cluster, at(1)) == {CONF: 1}
        assert count_drift(connection) == {("degrades", "file"): 1}
        assert past_drift(connection, cluster, at(99), 9) == []


def test_what_an_unread_host_had_is_not_gone(state, cluster):
    both = [EDITED, EVERYWHERE]
    last = recorded(state, cluster, round_of(drift=both), round_of(unread=["node01"]))
    assert last.went == ()
    with state.reading() as connection:
        found = present_drift(connection, cluster)
        assert [(one.last_seen, one.gone) for one in found] == [(at(0), None)] * 2
    last = recorded(state, cluster, round_of(unread=["node02"]))
    assert [one.reading for one in last.went] == [EDITED]
    with state.reading() as connection:
        assert [one.reading for one in present_drift(connection, cluster)] == [EVERYWHERE]
        assert [one.reading for one in past_drift(connection, cluster, at(99), 9)] == [EDITED]


def test_what_is_read_again_is_seen_again(state, cluster):
    rounds = [round_of(drift=[EDITED]), round_of(unread=["node01"]), round_of(drift=[EDITED])]
    assert recorded(state, cluster, *rounds) == RoundChanges()
    with state.reading() as connection:
        (item,) = present_drift(connection, cluster)
    assert (item.since, item.last_seen, item.times) == (at(0), at(2), 1)


def test_a_difference_that_differs_otherwise_is_the_same_one(state, cluster):
    worse = replace(EDITED, actual='"c"', severity="loses-data")
    recorded(state, cluster, round_of(drift=[EDITED]), round_of(drift=[worse]))
    with state.reading() as connection:
        (item,) = present_drift(connection, cluster)
    assert (item.reading, item.since, item.changed) == (worse, at(0), at(1))


def test_equal_rounds_are_one_span(state, cluster):
    quiet, loud = round_of(), round_of(state="blocked")
    recorded(state, cluster, quiet, quiet, loud, quiet)
    with state.reading() as connection:
        spans = observed_spans(connection, cluster, at(0))
        assert observed_spans(connection, cluster, at(2)) == spans[1:]
        assert load_cluster(connection, cluster).seen == at(3)
    assert spans == [
        Span(at(0), at(1), 2, "drifted", "d"),
        Span(at(2), at(2), 1, "blocked", "d"),
        Span(at(3), at(3), 1, "drifted", "d"),
    ]


def test_a_volume_has_a_sample_an_hour_and_one_for_each_size(state, cluster):
    with state.writing() as connection:
        for minute in range(0, 125, 5):
            size = 200 if minute >= 100 else 100
            found = round_of(sizes=[("v", size, minute)])
            record_round(connection, cluster, found, at(minute))
        samples = volume_samples(connection, cluster, "v", at(0))
    assert [(one.at, one.size, one.used) for one in samples] == [
        (at(0), 100, 0),
        (at(60), 100, 60),
        (at(100), 200, 100),
    ]


def test_a_clock_set_back_a_little_moves_nothing_back(state, cluster):
    with state.writing() as connection:
        record_round(connection, cluster, round_of(DOWN), at(10))
        record_round(connection, cluster, round_of(UP), at(5))
        (now,) = standing_conditions(connection, cluster)
        assert load_cluster(connection, cluster).seen == at(10)
    assert now == Condition(UP, at(10), at(10), at(10), at(10))


def test_a_document_is_kept_until_there_is_another(state, cluster):
    with state.writing() as connection:
        assert load_document(connection, cluster, "plan") is None
        keep_document(connection, cluster, "plan", "{}", at(1))
        keep_document(connection, cluster, "plan", "{}", at(2))
        assert load_document(connection, cluster, "plan") == ("{}", at(1))
        keep_document(connection, cluster, "plan", "[]", at(3))
        assert load_document(connection, cluster, "plan") == ("[]", at(3))


READINGS = st.lists(
    st.builds(
        Reading,
        st.sampled_from(["member/a", "member/b"]),
        st.sampled_from(["Unreachable", "Paused"]),
        st.sampled_from(["True", "False", "Unknown"]),
        st.sampled_from(["x", "y"]),
        st.sampled_from(["one", "two"]),
    ),
    unique_by=lambda one: (one.subject, one.kind),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(READINGS, max_size=8))
def test_whatever_is_read_the_last_round_stands_and_history_has_no_gaps(file_state, looks):
    with file_state.writing() as connection:
        cluster = add_cluster(connection, "/f", "generated", EPOCH)
        seen = load_cluster(connection, cluster).seen or EPOCH
        first = int((seen - EPOCH).total_seconds() // 60) + 1
        for minute, readings in enumerate(looks, first):
            record_round(connection, cluster, round_of(*readings), at(minute))
        found = [one.reading for one in standing_conditions(connection, cluster)]
        if looks:
            assert found == sorted(looks[-1], key=lambda one: (one.subject, one.kind))
        open_rows = select(func.count()).where(
            CONDITIONS.c.cluster_id == cluster, CONDITIONS.c.ended.is_(None)
        )
        assert connection.execute(open_rows).scalar_one() == len(found)
        for condition, ended in past_conditions(connection, cluster, at(10**6), 999):
            assert condition.since <= condition.began <= condition.last_seen <= ended


def test_samples_of_a_volume_that_is_not_there_are_none(state, cluster):
    with state.reading() as connection:
        assert volume_samples(connection, cluster, "nothing", EPOCH) == []
        assert connection.execute(select(func.count()).select_from(SAMPLES)).scalar_one() == 0
