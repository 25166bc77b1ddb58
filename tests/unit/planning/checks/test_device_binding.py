"""No kind of action can forget its device, or whose heartbeats are beside it."""

from dataclasses import replace
from functools import cache

import pytest

from reconciler.hosts.simulator.presets import Shape, partition
from reconciler.model.gate_call import gate_call
from reconciler.model.observed import Observed, Unknown
from reconciler.planning.checks import device_binding
from reconciler.planning.checks.invariants import violations
from reconciler.planning.kinds import (
    DEVICE,
    KINDS,
    TOUCHES,
    UNMOUNTED,
    Kind,
    having,
)
from reconciler.planning.planner import plan_cluster
from tests.clock import drive
from tests.runs import Controller, desired, volume, witnessed

GROWN = 2 << 30
BLOCK = "ab" * 32


def running():
    world = witnessed(2, Shape(storage="san"))
    partition(world)
    controller, device = Controller(world), {"wwid": world.luns["lun1"].wwid, "partition": 1}
    assert drive(world, controller.apply(wish(world, device))).word == "converged"
    return world, controller, device


def wish(world, device, **more):
    return desired(world, volumes=[volume(world, device=device, **more)])


@cache
def planned():
    """By kind an action of a real plan, with the cluster and what was observed."""
    found = {}
    fresh = witnessed(2, Shape(storage="san"))
    world, controller, device = running()
    files = [(fresh, Controller(fresh), desired(fresh))]
    files.append((world, controller, wish(world, device, mount=NOATIME)))
    files.append((world, controller, wish(world, device, label="other", mount=SAME)))
    looks = [drive(w, c.look(file)) for w, c, file in files]
    world.grow("lun1", GROWN)
    online, offline = ({}, {"growth": "offline", "slots": 12})
    for more in (online, offline):
        looks += [drive(world, controller.look(wish(world, device, **more)))]
    for ((cluster, observed),) in looks:
        plan = plan_cluster(cluster, observed)
        assert plan.blocked == ()
        for action in plan.actions:
            found.setdefault(action.kind, (numbered(cluster), observed, action))
    return found


def numbered(cluster):
    members = [m.model_copy(update={"number": n}) for n, m in enumerate(cluster.members)]
    return cluster.model_copy(update={"members": tuple(members)})


NOATIME = {"path": "/srv/images", "options": ["noatime"]}
SAME = {"path": "/srv/images"}
TOUCHING = having(TOUCHES)
FILE_SYSTEMS = [kind for kind in TOUCHING if not KINDS[kind].has(DEVICE)]
BESIDE = ["mount", "grow-file-system"]


def changed(action, **fields):
    """The action with another target; without any if there are no ``fields``."""
    argv = action.command.argv
    call = gate_call(argv)
    words = replace(call.target, **fields).words() if fields else ()
    command = replace(action.command, argv=(*argv[:4], *words, call.verb, *call.arguments))
    return replace(action, command=command)


def wrongs(kind, **fields):
    cluster, observed, action = planned()[kind]
    return list(device_binding.binding_problems(cluster, observed, changed(action, **fields)))


@pytest.mark.parametrize("kind", TOUCHING)
def test_what_is_planned_is_bound(kind):
    cluster, observed, action = planned()[kind]
    assert list(device_binding.binding_problems(cluster, observed, action)) == []
    assert gate_call(action.command.argv).target.wwid.startswith("3600")


@pytest.mark.parametrize("kind", TOUCHING)
@pytest.mark.parametrize("fields", [{}, {"wwid": "-"}, {"wwid": "3600"}, {"node": "sda"}])
def test_an_action_without_its_disk_is_refused(kind, fields):
    assert wrongs(kind, **fields) != []


@pytest.mark.parametrize("kind", [kind for kind in FILE_SYSTEMS if kind != "format"])
@pytest.mark.parametrize("uuid", ["-", "11111111-1111-4111-8111-111111111111"])
def test_an_action_for_another_file_system_is_refused(kind, uuid):
    assert wrongs(kind, uuid=uuid) != []


def test_a_format_without_its_size_or_its_uuid_is_refused():
    assert wrongs("format", size="-") != []
    cluster, observed, action = planned()["format"]
    argv = tuple("x" if word == "-U" else word for word in action.command.argv)
    at = argv.index("x") + 1
    other = replace(action.command, argv=(*argv[:at], "y", *argv[at + 1 :]))
    assert (
        list(device_binding.binding_problems(cluster, observed, replace(action, command=other)))
        != []
    )


