"""Each invariant lets a sound plan pass, and refuses it without the one thing that it asks for."""

from dataclasses import replace

import pytest

from reconciler.model.plan import Action, ClusterPlan, Fact
from reconciler.model.roles import with_members
from reconciler.planning.checks.invariants import INVARIANTS, violations
from tests.builders import converged, spec, volume

HOSTS = ("node01", "node02", "node03")
IMAGES = "volume/images"
# They are of the device alone, see test_device_binding.
OF_DEVICES = {"device_is_bound", "kind_is_declared"}


def act(kind, *needs, host="node01", **more):
    """An action of this kind on a host, which waits for those of these kinds on all hosts."""
    waits = tuple(f"{need}-{on}" for need in needs for on in HOSTS)
    values = {"address": IMAGES, "summary": "", "because": "", "risk": "safe", "command": None}
    return Action(
        id=f"{kind}-{host}", kind=kind, host=host, expects=(), needs=waits, **values | more
    )


def everywhere(kind, *needs, **more):
    return tuple(act(kind, *needs, host=host, **more) for host in HOSTS)


def fact(reading, value=None, hosts=HOSTS):
    return Fact(hosts, reading, "", value)


def asking(kind, *facts):
    return (act(kind, requires=facts),)


def waits(kind, need):
    return (*everywhere(need), *everywhere(kind, need))


THREE = spec(volumes=[volume()])
LEAVING = with_members(
    THREE, [*THREE.members[:2], THREE.members[2].model_copy(update={"state": "absent"})]
)
SAVED = spec(volumes=[volume(growth="offline", backup={"host": "node01", "argv": ["save"]})])
OTHERS = ("node02", "node03")
BLANK, SIZE = fact("blank", "blank"), fact("device-size")
OURS = fact("ocfs2-mounts", "none")
REGIONS = fact("regions", "none")
RELEASED, BEATS = fact("released", "yes"), fact("heartbeats")
# A sound plan of each, and the same without what makes it so.
CASES = {
    "format_only_blank": (asking("format", BLANK, SIZE), asking("format", BLANK)),
    "format_only_blank, size": (asking("format", BLANK, SIZE), asking("format", SIZE)),
    "format_only_blank, hosts": (
        asking("format", BLANK, SIZE),
        asking("format", fact("blank", "blank", OTHERS), SIZE),
    ),
    "mount_after_lists_agree": (asking("mount", fact("live-nodes")), asking("mount")),
    "mount_after_lists_agree, hosts": (
        asking("mount", fact("live-nodes")),
        asking("mount", fact("live-nodes", None, OTHERS)),
    ),
    "register_after_barrier": (
        waits("register-nodes", "write-cluster-conf"),
        (*everywhere("write-cluster-conf"), *everywhere("register-nodes")),
    ),
    "no_restart_under_mount": (asking("start-cluster", OURS), asking("start-cluster")),
    "no_restart_under_mount, value": (
        asking("start-cluster", OURS),
        asking("start-cluster", replace(OURS, value="/srv/images")),
    ),
    "stop_only_unmounted": (
        asking("stop-cluster", OURS, REGIONS),
        asking("stop-cluster", OURS),
    ),
    "stop_only_unmounted, mounts": (
        asking("stop-cluster", OURS, REGIONS),
        asking("stop-cluster", REGIONS),
    ),
    "unmount_only_unused": (asking("unmount", fact("users", "none")), asking("unmount")),
    "quarantine_before_drop": (
        waits("write-cluster-conf", "write-quarantine"),
        (*everywhere("write-quarantine"), *everywhere("write-cluster-conf")),
    ),
    "quarantine_before_drop, kernels": (
        waits("register-nodes", "write-quarantine"),
        (*everywhere("write-quarantine"), *everywhere("register-nodes")),
    ),
    "grow_after_room": (
        asking("grow-file-system", fact("device-room")),
        asking("grow-file-system", fact("device-room", None, OTHERS)),
    ),
    "window_is_proven": (
        asking("add-slots", RELEASED, BEATS),
        asking("add-slots", replace(RELEASED, hosts=OTHERS), BEATS),
    ),
    "window_is_proven, heartbeats": (
        asking("add-slots", RELEASED, BEATS),
        asking("add-slots", RELEASED),
    ),
    "guest_runs_once": (
        asking("start-guest", fact("guest", "absent", OTHERS)),
        asking("start-guest", fact("guest", "absent", OTHERS[:1])),
    ),
    "one_format_per_device": (
        asking("format", BLANK, SIZE),
        (act("format", requires=(BLANK, SIZE)),) * 2,
    ),
}
LISTS = fact("live-nodes")


