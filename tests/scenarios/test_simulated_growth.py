"""Volumes grow: online while everybody writes, offline in one window, after every accident."""

from __future__ import annotations

import pytest

from reconciler.hosts.simulator import Fault, connect
from reconciler.hosts.simulator.kernel import services
from reconciler.hosts.simulator.presets import Shape, add_storage, partition
from reconciler.hosts.simulator.state.unit import Unit
from reconciler.planning import graph
from tests.clock import drive
from tests.runs import (
    MOUNTED,
    Controller,
    apply,
    desired,
    happened,
    kinds,
    members,
    mounted,
    of,
    volume,
    witnessed,
)

MIB = 1 << 20
GIB = 1024 * MIB
BACKING = {"lvm": {"host": "san", "vg": "vg0", "lv": "lun1"}}
AGENT = "agent.service"
AWAY = {"unmounted", "service-stopped", "cluster-offline"}


def before(partitioned="", hosts=3, **more):
    """A SAN cluster with a volume of the whole LUN (1 GiB), and its storage host."""
    world = witnessed(hosts, Shape("san"))
    add_storage(world)
    if partitioned:
        partition(world, scheme=partitioned)
    controller = Controller(world)
    apply(world, controller, wish(world, "1GiB", partitioned, **more))
    return world, controller


def wish(world, size, partitioned="", **more):
    one = volume(world, size=size, **more)
    if partitioned:
        one["device"]["partition"] = 1
    names = [name for name in world.machines if name.startswith("node")]
    return desired(world, *names, volumes=[one])


def size(world):
    (fs,) = world.filesystems()
    return fs.size


@pytest.mark.parametrize("partitioned", ["", "gpt", "dos"])
def test_one_line_grows_everything_with_nobody_unmounted(partitioned):
    world, controller = before(partitioned)
    ended = apply(world, controller, wish(world, "2GiB", partitioned, backing=BACKING))
    assert kinds(ended) == [
        "grow-backing",
        *["rescan"] * 3,
        *(["grow-partition", *["reread-partition"] * 2] if partitioned else []),
        "same-size",
        "grow-file-system",
    ]
    assert size(world) == 2 * GIB - (2 * MIB if partitioned else 0)
    assert ended.plan.clusters[0].outages == ()
    assert not {what for what, *_ in happened(world, *AWAY)}


def test_an_operators_own_command_grows_the_lun():
    world, controller = before()
    argv = ["grow-lun", "{wwid}", "{size_bytes}"]
    ours = wish(world, "2GiB", backing={"command": {"host": "san", "argv": argv}})
    assert kinds(apply(world, controller, ours))[0] == "grow-backing"
    assert size(world) == 2 * GIB


def test_without_backing_the_plan_waits_until_the_lun_has_grown():
    world, controller = before()
    ended = apply(world, controller, wish(world, "2GiB"), "refused")
    assert ended.codes == {"device-too-small"}
    world.grow("lun1", 2 * GIB)
    apply(world, controller, wish(world, "2GiB"))
    assert size(world) == 2 * GIB


def test_a_path_that_is_down_stops_growth_before_anything_is_done():
    world, controller = before()
    world.machines["node02"].down_paths.add("sdb")
    world.grow("lun1", 2 * GIB)
    ended = apply(world, controller, wish(world, "fill"), "refused")
    assert ended.codes == {"path-down"}
    world.machines["node02"].down_paths.clear()
    apply(world, controller, wish(world, "fill"))


def test_a_member_that_does_not_answer_stops_growth():
    world, controller = before()
    world.machines["node03"].refusal = "host-unreachable"
    ended = apply(world, controller, wish(world, "2GiB", backing=BACKING), "refused")
    assert ended.codes == {"host-unreachable"}
    assert size(world) == GIB


def test_a_host_rebooted_meanwhile_mounts_only_what_it_sees_whole():
    world, controller = before("gpt")
    apply(world, controller, wish(world, "2GiB", "gpt", backing=BACKING))
    connect(world, "node02").reboot()
    apply(world, controller, wish(world, "2GiB", "gpt", backing=BACKING), "no-change")
    assert mounted(world)["node02"] == MOUNTED