@pytest.mark.parametrize("kind", BESIDE)
@pytest.mark.parametrize("beats", ["-", f"0~{BLOCK}", "0,1,77", f"0,1,77~{BLOCK}"])
def test_a_mount_beside_nobody_or_beside_strangers_is_refused(kind, beats):
    assert wrongs(kind, beats=beats) != []


@pytest.mark.parametrize("kind", [*having(UNMOUNTED), "format"])
@pytest.mark.parametrize("beats", ["0", "0,1", f"77={BLOCK}", f"77~{BLOCK}"])
def test_unmounted_work_beside_a_heartbeat_that_goes_on_is_refused(kind, beats):
    assert wrongs(kind, beats=beats) != []


@pytest.mark.parametrize("kind", [*having(UNMOUNTED), "grow-file-system"])
def test_what_writes_looks_at_the_heartbeats_just_before(kind):
    cluster, observed, action = planned()[kind]
    blind = tuple(f for f in action.requires if f.reading != "heartbeats")
    found = list(
        device_binding.binding_problems(cluster, observed, replace(action, requires=blind))
    )
    assert found == ["the heartbeats are not looked at before it"]


@pytest.mark.parametrize(
    ("kind", "row"), [("mount", None), ("mount", Kind("mount")), ("rescan", Kind("rescan"))]
)
def test_a_kind_that_is_not_declared_as_what_it_is_breaks_its_plans(monkeypatch, kind, row):
    cluster, observed, action = planned()[kind]
    table = {name: value for name, value in KINDS.items() if name != kind}
    monkeypatch.setattr(device_binding, "KINDS", {**table, kind: row} if row else table)
    assert len(list(device_binding.declaration_problems(action))) == 1
    plan = replace(plan_cluster(cluster, observed), actions=(action,))
    assert "invariant-kind-is-declared" in {b.code for b in violations(cluster, observed, plan)}


STRANGE = "the heartbeat of 77 may go on, who was not asked"
# Each reason by itself: where one is not given, no other one takes its place.
REASONS = [
    ("mount", {}, "it names no device"),
    ("mount", {"node": "sda"}, "sda is no device"),
    ("rescan", {"wwid": "-"}, "it does not name the disk's WWID but -"),
    ("mount", {"uuid": "-"}, "it does not name the file system's UUID but -"),
    ("format", {"size": "-"}, "it does not name the device's size, or not the UUID that it is"),
    ("format", {"beats": "0"}, "the heartbeat of 0 may go on beside it"),
    ("mount", {"beats": "-"}, "it does not say which members have it mounted"),
    ("mount", {"beats": "0,1,77"}, STRANGE),
    ("mount", {"beats": f"0,1,77~{BLOCK}"}, "nobody has accounted for the heartbeat of 77"),
    ("mount", {"beats": f"0,1,77={BLOCK}"}, "nobody has accounted for the heartbeat of 77"),
]


@pytest.mark.parametrize(("kind", "fields", "reason"), REASONS)
def test_what_is_not_said_of_a_device_is_said_alone(kind, fields, reason):
    (found,) = wrongs(kind, **fields)
    assert found.startswith(reason)


@pytest.mark.parametrize("lost", ["volume", "host", "section"])
def test_of_what_is_not_known_an_action_is_not_bound(lost):
    cluster, observed, action = planned()["mount"]
    facts = observed.hosts[action.host]
    others = {name: found for name, found in observed.hosts.items() if name != action.host}
    if lost == "volume":
        action = replace(action, address="volume/nobodys")
    elif lost == "host":
        observed = Observed(others)
    else:
        unread = replace(facts, wanted=Unknown("cut off"))
        observed = Observed({**others, action.host: unread})
    found = list(device_binding.binding_problems(cluster, observed, action))
    assert found == ["nothing is known of its device"]


@pytest.mark.parametrize("kind", TOUCHING)
def test_a_plan_with_an_action_that_is_not_bound_is_refused(kind):
    cluster, observed, action = planned()[kind]
    for one, refused in ((action, False), (changed(action), True)):
        plan = replace(plan_cluster(cluster, observed), actions=(one,))
        codes = {b.code for b in violations(cluster, observed, plan)}
        assert ("invariant-device-is-bound" in codes) is refused
