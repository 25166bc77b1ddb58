"""Plans that could begin and not end: none is shown, and what they lacked is done first."""

from __future__ import annotations

import pytest

from reconciler.hosts.simulator import connect
from tests.runs import members, mounted, of, volume
from tests.scenarios.test_simulated_growth import (
    BACKING,
    apply,
    before,
    kinds,
    wish,
)

ATTESTED = {"by": "ann", "at": "2026-11-30T12:00Z", "reason": "a board is replaced"}


def away(world, size, partitioned, who, **more):
    """The file with ``who``, a member's name and what is said of it."""
    name, said = who
    names = [name for name in world.machines if name.startswith("node")]
    everyone = [{**m, **said} if m["name"] == name else m for m in members(world, *names)]
    one = volume(world, size=size, **more)
    if partitioned:
        one["device"]["partition"] = 1
    return of({"name": "ocfs2", "members": everyone, "volumes": [one]})


def missed_growth(partitioned="gpt"):
    """node01 did not answer while everybody else grew the volume; then it answers again.

    Its kernel runs on with the old sizes, and nothing mounted.
    """
    world, controller = before(partitioned)
    drained = ("node01", {"state": "drained"})
    apply(world, controller, away(world, "1GiB", partitioned, drained))
    world.machines["node01"].refusal = "host-unreachable"
    offline = ("node01", {"state": "offline", "attested": ATTESTED})
    apply(world, controller, away(world, "2GiB", partitioned, offline, backing=BACKING))
    world.machines["node01"].refusal = ""
    return world, controller


PATH = {"mount": {"path": "/srv/images"}}
WINDOWS = {
    "slots": ("2GiB", {"slots": 12}),
    "offline growth": ("3GiB", {"growth": "offline"}),
    "a label": ("2GiB", {"label": "pictures", **PATH}),
}


@pytest.mark.parametrize("partitioned", ["", "gpt"])
@pytest.mark.parametrize("what", WINDOWS)
def test_who_missed_a_growth_catches_up_before_anybody_is_unmounted(partitioned, what):
    world, controller = missed_growth(partitioned)
    wanted, more = WINDOWS[what]
    file = wish(world, wanted, partitioned, backing=BACKING, **more)
    found = kinds(apply(world, controller, file))
    last = "reread-partition" if partitioned else "rescan"
    assert found.index(last) < found.index("same-size") < found.index("unmount")
    assert [len(m) for name, m in mounted(world).items() if name != "san"] == [1, 1, 1]


@pytest.mark.parametrize("what", WINDOWS)
def test_who_missed_a_growth_catches_up_where_nobody_has_the_volume(what):
    world, controller = missed_growth()
    for name in ("node02", "node03"):
        connect(world, name).unmount("/srv/images")
    wanted, more = WINDOWS[what]
    file = wish(world, wanted, "gpt", backing=BACKING, **more)
    found = kinds(apply(world, controller, file))
    checks = [place for place, kind in enumerate(found) if kind == "check-file-system"]
    assert found.index("reread-partition") < min(checks, default=len(found))


def test_who_missed_a_growth_catches_up_before_a_member_is_renumbered():
    world, controller = missed_growth()
    names = ("node01", "node02", "node03")
    pinned = [
        {**m, "number": 7} if m["name"] == "node02" else m for m in members(world, *names)
    ]
    one = volume(world, size="2GiB", backing=BACKING)
    one["device"]["partition"] = 1
    file = of({"name": "ocfs2", "members": pinned, "volumes": [one]})
    found = kinds(apply(world, controller, file))
    assert found.index("reread-partition") < found.index("unmount")
    assert found.index("reread-partition") < found.index("mount")


def test_who_missed_a_growth_catches_up_before_others_mount_anew():
    world, controller = missed_growth()
    file = wish(world, "2GiB", "gpt", backing=BACKING, mount={"path": "/srv/new"})
    found = kinds(apply(world, controller, file))
    assert found.index("reread-partition") < found.index("unmount")


def test_who_missed_a_growth_catches_up_before_an_interrupted_change_is_checked():
    world, controller = missed_growth()
    (fs,) = world.filesystems()
    fs.inprog = True
    found = kinds(apply(world, controller, wish(world, "2GiB", "gpt", backing=BACKING)))
    assert found.index("reread-partition") < found.index("unmount")
    assert found.index("unmount") < found.index("check-file-system")
