"""A host whose file system fills up while a run is on its way."""

import pytest

from reconciler.hosts.simulator.kernel.live import CLUSTER_CONF
from reconciler.hosts.simulator.state.files import File
from tests.clock import drive
from tests.runs import Controller, desired, witnessed
from tests.strategies import Befallen

O2CB = "/etc/default/o2cb"


def filled(world, host, command):
    """A run in which /etc of a host is full from a command on."""
    machine = world.machines[host]
    machine.faults.append(Befallen("fails", command=command, machine=machine, what="full /etc"))
    return drive(world, Controller(world).apply(desired(world)))


@pytest.mark.parametrize("host", ["node01", "node02"])
def test_the_old_file_stays_whole_and_the_next_run_refuses_by_name(host):
    world = witnessed(2)
    files = world.machines[host].files
    before = files.text(O2CB)
    ended = filled(world, host, "modprobe")
    assert list(ended.failures) == [f"ocfs2/{host}/write-o2cb-settings"]
    assert "no space left on device" in next(iter(ended.failures.values()))
    assert (files.text(O2CB), CLUSTER_CONF in files.by_path) == (before, False)
    again = drive(world, Controller(world, "beta").apply(desired(world)))
    assert (again.word, again.codes, again.started) == ("refused", {"no-space"}, [])
    files.room["/etc"].free = 1 << 24
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    assert world.wrongs() == []


def test_a_join_on_a_full_member_leaves_every_list_as_it_was():
    world = witnessed(3)
    old = desired(world, "node01", "node02")
    drive(world, Controller(world).apply(old))
    text = world.machines["node01"].files.text(CLUSTER_CONF)
    ended = filled(world, "node01", "gate lease-acquire")
    assert (ended.word, ended.codes) == ("refused", {"no-space"})
    assert [
        world.machines[name].files.by_path.get(CLUSTER_CONF) for name in world.machines
    ] == [
        File(text),
        File(text),
        None,
    ]
    assert world.wrongs() == []


def test_a_run_that_did_everything_does_not_say_that_applying_again_is_all_it_takes():
    world = witnessed(2)
    last = Befallen(
        "fails",
        command="systemctl daemon-reload",
        machine=world.machines["node01"],
        what="full /etc",
    )
    world.machines["node02"].faults.append(last)
    ended = drive(world, Controller(world).apply(desired(world)))
    assert (ended.word, ended.codes, ended.failures) == ("partial", {"no-space"}, {})
    (outcome,) = ended.outcomes
    assert outcome.message == (
        "every action is done, but a plan is refused: mend what is named, then apply again"
    )
    world.machines["node01"].files.room["/etc"].free = 1 << 24
    assert drive(world, Controller(world).apply(desired(world))).word == "no-change"


def test_what_a_failed_command_said_is_on_record_with_how_it_ended():
    ended = filled(witnessed(2), "node01", "modprobe")
    (line,) = [details for event, details in ended.events if event == "action-failed"]
    assert (line["status"], line["stdout"]) == (75, "")
    assert line["stderr"].startswith("gate: no-space: /etc/default/o2cb")
    started = {d["action"]: d["command"] for e, d in ended.events if e == "action-started"}
    assert started[line["action"]].startswith(
        "reconcile-gate write-file /etc/default/o2cb 644 "
    )


@pytest.mark.parametrize("room", [0, 1, 5, 12, 13])
def test_a_full_disk_under_the_record_starts_nothing_more_and_ends_the_run_in_order(room):
    world = witnessed(2)
    ended = drive(world, Controller(world, room=room).apply(desired(world)))
    (outcome,) = ended.outcomes
    done = {action.action for action in outcome.actions if action.status == "done"}
    assert ended.word == ("partial" if done else "failed")
    assert done == set(ended.started)
    assert all("could not be written" in why for why in ended.failures.values())
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    assert world.wrongs() == []
