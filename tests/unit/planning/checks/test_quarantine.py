"""A host in quarantine keeps its number from everybody, until it cannot return."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.addresses import member_address
from reconciler.model.observed import Observed, Unknown
from reconciler.planning.checks.quarantine import (
    forgotten_lists,
    stale_host_violations,
    taken_blocks,
    taken_numbers,
)
from reconciler.planning.planner import plan_cluster
from reconciler.planning.resolve.numbering import with_numbers
from reconciler.resources.quarantine.entries import Entry, entries_text
from tests.builders import bare, converged, file, spec, volume

RECORD = "/var/lib/reconcile/ocfs2/quarantine.json"
DEAD = Entry("node09", 2, "machine-9", ((0, "node01"), (1, "node02"), (2, "node09")))


def joining(**pin):
    """A third member, while those that are there remember a host that was dropped uncleaned."""
    old = spec(("node01", "node02"))
    new = spec(
        members=[
            {"name": "node01", "interconnect": "10.0.0.11"},
            {"name": "node02", "interconnect": "10.0.0.12"},
            {"name": "node03", "interconnect": "10.0.0.13", **pin},
        ]
    )
    record = file(RECORD, entries_text([DEAD]))
    hosts = {
        name: replace(facts, records=(record,)) for name, facts in converged(old).hosts.items()
    }
    return new, Observed({**hosts, "node03": bare(new).hosts["node03"]})


def test_who_joins_gets_another_number():
    cluster, observed = joining()
    numbers = {m.name: m.number for m in with_numbers(cluster, observed).members}
    assert numbers == {"node01": 0, "node02": 1, "node03": 3}


@pytest.mark.parametrize(("number", "codes"), [(2, ["stale-host-could-return"]), (5, [])])
def test_who_is_pinned_to_its_number_is_refused(number, codes):
    cluster, observed = joining(number=number)
    found = list(taken_numbers(with_numbers(cluster, observed), observed))
    assert [b.code for b in found] == codes
    assert {b.subject for b in found} <= {member_address("node09")}
    assert set(found) <= set(plan_cluster(cluster, observed).blocked)


def mounted(*names):
    """Two members, of whom these have the volume mounted."""
    cluster = spec(("node01", "node02"), volumes=[volume()])
    hosts = {
        name: facts if name in names else replace(facts, mounts=())
        for name, facts in converged(cluster).hosts.items()
    }
    return with_numbers(cluster, Observed(hosts)), Observed(hosts)


BOTH = ("node01", "node02")


@pytest.mark.parametrize(
    ("before", "after", "codes"),
    [
        (BOTH, BOTH, []),
        (BOTH, ("node01",), []),  # one keeps it out all the time
        (("node01",), ("node02",), ["stale-host-could-return"]),  # nobody does in between
        (BOTH, (), ["stale-host-could-return"]),
        ((), (), []),  # nothing serves, nothing is lost
    ],
)
def test_somebody_of_its_last_list_keeps_the_volume_mounted_all_the_time(before, after, codes):
    cluster, was = mounted(*before)
    _, now = mounted(*after)
    found = list(stale_host_violations(cluster, [DEAD], was, now))
    assert [b.code for b in found] == codes
    assert all("0 node01, 1 node02, 2 node09" in b.message for b in found)


def test_whoever_is_not_on_its_last_list_lets_it_mount():
    stranger = Entry("node09", 2, "machine-9", ((2, "node09"), (7, "node07")))
    cluster, both = mounted(*BOTH)
    (found,) = stale_host_violations(cluster, [stranger], both, both)
    assert found.code == "stale-host-could-return"


def test_of_a_host_whose_mounts_are_unread_nobody_knows_that_it_keeps_it_out():
    cluster, both = mounted(*BOTH)
    hosts = {n: replace(f, mounts=Unknown("cut off")) for n, f in both.hosts.items()}
    (found,) = stale_host_violations(cluster, [DEAD], both, Observed(hosts))
    assert found.code == "stale-host-could-return"


@pytest.mark.parametrize(("number", "codes"), [(7, ["foreign-heartbeat"]), (6, [])])
def test_nobody_gets_a_number_under_which_somebody_unknown_has_beaten(number, codes):
    items = [{"name": "node01", "interconnect": "10.0.0.11", "number": number}]
    said = {"by": "ops", "at": "2026-01-05T10:00:00Z", "number": 7}
    cluster = spec(members=items, volumes=[volume()], heartbeat={"attested": [said]})
    found = list(taken_blocks(cluster, bare(cluster)))
    assert [b.code for b in found] == codes


def with_dead(access="mapped", record=None, **keys):
    """Two members, and one that is attested dead, whom they may remember."""
    alive = [
        {"name": "node01", "interconnect": "10.0.0.11"},
        {"name": "node02", "interconnect": "10.0.0.12"},
    ]
    said = {"by": "ops", "at": "2026-01-05T10:00:00Z", "lun_access": access}
    gone = {"name": "node09", "interconnect": "10.0.0.19", "state": "dead", "attested": said}
    records = (file(RECORD, entries_text([record])),) if record else ()
    hosts = {
        name: replace(facts, records=records)
        for name, facts in converged(spec(members=alive, **keys)).hosts.items()
    }
    return spec(members=[*alive, gone], **keys), Observed(hosts)


@pytest.mark.parametrize(
    ("access", "record", "volumes", "codes"),
    [
        ("mapped", None, [volume()], ["stale-host-could-return"]),
        ("mapped", replace(DEAD, name="node08"), [volume()], ["stale-host-could-return"]),
        ("mapped", DEAD, [volume()], []),  # its last list is known
        ("revoked", None, [volume()], []),  # it reaches nothing
        ("mapped", None, [], []),  # nothing is mounted
    ],
)
def test_nothing_is_mounted_while_nobody_remembers_the_list_of_a_dead_host(
    access, record, volumes, codes
):
    cluster, observed = with_dead(access, record, volumes=volumes)
    found = list(forgotten_lists(cluster, observed))
    assert [b.code for b in found] == codes
    assert {b.subject for b in found} <= {member_address("node09")}
    assert set(found) <= set(plan_cluster(cluster, observed).blocked)
