"""Whom `unlock`, `pause` and `resume` mean: members once, helper hosts with their clusters."""

import pytest

from reconciler.cli.operating import find_members, places
from reconciler.errors import UsageError
from reconciler.execution.operating import seats_of
from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.model.observed import Lease, Observed, Unknown
from tests.builders import facts
from tests.runs import members, of, volume

WORLD = bare_cluster(4)


def shared(lun, label):
    """A volume whose LUN `san01` takes from who leaves."""
    revoke = {"host": "san01", "argv": ["unmap", "{host}", lun]}
    return volume(WORLD, label=label, access={"revoke": revoke})


def cluster(name, hosts, label):
    return {"name": name, "members": members(WORLD, *hosts), "volumes": [shared("lun1", label)]}


TWO = of(
    cluster("one", ("node01", "node02"), "images"),
    cluster("two", ("node03", "node04"), "logs"),
)


def fleet(_cluster, member):
    return connect(WORLD, member.name if member.name in WORLD.machines else "node01", "alice")


def test_a_helper_host_is_asked_once_for_the_lease_of_each_cluster_that_it_helps():
    found = places(fleet, TWO)
    assert {name: place.scopes for name, place in found.items()} == {
        "node01": ("-",),
        "node02": ("-",),
        "node03": ("-",),
        "node04": ("-",),
        "san01": ("one", "two"),
    }


def test_a_lease_is_asked_for_where_it_was_seen_and_where_none_could_be_read():
    found = places(fleet, TWO)
    seen = Observed(
        {
            "node01": facts("node01", 1, leases=(Lease("r1", "{}", 1.0),)),
            "node02": facts("node02", 2, leases=(Lease("r2", "{}", 1.0),)),
            "node03": facts("node03", 3, leases=Unknown("garbled")),
            "san01": facts("san01", 4, leases=(Lease("r1", "{}", 1.0, "two"),)),
        }
    )
    seats = seats_of(found, seen, "r1")
    assert {name: [seat.scope for seat in one] for name, one in seats.items()} == {
        "node01": ["-"],
        "node03": ["-"],
        "san01": ["two"],
    }
    unread = Observed({"san01": facts("san01", 4, leases=Unknown("garbled"))})
    assert [s.scope for s in seats_of(found, unread, "r1")["san01"]] == ["one", "two"]


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("one", [("one", ("node01", "node02"))]),
        ("cluster/two", [("two", ("node03", "node04"))]),
        ("node03", [("two", ("node03",))]),
        ("member/node02", [("one", ("node02",))]),
    ],
)
def test_a_name_means_a_cluster_or_a_host(target, names):
    assert [(one.name, hosts) for one, hosts in find_members(TWO, target)] == names


def test_a_helper_host_is_no_host_to_pause():
    with pytest.raises(
        UsageError, match="no cluster and no host of the file is called 'san01'"
    ):
        find_members(TWO, "san01")
