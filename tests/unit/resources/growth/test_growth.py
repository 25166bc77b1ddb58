"""What is done to grow a volume, and what refuses it: on facts that no host is needed for."""

from dataclasses import replace

import pytest

from reconciler.model.cluster_settings import Packages
from reconciler.model.devices import is_logical
from reconciler.model.gate_call import Target, gate_call
from reconciler.model.observed import Disk, Observed
from reconciler.planning import graph
from reconciler.planning.checks.invariants import violations
from reconciler.planning.planner import plan_cluster
from reconciler.resources.growth.checks import check
from tests.builders import GIB, UUID, converged, spec, volume, with_facts

WWID = "360014050000000000000000000000000a"
MIB = 1 << 20
# Of a disk that is smaller than its file system.
CUT = ["device-too-small", "shrink-refused"]
TOOLS = ("tunefs.ocfs2", "parted", "partprobe", "sg_readcap")


def disk(name, size, **more):
    plain = {
        "device": f"8:{sum(map(ord, name))}",
        "sector": 512,
        "read_only": False,
        "partition": None,
        "start": None,
        "parent": None,
        "dm_name": None,
        "dm_uuid": None,
        "wwid": None,
        "slaves": (),
        "holders": (),
        "links": (),
        "capacity": None,
    }
    return Disk(name=name, size=size, **{**plain, **more})


def layers(part=None, whole=GIB, paths=(GIB, GIB), told=GIB):
    """A multipath map over two paths; ``part`` is start and size of its first partition."""
    link = f"/dev/disk/by-id/dm-uuid-mpath-{WWID}"
    map_uuid = f"mpath-{WWID}"
    disks = [
        *(disk(name, size) for name, size in zip(("sda", "sdb"), paths, strict=True)),
        disk(
            "dm-0",
            whole,
            dm_uuid=map_uuid,
            slaves=("sda", "sdb"),
            links=(link,),
            wwid=WWID,
            capacity=told,
        ),
    ]
    if part:
        start, size = part
        disks.append(
            disk(
                "dm-1",
                size,
                dm_uuid=f"part1-{map_uuid}",
                slaves=("dm-0",),
                parent="dm-0",
                partition=1,
                start=start // 512,
                links=(f"{link}-part1",),
            )
        )
    return tuple(disks)


def wish(size, partition=None, **more):
    device = {"wwid": WWID, **({"partition": partition} if partition else {})}
    return spec(("node01", "node02"), volumes=[volume(device=device, size=size, **more)])


