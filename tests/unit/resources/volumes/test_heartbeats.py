"""Whom the survivors of a member's death have recovered, by what could be read."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Beat, Observed, Region, Slot
from reconciler.resources.volumes.heartbeats import check
from tests.builders import converged, spec, volume

DEAD = {
    "state": "dead",
    "attested": {"by": "alice", "at": "2026-11-01", "lun_access": "revoked"},
}


def after_the_death(slot_map):
    """node03 (number 2) is attested dead; the survivors still list and have the volume."""
    cluster = spec(volumes=[volume()])
    observed = converged(cluster)
    members = [item.model_copy() for item in cluster.members]
    members[2] = members[2].model_validate({**members[2].model_dump(exclude_none=True), **DEAD})
    members = [item.model_copy(update={"number": n}) for n, item in enumerate(members)]
    hosts = {}
    for name in ("node01", "node02"):
        facts = observed.hosts[name]
        views = tuple(
            replace(view, beats=(), advancing=(), slot_map=slot_map) for view in facts.wanted
        )
        hosts[name] = replace(facts, wanted=views)
    return cluster.model_copy(update={"members": tuple(members)}), Observed(hosts)


@pytest.mark.parametrize(
    ("slot_map", "said"),
    [
        (None, ["could not be read"]),
        ((Slot(0, 0), Slot(1, 1), Slot(2, 2)), ["still has a slot"]),
        ((Slot(0, 0), Slot(1, 1)), []),
    ],
)
def test_who_died_is_recovered_only_where_the_slots_say_so(slot_map, said):
    found = [b for b in check(*after_the_death(slot_map)) if b.code == "recovery-unfinished"]
    assert [words in blocked.message for words, blocked in zip(said, found, strict=True)] == [
        True for _ in said
    ]


@pytest.mark.parametrize("listed", [True, False])
def test_a_member_that_beats_without_a_mount_is_called_by_its_name(listed):
    """Global heartbeat does, and so does a mount that ``umount -l`` has hidden."""
    cluster = spec(volumes=[volume()])
    facts = converged(cluster).hosts["node01"]
    (view,) = facts.wanted
    (live,) = facts.live.clusters
    region = Region(view.superblock.uuid.replace("-", "").upper(), "dm-0")
    live = replace(live, name="ocfs2" if listed else "other", regions=(region,))
    beating = replace(view, beats=(Beat(0, "1", "1"),), advancing=(0,))
    facts = replace(
        facts,
        mounts=(),
        wanted=(beating,),
        live=replace(facts.live, clusters=(live,)),
    )
    (found,) = check(cluster, Observed({"node01": facts}))
    assert found.code == "foreign-heartbeat"
    assert "it is node01, whose kernel has it as a heartbeat region" in found.message
    assert "find the host" not in found.remedy
    live = replace(live, regions=())
    facts = replace(facts, live=replace(facts.live, clusters=(live,)))
    (found,) = check(cluster, Observed({"node01": facts}))
    assert found.remedy.startswith("find the host")
