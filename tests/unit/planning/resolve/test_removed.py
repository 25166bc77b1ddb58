"""Who and what the file has no more is told by those who are in the cluster, if they can be read."""

import json
from dataclasses import replace

import pytest

from reconciler.model.observed import Observed, Unknown
from reconciler.planning.resolve.removed import removed_members, withdrawn_volumes
from tests.builders import LUN, converged, file, spec, volume, with_facts

RECORD = "/var/lib/reconcile/ocfs2/applied.json"
TWO = spec(("node01", "node02"), volumes=[volume()])
OTHER = {"label": "other", "device": {"path": "/dev/other"}, "mount": {"path": "/srv/other"}}


def remembering(**lists):
    text = json.dumps({"clusters": [{"name": "ocfs2", "members": [], "volumes": [], **lists}]})
    return with_facts(converged(TWO), "node01", records=(file(RECORD, text),))


def test_a_node_with_a_name_that_no_file_may_have_is_evicted_as_well():
    observed = converged(TWO)
    live = observed.hosts["node01"].live
    (cluster,) = live.clusters
    odd = replace(cluster.nodes[0], name="-odd name", number=7, ip="10.0.0.77", local=False)
    grown = replace(live, clusters=(replace(cluster, nodes=(*cluster.nodes, odd)),))
    (found,) = removed_members(TWO, with_facts(observed, "node01", live=grown))
    assert (found.name, found.state, str(found.interconnect)) == (
        "-odd name",
        "absent",
        "10.0.0.77",
    )


def test_a_member_of_the_last_file_is_evicted_and_one_that_was_out_is_not():
    three = [
        {"name": "node03", "interconnect": "10.0.0.13"},
        {"name": "node04", "interconnect": "10.0.0.14", "state": "dead"},
        {"name": "node05"},  # not of ours: without an address
        7,
    ]
    assert [m.name for m in removed_members(TWO, remembering(members=three))] == ["node03"]


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ({**OTHER, "size": "1GiB"}, ["other"]),
        ({**OTHER, "size": "1GiB", "label": "images"}, []),
        ({**OTHER, "size": "1GiB", "device": {"path": LUN}}, []),
        ({**OTHER, "size": "1GiB", "mount": {"path": "/srv/images"}}, []),
        ({"label": "garbled"}, []),
    ],
)
def test_a_volume_of_the_last_file_is_withdrawn_if_nothing_of_it_is_in_this_one(item, found):
    assert [v.label for v in withdrawn_volumes(TWO, remembering(volumes=[item]))] == found


def test_who_is_in_no_cluster_remembers_nothing_that_counts():
    observed = remembering(volumes=[{**OTHER, "size": "1GiB"}])
    facts = observed.hosts["node01"]
    out = replace(facts, live=replace(facts.live, clusters=()))
    assert withdrawn_volumes(TWO, Observed({**observed.hosts, "node01": out})) == ()


def test_of_records_that_were_not_read_nothing_is_withdrawn_and_another_host_tells_it():
    told = remembering(volumes=[{**OTHER, "size": "1GiB"}])
    records = told.hosts["node01"].records
    unread = with_facts(told, "node01", records=Unknown("cut off"))
    assert withdrawn_volumes(TWO, unread) == ()
    both = with_facts(unread, "node02", records=records)
    assert [v.label for v in withdrawn_volumes(TWO, both)] == ["other"]
