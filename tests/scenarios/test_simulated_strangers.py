"""Nobody writes beside a stranger: a host of no file, of another file, or one that is paused."""

from __future__ import annotations

import asyncio
import json

import pytest
import yaml

from reconciler.hosts.simulator import Fault, connect
from reconciler.hosts.simulator.kernel.live import CLUSTER_CONF
from reconciler.hosts.simulator.state.files import File
from reconciler.planning.watching.troubles import Sight, find_troubles
from tests.clock import drive
from tests.runs import MOUNTED, Controller, apply, desired, happened, kinds, mounted, of, volume
from tests.scenarios.test_simulated_import import imported
from tests.scenarios.test_simulated_membership import ATTESTED, THREE, cluster, running

LUN = "/dev/disk/by-id/lab-lun1"
PATH = "/srv/images"
ENABLED = (("O2CB_ENABLED=false", "O2CB_ENABLED=true"),)
RECORD = "/var/lib/reconcile/ocfs2/heartbeats.json"
ALONE = (
    "cluster:\n\tnode_count = 1\n\tname = ocfs2\n\n"
    "node:\n\tip_port = 7777\n\tip_address = {ip}\n\tnumber = {number}\n"
    "\tname = {name}\n\tcluster = ocfs2\n"
)


def stranger(world, name="node03", number=7):
    """A host with a cluster.conf of its own, that has o2cb online and nothing mounted."""
    machine = world.machines[name]
    ip = machine.setup.addresses[1][1]
    machine.files.write(CLUSTER_CONF, File(ALONE.format(ip=ip, number=number, name=name)))
    text = machine.files.text("/etc/default/o2cb")
    machine.files.write("/etc/default/o2cb", File(text.replace(*ENABLED[0])))
    connect(world, name).reboot()
    return connect(world, name)


def two_and_a_stranger(**more):
    """Two members with the volume, and a third host that nobody lists."""
    world, controller = running(3, THREE[:2], **more)
    return world, controller, stranger(world)


def unmounted(world):
    """Whatever was mounted is not, by hand."""
    for name in THREE[:2]:
        connect(world, name).unmount(PATH)


def meets(world, host, verb, then, at=1):
    """Somebody is a moment quicker than a verb of the gate."""
    world.machines[host].faults.append(Fault("meets", command=f"gate {verb}", at=at, then=then))


def attested(*numbers):
    return {
        "attested": [{"number": n, "by": "ops", "at": "2026-11-22T10:00Z"} for n in numbers]
    }


def test_a_stranger_that_mounts_a_moment_before_us_is_left_alone():
    world, controller, other = two_and_a_stranger()
    unmounted(world)
    meets(world, "node01", "mount", lambda: other.mount(LUN, PATH))
    ended = drive(world, controller.apply(cluster(world, THREE[:2])))
    (failure,) = ended.failures.values()
    assert "foreign-heartbeat" in failure
    assert "number 7" in failure
    assert mounted(world) == {"node01": (), "node02": (), "node03": MOUNTED}
    assert world.wrongs() == []
    ended = drive(world, controller.apply(cluster(world, THREE[:2])))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])


def relabelled(world):
    items = [volume(world, label="pictures", mount={"path": PATH})]
    return cluster(world, THREE[:2], volumes=items)


def more_slots(world):
    return cluster(world, THREE[:2], volumes=[volume(world, slots=12)])


def grown(world):
    world.grow("lun1", 2 << 30)
    for name in THREE:
        connect(world, name).reboot()
    return cluster(world, THREE[:2], volumes=[volume(world, growth="offline")])


@pytest.mark.parametrize(
    ("verb", "at", "wanted"),
    [
        ("check-fs", 1, more_slots),
        ("add-slots", 1, more_slots),
        ("set-label", 1, relabelled),
        ("grow-fs", 1, grown),
        ("check-fs", 2, grown),
    ],
)
def test_a_stranger_in_a_window_stops_whatever_comes_next(verb, at, wanted):
    world, controller, other = two_and_a_stranger()
    file = wanted(world)
    meets(world, "node01", verb, lambda: other.mount(LUN, PATH), at)
    ended = drive(world, controller.apply(file))
    (failure,) = ended.failures.values()
    assert "foreign-heartbeat" in failure
    assert mounted(world) == {"node01": (), "node02": (), "node03": MOUNTED}
    assert world.wrongs() == []


