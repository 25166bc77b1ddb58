"""What a run leaves on its hosts: what changed alone, with the clock of each host."""

import asyncio
import json
from dataclasses import replace

import pytest

from reconciler.errors import ActionFailed, LockHeld
from reconciler.execution import leases
from reconciler.execution.leases import Ask
from reconciler.execution.locks import FRESH, hold_leases
from reconciler.execution.records import (
    clocks_of,
    leave_records,
    records,
    stale_records,
)
from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.model.desired import Desired
from reconciler.model.observed import Beat, Observed, Unknown
from reconciler.planning.resolve.member_record import roster_text
from reconciler.planning.resolve.numbering import with_numbers
from reconciler.resources.quarantine.entries import Known, members_text
from tests.builders import converged, file, spec, volume, with_facts
from tests.clock import drive
from tests.unit.execution.test_locks import claim, door

CLUSTER = spec(volumes=[volume()])
DESIRED = Desired(version=1, clusters=(CLUSTER,))
PLACE = "/var/lib/reconcile/ocfs2"


def seen(**sections):
    return with_facts(converged(CLUSTER), "node02", **sections)


def texts(observed):
    return records(DESIRED, with_numbers(CLUSTER, observed), observed)


def test_a_host_whose_records_were_not_read_is_left_nothing():
    unread = seen(records=Unknown("cut off"))
    assert set(stale_records(texts(seen()), CLUSTER, seen())) == {"node01", "node02", "node03"}
    assert set(stale_records(texts(unread), CLUSTER, unread)) == {"node01", "node03"}


def test_who_never_had_a_number_is_no_member_to_remember():
    gone = spec(
        members=[
            {"name": "node01", "interconnect": "10.0.0.11"},
            {"name": "node09", "interconnect": "10.0.0.19", "state": "absent"},
        ]
    )
    observed = Observed({"node01": converged(CLUSTER).hosts["node01"]})
    text = roster_text(with_numbers(gone, observed), observed)
    assert "node01" in text
    assert "node09" not in text


@pytest.mark.parametrize(
    ("machine", "pinned", "advancing", "noted"),
    [
        ("machine-3", 9, (), True),  # it answers under another number
        ("machine-3", 2, (), False),  # its own number explains it
        ("another", 9, (), False),  # whoever left it may only be paused
        ("machine-3", 9, (2,), False),
    ],
)
def test_a_heartbeat_that_a_crash_left_is_noted_with_the_machine_that_answers(
    machine, pinned, advancing, noted
):
    beats = (Beat(2, "1", "00000000000000ff", "ab" * 32),)
    before = file(f"{PLACE}/members.json", members_text({"node03": Known(2, machine)}))
    hosts = {}
    for name, facts in converged(CLUSTER).hosts.items():
        views = tuple(replace(v, beats=beats, advancing=advancing) for v in facts.wanted)
        mine = replace(facts.identity, machine_id=f"machine-{name[-1]}")
        hosts[name] = replace(facts, wanted=views, records=(before,), identity=mine)
    members = [*CLUSTER.members[:2], CLUSTER.members[2].model_copy(update={"number": pinned})]
    cluster = CLUSTER.model_copy(update={"members": tuple(members)})
    text = roster_text(with_numbers(cluster, Observed(hosts)), Observed(hosts))
    assert ('"left"' in text) is noted
    # It is kept as long as the block stands, also when the host does not answer any more.
    after = file(f"{PLACE}/members.json", text)
    hosts = {n: replace(f, records=(after,)) for n, f in hosts.items() if n != "node03"}
    assert (
        '"left"' in roster_text(with_numbers(cluster, Observed(hosts)), Observed(hosts))
    ) is noted
    blind = {n: replace(f, wanted=Unknown("cut off")) for n, f in hosts.items()}
    assert ('"left"' in roster_text(cluster, Observed(blind))) is noted  # as it was last seen
    clean = {
        n: replace(f, wanted=tuple(replace(v, beats=()) for v in f.wanted))
        for n, f in hosts.items()
    }
    assert '"left"' not in roster_text(cluster, Observed(clean))


