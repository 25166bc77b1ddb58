"""A kernel that takes the slot of node 0 for a free one never gets to do so."""

import pytest

from reconciler.hosts.simulator import connect
from tests.clock import drive
from tests.runs import MOUNTED, Controller, desired, members, mounted, volume, witnessed

FAULTY, SERIES = "5.10.46", "5.10.0-28-amd64"


def world_of(release, *hosts):
    world = witnessed(2)
    for host in hosts:
        world.machines[host].setup.kernel = release
    return world


def pin_numbers(world, *numbers):
    """The file that gives these numbers to the first members."""
    given = dict(zip(world.machines, numbers, strict=False))
    listed = [{**one, "number": given.get(one["name"])} for one in members(world)]
    return desired(world, members=listed)


@pytest.mark.parametrize("release", [FAULTY, SERIES])
def test_a_new_cluster_with_such_a_kernel_has_no_node_0(release):
    world = world_of(release, "node01", "node02")
    ended = drive(world, Controller(world).apply(desired(world)))
    assert (ended.word, ended.failures) == ("converged", {})
    assert set(mounted(world).values()) == {MOUNTED}
    assert [m.running.live.local.number for m in world.machines.values()] == [1, 2]
    assert world.wrongs() == []


def test_who_would_take_the_slot_of_node_0_is_refused_before_anything():
    world = world_of(FAULTY, "node02")
    ended = drive(world, Controller(world).apply(pin_numbers(world, 0)))
    assert (ended.word, ended.codes, ended.started) == ("refused", {"slot-zero"}, [])


@pytest.mark.parametrize(
    ("stable", "word", "codes"),
    [("5.10.84", "refused", {"slot-zero"}), ("5.10.209", "converged", set())],
)
def test_a_distribution_s_kernel_is_judged_by_what_it_is_made_of(stable, word, codes):
    """Debian 11 as it was, and as it is."""
    world = world_of(SERIES, "node02")
    world.machines["node02"].setup.kernel_version = f"#1 SMP Debian {stable}-1 (2024-01-31)"
    ended = drive(world, Controller(world).apply(pin_numbers(world, 0)))
    assert (ended.word, ended.codes) == (word, codes)
    (plan,) = drive(world, Controller(world).plan(pin_numbers(world, 0))).clusters
    assert [f for f in plan.findings if f.code == "slot-zero"] == []


def test_node_0_itself_may_have_such_a_kernel():
    world = world_of(FAULTY, "node01")
    ended = drive(world, Controller(world).apply(pin_numbers(world, 0)))
    assert (ended.word, set(mounted(world).values())) == ("converged", {MOUNTED})
    assert world.wrongs() == []


def of_two(kernel=FAULTY, **drained):
    """node01 is node 0 and has the volume; node02 has that kernel since, and the volume or not."""
    world = witnessed(2)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    if drained:
        out = wish(world, node02=drained)
        assert drive(world, Controller(world).apply(out)).word == "converged"
    world.machines["node02"].setup.kernel = kernel
    return world


def wish(world, *, cluster=None, images=None, **of_members):
    """The file with other keys for members, the cluster and its volume."""
    listed = [{**one, **of_members.get(one["name"], {})} for one in members(world)]
    return desired(
        world, members=listed, volumes=[volume(world, **(images or {}))], **(cluster or {})
    )


DRAINED = {"state": "drained"}
CHANGES = {
    "path": {"images": {"mount": {"path": "/srv/other"}}},
    "slots": {"images": {"slots": 12}},
    "its port": {"node02": {"port": 7778}},
    "its number": {"node02": {"number": 9}},
}


@pytest.mark.parametrize("change", CHANGES)
def test_who_would_mount_again_beside_node_0_is_refused(change):
    world = of_two()
    ended = drive(world, Controller(world).apply(wish(world, **CHANGES[change])))
    assert (ended.word, ended.codes, ended.started) == ("refused", {"slot-zero"}, [])


@pytest.mark.parametrize("node01", [{"number": 9}, DRAINED], ids=["renumbered", "drained"])
def test_nobody_mounts_while_node_0_is_about_to_go(node01):
    world = of_two(**DRAINED)
    ended = drive(world, Controller(world).apply(wish(world, node01=node01)))
    assert (ended.word, ended.codes, ended.started) == ("refused", {"slot-zero"}, [])


def test_the_remedy_leads_to_a_cluster_without_node_0():
    world = of_two(**DRAINED)
    plan = drive(world, Controller(world).plan(desired(world)))
    (blocked,) = plan.blocked
    words = "write number: 2 for node01, and state: drained for node02 until that is applied"
    assert words in blocked.remedy
    first = wish(world, node01={"number": 2}, node02=DRAINED)
    assert drive(world, Controller(world).apply(first)).word == "converged"
    ended = drive(world, Controller(world).apply(wish(world, node01={"number": 2})))
    assert (ended.word, set(mounted(world).values())) == ("converged", {MOUNTED})
    assert world.wrongs() == []


def test_who_must_give_up_its_number_does_not_become_node_0():
    world = of_two()
    with_pin = wish(world, node01={"number": 1}, node02=DRAINED)
    assert drive(world, Controller(world).apply(with_pin)).word == "converged"
    ended = drive(world, Controller(world).apply(wish(world, node01={"number": 1})))
    assert (ended.word, ended.codes) == ("converged", set())
    assert [m.running.live.local.number for m in world.machines.values()] == [1, 2]
    assert world.wrongs() == []


def test_compact_numbers_make_nobody_node_0_where_somebody_would_take_its_slot():
    world = world_of(FAULTY, "node01", "node02")
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    ended = drive(world, Controller(world).apply(desired(world, numbering="compact")))
    assert (ended.word, ended.codes, ended.started) == ("refused", {"slot-zero"}, [])
    plan = drive(world, Controller(world).plan(desired(world, numbering="compact")))
    assert "numbering: stable" in plan.blocked[0].remedy


def test_of_a_kernel_whose_name_does_not_say_it_is_told_before_it_mounts():
    world = of_two(SERIES, **DRAINED)
    (plan,) = drive(world, Controller(world).plan(desired(world))).clusters
    assert (plan.blocked, [f.code for f in plan.findings]) == (
        (),
        ["version-skew", "slot-zero"],
    )


def test_of_the_kernel_of_the_next_boot_is_told():
    world = of_two("6.1.176")
    world.machines["node02"].setup.next_boot = FAULTY
    (plan,) = drive(world, Controller(world).plan(desired(world))).clusters
    assert plan.blocked == ()
    assert [f.message for f in plan.findings if f.code == "slot-zero"]


def test_of_a_member_that_has_it_mounted_is_only_told():
    world = witnessed(2)
    wanted = desired(world)
    assert drive(world, Controller(world).apply(wanted)).word == "converged"
    world.machines["node02"].setup.kernel = FAULTY
    (plan,) = drive(world, Controller(world).plan(wanted)).clusters
    assert (plan.actions, plan.blocked) == ((), ())
    assert [f.code for f in plan.findings if f.code == "slot-zero"] == ["slot-zero"]


def test_who_mounts_beside_node_0_by_hand_takes_its_slot():
    world = witnessed(2)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    connect(world, "node02").unmount("/srv/images")
    world.machines["node02"].setup.kernel = FAULTY
    with pytest.raises(Exception, match="for ever"):
        connect(world, "node02").mount("/dev/disk/by-id/lab-lun1", "/srv/images")
    assert [wrong for wrong in world.wrongs() if "slot-taken" in str(wrong)]
