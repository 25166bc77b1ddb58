"""What was not read makes no trouble, and what an agent mounts is found by its path."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Lease, Unknown
from reconciler.planning.review.forecast import findings
from reconciler.planning.watching.troubles import Sight, find_troubles
from tests.builders import converged, mount, spec, volume, with_facts

CLUSTER = spec(volumes=[volume()])
OTHER_TOOLS = replace(
    converged(CLUSTER).hosts["node02"].packages, versions={"ocfs2-tools": "1.8.8"}
)


def found(**sections):
    sight = Sight(CLUSTER, with_facts(converged(CLUSTER), "node02", **sections))
    return {(one.reason, one.member) for one in find_troubles(sight)}


def test_a_cluster_that_is_well_has_none():
    assert found() == set()


@pytest.mark.parametrize("section", ["mounts", "wanted", "records", "leases"])
def test_of_what_was_not_read_no_trouble_is_told(section):
    assert {host for _reason, host in found(**{section: Unknown("cut off")})} <= {"node02"}


def test_a_run_without_an_end_is_told_of_its_host_though_its_records_are_unread():
    lost = Lease("run-1", "{}", 10**6)
    unread = {"leases": (lost,), "records": Unknown("cut off")}
    assert ("RunUnfinished", "node02") in found(**unread)


def test_a_read_only_mount_is_found_by_its_path_where_the_device_is_unknown():
    facts = converged(CLUSTER).hosts["node02"]
    views = tuple(replace(view, device=None) for view in facts.wanted)
    mounts = tuple(replace(one, options=("ro",)) for one in facts.mounts)
    assert ("ReadOnly", "node02") in found(mounts=mounts)
    assert ("ReadOnly", "node02") in found(wanted=views, mounts=mounts)


def test_what_else_is_mounted_on_a_host_is_none_of_its_volume():
    other = replace(mount("/srv/other"), device="8:99", options=("ro",))
    mounts = (*converged(CLUSTER).hosts["node02"].mounts, other)
    assert found(mounts=mounts) == set()
    assert ("NotMounted", "node02") in found(mounts=(other,))


def test_what_is_only_worth_knowing_of_the_next_boot_is_no_trouble():
    observed = with_facts(converged(CLUSTER), "node02", packages=OTHER_TOOLS)
    told = [(one.code, one.severity) for one in findings(CLUSTER, observed)]
    assert told == [("version-skew", "notice")]
    assert found(packages=OTHER_TOOLS) == set()
