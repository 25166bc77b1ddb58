"""Whom the survivors of a member's death have recovered, by what could be read."""

from dataclasses import replace

import pytest

from reconciler.model.attested_blocks import blocks_text
from reconciler.model.bindings import bindings_text
from reconciler.model.devices import chosen_uuid
from reconciler.model.last_applied import LastApplied
from reconciler.model.observed import Beat, Observed, Region, Slot, TextFile, Unreachable
from reconciler.resources.volumes.heartbeats import check
from tests.builders import UUID, converged, spec, volume

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


ATTESTED = {"number": 0, "by": "alice", "at": "2026-11-01"}
PAUSED = Beat(5, f"{1:016x}", f"{7:016x}", block="ab" * 32)


def seen(cluster, **more):
    """A member that mounts the volume, with this in its heartbeat area."""
    facts = converged(cluster).hosts["node01"]
    views = tuple(replace(view, **more) for view in facts.wanted)
    return Observed({"node01": replace(facts, wanted=views)})


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"beats": None}, "heartbeat-unread", "its heartbeat area could not be read"),
        (
            {"beats": (PAUSED,)},
            "foreign-heartbeat",
            "node 5, which no member's mount explains, left",
        ),
        (
            {"beats": (replace(PAUSED, node=1),)},
            "foreign-heartbeat",
            "node 1, which no member's mount explains, left a heartbeat, seen only once",
        ),
    ],
)
def test_what_was_not_seen_twice_is_taken_for_nobody_dead(more, code, words):
    cluster = spec(volumes=[volume()])
    members = [m.model_copy(update={"number": n}) for n, m in enumerate(cluster.members)]
    cluster = cluster.model_copy(update={"members": tuple(members)})
    (found,) = check(cluster, seen(cluster, **more))
    assert (found.code, found.subject) == (code, "volume/images")
    assert words in found.message
    assert list(check(cluster, seen(cluster, beats=(), advancing=()))) == []


def test_whose_heartbeat_it_may_be_is_told_where_a_member_was_not_read():
    """A member alone on its list: who joins it cannot tell its heartbeat from a stranger's."""
    cluster = spec(volumes=[volume()])
    observed = seen(cluster, beats=(PAUSED,), advancing=(5,))
    facts = observed.hosts["node01"]
    (live,) = facts.live.clusters
    own = tuple(node for node in live.nodes if node.name == "node01")
    alone = replace(facts, live=replace(facts.live, clusters=(replace(live, nodes=own),)))
    lost = Unreachable("node02", "section-unread", "live could not be read")
    (found,) = check(cluster, Observed({"node01": alone, "node02": lost}))
    assert "node 5, which no member's mount explains (perhaps node02, not read" in found.message
    (found,) = check(cluster, Observed({"node01": facts, "node02": lost}))
    assert "perhaps" not in found.message


@pytest.mark.parametrize(("access", "refused"), [("mapped", True), ("revoked", False)])
def test_without_a_volume_only_who_lost_the_disks_is_believed_dead(access, refused):
    cluster, observed = after_the_death(())
    dead = cluster.members[2]
    told = dead.attested.model_copy(update={"lun_access": access})
    members = (*cluster.members[:2], dead.model_copy(update={"attested": told}))
    cluster = cluster.model_copy(update={"members": members, "volumes": ()})
    found = [(b.code, b.subject) for b in check(cluster, observed)]
    assert found == ([("heartbeat-advances", "member/node03")] if refused else [])


@pytest.mark.parametrize(
    ("known", "refused"),
    [
        ("", True),
        ("mounted", False),
        ("applied", False),
        ("bound", False),
        ("made", False),
        # Something else had that label on that device.
        ("applied, and bound otherwise", True),
    ],
)
def test_a_members_number_tells_whose_a_block_is_only_where_one_remembers_the_file_system(
    known, refused
):
    """Another cluster has a node 0, too, which may be paused; what a run would make is its own."""
    cluster = spec(volumes=[volume()])
    told = seen(cluster, beats=(replace(PAUSED, node=0),), advancing=())
    facts = told.hosts["node01"]
    if known != "mounted":
        facts = replace(facts, mounts=())
    if known.startswith("applied"):
        (item,) = cluster.volumes
        past = item.with_planning_state(last_applied=LastApplied(labels=("images",)))
        cluster = cluster.model_copy(update={"volumes": (past,)})
    if "bound" in known:
        bound = UUID if known == "bound" else UUID[::-1]
        bindings = bindings_text({"images": (bound, "3600")})
        facts = replace(
            facts, records=(TextFile("/var/lib/reconcile/ocfs2/volumes.json", bindings),)
        )
    if known == "made":
        (view,) = facts.wanted
        own = chosen_uuid(cluster, cluster.volumes[0], Observed({"node01": facts}))
        made = replace(view, superblock=replace(view.superblock, uuid=own))
        facts = replace(facts, wanted=(made,))
    found = [b.message for b in check(cluster, Observed({"node01": facts}))]
    assert any("no member remembers that file system" in words for words in found) == refused


@pytest.mark.parametrize(("block", "refused"), [(PAUSED.block, False), ("cd" * 32, True)])
def test_an_attested_block_of_a_members_number_counts_as_it_was_attested(block, refused):
    cluster = spec(volumes=[volume()], heartbeat={"attested": [ATTESTED]})
    told = seen(cluster, beats=(replace(PAUSED, node=0),), advancing=())
    record = blocks_text({UUID: {0: block}})
    text = TextFile("/var/lib/reconcile/ocfs2/heartbeats.json", record)
    facts = replace(told.hosts["node01"], mounts=(), records=(text,))
    found = [b.message for b in check(cluster, Observed({"node01": facts}))]
    assert any("no member remembers that file system" in words for words in found) == refused


@pytest.mark.parametrize(("who", "refused"), [("node01", False), ("node02", True)])
def test_a_joiners_record_of_another_life_remembers_no_file_system(who, refused):
    """node01 is the cluster, by its own list; node02 has no list yet."""
    cluster = spec(volumes=[volume()])
    facts = seen(cluster, beats=(replace(PAUSED, node=0),), advancing=()).hosts["node01"]
    (live,) = facts.live.clusters
    own = tuple(node for node in live.nodes if node.name == "node01")
    bindings = bindings_text({"images": (UUID, "3600")})
    record = TextFile("/var/lib/reconcile/ocfs2/volumes.json", bindings)
    bare = replace(facts, mounts=(), records=())
    hosts = {
        "node01": replace(bare, live=replace(facts.live, clusters=(replace(live, nodes=own),))),
        "node02": replace(bare, live=replace(facts.live, clusters=())),
    }
    hosts[who] = replace(hosts[who], records=(record,))
    found = [b.message for b in check(cluster, Observed(hosts))]
    assert any("no member remembers that file system" in words for words in found) == refused