@pytest.mark.parametrize("partitioned", ["", "gpt"])
def test_offline_growth_is_one_window(partitioned):
    world, controller = before(partitioned, workloads={"services": ["agent"]})
    for name in ("node01", "node02", "node03"):
        machine = world.machines[name]
        machine.units[AGENT] = Unit(enabled=True, uses=(("agent", "/srv/images/a"),))
        services.start(machine, AGENT)
    away = wish(
        *(world, "2GiB", partitioned),
        growth="offline",
        backing=BACKING,
        workloads={"services": ["agent"]},
    )
    ended = apply(world, controller, away)
    once = list(dict.fromkeys(kinds(ended)))
    assert once.index("rescan") < once.index("unmount") < once.index("check-file-system")
    assert once.index("check-file-system") < once.index("same-size")
    assert once.index("same-size") < once.index("grow-unmounted") < once.index("check-grown")
    assert once.index("check-grown") < once.index("mount") < once.index("start-service")
    assert "grow-file-system" not in once
    (outage,) = ended.plan.clusters[0].outages
    assert outage.because == "images: offline growth"
    assert size(world) == 2 * GIB - (2 * MIB if partitioned else 0)
    nodes = [m for n, m in world.machines.items() if n.startswith("node")]
    assert {m.units[AGENT].active for m in nodes} == {"active"}
    assert all(m.units[AGENT].enabled for m in nodes)


def test_slots_growth_and_timeouts_share_one_outage():
    world, controller = before()
    names = [name for name in world.machines if name.startswith("node")]
    one = volume(world, size="2GiB", growth="offline", backing=BACKING, slots=12)
    more = {"network": {"idle_timeout_ms": 25000}}
    ended = apply(world, controller, desired(world, *names, volumes=[one], **more))
    (outage,) = ended.plan.clusters[0].outages
    assert outage.hosts == ("node01", "node02", "node03")
    assert "12 slots and offline growth" in outage.because
    assert "timeouts" in outage.because
    assert kinds(ended).count("unmount") == 3
    (fs,) = world.filesystems()
    assert (fs.slots, fs.size) == (12, 2 * GIB)


def test_slots_of_one_and_offline_growth_of_another_share_one_outage():
    world = witnessed(3, Shape("san", luns=2))
    add_storage(world)
    controller, names = Controller(world), ("node01", "node02", "node03")

    def file(slots, films, **more):
        volumes = [volume(world, slots=slots), volume(world, "lun2", "films", **films)]
        return desired(world, *names, volumes=volumes, **more)

    apply(world, controller, file(4, {}))
    backing = {"lvm": {"host": "san", "vg": "vg0", "lv": "lun2"}}
    films = {"size": "2GiB", "growth": "offline", "backing": backing}
    ended = apply(world, controller, file(6, films, network={"idle_timeout_ms": 25000}))
    (outage,) = ended.plan.clusters[0].outages
    assert set(outage.volumes) == {"images", "films"}
    assert [kinds(ended).count(k) for k in ("add-slots", "grow-unmounted", "unmount")] == [
        *(1, 1, 6)
    ]


def test_who_leaves_during_offline_growth_loses_more_than_who_stays():
    world = witnessed(3, Shape("san", luns=2))
    add_storage(world)
    controller, names = Controller(world), ("node01", "node02", "node03")

    def file(who, **images):
        volumes = [volume(world, **images), volume(world, "lun2", "films")]
        return desired(world, *who, volumes=volumes)

    apply(world, controller, file(names))
    images = {"size": "2GiB", "growth": "offline", "backing": BACKING}
    ended = apply(world, controller, file(names[:2], **images))
    outages = ended.plan.clusters[0].outages
    assert [(o.hosts, o.volumes, o.seconds is None) for o in outages if o.volumes] == [
        (names[:2], ("images",), False),
        (("node03",), ("images", "films"), True),
    ]


