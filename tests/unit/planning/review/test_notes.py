"""What only an operator can judge is told, and what could not be read is not made up."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Lease, Observed, Unknown
from reconciler.planning.review.drift import last_applied, record_notes
from reconciler.planning.review.notes import CLOCKS_APART, advisories, quarantined_hosts
from reconciler.resources.quarantine.entries import Entry, Known, entries_text, members_text
from tests.builders import converged, file, spec, volume, with_facts

TWO = spec(("node01", "node02"), volumes=[volume()])
PLACE = "/var/lib/reconcile/ocfs2/"
QUARANTINE, MEMBERS, APPLIED = (
    f"{PLACE}{name}.json" for name in ("quarantine", "members", "applied")
)
DEAD = Entry("node09", 5, "machine-9", ((0, "node01"), (5, "node09")))


def tell(**sections):
    return list(advisories(TWO, with_facts(converged(TWO), "node02", **sections)))


def test_of_a_cluster_that_is_well_nothing_is_told():
    assert tell() == []


@pytest.mark.parametrize("apart", [CLOCKS_APART, CLOCKS_APART + 1])
def test_clocks_that_are_far_apart_are_told(apart):
    identity = converged(TWO).hosts["node02"].identity
    words = tell(identity=replace(identity, clock=identity.clock + apart))
    late = f"the clocks of node01 and node02 are more than {CLOCKS_APART} s apart"
    assert words == ([late] if apart > CLOCKS_APART else [])


def test_a_clock_that_was_not_read_is_compared_with_none():
    assert tell(identity=Unknown("cut off")) == []


def test_who_is_in_quarantine_is_told_and_of_a_garbled_record_nobody():
    (words,) = tell(records=(file(QUARANTINE, entries_text([DEAD])),))
    assert words.startswith("node09 (node 5) is in quarantine")
    assert tell(records=(file(QUARANTINE, "nonsense"),)) == []
    garbled = with_facts(converged(TWO), "node01", records=(file(QUARANTINE, "[1]"),))
    assert quarantined_hosts(TWO, garbled) == ()


def test_who_left_and_still_saw_the_disk_is_told_until_it_is_listed_again():
    known = {"node09": Known(5, "machine-9", ("images",)), "node02": Known(1, "m", ("images",))}
    (words,) = tell(records=(file(MEMBERS, members_text(known)),))
    assert words.startswith("node09 left, and when last asked it still saw the LUN of images")


def test_who_is_at_work_is_told_with_all_its_hosts_and_who_has_ended_is_not():
    lease = Lease("run-1", "{}", 12.3)
    hosts = {
        name: replace(facts, leases=(lease, replace(lease, run="run-0", sealed=True)))
        for name, facts in converged(TWO).hosts.items()
    }
    (words,) = advisories(TWO, Observed(hosts))
    assert words.startswith("run run-1 holds the lease on node01, node02, renewed 12 s ago")
    assert tell(leases=Unknown("garbled")) == []


def remembering(*texts):
    """Each host with its record of the last apply."""
    hosts = dict(converged(spec(volumes=[volume()])).hosts)
    for name, text in zip(hosts, texts, strict=True):
        records = () if text is None else (file(APPLIED, text),)
        hosts[name] = replace(hosts[name], records=records)
    return Observed(hosts)


THREE = spec(volumes=[volume()])


def test_members_that_remember_another_apply_are_told():
    assert list(record_notes(THREE, remembering(None, None, None))) == [
        "no member remembers an apply, so that every difference counts as not applied"
    ]
    notes = list(record_notes(THREE, remembering("a", None, "a")))
    assert notes == [
        "node02 has no record of what was last applied; the next apply leaves it one"
    ]
    notes = list(record_notes(THREE, remembering("a", "b", "a")))
    assert notes == ["node02 remembers another last applied state than the others"]
    assert list(record_notes(THREE, remembering("a", "a", "a"))) == []


def applied(name="ocfs2"):
    cluster = THREE.model_copy(update={"name": name}).model_dump_json(exclude_defaults=True)
    return f'{{"version": 1, "clusters": [{cluster}]}}'


def test_the_last_applied_state_is_the_one_of_most_that_is_one_of_ours():
    found = last_applied(THREE, remembering("garbled", applied(), applied()))
    assert found is not None
    assert [cluster.name for cluster in found.clusters] == ["ocfs2"]
    assert last_applied(THREE, remembering("garbled", "garbled", applied())) is not None
    for text in (None, "garbled", applied("other"), "[" * 9999):
        assert last_applied(THREE, remembering(text, text, text)) is None


def test_a_record_that_was_not_read_counts_for_nothing():
    seen = remembering(applied(), applied(), applied())
    unread = with_facts(seen, "node01", records=Unknown("cut off"))
    assert last_applied(THREE, unread) is not None
    assert list(record_notes(THREE, unread)) == [
        "node01 has no record of what was last applied; the next apply leaves it one"
    ]


def test_a_module_that_is_of_no_package_is_told():
    wish = {"kernel_module": "kmod-ocfs2", "kernel_module_version": "1.2"}
    cluster = spec(("node01", "node02"), volumes=[volume()], packages=wish)
    words = list(advisories(cluster, converged(TWO)))
    assert [w.partition(":")[0] for w in words] == ["node01", "node02"]
    assert "its ocfs2 module is not of the package kmod-ocfs2" in words[0]
