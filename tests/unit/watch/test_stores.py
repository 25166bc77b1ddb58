"""What of a round is news: each change once, and nothing that lasts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.model.observed import Unreachable
from reconciler.model.outcome import Blocked
from reconciler.planning.review.drift import Item
from reconciler.watch.round import RoundResult
from reconciler.watch.stores import MemoryStore

START = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
FINE = RoundResult("ocfs2", START, 1.0, hosts=2)
LOST = Unreachable("node02", "host-unreachable", "no route to host")
REFUSED = Blocked("paused", "cluster/ocfs2", "work goes on in the room", "wait")


def item(host="node02", actual="b"):
    return Item(f"member/{host}/x", host, "file", "changed-outside", "a", actual, "it matters")


def told(store, *results):
    return [[news.event for news in store.record(result)] for result in results]


def test_the_first_round_of_a_cluster_is_news_and_the_same_again_is_none():
    assert told(MemoryStore(), FINE, FINE) == [["observed"], []]


def test_a_difference_is_told_when_it_comes_and_when_it_is_gone():
    drifted = replace(FINE, drift=(item(),))
    other = replace(FINE, drift=(item(actual="c"),))
    assert told(MemoryStore(), FINE, drifted, drifted, other, FINE, drifted) == [
        ["observed"],
        ["drift-found"],
        [],
        [],
        ["drift-gone"],
        ["drift-found"],
    ]


def test_of_a_host_that_is_not_read_no_difference_is_gone():
    drifted = replace(FINE, drift=(item("node01"), item()))
    lost = replace(FINE, drift=(), unreachable=(LOST,))
    assert told(MemoryStore(), drifted, lost, lost, drifted) == [
        ["observed", "drift-found", "drift-found"],
        ["host-unreachable", "drift-gone"],
        [],
        ["host-reached", "drift-found"],
    ]


def test_a_failure_is_told_once_and_forgets_nothing():
    drifted = replace(FINE, drift=(item(),))
    failed = RoundResult("ocfs2", START, 1.0, failure="the working process ended (-9)")
    assert told(MemoryStore(), drifted, failed, failed, drifted) == [
        ["observed", "drift-found"],
        ["round-failed"],
        [],
        ["round-works-again"],
    ]


def test_why_nothing_could_be_done_is_told_once_without_hosts_that_are_told_already():
    away = Blocked("host-unreachable", "member/node02", "no route to host", "see")
    blocked = replace(FINE, blocked=(REFUSED, away), unreachable=(LOST,))
    assert told(MemoryStore(), FINE, blocked, blocked, FINE) == [
        ["observed"],
        ["host-unreachable", "blocked"],
        [],
        ["host-reached", "unblocked"],
    ]


def test_the_moment_of_the_last_round_is_known():
    store = MemoryStore()
    store.record(FINE)
    store.record(replace(FINE, moment=START + timedelta(minutes=5)))
    assert store.last_rounds() == {"ocfs2": START + timedelta(minutes=5)}
