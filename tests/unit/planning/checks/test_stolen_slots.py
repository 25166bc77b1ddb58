"""Who mounts beside node 0, by what was read of both."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Unknown
from reconciler.model.plan import Action, Command
from reconciler.planning.checks.stolen_slots import stolen_slots
from tests.builders import bare, converged, spec, volume, with_facts

CLUSTER = spec(("node01", "node02"), volumes=[volume()])
MOUNT = Action(
    "ocfs2/node02/mount/images",
    "mount",
    "node02",
    "member/node02/mount/images",
    "mount",
    "it shall",
    "safe",
    Command(("mount",)),
    (),
)


def faulty(observed, release="5.10.46"):
    kernel = replace(observed.hosts["node02"].kernel, running=release)
    return with_facts(observed, "node02", kernel=kernel)


def refusals(before, after=None, *actions):
    found = stolen_slots(CLUSTER, before, after or before, actions or (MOUNT,))
    return [(item.code, item.subject) for item in found]


def test_who_mounts_while_node_0_has_the_volume_is_refused():
    assert refusals(faulty(converged(CLUSTER))) == [("slot-zero", "member/node02")]
    assert refusals(faulty(converged(CLUSTER), "6.1.176")) == []


def test_node_0_may_be_there_before_the_step_or_after_it():
    nobody, both = faulty(bare(CLUSTER)), faulty(converged(CLUSTER))
    assert refusals(nobody, nobody) == []
    assert refusals(nobody, both) == refusals(both, nobody) == [("slot-zero", "member/node02")]


def test_node_0_itself_mounts():
    kernel = replace(converged(CLUSTER).hosts["node01"].kernel, running="5.10.46")
    seen = with_facts(converged(CLUSTER), "node01", kernel=kernel)
    assert refusals(seen, seen, replace(MOUNT, host="node01")) == []


def test_who_does_not_mount_is_nobodys_thief():
    seen = faulty(converged(CLUSTER))
    assert refusals(seen, seen, replace(MOUNT, kind="unmount")) == []


@pytest.mark.parametrize("section", ["live", "mounts", "wanted"])
def test_what_is_unread_of_node_0_is_refused_by_others(section):
    seen = with_facts(faulty(converged(CLUSTER)), "node01", **{section: Unknown("no answer")})
    assert refusals(seen) == []


def test_a_kernel_that_is_unread_is_refused_by_others():
    seen = with_facts(converged(CLUSTER), "node02", kernel=Unknown("no answer"))
    assert refusals(seen) == []
