"""A host in quarantine keeps its number from everybody, until it cannot return."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.addresses import member_address
from reconciler.model.observed import Observed
from reconciler.planning.checks.quarantine import taken_numbers
from reconciler.planning.planner import plan_cluster
from reconciler.planning.resolve.numbering import with_numbers
from reconciler.resources.quarantine.entries import Entry, entries_text
from tests.builders import bare, converged, file, spec

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
