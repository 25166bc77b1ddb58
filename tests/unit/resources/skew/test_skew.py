"""Members that differ: who is refused, and what is only told."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Live, Observed
from reconciler.resources.skew.changes import check, findings
from tests.builders import bare, converged, spec, superblock, volume, with_facts

IN_TREE = "/lib/modules/X/kernel/fs/ocfs2/ocfs2.ko"
APPEND_DIO = "32768 append-dio"
TWO = spec(("node01", "node02"), volumes=[volume()])


def joining(observed, host, **live):
    """The host as it is before it joins; its ocfs2 module may be loaded."""
    facts = bare(TWO).hosts[host]
    wanted = observed.hosts[host].wanted
    found = replace(facts, live=Live("o2cb", (), (), **live), wanted=wanted)
    return Observed({**observed.hosts, host: found})


def speaking(observed, host, locking):
    live = observed.hosts[host].live
    return with_facts(observed, host, live=replace(live, locking=locking))


def running(observed, host, release, module=IN_TREE, **more):
    kernel = observed.hosts[host].kernel
    return with_facts(
        observed, host, kernel=replace(kernel, running=release, module_file=module, **more)
    )


def with_features(observed, incompat):
    """On the volume, as every host sees it."""
    block = replace(superblock(), incompat=incompat)
    for host, facts in observed.hosts.items():
        views = tuple(replace(view, superblock=block) for view in facts.wanted)
        observed = with_facts(observed, host, wanted=views)
    return observed


def refused(observed):
    return [(item.code, item.subject) for item in check(TWO, observed)]


def told(observed):
    return [(item.code, item.subject, item.severity) for item in findings(TWO, observed)]


def test_members_that_are_alike_are_neither_refused_nor_told_of():
    assert (refused(converged(TWO)), told(converged(TWO))) == ([], [])


@pytest.mark.parametrize(
    ("mine", "theirs", "joins"),
    [
        ("1.0", "1.0", True),
        ("1.10", "1.8", True),
        ("1.8", "1.10", False),
        ("2.0", "1.0", False),
        ("", "1.0", True),
        ("1.0", "", True),
    ],
)
def test_who_joins_must_know_the_protocol_of_those_who_are_there(mine, theirs, joins):
    seen = joining(speaking(converged(TWO), "node01", theirs), "node02", locking=mine)
    assert refused(seen) == ([] if joins else [("protocol-skew", "member/node02")])
    assert told(seen) == []


def test_of_members_that_run_another_protocol_is_only_told():
    seen = speaking(speaking(converged(TWO), "node01", "1.0"), "node02", "2.0")
    assert refused(seen) == []
    assert told(seen) == [
        ("protocol-skew", "member/node01", "warning"),
        ("protocol-skew", "member/node02", "warning"),
    ]


def test_who_is_to_mount_with_a_kernel_that_lacks_a_feature_is_refused():
    seen = running(with_features(converged(TWO), APPEND_DIO), "node02", "3.16.0", loaded=())
    assert refused(seen) == []  # it has it mounted: then its kernel has it, whatever we know
    seen = running(
        joining(with_features(converged(TWO), APPEND_DIO), "node02"), "node02", "3.16.0"
    )
    assert refused(seen) == [("feature-skew", "member/node02")]


def test_where_the_same_kernel_has_it_mounted_nothing_is_lacking():
    seen = with_features(converged(TWO), f"{1 << 20} later")
    assert refused(with_facts(seen, "node02", mounts=())) == []
    assert refused(with_facts(with_facts(seen, "node02", mounts=()), "node01", mounts=())) == [
        ("feature-skew", "member/node01"),
        ("feature-skew", "member/node02"),
    ]


def test_of_the_kernel_that_boots_next_is_only_told():
    seen = with_features(converged(TWO), APPEND_DIO)
    seen = running(seen, "node02", "6.1.0", next_boot="3.16.0", next_boot_module=True)
    assert refused(seen) == []
    assert told(seen) == [("feature-skew", "member/node02", "warning")]


def test_tools_that_cannot_read_what_others_can_are_refused_before_they_join():
    seen = joining(converged(TWO), "node02")
    facts = seen.hosts["node02"]
    views = tuple(
        replace(v, superblock=None, signature={"TYPE": "ocfs2"}) for v in facts.wanted
    )
    same = with_facts(seen, "node02", wanted=views)
    assert refused(same) == []  # of the same version it is not the version
    older = replace(facts.packages, versions={"ocfs2-tools": "1.4.1"})
    seen = with_facts(same, "node02", packages=older)
    assert refused(seen) == [("feature-skew", "member/node02")]


def test_versions_that_differ_are_told_of_once():
    seen = running(converged(TWO), "node02", "6.1.1")
    packages = replace(seen.hosts["node02"].packages, versions={"ocfs2-tools": "1.8.6"})
    found = list(findings(TWO, with_facts(seen, "node02", packages=packages)))
    assert [item.message for item in found] == [
        "members have different ocfs2-tools: 1.8.7 on node01; 1.8.6 on node02",
        "members run different kernels: 6.1.0 on node01; 6.1.1 on node02",
    ]
    assert {item.severity for item in found} == {"notice"}


def test_who_has_no_tools_has_none_of_another_version():
    seen = converged(TWO)
    packages = replace(seen.hosts["node02"].packages, versions={}, commands=())
    assert list(findings(TWO, with_facts(seen, "node02", packages=packages))) == []