def test_a_check_that_fails_leaves_everything_stopped_and_says_so():
    world, controller = before()
    (fs,) = world.filesystems()
    fs.damage = "lasting"
    away = wish(world, "2GiB", growth="offline", backing=BACKING)
    ended = drive(world, controller.apply(away))
    assert ended.word == "partial"
    (message,) = ended.failures.values()
    assert "check-failed" in message
    assert not any(mounted(world).values())
    assert "without a volume until then: node01, node02, node03" in ended.outcomes[0].message
    assert size(world) == GIB
    fs.damage = ""
    apply(world, controller, away)


def test_the_backup_comes_before_anything_is_taken_away_and_its_failure_stops_all():
    world, controller = before()
    programs = world.machines["san"].programs
    away = {"growth": "offline", "backing": BACKING}
    backup = {"backup": {"host": "san", "argv": ["unmap", "nobody", "nothing"]}}
    ended = drive(world, controller.apply(wish(world, "2GiB", **away, **backup)))
    assert ended.word == "partial"
    begun = ["begin-backup"] * 3
    assert kinds(ended) == ["grow-backing", *["rescan"] * 3, *begun, "back-up"]
    assert mounted(world)["node01"] == MOUNTED
    assert "without a volume" not in ended.outcomes[0].message  # nobody is
    good = {"backup": {"host": "san", "argv": ["grow-lun", "lun1", "1"]}}
    assert programs["grow-lun"]
    ended = apply(world, controller, wish(world, "2GiB", **away, **good))
    assert kinds(ended)[3] == "back-up"


def test_a_volume_that_the_file_no_longer_has_is_withdrawn_and_kept():
    world, controller = before()
    names = [name for name in world.machines if name.startswith("node")]
    ended = apply(world, controller, desired(world, *names, volumes=[]))
    assert sorted(set(kinds(ended))) == ["clear-fstab", "unmount"]
    assert not any(mounted(world).values())
    assert size(world) == GIB
    for name in names:
        connect(world, name).reboot()
    assert not any(mounted(world).values())
    apply(world, controller, wish(world, "1GiB"))
    assert mounted(world)["node03"] == MOUNTED


def test_a_mount_that_nobody_knows_of_is_not_withdrawn():
    world, controller = before()
    names = [name for name in world.machines if name.startswith("node")]
    for name in names:
        files = world.machines[name].files
        for path in [p for p in files.by_path if p.endswith("applied.json")]:
            del files.by_path[path]
    ended = apply(world, controller, desired(world, *names, volumes=[]), "refused")
    assert ended.codes == {"volume-unfamiliar"}


def test_an_interrupted_resize_is_checked_first_and_the_next_run_grows_it():
    world, controller = before()
    (fs,) = world.filesystems()
    fs.inprog = True
    file = wish(world, "2GiB", backing=BACKING)
    ended = drive(world, controller.apply(file))
    assert "check-file-system" in kinds(ended)
    assert "grow-file-system" not in kinds(ended)
    apply(world, controller, file)
    assert (size(world), fs.inprog) == (2 * GIB, False)


def test_mount_options_change_in_use_where_the_kernel_allows_it():
    world, controller = before()
    for options in (["noatime", "nodev"], ["nodev"], []):
        mount = {"path": "/srv/images", "options": options}
        ended = apply(world, controller, wish(world, "1GiB", mount=mount))
        assert kinds(ended).count("remount") == 3
        assert set(kinds(ended)) == {"remount", "write-fstab"}
        shown = {
            m.running.mounts[0].options for m in world.machines.values() if m.running.mounts
        }
        assert all(set(options) <= set(found) for found in shown)
        assert not any("nodev" in found for found in shown) or "nodev" in options


# ---- what an adversary found --------------------------------------------------------------


def with_states(world, size, states, **more):
    names = [name for name in world.machines if name.startswith("node")]
    items = [{**m, **states.get(m["name"], {})} for m in members(world, *names)]
    one = volume(world, size=size, **more)
    return of({"name": "ocfs2", "members": items, "volumes": [one]})


def test_who_is_drained_in_the_same_run_does_not_grow_it():
    world, controller = before()
    file = with_states(world, "2GiB", {"node01": {"state": "drained"}}, backing=BACKING)
    apply(world, controller, file)
    assert size(world) == 2 * GIB


