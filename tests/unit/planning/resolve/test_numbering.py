from dataclasses import replace

from reconciler.planning.resolve.numbering import with_numbers
from reconciler.resources.cluster_conf.changes import wanted_file
from tests.builders import bare, file, live, spec


def numbers(cluster, observed):
    return {m.name: m.number for m in with_numbers(cluster, observed).members}


def test_new_members_get_the_lowest_numbers_in_the_files_order():
    cluster = spec(("zeta", "alpha"))
    assert numbers(cluster, bare(cluster)) == {"zeta": 0, "alpha": 1}


def test_a_pin_is_kept_and_not_given_to_another():
    cluster = spec(
        members=[
            {"name": "node01", "interconnect": "10.0.0.11"},
            {"name": "node02", "interconnect": "10.0.0.12", "number": 0},
        ]
    )
    assert numbers(cluster, bare(cluster)) == {"node01": 1, "node02": 0}


def test_a_running_member_keeps_its_number_though_it_moved_in_the_file():
    before = spec(("node02", "node01"))
    observed = bare(before)
    hosts = dict(observed.hosts)
    hosts["node01"] = replace(hosts["node01"], live=live(before, "node01"))
    after = spec(("node01", "node02", "node03"))
    seen = type(observed)({**hosts, "node03": bare(after).hosts["node03"]})
    assert numbers(after, seen) == {"node01": 1, "node02": 0, "node03": 2}


def test_the_file_decides_where_no_kernel_runs():
    before = with_numbers(spec(("node02", "node01")), bare(spec(("node02", "node01"))))
    text = wanted_file(before)
    after = spec(("node01", "node02"))
    observed = bare(after)
    hosts = {
        name: replace(facts, cluster_conf=file("/etc/ocfs2/cluster.conf", text))
        for name, facts in observed.hosts.items()
    }
    assert numbers(after, type(observed)(hosts)) == {"node01": 1, "node02": 0}


def test_compact_numbers_are_0_to_n_with_newcomers_last():
    before = spec(("node01", "node02", "node03"))
    observed = bare(before)
    hosts = {
        name: replace(facts, live=live(before, name)) for name, facts in observed.hosts.items()
    }
    after = spec(("node04", "node03", "node02"), numbering="compact")
    seen = type(observed)({**hosts, "node04": bare(after).hosts["node04"]})
    assert numbers(after, seen) == {"node02": 0, "node03": 1, "node04": 2}


def with_kernel(observed, host, release):
    kernel = replace(observed.hosts[host].kernel, running=release)
    return type(observed)(
        {**observed.hosts, host: replace(observed.hosts[host], kernel=kernel)}
    )


def test_nobody_new_gets_0_beside_a_kernel_that_may_take_its_slot():
    cluster = spec(("node01", "node02"))
    for release, first in (("5.10.46", 1), ("5.10.0-28-amd64", 1), ("5.10.135", 0)):
        seen = with_kernel(bare(cluster), "node02", release)
        assert numbers(cluster, seen) == {"node01": first, "node02": first + 1}


def test_who_has_0_keeps_it_whatever_its_kernel():
    cluster = spec(("node01", "node02"))
    observed = bare(cluster)
    hosts = {
        name: replace(facts, live=live(cluster, name)) for name, facts in observed.hosts.items()
    }
    seen = with_kernel(type(observed)(hosts), "node02", "5.10.46")
    assert numbers(cluster, seen) == {"node01": 0, "node02": 1}