def seen(cluster, **each):
    """A converged cluster with 1 GiB of file system; ``each``: layers by host, or ``all``."""
    (wanted,) = cluster.volumes
    plain = spec(("node01", "node02"), volumes=[volume()])
    hosts = {}
    for name, facts in converged(plain).hosts.items():
        disks = each.get(name) or each["all"]
        node = disks[-1]
        subject = f"wwid={WWID}" + (",part=1" if wanted.device.partition else "")
        view = replace(
            facts.wanted[0],
            ref=subject,
            nodes=(node.name,),
            node=node.name,
            device=node.device,
            size=node.size,
        )
        block = view.superblock
        size = min(GIB, node.size) if node.partition is None else GIB - 2 * MIB
        view = replace(view, superblock=replace(block, clusters=size // block.cluster_size))
        line = f"{node.links[0]} /srv/images ocfs2 "
        fstab = facts.fstab.text.replace("/dev/disk/by-id/lab-lun1 /srv/images ocfs2 ", line)
        mounts = tuple(replace(m, device=node.device, size=size) for m in facts.mounts)
        commands = (*facts.packages.commands, *TOOLS)
        hosts[name] = replace(
            facts,
            disks=disks,
            wanted=(view,),
            mounts=mounts,
            fstab=replace(facts.fstab, text=fstab),
            packages=replace(facts.packages, commands=commands),
        )
    return Observed(hosts)


def steps(plan):
    return [(a.kind, a.host) for a in plan.actions]


def codes(plan):
    return sorted({b.code for b in plan.blocked})


GROWN = 2 * GIB
PART = (MIB, GIB - 2 * MIB)


def test_a_volume_of_its_size_is_left_alone():
    cluster = wish("1GiB")
    assert plan_cluster(cluster, seen(cluster, all=layers())).actions == ()


def test_a_grown_lun_is_rescanned_everywhere_before_the_file_system_grows_once():
    cluster = wish("2GiB")
    plan = plan_cluster(cluster, seen(cluster, all=layers(told=GROWN)))
    assert codes(plan) == []
    assert steps(plan) == [
        ("rescan", "node01"),
        ("rescan", "node02"),
        ("same-size", ""),
        ("grow-file-system", "node01"),
    ]
    last = plan.actions[-1]
    asked = gate_call(last.command.argv)
    assert (asked.verb, asked.arguments) == ("grow-fs", (str(GROWN // 4096), "mounted"))
    named = f"/dev/disk/by-id/dm-uuid-mpath-{WWID}"
    assert asked.target == Target(named, WWID, uuid=UUID, beats="0,1")
    needs = {a.id: frozenset(a.needs) for a in plan.actions}
    assert len(graph.closure(needs, frozenset({last.id}))) == 4
    assert last.irreversible
    assert {c.address for c in plan.changes} == {"volume/images/size"}


def test_fill_takes_what_the_lun_has_now():
    cluster = wish("fill")
    plan = plan_cluster(cluster, seen(cluster, all=layers(told=GROWN)))
    assert [kind for kind, _ in steps(plan)][-1] == "grow-file-system"
    assert plan_cluster(cluster, seen(cluster, all=layers())).actions == ()


def test_a_partition_grows_on_one_host_and_is_read_again_on_the_others():
    cluster = wish("2GiB", 1)
    plan = plan_cluster(cluster, seen(cluster, all=layers(PART, told=GROWN)))
    assert codes(plan) == []
    assert steps(plan) == [
        ("rescan", "node01"),
        ("rescan", "node02"),
        ("grow-partition", "node01"),
        ("reread-partition", "node02"),
        ("same-size", ""),
        ("grow-file-system", "node01"),
    ]
    # It ends a whole MiB before the end: room for the backup table.
    assert plan.actions[2].command.argv[-2:] == ("2048", str((GROWN - MIB) // 512 - 1))
    device = GROWN - 2 * MIB
    assert plan.actions[-1].command.argv[-2] == str(device // 4096)


@pytest.mark.parametrize(
    "backing",
    [
        {"lvm": {"host": "san01", "vg": "san", "lv": "images"}},
        {"command": {"host": "san01", "argv": ["/bin/grow", "{wwid}", "{size_bytes}"]}},
    ],
)
def test_the_backing_grows_first_where_the_file_says_how(backing):
    cluster = wish("2GiB", backing=backing)
    plan = plan_cluster(cluster, seen(cluster, all=layers()))
    assert codes(plan) == []
    assert steps(plan)[:3] == [
        ("grow-backing", "san01"),
        ("rescan", "node01"),
        ("rescan", "node02"),
    ]
    assert str(GROWN) in plan.actions[0].command.argv
    grown = plan_cluster(cluster, seen(cluster, all=layers(told=GROWN)))
    assert "grow-backing" not in [kind for kind, _ in steps(grown)]


def test_without_a_way_to_grow_it_the_plan_waits():
    cluster = wish("2GiB")
    assert codes(plan_cluster(cluster, seen(cluster, all=layers()))) == ["device-too-small"]


def test_what_was_left_half_done_goes_on_where_it_stopped():
    cluster = wish("2GiB", 1)
    end = (MIB, GROWN - 2 * MIB)
    done = layers(end, whole=GROWN, paths=(GROWN, GROWN), told=GROWN)
    behind = layers(PART, whole=GROWN, paths=(GROWN, GROWN), told=GROWN)
    stale = layers(PART, told=GROWN)
    cases = {
        "partition grown and read everywhere": (done, []),
        "partition not read again there": (behind, [("reread-partition", "node02")]),
        "nor rescanned": (stale, [("rescan", "node02"), ("reread-partition", "node02")]),
    }
    for second, first_steps in cases.values():
        plan = plan_cluster(cluster, seen(cluster, node01=done, node02=second))
        assert codes(plan) == []
        assert steps(plan) == [*first_steps, ("same-size", ""), ("grow-file-system", "node01")]


def test_a_kernel_that_lags_behind_a_grown_file_system_is_caught_up():
    cluster = wish("1GiB")
    small = layers(whole=GIB // 2, paths=(GIB // 2, GIB // 2))
    observed = seen(cluster, node01=layers(), node02=small)
    view = observed.hosts["node02"].wanted[0]
    same = replace(view, superblock=observed.hosts["node01"].wanted[0].superblock)
    hosts = {
        **observed.hosts,
        "node02": replace(observed.hosts["node02"], wanted=(same,)),
    }
    plan = plan_cluster(cluster, Observed(hosts))
    assert codes(plan) == []
    assert steps(plan) == [("rescan", "node02"), ("same-size", "")]


@pytest.mark.parametrize(
    ("told", "refused"),
    [(GIB, []), (None, CUT), (GIB // 2, CUT)],
)
def test_where_all_kernels_see_less_than_the_file_system_has_the_disk_tells(told, refused):
    """Hosts of another file made it grow; or the LUN was cut short."""
    cluster = wish("fill")
    small = layers(whole=GIB // 2, paths=(GIB // 2, GIB // 2), told=told)
    observed = seen(cluster, all=small)
    hosts = {}
    for name, facts in observed.hosts.items():
        (view,) = facts.wanted
        block = replace(view.superblock, clusters=GIB // view.superblock.cluster_size)
        hosts[name] = replace(facts, wanted=(replace(view, superblock=block),), mounts=())
    plan = plan_cluster(cluster, Observed(hosts))
    assert codes(plan) == refused
    if not refused:
        rescans = [("rescan", "node01"), ("rescan", "node02"), ("same-size", "")]
        assert [step for step in steps(plan) if step in rescans] == rescans


def test_a_partition_that_ends_before_its_file_system_is_refused_by_name():
    cluster = wish("fill", 1)
    short = layers((MIB, GIB // 2), told=GIB)
    plan = plan_cluster(cluster, seen(cluster, all=short))
    (refusal,) = plan.blocked
    assert (refusal.code, refusal.subject) == ("device-too-small", "volume/images")
    assert "partition 1 of dm-0 has 512MiB in every kernel" in refusal.message


@pytest.mark.parametrize(
    ("code", "size", "partition", "second"),
    [
        ("path-down", "2GiB", None, layers(told=None)),
        ("device-size-differs", "fill", None, layers(told=GROWN + GIB)),
        ("shrink-refused", "512MiB", None, layers(told=GROWN)),
        (
            "partition-blocked",
            *("2GiB", 1),
            (
                disk("dm-2", MIB, parent="dm-0", partition=2, start=GIB // 512),
                *layers(PART, told=GROWN),
            ),
        ),
    ],
)
def test_growth_is_refused_by_name(code, size, partition, second):
    cluster = wish(size, partition)
    first = layers(PART if partition else None, told=GROWN)
    assert codes(plan_cluster(cluster, seen(cluster, node01=first, node02=second))) == [code]


def test_a_file_system_that_everybody_mounts_read_only_does_not_grow_mounted():
    mount = {"path": "/srv/images", "options": ["ro"]}
    cluster = wish("2GiB", mount=mount)
    observed = seen(cluster, all=layers(told=GROWN))
    (refusal,) = check(cluster, observed)
    assert (refusal.code, refusal.subject) == ("volume-read-only", "volume/images")
    assert refusal.remedy.startswith("write growth: offline, or take ro out of mount.options")
    assert list(check(wish("2GiB", mount=mount, growth="offline"), observed)) == []


def test_a_disk_beneath_a_partition_without_a_lasting_name_is_not_asked_for():
    path = "/dev/disk/by-id/odd"
    cluster = spec(("node01", "node02"), volumes=[volume(device={"path": path}, size="2GiB")])
    by_wwid = wish("2GiB", 1)
    observed = seen(by_wwid, all=layers(PART, told=GROWN))
    for name, facts in observed.hosts.items():
        view = replace(facts.wanted[0], ref=f"path={path}")
        disks = tuple(replace(d, links=()) if d.name == "dm-0" else d for d in facts.disks)
        observed = with_facts(observed, name, wanted=(view,), disks=disks)
    told = [(b.code, b.subject, b.message.partition(":")[0]) for b in check(cluster, observed)]
    assert told == [("no-stable-path", "volume/images", host) for host in ("node01", "node02")]


def test_what_may_not_shrink_is_told_in_the_unit_that_the_file_would_have():
    cluster = wish("512MiB")
    (refusal,) = plan_cluster(cluster, seen(cluster, all=layers(told=GROWN))).blocked
    assert refusal.remedy == "OCFS2 cannot shrink: write a size of at least 1GiB"


def test_an_interrupted_resize_is_checked_before_anything_else():
    cluster = wish("2GiB")
    observed = seen(cluster, all=layers(told=GROWN))
    for name, facts in observed.hosts.items():
        view = facts.wanted[0]
        block = replace(view.superblock, incompat="84 resize-inprog sparse inline-data")
        view = replace(view, superblock=block)
        observed = Observed({**observed.hosts, name: replace(facts, wanted=(view,))})
    plan = plan_cluster(cluster, observed)
    assert codes(plan) == []
    done = [kind for kind, _host in steps(plan)]
    window = {"clear-fstab", "unmount", "check-file-system", "mount", "write-fstab"}
    assert set(done) == {*window, "reload-units"}


def test_a_host_without_the_tools_is_named_where_packages_are_only_checked():
    cluster = wish("2GiB", 1).model_copy(update={"packages": Packages(manage=False)})
    observed = seen(cluster, all=layers(PART, told=GROWN))
    facts = observed.hosts["node02"]
    few = tuple(c for c in facts.packages.commands if c != "parted")
    lacking = replace(facts, packages=replace(facts.packages, commands=few))
    plan = plan_cluster(cluster, Observed({**observed.hosts, "node02": lacking}))
    assert [(b.code, b.subject) for b in plan.blocked] == [("tools-missing", "member/node02")]


@pytest.mark.parametrize(
    ("more", "broken"),
    [
        ({}, {"invariant-grow-after-room"}),
        ({"growth": "offline"}, {"invariant-grow-after-room", "invariant-window-is-proven"}),
        ({"slots": 12}, {"invariant-grow-after-room", "invariant-window-is-proven"}),
    ],
)
def test_growth_without_its_checks_is_a_broken_invariant(more, broken):
    cluster = wish("2GiB", **more)
    observed = seen(cluster, all=layers(told=GROWN))
    plan = plan_cluster(cluster, observed)
    assert violations(cluster, observed, plan) == ()
    bare = replace(plan, actions=tuple(replace(a, requires=()) for a in plan.actions))
    found = {b.code for b in violations(cluster, observed, bare)}
    assert {code for code in found if "grow" in code or "window" in code} == broken


def blind(cluster, observed, manager="dpkg", at=("node01", "node02")):
    """As it was seen, but without sg_readcap on some."""
    hosts = {}
    for name, facts in observed.hosts.items():
        packages = replace(facts.packages, manager=manager)
        if name in at:
            commands = tuple(c for c in packages.commands if c != "sg_readcap")
            packages = replace(packages, commands=commands)
        dumb = (
            tuple(replace(d, capacity=None) for d in facts.disks) if name in at else facts.disks
        )
        hosts[name] = replace(facts, packages=packages, disks=dumb)
    return Observed(hosts)


@pytest.mark.parametrize(
    ("manager", "package"), [("dpkg", "sg3-utils"), ("rpm", "sg3_utils"), (None, "sg3_utils")]
)
def test_growth_of_a_filled_lun_that_nobody_can_see_is_told(manager, package):
    cluster = wish("fill")
    plan = plan_cluster(cluster, blind(cluster, seen(cluster, all=layers()), manager))
    assert (plan.actions, plan.blocked) == ((), ())
    (note,) = (note for note in plan.notes if "size: fill" in note)
    assert "on node01, node02" in note
    assert f"install {package} on" in note


def test_one_member_that_can_see_it_is_enough():
    cluster = wish("fill")
    grown = seen(cluster, all=layers(told=GROWN))
    plan = plan_cluster(cluster, blind(cluster, grown, at=("node02",)))
    assert not [note for note in plan.notes if "size: fill" in note]
    assert ("rescan", "node02") in steps(plan)
    assert steps(plan)[-1] == ("grow-file-system", "node01")


def test_a_size_that_is_written_needs_no_sight():
    cluster = wish("2GiB")
    plan = plan_cluster(cluster, blind(cluster, seen(cluster, all=layers())))
    assert not [note for note in plan.notes if "size: fill" in note]
    assert [kind for kind, _ in steps(plan)][:2] == ["rescan", "rescan"]


@pytest.mark.parametrize(
    ("uuid", "logical"),
    [
        ("LVM-abcpart1", True),
        ("part1-LVM-abc", True),
        (f"mpath-{WWID}", False),
        ("CRYPT-LVM-", False),
        (None, False),
    ],
)
def test_logical_volumes_are_told_by_their_uuid(uuid, logical):
    assert is_logical(disk("dm-0", GIB, dm_uuid=uuid)) == logical


def test_a_host_that_cannot_tell_its_size_is_not_left_out():
    cluster = wish("2GiB")
    blind = layers(told=None)
    plan = plan_cluster(cluster, seen(cluster, node01=blind, node02=layers()))
    (said,) = (b.message for b in plan.blocked if b.code == "device-too-small")
    assert said.endswith("unknown on node01; 1GiB on node02")
