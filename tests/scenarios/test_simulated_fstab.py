"""Lines of fstab as people have them: what they make of a boot, and what a plan says of them."""

import pytest

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.state.files import File
from tests.clock import drive
from tests.runs import MOUNTED, Controller, desired, mounted, volume, witnessed
from tests.scenarios.test_simulated_import import imported

FSTAB, LUN = "/etc/fstab", "/dev/disk/by-id/lab-lun1"
PLAIN = "_netdev,x-systemd.after=o2cb.service,x-systemd.before=ocfs2.service"
WAITING = ("autofs", "systemd-1")


def converged(options="", end="0 0", **mount):
    """Two hosts with the volume mounted, by a line of their own in fstab if one is given."""
    world = witnessed(2)
    item = volume(world, mount={"path": "/srv/images", **mount})
    wanted = desired(world, volumes=[item])
    assert drive(world, Controller(world).apply(wanted)).word == "converged"
    if options:
        for machine in world.machines.values():
            kept = [x for x in machine.files.text(FSTAB).splitlines() if "ocfs2" not in x]
            line = f"{LUN} /srv/images ocfs2 {options} {end}"
            machine.files.write(FSTAB, File("\n".join([*kept, line, ""])))
    return world, wanted


def planned(world, wanted):
    (plan,) = drive(world, Controller(world).plan(wanted)).clusters
    return plan


def told(plan):
    return {(item.code, item.severity, bool(item.mended_by)) for item in plan.findings}


def kept(world, **more):
    return desired(world, files="kept", **more)


def test_what_an_automount_mounted_is_mounted():
    world, wanted = converged(f"x-systemd.automount,{PLAIN}")
    for machine in world.machines.values():
        machine.running.others["/srv/images"] = WAITING
    plan = planned(world, wanted)
    assert (plan.blocked, {a.kind for a in plan.actions}) == (
        (),
        {"write-fstab"},
    )
    assert told(plan) == {("automount-conflict", "notice", True)}
    as_kept = planned(world, kept(world))
    assert (as_kept.blocked, as_kept.changes) == ((), ())
    assert told(as_kept) == {("automount-conflict", "notice", False)}


def test_an_automount_that_waits_is_told_as_the_one_of_this_line():
    world, wanted = converged(f"x-systemd.automount,{PLAIN}")
    connect(world, "node02").reboot()
    assert mounted(world)["node02"] == MOUNTED  # ocfs2.service has looked into it
    assert planned(world, wanted).blocked == ()
    world.machines["node02"].units["ocfs2.service"].enabled = False
    connect(world, "node02").reboot()
    assert mounted(world)["node02"] == ()
    (refused,) = planned(world, wanted).blocked
    assert refused.code == "automount-conflict"
    assert "systemd-1" not in refused.message
    assert "x-systemd.automount in its line of /etc/fstab" in refused.message
    assert "ls /srv/images mounts it now" in refused.remedy
    assert "systemctl stop 'srv-images.automount'" in refused.remedy


def test_what_an_automount_would_mount_again_is_not_unmounted():
    world, _ = converged(f"x-systemd.automount,{PLAIN}")
    world.machines["node02"].running.others["/srv/images"] = WAITING
    members = desired(world).model_dump(mode="json")["clusters"][0]["members"]
    members[1]["state"] = "drained"
    ended = drive(world, Controller(world).apply(desired(world, members=members)))
    assert (ended.word, ended.codes, ended.started) == ("refused", {"automount-conflict"}, [])


@pytest.mark.parametrize("files", ["own", "kept"])
def test_a_line_with_noauto_is_as_the_file_says_where_nothing_is_mounted_at_boot(files):
    world, _ = converged("noauto,_netdev", at_boot=False)
    item = volume(world, mount={"path": "/srv/images", "at_boot": False})
    plan = planned(world, desired(world, files=files, volumes=[item]))
    assert (plan.changes, plan.actions, plan.blocked) == ((), (), ())
    text, _said, faithful = imported(world)
    assert faithful
    assert "Its line in fstab says noauto" in text
    assert "No line in fstab" not in text


def test_noauto_with_an_automount_is_mounted_all_the_same():
    world, _ = converged("noauto,x-systemd.automount,_netdev", at_boot=False)
    item = volume(world, mount={"path": "/srv/images", "at_boot": False})
    (change,) = {c.because for c in planned(world, desired(world, volumes=[item])).changes}
    assert change == "the file wants it not to be mounted at boot"


def test_a_sixth_field_other_than_0_is_told():
    world, wanted = converged(PLAIN, "0 2")
    assert told(planned(world, wanted)) == {("next-boot-fsck", "warning", True)}
    as_kept = planned(world, kept(world))
    assert (as_kept.changes, told(as_kept)) == ((), {("next-boot-fsck", "warning", False)})
    text, said, faithful = imported(world)
    assert faithful, said
    assert "a sixth field other than 0" in text


def test_what_the_cluster_sets_anyway_may_stand_in_a_line():
    world, _ = converged("heartbeat=local,noatime,_netdev")
    for machine in world.machines.values():
        there = machine.running.mounts[0]
        there.options = ("rw", "noatime", *there.options[2:])
    text, said, faithful = imported(world)
    assert faithful, said
    assert "options: [noatime]" in text


def test_who_may_mount_it_means_other_options_too():
    world, _ = converged("user,_netdev")
    for machine in world.machines.values():
        machine.running.mounts[0].options = ("rw", "nosuid", "nodev", "noexec", "relatime")
    text, said, faithful = imported(world)
    assert faithful, said
    assert "options: [nosuid, nodev, noexec]" in text


@pytest.mark.parametrize(
    "option", ["datavolume", "nofail", "discard", "cluster_stack=o2cb", "lazytime"]
)
def test_an_option_that_ocfs2_refuses_takes_the_next_boots_mount_away(option):
    world, wanted = converged(f"{option},{PLAIN}")
    plan = planned(world, wanted)
    assert told(plan) == {("next-boot-mount-missing", "warning", True)}
    assert f"has {option}, with which every mount of OCFS2 fails" in plan.findings[0].message
    text, _said, _faithful = imported(world)
    assert f"Its line has {option}, which OCFS2 refuses" in text
    assert f"[{option}]" not in text
    connect(world, "node02").reboot()
    assert mounted(world)["node02"] == ()
    assert mounted(world)["node01"] == MOUNTED
