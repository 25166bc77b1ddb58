"""What a plan tells besides its actions, with a way out."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Observed, Unreachable
from reconciler.planning.planner import plan_cluster, restrict
from tests.builders import converged, file, spec, volume, with_facts

CLUSTER = spec(volumes=[volume()])
FSTAB = file("/etc/fstab", "/dev/ubda / ext4 defaults 0 0\n")


def test_what_fencing_lacks_is_told_where_nothing_changes_too():
    seen = converged(CLUSTER)
    plan = plan_cluster(CLUSTER, seen)
    assert (plan.actions, len(plan.notes)) == ((), 1)
    assert plan.notes[0].startswith("node01, node02, node03: kernel.panic_on_oops is 0")


def test_what_fencing_lacks_is_told_with_its_remedy():
    lost = with_facts(converged(CLUSTER), "node02", fstab=FSTAB)
    kernel = replace(lost.hosts["node01"].kernel, panic_on_oops=0)
    plan = plan_cluster(CLUSTER, with_facts(lost, "node01", kernel=kernel))
    (note,) = (note for note in plan.notes if "panic_on_oops" in note)
    assert "set it to 1, by a file in /etc/sysctl.d and sysctl --system" in note


@pytest.mark.parametrize(
    ("code", "expected"), [("host-unreachable", True), ("login-refused", False)]
)
def test_of_a_member_that_may_be_off_the_way_out_is_named(code, expected):
    lost = Unreachable("node03", code, "no route")
    plan = plan_cluster(CLUSTER, Observed({**converged(CLUSTER).hosts, "node03": lost}))
    (refusal,) = plan.blocked
    assert ("give it state: offline with attested" in refusal.remedy) is expected


def test_what_targets_leave_out_is_not_said_to_be_mended_by_this_apply():
    observed = converged(CLUSTER)
    for host in ("node01", "node02"):
        observed = with_facts(observed, host, fstab=FSTAB)
    found = restrict(CLUSTER, observed, ["member/node01"]).findings
    mended = {f.message.partition(":")[0]: (f.remedy, bool(f.mended_by)) for f in found}
    other = "apply once without --target: these targets do not mend it"
    assert mended["node02"] == (other, False)
    assert mended["node01"][1]


@pytest.mark.parametrize(
    ("code", "codes"),
    [("host-unreachable", []), ("login-refused", []), ("not-observed", ["not-observed"])],
)
def test_a_host_that_nobody_knows_may_leave_unasked_but_for_one_that_was_not_looked_at(
    code, codes
):
    gone = {"name": "node09", "interconnect": "10.0.0.19", "state": "absent"}
    items = [{"name": m.name, "interconnect": str(m.interconnect)} for m in CLUSTER.members]
    cluster = spec(members=[*items, gone], volumes=[volume()])
    lost = Unreachable("node09", code, "no route")
    plan = plan_cluster(cluster, Observed({**converged(CLUSTER).hosts, "node09": lost}))
    assert [item.code for item in plan.blocked] == codes