def broken(actions, cluster=None):
    """The invariants that a plan of these breaks, but for those of devices."""
    cluster = cluster or THREE
    plan = ClusterPlan("ocfs2", (), actions, (), ())
    found = violations(cluster, converged(cluster), plan)
    names = {b.code.removeprefix("invariant-").replace("-", "_") for b in found}
    return names - OF_DEVICES


@pytest.mark.parametrize(("sound", "unsound"), CASES.values(), ids=CASES)
def test_what_an_invariant_asks_for_is_refused_without_it(request, sound, unsound):
    name = request.node.callspec.id.partition(",")[0]
    assert broken(sound) == set()
    assert broken(unsound) == {name}


def test_a_mount_waits_for_every_file():
    mounts = everywhere("mount", "write-cluster-conf", requires=(LISTS,))
    files = everywhere("write-cluster-conf")
    assert broken((*files, *mounts)) == set()
    (first, *rest) = mounts
    early = replace(first, needs=first.needs[:-1])
    assert broken((*files, early, *rest)) == {"mount_after_files_agree"}


def test_it_may_wait_for_another_that_waits():
    files = everywhere("write-cluster-conf")
    barrier = act("same-cluster-conf", "write-cluster-conf", host="")
    mounts = everywhere("mount", requires=(LISTS,))
    mounts = tuple(replace(one, needs=(barrier.id,)) for one in mounts)
    assert broken((*files, barrier, *mounts)) == set()


@pytest.mark.parametrize("end", ["unmount", "stop-cluster", "archive-cluster-conf"])
@pytest.mark.parametrize("drop", ["write-cluster-conf", "register-nodes"])
def test_nobody_is_dropped_who_is_not_out(end, drop):
    asked = (OURS, REGIONS, fact("users", "none"))
    left = act(end, host="node03", requires=asked)
    dropped = act(drop)
    assert broken((left, replace(dropped, needs=(left.id,))), LEAVING) == set()
    assert broken((left, dropped), LEAVING) == {"left_before_dropped"}


def test_a_mount_waits_for_the_check_of_its_own_volume_after_growth():
    check = act("check-grown", requires=(RELEASED, BEATS))
    mount = act("mount", requires=(LISTS,))
    assert broken((check, replace(mount, needs=(check.id,)))) == set()
    assert broken((check, mount)) == {"window_is_proven"}
    assert broken((check, replace(mount, address="volume/other"))) == set()


def test_nothing_grows_offline_before_the_backup_that_the_file_asks_for():
    asked = (fact("device-room"), RELEASED, BEATS)
    grow = act("grow-unmounted", requires=(*asked, fact("backup")))
    assert broken((grow,), SAVED) == set()
    bare = replace(grow, requires=asked)
    assert broken((bare,), SAVED) == {"backup_before_growth"}
    assert broken((bare,)) == set()  # of another file, which asks for none


def test_each_invariant_is_proven_here_or_beside_its_devices():
    proven = {name.partition(",")[0] for name in CASES} | OF_DEVICES
    proven |= {"mount_after_files_agree", "left_before_dropped", "backup_before_growth"}
    assert proven == {rule.__name__ for rule in INVARIANTS}
