"""Whose heartbeat is known: only of a machine that answers, and that was under the number."""

import json
from dataclasses import replace

import pytest

from reconciler.model.heartbeat_owners import listed_numbers
from reconciler.model.heartbeats import alone
from reconciler.model.observed import LiveNode, Observed, Unknown
from reconciler.model.roles import (
    GONE,
    involved_members,
    restrict_to,
    staying,
    with_member_states,
)
from reconciler.planning.checks.foreign_hosts import drop_foreign_members
from reconciler.planning.planner import plan_cluster
from reconciler.planning.resolve.member_record import present_roster
from reconciler.planning.resolve.numbering import with_numbers
from reconciler.resources.quarantine.entries import Known
from reconciler.resources.volumes.heartbeats import check
from tests.builders import facts, file, spec, volume
from tests.unit.model.test_heartbeats import beat, moved_away, seen


def elsewhere(name="node03", number=7):
    """node03 left; it is in another cluster of the same name by now, alone there, number 7."""
    wish = spec(volumes=[volume()])
    members = [m.model_copy(update={"number": n}) for n, m in enumerate(wish.members)]
    members[2] = wish.members[2].model_copy(update={"state": "absent", "number": None})
    wish = wish.model_copy(update={"members": tuple(members)})
    hosts = dict(seen(spec(volumes=[volume()]), beat(7)).hosts)
    for n in ("node01", "node02"):
        (kernel,) = hosts[n].live.clusters
        nodes = tuple(x for x in kernel.nodes if x.name != name)
        hosts[n] = replace(
            hosts[n],
            live=replace(hosts[n].live, clusters=(replace(kernel, nodes=nodes),)),
            cluster_conf=replace(
                hosts[n].cluster_conf, text="cluster:\n\tnode_count = 0\n\tname = ocfs2\n\n"
            ),
        )
    (kernel,) = hosts[name].live.clusters
    mine = replace(kernel, nodes=(LiveNode(name, number, "10.9.9.9", 7777, local=True),))
    hosts[name] = replace(
        hosts[name],
        live=replace(hosts[name].live, clusters=(mine,)),
        mounts=(),
        wanted=(),
        cluster_conf=replace(hosts[name].cluster_conf, text=""),
    )
    return wish, Observed(hosts)


@pytest.mark.parametrize("scope", [staying, involved_members])
def test_a_host_that_is_in_another_cluster_of_this_name_explains_no_block_here(scope):
    wish, observed = elsewhere()
    wish = with_numbers(drop_foreign_members(wish, observed), observed)
    assert [m.role for m in wish.members] == ["present", "present", GONE]
    shown = restrict_to(observed, [getattr(one, "name", one) for one in scope(wish)])
    (images,) = wish.volumes
    assert 7 not in listed_numbers(wish, shown)
    assert alone(wish, images, shown) == "-"
    assert [b.code for b in check(wish, shown)] == ["foreign-heartbeat"]


def test_a_host_that_has_it_mounted_by_another_device_explains_no_block():
    """node02 is nobody's by the lists; it has an OCFS2 volume mounted, by a path of the LUN that is not asked for."""
    wish, observed = moved_away()
    (mount, *_) = observed.hosts["node02"].mounts
    left = replace(
        observed.hosts["node02"],
        live=Unknown("cut short"),
        mounts=(replace(mount, device="8:99"),),
        cluster_conf=replace(observed.hosts["node02"].cluster_conf, text=""),
    )
    hosts = {**observed.hosts, "node02": left}
    (kernel,) = hosts["node01"].live.clusters
    own = replace(kernel, nodes=tuple(n for n in kernel.nodes if n.local))
    hosts["node01"] = replace(
        hosts["node01"],
        live=replace(hosts["node01"].live, clusters=(own,)),
        cluster_conf=replace(hosts["node01"].cluster_conf, text=""),
    )
    found = plan_cluster(with_member_states(wish, {"node02": "absent"}), Observed(hosts))
    assert "foreign-heartbeat" in [b.code for b in found.blocked], found.blocked


def test_a_number_that_was_passed_on_stays_so_while_its_host_has_not_joined_again():
    """node09 had 7 before node02, and is to join again; then it is given up, and is off."""
    wish, observed = moved_away(known=(("node09", Known(7, "node09", passed_on=True)),))
    hosts = dict(observed.hosts)
    joins = spec(("node01", "node02", "node09"), volumes=[volume()])
    joined = Observed(
        {
            **hosts,
            "node09": replace(
                facts("node09", 9),
                identity=replace(facts("node09", 9).identity, machine_id="new"),
            ),
        }
    )
    assert 7 in listed_numbers(with_numbers(joins, joined), joined)
    text = present_roster(joins, joined)
    assert text
    record = file("/var/lib/reconcile/ocfs2/members.json", text)
    after = Observed({n: replace(f, records=(record,)) for n, f in hosts.items()})
    wish = spec(("node01", "node02"), volumes=[volume()])
    wish = with_numbers(wish, after)
    assert not [b.code for b in check(wish, after)]
    assert json.loads(text)["members"]["node09"].get("passed_on")