def test_what_nobody_has_mounted_grows_all_the_same():
    world, controller = before()
    away = {key: {"state": "drained"} for key in ("node01", "node02", "node03")}
    apply(world, controller, with_states(world, "1GiB", away))
    ended = apply(world, controller, with_states(world, "2GiB", away, backing=BACKING))
    assert "grow-unmounted" in kinds(ended)
    assert size(world) == 2 * GIB


def test_an_agent_that_mounts_itself_starts_after_all_that_needs_the_volume_unmounted():
    world, controller = before(workloads={"services": ["agent"]})
    more = {"workloads": {"services": ["agent"]}, "slots": 12}
    for name in ("node01", "node02", "node03"):
        machine = world.machines[name]
        machine.units[AGENT] = Unit(enabled=True)
        services.start(machine, AGENT)
    own = {"mount": {"path": "/srv/images", "by": "workload"}}
    plan = drive(world, controller.plan(wish(world, "1GiB", **more, **own))).clusters[0]
    needs = {a.id: frozenset(a.needs) for a in plan.actions}
    starts = {a.id for a in plan.actions if a.kind in {"unmask-service", "start-service"}}
    work = {a.id for a in plan.actions if a.kind in {"check-file-system", "add-slots"}}
    assert starts
    assert work
    assert all(work <= graph.closure(needs, frozenset({start})) for start in starts)


def test_a_backing_on_a_member_that_is_away_is_refused_by_name():
    world, controller = before()
    attested = {"by": "ann", "at": "2026-11-22T10:00Z", "reason": "repair"}
    connect(world, "node03").power_off()
    world.advance(200)
    own = {"command": {"host": "node03", "argv": ["grow-lun", "lun1", "{size_bytes}"]}}
    away = {"node03": {"state": "offline", "attested": attested}}
    ended = apply(world, controller, with_states(world, "2GiB", away, backing=own), "refused")
    assert ended.codes == {"member-offline"}


def test_what_cannot_be_read_blocks_a_window_by_name():
    world, controller = before()
    world.machines["node02"].broken["wanted"] = "no such luck"
    ended = apply(world, controller, wish(world, "1GiB", slots=12), "refused")
    assert "section-unread" in ended.codes


def test_a_service_that_another_volume_needs_goes_on_when_one_is_withdrawn():
    world = witnessed(2, Shape("san", luns=2))
    add_storage(world)
    controller = Controller(world)
    names, agent = ("node01", "node02"), {"workloads": {"services": ["agent"]}}
    both = [volume(world, **agent), volume(world, "lun2", "mail", **agent)]
    apply(world, controller, desired(world, *names, volumes=both))
    for name in names:
        world.machines[name].units[AGENT] = Unit(enabled=True)
        services.start(world.machines[name], AGENT)
    ended = apply(world, controller, desired(world, *names, volumes=both[:1]))
    order = {"write-order", "reload-units"}  # the agent is new there
    assert set(kinds(ended)) == {"clear-fstab", "unmount", *order}
    assert {world.machines[name].units[AGENT].active for name in names} == {"active"}


def test_another_volume_takes_the_path_of_one_that_is_gone():
    world = witnessed(2, Shape("san", luns=2))
    add_storage(world)
    controller, names = Controller(world), ("node01", "node02")
    apply(world, controller, desired(world, *names, volumes=[volume(world)]))
    for name in names:
        attached = world.machines[name].setup.attachments
        attached[:] = [a for a in attached if a.lun.name != "lun1"]
        connect(world, name).reboot()
    new = volume(world, "lun2", "data", mount={"path": "/srv/images"})
    apply(world, controller, desired(world, *names, volumes=[new]))
    assert mounted(world)["node01"] == ("data /srv/images",)


def test_a_target_grows_its_volume_whole_and_no_other():
    world = witnessed(2, Shape("san", luns=2))
    add_storage(world)
    controller, names = Controller(world), ("node01", "node02")
    small = [volume(world, size="1GiB"), volume(world, "lun2", "mail", size="1GiB")]
    apply(world, controller, desired(world, *names, volumes=small))
    large = [
        volume(world, size="2GiB", backing=BACKING),
        volume(
            *(world, "lun2", "mail"),
            size="2GiB",
            backing={"lvm": {"host": "san", "vg": "vg0", "lv": "lun2"}},
        ),
    ]
    file = desired(world, *names, volumes=large)
    plan = drive(world, controller.plan(file, "volume/mail")).clusters[0]
    assert {a.address for a in plan.actions} == {"volume/mail"}
    plan = drive(world, controller.plan(file, "member/node02")).clusters[0]
    assert "grow-file-system" in {a.kind for a in plan.actions}


