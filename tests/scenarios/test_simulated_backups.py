"""The backup before an offline growth, and how long what members know of it counts."""

from __future__ import annotations

import json

import pytest

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.state.reply import Reply
from tests.clock import drive
from tests.runs import MOUNTED, mounted
from tests.scenarios.test_simulated_growth import (
    BACKING,
    GIB,
    apply,
    before,
    kinds,
    size,
    wish,
)

ARGV = ["backup-images", "--all"]


def scene(**backup):
    """A volume to be grown offline; the backup's command counts its calls and takes an hour."""
    world, controller = before()
    calls = []

    def program(machine, argv):
        calls.append(argv)
        return Reply(seconds=3600.0)

    world.machines["san"].programs["backup-images"] = program
    how = {"host": "san", "argv": ARGV, **backup}
    file = wish(world, "2GiB", growth="offline", backing=BACKING, backup=how)
    return world, controller, file, calls


def notes(world, name="node01"):
    """What a member knows of backups."""
    files = world.machines[name].files.by_path
    return [json.loads(f.text) for path, f in files.items() if "/backup-" in path]


def checked(world, controller, file):
    """Grow, with a damage that the check cannot repair: everything stays unmounted."""
    (fs,) = world.filesystems()
    fs.damage = "lasting"
    ended = drive(world, controller.apply(file))
    (failure,) = ended.failures.values()
    assert "check-failed" in failure
    assert not any(mounted(world).values())
    fs.damage = ""
    return ended


def restored(world, controller):
    """Mounted again at its old size."""
    apply(world, controller, wish(world, "1GiB", growth="offline"))
    assert mounted(world)["node01"] == MOUNTED


def test_a_backup_is_noted_on_every_member_before_anything_is_taken_away():
    world, controller, file, calls = scene()
    found = kinds(apply(world, controller, file))
    assert len(calls) == 1
    assert found.count("begin-backup") == found.count("note-backup") == 3
    assert found.index("back-up") > max(i for i, k in enumerate(found) if k == "begin-backup")
    assert found.index("unmount") > max(i for i, k in enumerate(found) if k == "note-backup")
    for name in ("node01", "node02", "node03"):
        (note,) = notes(world, name)
        assert (note["label"], note["bytes"], note["host"]) == ("images", GIB, "san")
        assert note["boot"] == world.machines[name].running.boot_id
        assert note["ended"] - note["began"] >= 3600


def test_a_failed_backup_stops_everything_before_anybody_is_unmounted():
    world, controller, file, _calls = scene(max_age="24h")
    world.machines["san"].programs["backup-images"] = lambda *_: Reply(1, "", "tape is full")
    ended = drive(world, controller.apply(file))
    assert ended.word == "partial"
    (failure,) = ended.failures.values()
    assert "tape is full" in failure
    assert kinds(ended)[-1] == "back-up"
    assert all(mounted(world)[name] == MOUNTED for name in ("node01", "node02", "node03"))
    assert {note["ended"] for note in notes(world)} == {None}
    # What has only begun is no backup.
    world.machines["san"].programs["backup-images"] = lambda *_: Reply()
    assert "back-up" in kinds(apply(world, controller, file))


def test_a_backup_younger_than_max_age_is_not_made_again():
    world, controller, file, calls = scene(max_age="24h")
    checked(world, controller, file)
    restored(world, controller)
    world.advance(20 * 3600)
    assert "back-up" not in kinds(apply(world, controller, file))
    assert (len(calls), size(world)) == (1, 2 * GIB)


def test_a_backup_older_than_max_age_is_made_again_and_its_age_counts_from_its_beginning():
    world, controller, file, calls = scene(max_age="24h")
    checked(world, controller, file)
    restored(world, controller)
    (note,) = notes(world)
    world.advance(note["began"] + 24 * 3600 + 5 - world.machines["node01"].uptime)
    assert world.machines["node01"].uptime - note["ended"] < 24 * 3600
    assert "back-up" in kinds(apply(world, controller, file))
    assert len(calls) == 2


def test_without_max_age_every_growth_of_a_mounted_volume_makes_its_own():
    world, controller, file, calls = scene()
    checked(world, controller, file)
    restored(world, controller)
    apply(world, controller, file)
    assert len(calls) == 2


def test_the_wall_clock_of_nobody_makes_a_backup_younger():
    world, controller, file, calls = scene(max_age="1h")
    checked(world, controller, file)
    restored(world, controller)
    world.advance(2 * 3600)
    for machine in world.machines.values():
        machine.setup.skew = -10 * 365 * 86400
    apply(world, controller, file)
    assert len(calls) == 2


def test_a_reboot_voids_what_a_member_knows_and_one_that_knows_is_enough():
    world, controller, file, calls = scene(max_age="24h")
    checked(world, controller, file)
    restored(world, controller)
    for name in ("node01", "node02"):
        connect(world, name).reboot()
    plan = drive(world, controller.plan(file))
    assert "back-up" not in {action.kind for action in plan.actions}
    connect(world, "node03").reboot()
    world.advance(10 * 3600)  # by now each is up for longer than it was when it began
    apply(world, controller, file)
    assert len(calls) == 2


def test_a_backup_of_the_size_before_growth_is_void():
    world, controller, file, calls = scene(max_age="24h")
    apply(world, controller, file)
    more = file.model_dump(mode="json", exclude_defaults=True)
    more["clusters"][0]["volumes"][0]["size"] = "3GiB"
    apply(world, controller, type(file).model_validate(more))
    assert (len(calls), size(world)) == (2, 3 * GIB)


def test_another_command_is_another_backup():
    world, controller, file, calls = scene(max_age="24h")
    checked(world, controller, file)
    restored(world, controller)
    other = file.model_dump(mode="json", exclude_defaults=True)
    other["clusters"][0]["volumes"][0]["backup"]["argv"] = ["backup-images", "--none"]
    apply(world, controller, type(file).model_validate(other))
    assert calls == [tuple(ARGV), ("backup-images", "--none")]


@pytest.mark.parametrize("age", [None, "24h"])
def test_an_interrupted_growth_goes_on_with_the_backup_that_it_made(age):
    world, controller, file, calls = scene(**({"max_age": age} if age else {}))
    checked(world, controller, file)
    ended = apply(world, controller, file)
    assert (len(calls), size(world)) == (1, 2 * GIB)
    assert "back-up" not in kinds(ended)
    assert mounted(world)["node03"] == MOUNTED


def test_an_unmounted_volume_without_any_backup_does_not_grow():
    world, controller, file, calls = scene(max_age="24h")
    checked(world, controller, file)
    world.advance(25 * 3600)
    ended = apply(world, controller, file, "refused")
    assert ended.codes == {"backup-missing"}
    assert (len(calls), size(world)) == (1, GIB)
    restored(world, controller)
    apply(world, controller, file)
    assert (len(calls), size(world)) == (2, 2 * GIB)


def test_a_record_that_was_lost_before_the_check_stops_it():
    world, controller, file, _calls = scene()
    plan = drive(world, controller.plan(file))
    for action in plan.actions:
        if action.kind in {"check-file-system", "grow-unmounted"}:
            assert "backup" in {fact.reading for fact in action.requires}
