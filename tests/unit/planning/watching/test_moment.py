"""What forbids any healing at the moment is said with the hosts that it is on."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Lease, Observed, Pause, Unknown, Unreachable
from reconciler.planning.watching.moment import (
    held_lease,
    pause_words,
    record_gaps,
    unread_words,
)
from tests.builders import converged, facts, file, spec, volume, with_facts

CLUSTER = spec(volumes=[volume()])
RECORD = "/var/lib/reconcile/ocfs2/applied.json"
SAN = facts("san", 9)


def seen(**sections):
    return with_facts(converged(CLUSTER), "node02", **sections)


def beside(observed, found):
    return Observed(observed.hosts, storage={"san": found})


def test_where_all_was_read_nothing_forbids():
    assert unread_words(CLUSTER, seen()) == ""
    assert held_lease(seen()) == ""
    assert pause_words(seen()) == ""


def test_a_member_and_a_host_of_the_storage_that_do_not_answer_are_said():
    lost = {"node02": Unreachable("node02", "host-unreachable", "no route")}
    gone = Observed({**seen().hosts, **lost})
    assert unread_words(CLUSTER, gone) == "node02 does not answer"
    away = beside(seen(), Unreachable("san", "host-unreachable", "no route"))
    assert unread_words(CLUSTER, away) == "san does not answer"


def test_only_of_a_member_all_sections_are_needed():
    unread = seen(mounts=Unknown("cut off"), records=Unknown("cut off"))
    assert unread_words(CLUSTER, unread) == "node02: mounts, records could not be read"
    partly = replace(SAN, mounts=Unknown("not asked"))
    assert unread_words(CLUSTER, beside(seen(), partly)) == ""


HELD = Lease("run-1", "{}", 1.0)


@pytest.mark.parametrize(
    ("lease", "own", "words"),
    [
        (HELD, (), "run-1 on node02"),
        (HELD, ("run-1",), ""),
        (replace(HELD, running="mkfs.ocfs2"), ("run-1",), "run-1 on node02"),
        (replace(HELD, run="", running="mkfs.ocfs2"), (), "a run that is gone on node02"),
    ],
)
def test_a_lease_is_another_runs_or_one_of_which_something_still_runs(lease, own, words):
    assert held_lease(seen(leases=(lease,)), own) == words


def test_a_lease_on_a_host_of_the_storage_counts_where_it_could_be_read():
    held = replace(SAN, leases=(HELD,))
    assert held_lease(beside(seen(leases=(HELD,)), held)) == "run-1 on node02, san"
    assert held_lease(beside(seen(), replace(SAN, leases=Unknown("garbled")))) == ""
    assert held_lease(beside(seen(), Unreachable("san", "host-unreachable", ""))) == ""


def test_a_pause_is_said_with_its_hosts():
    pause = Pause("ocfs2", "the SAN moves", "alice@desk", 1700000000, None)
    assert pause_words(seen(pauses=(pause,))).endswith("(the SAN moves): node02")


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ((None, None, None), "no member remembers an apply"),
        (("a", None, "a"), "no record of the last apply on node02"),
        (("a", "b", "a"), "the members remember different last applied states"),
        (("a", "a", "a"), ""),
    ],
)
def test_the_members_have_to_remember_the_same_apply(texts, words):
    observed = converged(CLUSTER)
    for host, text in zip(list(observed.hosts), texts, strict=True):
        records = () if text is None else (file(RECORD, text),)
        observed = with_facts(observed, host, records=records)
    assert record_gaps(CLUSTER, observed) == words
