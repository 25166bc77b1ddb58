"""What of a round is news, and is kept: each change once, whatever the disk does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.errors import StoreFull, StoreOutdated
from reconciler.model.observed import Unreachable
from reconciler.model.outcome import Blocked
from reconciler.model.watched import Reading
from reconciler.planning.review.drift import Item
from reconciler.planning.watching.standing import reason_of
from reconciler.watch.assessment import assess_round
from reconciler.watch.news import news_of
from reconciler.watch.result import RoundResult
from reconciler.watch.sql_disk import SqlDisk
from reconciler.watch.stores import Store
from tests.builders import GIB, spec, volume

START = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
STATUS = {"paused": [], "problems": [], "volumes": []}
FINE = RoundResult("ocfs2", START, 1.0, hosts=("node01", "node02"), status=STATUS)
LOST = Unreachable("node02", "host-unreachable", "no route to host")
AWAY = Blocked("host-unreachable", "member/node02", "no route to host", "see")
REFUSED = Blocked("lease-garbled", "cluster/ocfs2", "a lease cannot be read", "look at it")
FAILED = RoundResult("ocfs2", START, 1.0, failure="the working process ended (-9)")
AGAIN = replace(FINE, unreachable=(LOST,), blocked=(AWAY,), unread=(AWAY,))
FIRST = ["observed"]


def item(host="node02", actual="b"):
    return Item(f"member/{host}/x", host, "file", "changed-outside", "a", actual, "it matters")


def drifted(*items):
    return replace(FINE, drift=items)


def reading(subject, kind, why, status="True", otherwise="False"):
    return Reading(subject, kind, status if why else otherwise, why or "Well", "")


def conditions(result):
    """As a round has them, of what these tests are about."""
    cluster = f"cluster/{result.cluster}"
    yield reading(cluster, "Drifted", "ChangedOutside" if result.drift else "")
    refused = reason_of(result.blocked[0].code) if result.blocked else ""
    yield reading(cluster, "Blocked", refused)
    differs = "Differs" if result.drift else "Blocked" if refused else ""
    yield reading(cluster, "Converged", differs, "False", "True")
    lost = {one.host: reason_of(one.code) for one in result.unreachable}
    for host in result.hosts:
        yield reading(f"member/{host}", "Unreachable", lost.get(host, ""))
        yield reading(
            f"member/{host}", "Degraded", "NotRead" if host in lost else "", "Unknown"
        )


def assessed(result):
    if result.failure:
        return result
    whole = replace(result, readings=tuple(conditions(result)))
    return replace(whole, found=assess_round(whole))


def told(store, *results):
    """What each of these rounds, five minutes apart, has to tell."""
    found = []
    for number, result in enumerate(results):
        moment = START + timedelta(minutes=5 * number)
        whole = assessed(replace(result, moment=moment))
        recorded = store.record("cluster.yaml", whole)
        found.append([words(news) for news in news_of(whole, recorded)])
    return found


def words(news):
    fields = news.fields
    if news.event == "condition":
        return f"{fields['kind']}={fields['status']} {fields['reason']}"
    return f"{news.event} {fields['host']}" if "host" in fields else news.event


@pytest.fixture(params=["memory", "disk"])
def store(request, tmp_path):
    disk = SqlDisk(tmp_path / "state", lambda: START) if request.param == "disk" else None
    found = Store(disk)
    yield found
    found.close()


def test_the_first_round_of_a_cluster_is_news_and_the_same_again_is_none(store):
    assert told(store, FINE, FINE) == [["observed"], []]


def test_a_difference_is_told_when_it_comes_and_when_it_is_gone(store):
    came = ["Converged=False Differs", "drift-found node02"]
    went = ["Converged=True Well", "drift-gone node02"]
    one, other = drifted(item()), drifted(item(actual="c"))
    assert told(store, FINE, one, one, other, FINE, one) == [FIRST, came, [], [], went, came]


def test_of_a_host_that_is_not_read_no_difference_is_gone(store):
    one = drifted(item("node01"), item())
    assert told(store, FINE, one, AGAIN, AGAIN, one)[2:] == [
        [
            "Blocked=True HostUnreachable",
            "Converged=False Blocked",
            "Unreachable=True HostUnreachable",
            "drift-gone node01",
        ],
        [],
        [
            "Blocked=False Well",
            "Converged=False Differs",
            "Unreachable=False Well",
            "drift-found node01",
        ],
    ]


def test_a_failure_is_told_once_and_forgets_nothing(store):
    one = drifted(item())
    assert told(store, one, FAILED, FAILED, one)[1:] == [
        ["Converged=Unknown RoundFailed"],
        [],
        ["Converged=False Differs"],
    ]


def test_what_a_failure_says_nothing_of_stands_and_is_not_told_again(store):
    blocked = replace(FINE, blocked=(REFUSED,))
    assert told(store, blocked, FAILED, blocked)[1:] == [
        ["Converged=Unknown RoundFailed"],
        ["Converged=False Blocked"],
    ]


def test_a_first_round_that_fails_is_told(store):
    assert told(store, FAILED, FINE) == [
        ["Converged=Unknown RoundFailed"],
        ["Converged=True Well"],
    ]


def test_why_nothing_could_be_done_is_told_once(store):
    blocked = replace(FINE, blocked=(REFUSED,))
    assert told(store, FINE, blocked, blocked, FINE) == [
        FIRST,
        ["Blocked=True LeaseGarbled", "Converged=False Blocked"],
        [],
        ["Blocked=False Well", "Converged=True Well"],
    ]


def test_in_which_way_a_host_cannot_be_asked_is_told_once(store):
    code = "connection-lost"
    away = replace(AWAY, code=code)
    other = replace(
        AGAIN, unreachable=(replace(LOST, code=code),), blocked=(away,), unread=(away,)
    )
    assert [len(news) for news in told(store, FINE, AGAIN, other, AGAIN, FINE)] == [
        1,
        3,
        0,
        0,
        3,
    ]


def test_another_reason_of_a_refusal_is_news(store):
    other = replace(FINE, blocked=(replace(REFUSED, code="foreign-stack"),))
    assert told(store, replace(FINE, blocked=(REFUSED,)), other)[1] == [
        "Blocked=True ForeignStack"
    ]


def test_a_clock_that_is_set_back_changes_nothing_of_what_is_news(store):
    told(store, FINE, drifted(item()))
    before = replace(drifted(item()), moment=START - timedelta(days=999))
    recorded = store.record("cluster.yaml", assessed(before))
    assert list(news_of(before, recorded)) == []
    assert store.last_rounds() == {"ocfs2": START + timedelta(minutes=5)}


def disk(path):
    return SqlDisk(path, lambda: START)


def test_who_starts_again_goes_on_where_it_was(tmp_path):
    first = Store(disk(tmp_path))
    told(first, FINE, drifted(item()))
    first.close()
    second = Store(disk(tmp_path))
    assert second.load() == ""
    assert second.last_rounds() == {"ocfs2": START + timedelta(minutes=5)}
    assert told(second, drifted(item()), FINE) == [
        [],
        ["Converged=True Well", "drift-gone node02"],
    ]
    second.close()


def test_a_cluster_that_another_file_has_now_keeps_its_past_and_one_that_is_gone_has_none(
    tmp_path,
):
    store = Store(disk(tmp_path))
    told(store, drifted(item()))
    later = replace(drifted(item()), moment=START + timedelta(days=1))
    store.record("other.yaml", assessed(later))
    known = store.disk.load()
    assert [one.since for one in known["ocfs2"].drift.values()] == [START]
    assert store.forget({"ocfs2"}) == ""
    assert (store.disk.load(), store.last_rounds()) == ({}, {})
    assert store.prune(START) == ""
    store.close()


def test_a_database_that_is_damaged_at_the_start_is_told(tmp_path):
    (tmp_path / "state.db").write_bytes(b"no database" * 999)
    store = Store(disk(tmp_path))
    assert "state.db.damaged-" in store.load()
    assert store.record("cluster.yaml", FAILED).trouble == ""
    store.close()


def test_a_database_that_turns_out_damaged_is_begun_anew_and_told_once(tmp_path):
    store = Store(disk(tmp_path))
    told(store, FINE)
    store.disk.close()
    (tmp_path / "state.db").write_bytes(b"no database" * 999)
    assert "state.db.damaged-" in store.record("cluster.yaml", FAILED).trouble
    assert store.record("cluster.yaml", FAILED).trouble == ""
    assert set(store.disk.load()) == {"ocfs2"}
    store.close()


def test_when_a_volume_is_full_is_told_by_its_samples(tmp_path):
    store = Store(disk(tmp_path))
    cluster = spec(
        volumes=[
            volume(label="images"),
            volume(label="new", device={"wwid": "3600140512345678"}),
        ]
    )
    for day in range(10):
        sizes = {"label": "images", "size": 100 * GIB, "used": (day + 1) * GIB}
        status = {**STATUS, "volumes": [sizes]}
        moment = START + timedelta(days=day)
        store.record("cluster.yaml", assessed(replace(FINE, moment=moment, status=status)))
    assert store.full_in(cluster, moment) == {"images": pytest.approx(90)}
    assert Store().full_in(cluster, moment) == {}
    store.close()


class FullDisk(SqlDisk):
    """A disk without room, until it has some."""

    room = False

    def record(self, file, result, found):
        if not self.room:
            raise StoreFull("state.db", "could not be written")
        super().record(file, result, found)

    def load(self):
        raise StoreFull("state.db", "could not be written")


def test_a_full_disk_keeps_no_news_from_being_told(tmp_path):
    store = Store(FullDisk(tmp_path, lambda: START))
    assert store.load() == "the state in state.db could not be written"
    assert told(store, FINE, drifted(item()))[1] == [
        "Converged=False Differs",
        "drift-found node02",
    ]
    assert (
        store.record("cluster.yaml", FAILED).trouble
        == "the state in state.db could not be written"
    )
    store.disk.room = True
    assert store.record("cluster.yaml", FAILED).trouble == ""
    store.close()


def test_tables_of_a_newer_version_end_it(tmp_path):
    class Newer(SqlDisk):
        def load(self):
            raise StoreOutdated("state.db", "has tables of a newer version")

    with pytest.raises(StoreOutdated):
        Store(Newer(tmp_path, lambda: START)).load()
