"""What a list of heartbeats explains, and what stands in it of a cluster that was observed."""

import json
from dataclasses import replace

import pytest

from reconciler.model.attested_blocks import blocks_text, read_blocks
from reconciler.model.bindings import bindings_text, read_bindings
from reconciler.model.heartbeat_lists import numbers_of, unexplained_blocks, wait_seconds
from reconciler.model.heartbeat_owners import listed_numbers
from reconciler.model.heartbeats import alone, beside_mounts
from reconciler.model.observed import Beat, Live, LiveNode, Observed, Unknown
from reconciler.model.roles import (
    GONE,
    contacted_members,
    involved_members,
    restrict_to,
    staying,
    with_member_states,
)
from reconciler.planning.checks.quarantine import taken_blocks
from reconciler.planning.resolve.member_record import roster_text
from reconciler.resources.quarantine.entries import Known, members_text
from reconciler.resources.volumes.heartbeats import check
from tests.builders import UUID, converged, file, spec, volume

ONE, OTHER = "ab" * 32, "cd" * 32
LEFT, CLEAN = "00000000000000ff", "0" * 16


def beat(number, block=ONE, generation=LEFT, dead_ms=62_000):
    return Beat(number, "1", generation, block, dead_ms)


@pytest.mark.parametrize(
    ("beats", "found", "strange"),
    [
        ("-", (), ()),
        ("-", (beat(3, generation=CLEAN),), ()),
        ("-", (beat(3),), (3,)),
        ("3", (beat(3), beat(3, OTHER)), ()),
        (f"3={ONE}", (beat(3),), ()),
        (f"3~{ONE}", (beat(3),), ()),
        (f"3={ONE}", (beat(3, OTHER),), (3,)),
        (f"3={ONE}", (beat(4),), (4,)),
        (f"0,1,3~{ONE},9={OTHER}", (beat(0), beat(1), beat(3), beat(9, OTHER), beat(2)), (2,)),
    ],
)
def test_a_block_is_explained_by_its_number_or_byte_for_byte(beats, found, strange):
    assert unexplained_blocks(beats, found) == strange


def test_a_list_is_read_by_number():
    assert numbers_of(f"0,12,3~{ONE}") == {0: "", 12: "", 3: f"~{ONE}"}
    assert numbers_of("-") == {}


def seen(cluster, *beats, advancing=()):
    """Everybody has it mounted; these heartbeats are on the volume, seen twice."""
    hosts = {}
    for name, facts in converged(cluster).hosts.items():
        views = tuple(replace(v, beats=beats, advancing=advancing) for v in facts.wanted)
        hosts[name] = replace(facts, wanted=views)
    return Observed(hosts)


def cluster(**more):
    found = spec(("node01", "node02"), volumes=[volume()], **more)
    members = [m.model_copy(update={"number": n}) for n, m in enumerate(found.members)]
    return found.model_copy(update={"members": tuple(members)})


def test_whoever_has_it_mounted_may_beat_beside_a_mount_and_nobody_beside_a_check():
    wish = cluster()
    observed = seen(wish, beat(0), beat(1), advancing=(0, 1))
    assert beside_mounts(wish, wish.volumes[0], observed) == "0,1"
    assert alone(wish, wish.volumes[0], observed) == "-"


@pytest.mark.parametrize("advancing", [None, (7,)])
def test_what_goes_on_or_was_seen_once_is_not_accounted_for(advancing):
    wish = cluster(heartbeat=ATTESTED)
    observed = seen(wish, beat(7), advancing=advancing)
    assert alone(wish, wish.volumes[0], observed) == "-"


ATTESTED = {"attested": [{"number": 7, "by": "ops", "at": "2026-11-01"}]}


def test_an_attested_block_is_named_as_it_stands():
    wish = cluster(heartbeat=ATTESTED)
    observed = seen(wish, beat(7), beat(8, OTHER))
    assert beside_mounts(wish, wish.volumes[0], observed) == f"0,1,7={ONE}"
    assert alone(wish, wish.volumes[0], observed) == f"7={ONE}"


def remembering(observed, *left):
    """All members have on record which blocks node09 left, which was dropped."""
    known = {"node09": Known(7, "machine-9", (), left)}
    text = file("/var/lib/reconcile/ocfs2/members.json", members_text(known))
    return Observed({n: replace(f, records=(text,)) for n, f in observed.hosts.items()})


@pytest.mark.parametrize(
    ("left", "advancing", "accepted"),
    [
        ((UUID, 7, ONE), (), True),
        ((UUID, 7, ONE), (7,), False),
        ((UUID, 7, OTHER), (), False),
        ((UUID, 8, ONE), (), False),
        (("another volume", 7, ONE), (), False),
    ],
)
def test_a_block_whose_machine_answered_since_is_accepted_byte_for_byte(
    left, advancing, accepted
):
    """A stranger under the same number writes another block, also where it is paused since."""
    wish = cluster()
    observed = remembering(seen(wish, beat(7), advancing=advancing), left)
    (images,) = wish.volumes
    assert alone(wish, images, observed) == (f"7={ONE}" if accepted else "-")
    assert [b.code for b in check(wish, observed)] == (
        [] if accepted else ["foreign-heartbeat"]
    )
    members = [m.model_copy(update={"number": 7}) for m in wish.members[1:]]
    pinned = wish.model_copy(update={"members": (wish.members[0], *members)})
    assert [b.code for b in taken_blocks(pinned, observed)] == (
        [] if accepted else ["foreign-heartbeat"]
    )