def test_a_partition_that_begins_late_gets_what_is_left_of_the_size():
    world = witnessed(2, Shape("san"))
    add_storage(world)
    controller = Controller(world)
    disk = world.luns["lun1"]
    disk.add_partition(1, 512 * MIB, 511 * MIB)
    for name in ("node01", "node02"):
        connect(world, name).reboot()
    apply(world, controller, wish(world, "1GiB", "gpt"))
    assert size(world) == 511 * MIB


def test_a_service_that_was_stopped_and_is_named_no_more_is_told():
    world, controller = before(workloads={"services": ["agent"]})
    for name in ("node01", "node02", "node03"):
        world.machines[name].units[AGENT] = Unit(enabled=True)
        services.start(world.machines[name], AGENT)
    names = [name for name in world.machines if name.startswith("node")]
    apply(world, controller, desired(world, *names, volumes=[]))
    (note, *_) = (
        drive(world, controller.plan(desired(world, *names, volumes=[]))).clusters[0].notes
    )
    assert note.startswith("node01: agent.service was stopped for a volume")


def test_offline_growth_unmounts_nobody_before_there_is_room():
    world, controller = before()
    world.machines["san"].refusal = "host-unreachable"
    away = wish(world, "2GiB", growth="offline", backing=BACKING)
    ended = drive(world, controller.apply(away))
    assert (ended.word, ended.codes, ended.started) == ("refused", {"host-unreachable"}, [])
    assert all(mounted(world)[name] == MOUNTED for name in ("node01", "node02", "node03"))
    world.machines["san"].refusal = ""
    apply(world, controller, away)
    assert size(world) == 2 * GIB


def rescan_by_hand(machine):
    """Paths and map have what the storage has."""
    for device in machine.running.devices:
        if device.lun is not None and device.extent is device.lun.whole:
            device.size = device.extent.size


@pytest.mark.parametrize("partitioned", ["", "gpt"])
@pytest.mark.parametrize("who", ["the run", "an administrator", "an administrator of enough"])
def test_a_growth_goes_on_where_some_have_rescanned_a_lun_that_is_larger(partitioned, who):
    """Who rescans sees the whole LUN, which has more than the file asks for."""
    world, controller = before(partitioned)
    if who == "an administrator of enough":  # all have seen it once, and it has grown since
        world.grow("lun1", 2 * GIB + 512 * MIB)
        for machine in world.machines.values():
            rescan_by_hand(machine)
    world.grow("lun1", 3 * GIB)
    ours = wish(world, "2GiB", partitioned)
    if who == "the run":
        world.machines["node02"].faults.append(Fault("fails", command="gate rescan"))
        assert drive(world, controller.apply(ours)).word == "partial"
    else:
        rescan_by_hand(world.machines["node01"])
    ended = apply(world, controller, ours)
    assert kinds(ended)[-1] == "grow-file-system"
    assert size(world) == 2 * GIB - (2 * MIB if partitioned else 0)
    assert not {what for what, *_ in happened(world, *AWAY)}


def test_who_alone_can_give_slots_and_has_no_lasting_name_of_the_disk_is_named():
    """A drained host mounts nothing, so no mount is refused for that (seed 69464)."""
    world = witnessed(2, Shape("san"))
    controller = Controller(world)
    assert (
        drive(world, controller.apply(desired(world, "node01", "node02"))).word == "converged"
    )
    for device in world.machines["node02"].running.devices:
        device.links = ()
    (drained,) = (
        {**item, "state": "drained"} for item in members(world, "node01", "node02")[1:]
    )
    wanted = desired(world, members=[drained], volumes=[volume(world, slots=12)])
    blocked = drive(world, controller.plan(wanted)).blocked
    assert {b.code for b in blocked} == {"no-stable-path"}, blocked