def test_online_growth_asks_the_same_question():
    world, controller, other = two_and_a_stranger()
    world.grow("lun1", 2 << 30)
    file = cluster(world, THREE[:2])
    for name in THREE[:2]:
        connect(world, name).reboot()
    meets(world, "node01", "grow-fs", lambda: other.mount(LUN, PATH))
    ended = drive(world, controller.apply(file))
    assert [f for f in ended.failures.values() if "foreign-heartbeat" in f]
    assert happened(world, "resized") == []
    assert {wrong.host for wrong in world.violations()} == {"node03"}, "its own doing"


def test_of_two_files_for_one_lun_one_has_the_volume():
    world, controller = running(3, THREE[:2])
    unmounted(world)
    other = Controller(world, "beta")

    async def both():
        runs = (
            controller.apply(cluster(world, THREE[:2])),
            other.apply(desired(world, "node03")),
        )
        return await asyncio.gather(*runs)

    drive(world, both())
    assert world.wrongs() == []
    sides = {name[:6] in THREE[:2] for name, has in mounted(world).items() if has}
    assert len(sides) == 1


def test_a_host_that_is_paused_is_not_taken_for_dead():
    world, controller, other = two_and_a_stranger()
    unmounted(world)
    other.mount(LUN, PATH)
    other.stun()
    world.advance(3600)
    ended = drive(world, controller.apply(more_slots(world)))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])
    (refusal,) = {b for o in ended.outcomes for b in o.blocked}
    assert "heartbeat: {attested: [{number: 7, by: YOUR-NAME, at: DATE}]}" in refusal.remedy
    assert world.wrongs() == []


def left_behind():
    """An unlisted host crashed with the volume mounted; the members have it now."""
    world, controller, other = two_and_a_stranger()
    unmounted(world)
    other.mount(LUN, PATH)
    other.power_off()
    world.advance(3600)
    return world, controller, other


def test_a_block_that_somebody_attests_is_accepted_as_long_as_it_stays():
    world, controller, other = left_behind()
    file = cluster(world, THREE[:2])
    ended = drive(world, controller.apply(file))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])
    file = cluster(world, THREE[:2], heartbeat=attested(7))
    ended = apply(world, controller, file)
    began = kinds(ended)
    assert began.index("attest-heartbeat") < began.index("mount")
    fs = next(world.filesystems())
    block = fs.beats[7].block(7, world.now)
    for name in THREE[:2]:
        record = json.loads(world.machines[name].files.text(RECORD))
        assert record == {fs.uuid: {"7": block}}
    apply(world, controller, cluster(world, THREE[:2], heartbeat=attested(7)), "no-change")
    other.power_on()
    unmounted(world)
    other.mount(LUN, PATH)
    other.power_off()
    world.advance(3600)
    ended = drive(world, controller.apply(file))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])
    assert any("not as it was" in b.message for o in ended.outcomes for b in o.blocked)


def test_an_attestation_ends_with_its_line():
    world, controller, _other = left_behind()
    apply(world, controller, cluster(world, THREE[:2], heartbeat=attested(7)))
    ended = drive(world, controller.apply(cluster(world, THREE[:2])))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])


def test_who_was_attested_and_only_paused_stops_the_window_when_it_goes_on():
    world, controller, other = two_and_a_stranger()
    unmounted(world)
    other.mount(LUN, PATH)
    other.stun()
    world.advance(60)

    def goes_on():
        other.wake()
        world.advance(4)

    file = cluster(world, THREE[:2], volumes=[volume(world, slots=12)], heartbeat=attested(7))
    meets(world, "node01", "check-fs", goes_on)
    ended = drive(world, controller.apply(file))
    assert ["foreign-heartbeat" in f for f in ended.failures.values()] == [True]
    assert world.wrongs() == []


def dead(world, **more):
    said = {**ATTESTED, "lun_access": "revoked"}
    gone = {"node03": {"state": "dead", "attested": said}}
    return cluster(world, THREE, gone, **more)


def test_a_dead_member_is_watched_by_the_gate_for_twice_its_dead_time():
    world, controller = running(3)
    connect(world, "node03").power_off()
    world.advance(120)
    before = world.now
    apply(world, controller, dead(world, volumes=[volume(world, slots=12)]))
    assert happened(world, "waits") == [("node01", "waits"), ("node02", "waits")]
    assert world.now - before > 2 * 62
    assert next(world.filesystems()).slots == 12


