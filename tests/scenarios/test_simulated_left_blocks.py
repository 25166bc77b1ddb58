"""A heartbeat that a paused host has left is never taken for that of one that answers."""

from __future__ import annotations

import pytest

from reconciler.hosts.simulator import Fault, connect
from reconciler.hosts.simulator.state.files import File
from tests.clock import drive
from tests.runs import volume
from tests.scenarios.test_simulated_impostors import rename_host
from tests.scenarios.test_simulated_membership import THREE, cluster, running
from tests.scenarios.test_simulated_strangers import LUN, PATH, attested, stranger, unmounted


def hang_stranger(world):
    """node04, number 7 of a cluster that nobody here knows, hangs with the volume mounted."""
    other = stranger(world, "node04", 7)
    unmounted(world)
    other.mount(LUN, PATH)
    other.stun()
    world.advance(3600)
    return other


def failing(world, name, command):
    world.machines[name].faults.append(Fault("fails", command=command))


@pytest.mark.parametrize(
    ("changed", "fails"),
    [
        ({}, "modprobe"),
        ({"node03": {"state": "absent"}}, "modprobe"),
        ({"node03": {"state": "absent"}}, "gate write-file"),
        ({"node03": {"number": 9}}, "modprobe"),
    ],
)
def test_an_attestation_ends_with_its_line_also_under_the_name_of_a_member(changed, fails):
    """The former node03 hangs; it is attested gone by mistake, and the mistake is taken back."""
    world, controller = running(4, THREE)
    rename_host(world)
    ended = drive(world, controller.apply(cluster(world, THREE, changed)))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])
    gone = cluster(world, THREE, changed, heartbeat=attested(2))
    failing(world, "node03", fails)
    if fails != "modprobe":
        for name in THREE:
            world.machines[name].faults.append(Fault("fails", command=fails, at=2))
    ended = drive(world, controller.apply(gone))
    ended = drive(world, controller.apply(cluster(world, THREE, changed)))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])


@pytest.mark.parametrize("slots", [8, 12])
def test_a_number_swap_explains_no_impostor(slots):
    world, controller = running(4, THREE)
    rename_host(world)
    file = cluster(
        world,
        THREE,
        {"node03": {"number": 9}, "node01": {"number": 2}},
        volumes=[volume(world, slots=slots)],
    )
    ended = drive(world, controller.apply(file))
    connect(world, "old").wake()
    world.advance(10)
    assert world.wrongs() == []
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])


@pytest.mark.parametrize("slots", [8, 12])
@pytest.mark.parametrize("left", [True, False])
def test_a_host_of_another_cluster_of_this_name_explains_no_block(slots, left):
    """node03 left, and is number 7 of a cluster of its own; node04, number 7 here, hangs."""
    names = THREE if left else THREE[:2]
    world, controller = running(4, names)
    out = {"node03": {"state": "absent"}}
    assert drive(world, controller.apply(cluster(world, THREE, out))).word in {
        "converged",
        "no-change",
    }
    world.machines["node03"].units["o2cb.service"].enabled = True
    stranger(world, "node03", 7)
    assert world.machines["node03"].running.live.local.number == 7
    other = hang_stranger(world)
    ended = drive(
        world,
        controller.apply(cluster(world, THREE, out, volumes=[volume(world, slots=slots)])),
    )
    other.wake()
    world.advance(10)
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])
    assert world.wrongs() == []


@pytest.mark.parametrize("slots", [8, 12])
def test_a_list_of_another_life_explains_no_block(slots):
    """node03 is to be out; its list is of another life; nobody has it on record."""
    world, controller = running(4, THREE[:2])
    out = {"node03": {"state": "absent"}}
    other = hang_stranger(world)
    text = world.machines["node01"].files.text("/etc/ocfs2/cluster.conf")
    text += "\nnode:\n\tip_port = 7777\n\tip_address = 10.88.1.13\n\tnumber = 7\n\tname = node03\n\tcluster = ocfs2\n"
    text = text.replace("node_count = 2", "node_count = 3")
    world.machines["node03"].files.write("/etc/ocfs2/cluster.conf", File(text))
    ended = drive(
        world,
        controller.apply(cluster(world, THREE, out, volumes=[volume(world, slots=slots)])),
    )
    other.wake()
    world.advance(10)
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])


@pytest.mark.parametrize("slots", [8, 12])
def test_a_joiner_that_runs_a_cluster_of_this_name_alone_explains_no_block(slots):
    """node03 is to join, and is number 7 of a cluster of its own; node04, number 7 here, hangs."""
    world, controller = running(4, THREE[:2])
    stranger(world, "node03", 7)
    other = hang_stranger(world)
    ended = drive(
        world, controller.apply(cluster(world, THREE, volumes=[volume(world, slots=slots)]))
    )
    other.wake()
    world.advance(10)
    assert (ended.word, ended.started) == ("refused", [])
    assert world.wrongs() == []