def moved_away(*, machines=(), known=(), listed=""):
    """node02 answers under number 1, and had 7, under which a block stands still."""
    wish = cluster()
    members = {"node01": Known(0, "node01"), "node02": Known(7, "node02"), **dict(known)}
    for name, machine in machines:
        members[name] = replace(members[name], machine_id=machine)
    text = file("/var/lib/reconcile/ocfs2/members.json", members_text(members))
    hosts = {}
    for name, facts in seen(wish, beat(7)).hosts.items():
        mine = replace(facts.identity, machine_id=dict(machines).get(name, name))
        (kernel,) = facts.live.clusters
        if listed:
            node = LiveNode(listed, 7, "10.0.0.19", 7777, local=False)
            kernel = replace(kernel, nodes=(*kernel.nodes, node))
        running = replace(facts.live, clusters=(kernel,))
        hosts[name] = replace(facts, records=(text,), identity=mine, live=running)
    return wish, Observed(hosts)


@pytest.mark.parametrize(
    ("history", "accepted"),
    [
        ({}, True),
        # Clones of one template: another one of them may answer under the name.
        ({"machines": (("node01", "clone"), ("node02", "clone"))}, False),
        # Who had the number later, or before, and does not answer, may only be paused.
        ({"known": (("node09", Known(7, "node09")),)}, False),
        ({"known": (("node09", Known(7, "node09", passed_on=True)),)}, True),
        # It had the number last by a kernel, though no apply ended that would have noted it.
        ({"listed": "node09"}, False),
        ({"listed": "node02"}, True),
    ],
)
def test_a_number_of_before_is_a_host_s_own_where_nobody_else_may_have_beaten_under_it(
    history, accepted
):
    wish, observed = moved_away(**history)
    assert (7 in listed_numbers(wish, observed)) is accepted
    assert [b.code for b in check(wish, observed)] == (
        [] if accepted else ["foreign-heartbeat"]
    )
    assert ('"left"' in roster_text(wish, observed)) is accepted


def one_left(*, mounts=True):
    """node02 is out of the cluster and nobody's, and answers; its block of before stands still."""
    wish, observed = moved_away()
    left = replace(
        observed.hosts["node02"],
        live=Live("o2cb", (), ()),
        mounts=() if mounts else Unknown("cut short"),
    )
    return with_member_states(wish, {"node02": GONE}), Observed(
        {**observed.hosts, "node02": left}
    )


@pytest.mark.parametrize("scope", [staying, involved_members, contacted_members])
def test_a_host_that_left_explains_its_block_also_to_a_rule_that_is_not_about_it(scope):
    """A crash while it left has left the block: the machine answers, so nobody is paused."""
    wish, observed = one_left()
    shown = restrict_to(observed, [getattr(one, "name", one) for one in scope(wish)])
    (images,) = wish.volumes
    assert 7 in listed_numbers(wish, shown)
    assert alone(wish, images, shown) == f"7~{ONE}"
    assert not list(check(wish, shown))
    assert '"left"' in roster_text(wish, observed)


def test_a_host_of_which_nobody_knows_what_it_has_mounted_explains_no_block():
    wish, observed = one_left(mounts=False)
    assert 7 not in listed_numbers(wish, observed)


def test_a_member_on_record_without_a_machine_explains_nothing_while_it_does_not_answer():
    wish, observed = moved_away(known=(("node09", Known(7, "node09")),))
    (kept,) = observed.hosts["node01"].records
    told = json.loads(kept.text)
    del told["members"]["node09"]["machine_id"]
    nameless = file(kept.path, json.dumps(told))
    observed = Observed({n: replace(f, records=(nameless,)) for n, f in observed.hosts.items()})
    assert 7 not in listed_numbers(wish, observed)


def test_a_garbled_record_of_members_accepts_no_block():
    wish = cluster()
    for left in (("x", "7", ONE), (UUID, 7, None), (UUID, True, ONE)):
        observed = remembering(seen(wish, beat(7)), (UUID, 7, ONE), left)
        assert alone(wish, wish.volumes[0], observed) == "-"


def test_the_gate_waits_for_the_dead_alone_and_for_the_slowest():
    wish = cluster()
    blocks = (beat(0), beat(2, dead_ms=122_000))
    observed = seen(wish, *blocks)
    (images,) = wish.volumes
    assert wait_seconds(wish, images, observed, "0,1") == 0.0
    assert wait_seconds(wish, images, observed, f"0,7={ONE}") == 0.0
    assert wait_seconds(wish, images, observed, f"0,1~{ONE}") == 244.0


@pytest.mark.parametrize("text", ["{", "[]", '{"u": 3}', '{"u": {"x": "y"}}'])
def test_a_garbled_record_of_blocks_is_refused(text):
    with pytest.raises(ValueError, match=r"heartbeats\.json is garbled"):
        read_blocks(text)


@pytest.mark.parametrize("text", ["{", "[]", '{"images": 3}', '{"images": {"uuid": "u"}}'])
def test_a_garbled_record_of_volumes_is_refused(text):
    with pytest.raises(ValueError, match=r"volumes\.json is garbled"):
        read_bindings(text)


def test_records_are_read_as_they_were_written():
    blocks = {"u": {7: ONE, 12: OTHER}}
    assert read_blocks(blocks_text(blocks)) == blocks
    assert read_blocks(None) == {}
    bindings = {"images": ("u", "3600")}
    assert read_bindings(bindings_text(bindings)) == bindings