def test_a_dead_member_that_goes_on_while_the_gate_watches_stops_it():
    world, controller = running(3)
    connect(world, "node03").stun()
    world.advance(120)

    def soon():
        world.later(60, connect(world, "node03").wake)

    meets(world, "node01", "check-fs", soon)
    ended = drive(world, controller.apply(dead(world, volumes=[volume(world, slots=12)])))
    assert ["foreign-heartbeat" in f for f in ended.failures.values()] == [True]
    assert happened(world, "checked", "slots-added") == []
    assert [wrong.kind for wrong in world.violations()] == []


def test_numbers_from_32_on_are_seen_where_a_sector_has_4096_bytes():
    world, controller = running(3, THREE[:2])
    world.luns["lun1"].sector = 4096
    other = stranger(world, number=40)
    unmounted(world)
    meets(world, "node01", "mount", lambda: other.mount(LUN, PATH))
    ended = drive(world, controller.apply(cluster(world, THREE[:2])))
    assert ["of number 40" in f for f in ended.failures.values()] == [True]
    ended = drive(world, controller.apply(cluster(world, THREE[:2])))
    assert any("node 40" in b.message for o in ended.outcomes for b in o.blocked)
    assert world.wrongs() == []


def test_a_joiner_does_not_get_the_number_of_a_heartbeat_that_nobody_explains():
    world, controller = running(4, THREE[:2])
    other = stranger(world, number=2)
    unmounted(world)
    other.mount(LUN, PATH)
    other.power_off()
    world.advance(3600)
    four = ("node01", "node02", "node04")
    file = cluster(world, four, heartbeat=attested(2))
    apply(world, controller, file)
    live = world.machines["node04"].running.live
    assert live.local.number == 3
    pinned = cluster(world, four, {"node04": {"number": 2}})
    ended = drive(world, controller.apply(pinned))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])


def test_a_garbled_record_of_attested_blocks_attests_nothing():
    world, controller, _other = left_behind()
    file = cluster(world, THREE[:2], heartbeat=attested(7))
    apply(world, controller, file)
    world.machines["node02"].files.write(RECORD, File("{", "600"))
    ended = drive(world, controller.apply(file))
    assert ended.codes == {"section-unread", "foreign-heartbeat"}
    assert ended.started == []


def test_import_writes_what_it_finds_as_a_comment_to_attest():
    world, _controller, _other = left_behind()
    text, _said, _faithful = imported(world)
    assert "    #   attested:\n    #     - {number: 7, by: YOUR-NAME, at: DATE}\n" in text
    (found,) = yaml.safe_load(text)["clusters"]
    assert "heartbeat" not in found


def test_files_with_attested_numbers_are_read():
    found = of({"name": "ocfs2", "members": [], "heartbeat": attested(7, 9)} | MEMBER)
    assert [item.number for item in found.clusters[0].heartbeat.attested] == [7, 9]


MEMBER = {"members": [{"name": "node01", "interconnect": "10.0.0.1"}]}


def test_a_stranger_under_the_number_of_a_member_is_seen_by_that_members_kernel():
    """On the disk both look like one host that is alive (seen on real kernels: test_lab_others)."""
    world, controller = running(3, THREE[:2])
    wanted = desired(world, *THREE[:2])
    host = stranger(world, number=1)
    host.mount(LUN, "/mnt")
    (said,) = drive(world, controller.plan(wanted)).blocked
    assert (said.code, said.subject) == ("foreign-heartbeat", "volume/images")
    assert "as node 1, which is node02: the kernel of node02" in said.message
    ((seen, observed),) = drive(world, controller.look(wanted))
    told = [(t.member, t.words) for t in find_troubles(Sight(seen, observed))]
    assert ("node02", "another host writes its heartbeat as node 1, its own number") in told
    host.unmount("/mnt")
    world.advance(60)
    assert drive(world, controller.plan(wanted)).blocked == ()


@pytest.mark.parametrize("mounted_by_others", [True, False])
def test_nobody_mounts_beside_a_mount_that_has_lost_its_slot(mounted_by_others):
    """The joiner's kernel takes the slot for a free one, and waits for ever (seen on 6.1)."""
    world, controller = running(3, THREE[:2])
    if not mounted_by_others:
        connect(world, "node02").unmount(PATH)
    (fs,) = world.filesystems()
    fs.slot_map.clear()
    said = {
        (b.code, b.subject)
        for b in drive(world, controller.plan(desired(world, *THREE))).blocked
        if "no slot of it" in b.message
    }
    lost = ("node01", "node02") if mounted_by_others else ("node01",)
    assert said == {("cluster-not-well", f"member/{host}") for host in lost}
