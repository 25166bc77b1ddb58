"""Hosts beside the members: looked at before something is done there, and only then."""

from __future__ import annotations

import pytest

from tests.clock import drive
from tests.runs import MOUNTED, happened, mounted
from tests.scenarios.test_simulated_growth import (
    BACKING,
    GIB,
    apply,
    before,
    kinds,
    size,
    wish,
)

AWAY = ("unmounted", "extended", "wrote", "resized")


def refused(world, controller, file, code):
    """Refused for exactly that, by plan and apply, and nothing is done anywhere."""
    done = happened(world, *AWAY)
    plan = drive(world, controller.plan(file))
    assert {blocked.code for blocked in plan.blocked} == {code}
    assert "grow-backing" in {action.kind for action in plan.actions}
    ended = drive(world, controller.apply(file))
    assert (ended.word, ended.codes, ended.started) == ("refused", {code}, [])
    assert happened(world, *AWAY) == done
    return plan.blocked[0]


def test_nothing_is_asked_of_a_storage_host_when_nothing_is_to_be_done_there():
    world, controller = before(backing=BACKING)
    san = world.machines["san"]
    san.ran.clear()
    san.refusal = "host-unreachable"
    ended = drive(world, controller.apply(wish(world, "1GiB", backing=BACKING)))
    assert ended.word == "no-change"
    assert san.ran == []


@pytest.mark.parametrize("code", ["host-unreachable", "sudo-refused", "host-key-changed"])
def test_a_storage_host_that_cannot_be_asked_stops_growth_before_it_begins(code):
    world, controller = before()
    world.machines["san"].refusal = code
    file = wish(world, "2GiB", backing=BACKING)
    assert refused(world, controller, file, code).subject == "storage/san"
    world.machines["san"].refusal = ""
    apply(world, controller, file)
    assert size(world) == 2 * GIB


def test_a_volume_that_lvm_does_not_know_is_named():
    world, controller = before()
    wrong = {"lvm": {"host": "san", "vg": "vg0", "lv": "other"}}
    blocked = refused(world, controller, wish(world, "2GiB", backing=wrong), "backing-missing")
    assert "vg0/other" in blocked.message


def test_a_volume_group_without_room_is_named_with_what_it_has():
    world, controller = before()
    world.machines["san"].setup.room["vg0"] = GIB - 1
    blocked = refused(world, controller, wish(world, "2GiB", backing=BACKING), "no-space")
    assert f"{GIB} bytes more" in blocked.message
    world.machines["san"].setup.room["vg0"] = GIB
    apply(world, controller, wish(world, "2GiB", backing=BACKING))


def test_a_thin_pool_that_is_nearly_full_is_named():
    world, controller = before()
    world.machines["san"].setup.thin["vg0/lun1"] = 81
    refused(world, controller, wish(world, "2GiB", backing=BACKING), "thin-pool-full")
    world.machines["san"].setup.thin["vg0/lun1"] = 80
    apply(world, controller, wish(world, "2GiB", backing=BACKING))


def test_a_host_without_lvm_is_named():
    world, controller = before()
    world.machines["san"].setup.commands = ()
    refused(world, controller, wish(world, "2GiB", backing=BACKING), "section-unread")


def test_a_backups_host_that_is_down_stops_growth_with_everybody_mounted():
    world, controller = before()
    how = {"host": "vault", "argv": ["backup-images"]}
    file = wish(world, "2GiB", growth="offline", backing=BACKING, backup=how)
    assert refused(world, controller, file, "host-unreachable").subject == "storage/vault"
    assert all(mounted(world)[name] == MOUNTED for name in ("node01", "node02", "node03"))


def test_a_member_may_be_the_storage_host():
    world, controller = before()
    node = world.machines["node02"]
    backing = {"lvm": {"host": "node02", "vg": "vg0", "lv": "lun1"}}
    refused(world, controller, wish(world, "2GiB", backing=backing), "section-unread")
    node.setup.commands = (*node.setup.commands, "lvs", "lvextend")
    node.setup.logical["vg0/lun1"] = "lun1"
    assert "grow-backing" in kinds(
        apply(world, controller, wish(world, "2GiB", backing=backing))
    )


def test_what_fills_up_between_plan_and_approval_stops_the_run():
    world, controller = before()
    file = wish(world, "2GiB", backing=BACKING)
    plan = drive(world, controller.plan(file))
    assert plan.blocked == ()
    world.machines["san"].setup.room["vg0"] = 0
    assert drive(world, controller.apply(file)).codes == {"no-space"}