def test_the_heartbeat_of_who_is_dead_is_not_noted_as_that_of_who_had_its_number_before():
    """node03 left; node02 got its number, and is attested dead: it may be paused all the same."""
    beats = (Beat(1, "1", "00000000000000ff", "ab" * 32),)
    known = {"node01": Known(0, "node01"), "node02": Known(1, "node02")}
    known["node03"] = Known(1, "node03")
    before = file(f"{PLACE}/members.json", members_text(known))
    hosts = {
        name: replace(
            facts,
            wanted=tuple(replace(v, beats=beats, advancing=()) for v in facts.wanted),
            records=(before,),
        )
        for name, facts in converged(CLUSTER).hosts.items()
        if name != "node02"
    }
    told = {"by": "ops", "at": "2026-11-01", "lun_access": "mapped"}
    dead = (
        spec()
        .members[1]
        .model_validate(
            {"name": "node02", "interconnect": "10.0.0.12", "state": "dead", "attested": told}
        )
    )
    out = CLUSTER.members[2].model_copy(update={"state": "absent", "number": 1})
    members = (
        CLUSTER.members[0].model_copy(update={"number": 0}),
        dead.model_copy(update={"number": 1}),
        out,
    )
    cluster = CLUSTER.model_copy(update={"members": members})
    assert '"left"' not in roster_text(cluster, Observed(hosts))


def test_a_number_that_another_member_has_is_passed_on_until_its_host_joins_again():
    """Only who had it last may have left the heartbeat under it: it joined where nobody beat."""

    def after(cluster, observed, text):
        facts = {
            n: replace(f, records=(file(f"{PLACE}/members.json", text),))
            for n, f in observed.hosts.items()
        }
        return roster_text(with_numbers(cluster, Observed(facts)), Observed(facts))

    observed = converged(CLUSTER)
    text = members_text({"node08": Known(2, "node08"), "node09": Known(9, "node09")})
    text = after(CLUSTER, observed, text)
    known = json.loads(text)["members"]
    assert [name for name, item in known.items() if item.get("passed_on")] == ["node08"]
    gone = CLUSTER.model_copy(update={"members": CLUSTER.members[:2]})
    text = after(gone, observed, text)
    assert json.loads(text)["members"]["node08"]["passed_on"]
    joined = spec(("node01", "node02", "node08"))
    text = after(joined, converged(joined), text)
    assert "passed_on" not in json.loads(text)["members"]["node08"]
    assert json.loads(text)["members"]["node03"]["passed_on"]


def test_of_a_host_that_does_not_say_who_it_is_there_is_no_clock():
    assert set(clocks_of(seen(identity=Unknown("cut off")), 1.0)) == {"node01", "node03"}


def left(world, **clock):
    """Leaves two texts on node01, of which one is there already with another content."""

    async def story():
        host = connect(world, "node01")
        stale = {"node01": {"a.json": "absent", "b.json": clock.pop("old", "absent")}}
        async with hold_leases(["node01"], [], claim("run"), door(world)) as held:
            if wait := clock.pop("wait", 0.0):
                now, began = await held.now("node01"), asyncio.get_running_loop().time()
                clock["node01"] = (now, began)
                await asyncio.sleep(wait)
            both = {"a.json": "one\n", "b.json": "two\n"}
            await leave_records(both, held, {"node01": host}, stale, clock)

    drive(world, story())
    files = world.machines["node01"].files
    return [files.text(f"{PLACE}/{name}.json") for name in ("a", "b")]


@pytest.mark.parametrize("wait", [0.0, 1.0, FRESH])
def test_all_is_left_whether_the_host_s_clock_is_known_or_has_to_be_asked(wait):
    found = left(bare_cluster(1), wait=wait)
    assert found == ["one\n", "two\n"]


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten():
    world = bare_cluster(1)
    with pytest.raises(ActionFailed, match=f"node01: {PLACE}/b.json"):
        left(world, old="0" * 64)
    assert world.machines["node01"].files.text(f"{PLACE}/a.json") == "one\n"


def test_a_holder_that_nobody_can_read_is_told_as_it_stands():
    world = bare_cluster(1)

    async def story():
        seat = leases.seat("node01", door(world))
        await leases.acquire(seat, Ask("old", '{"controller": "x"}', ("node01",)))
        async with hold_leases(["node01"], [], claim("new"), door(world)):
            pytest.fail("it is not locked")

    with pytest.raises(LockHeld) as caught:
        drive(world, story())
    assert caught.value.holder == 'run old of {"controller": "x"}'


def test_a_storage_host_s_clock_is_asked_by_the_lease_of_the_cluster():
    world = bare_cluster(2)

    async def story():
        async with hold_leases(["node01"], ["node02"], claim("run"), door(world)) as held:
            member, helper = await held.now("node01"), await held.now("node02")
            assert member.boot != helper.boot
            permit = held.permit("node02", "x", helper.boot, helper.uptime + 5)
            assert (permit.scope, permit.step) == ("ocfs2", 1)

    drive(world, story())
