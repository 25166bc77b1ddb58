"""Clocks that are set: forth, a little back, far back."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.watched import Condition, DriftIdentity, DriftReading, Reading, Round
from reconciler.storage.cluster_conditions import past_conditions, standing_conditions
from reconciler.storage.cluster_documents import keep_document, load_document
from reconciler.storage.clusters import add_cluster, load_cluster
from reconciler.storage.drift_items import count_returns, past_drift, present_drift
from reconciler.storage.rounds import BACK, observed_spans, record_round
from reconciler.storage.samples import volume_samples
from tests.unit.storage.moments import EPOCH, at

DRIFT = DriftReading(DriftIdentity("h", "a", "file", "changed-outside"), "x", "b", "1", "2")
UP = Reading("member/a", "Unreachable", "False", "reached", "answers")
DOWN = Reading("member/a", "Unreachable", "True", "host-unreachable", "no answer")
FAR = 60 * 24 * 365


def found_round(reading=UP, drift=(DRIFT,)) -> Round:
    return Round(0, reading.reason, "d", (reading,), drift, sizes=(("v", 100, 5),))


def test_what_a_clock_of_next_year_wrote_is_of_now_when_it_is_set_right(state):
    with state.writing() as connection:
        cluster = add_cluster(connection, "/f", "c", EPOCH)
        record_round(connection, cluster, found_round(), at(0))
        record_round(connection, cluster, found_round(DOWN, ()), at(FAR))
        record_round(connection, cluster, found_round(UP), at(FAR + 5))
        keep_document(connection, cluster, "plan", "{}", at(FAR))
        record_round(connection, cluster, found_round(), at(30))
        (stands,) = standing_conditions(connection, cluster)
        assert stands == Condition(UP, at(30), at(30), at(30), at(30))
        past = past_conditions(connection, cluster, at(FAR), 9)
        assert [(one.reading, one.since, ended) for one, ended in past] == [
            (DOWN, at(30), at(30)),
            (UP, at(0), at(30)),
        ]
        (item,) = present_drift(connection, cluster)
        assert (item.first_seen, item.since, item.last_seen) == (at(0), at(30), at(30))
        assert count_returns(connection, cluster, at(30)) == {DRIFT.identity: 1}
        spans = observed_spans(connection, cluster, EPOCH)
        assert [(one.began, one.last) for one in spans] == [
            (at(0), at(0)),
            (at(30), at(30)),
            (at(30), at(30)),
        ]
        assert [one.at for one in volume_samples(connection, cluster, "v", EPOCH)] == [at(0)]
        assert load_document(connection, cluster, "plan") == ("{}", at(30))
        record_round(connection, cluster, found_round(), at(35))
        assert load_cluster(connection, cluster).seen == at(35)


def test_only_the_cluster_that_is_looked_at_is_corrected(state):
    with state.writing() as connection:
        one, other = (add_cluster(connection, f, "c", EPOCH) for f in ("/a", "/b"))
        for cluster in (one, other):
            record_round(connection, cluster, found_round(), at(FAR))
        record_round(connection, one, found_round(), at(0))
        assert load_cluster(connection, one).seen == at(0)
        assert load_cluster(connection, other).seen == at(FAR)
        assert present_drift(connection, other)[0].since == at(FAR)


STEPS = st.lists(
    st.tuples(
        st.integers(-3 * FAR, 3 * FAR) | st.integers(-15, 15), st.booleans(), st.booleans()
    ),
    max_size=10,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_moments_are_in_order_and_never_far_ahead_whatever_the_clock_does(file_state, steps):
    now = EPOCH + timedelta(days=9999)
    with file_state.writing() as connection:
        cluster = add_cluster(connection, "/f", f"c{hash(str(steps))}", EPOCH)
        for minutes, is_up, drifts in steps:
            now = max(EPOCH, now + timedelta(minutes=minutes))
            found = found_round(UP if is_up else DOWN, (DRIFT,) if drifts else ())
            record_round(connection, cluster, found, now)
            seen = load_cluster(connection, cluster).seen
            assert now <= seen <= now + BACK
            (stands,) = standing_conditions(connection, cluster)
            assert stands.since <= stands.began <= stands.changed <= stands.last_seen == seen
            for one, ended in past_conditions(connection, cluster, seen + BACK, 99):
                assert one.since <= one.began <= one.changed <= one.last_seen <= ended <= seen
            items = [*present_drift(connection, cluster)]
            items += past_drift(connection, cluster, seen + BACK, 9)
            for item in items:
                assert item.first_seen <= item.since <= item.changed <= item.last_seen <= seen
                assert item.gone is None or item.last_seen <= item.gone <= seen
            for span in observed_spans(connection, cluster, EPOCH):
                assert span.began <= span.last <= seen
