"""The plans of create and join, on facts that no host is needed for."""

from dataclasses import replace
from itertools import pairwise

import pytest

from reconciler.model.observed import Lease, Observed, Slot, Unknown, Unreachable
from reconciler.planning.planner import make_plan, plan_cluster
from reconciler.planning.resolve.numbering import with_numbers
from reconciler.planning.resolve.removed import removed_members, with_removed_members
from reconciler.resources.cluster_conf.changes import wanted_file
from reconciler.resources.mounts.fstab import with_entry
from tests.builders import (
    LUN,
    REF,
    bare,
    converged,
    file,
    live,
    spec,
    superblock,
    volume,
    with_facts,
)


def kinds(plan):
    return [action.kind for action in plan.actions]


def codes(plan):
    return sorted({item.code for item in plan.blocked})


def test_three_bare_hosts_become_a_cluster_in_this_order():
    plan = plan_cluster(spec(volumes=[volume()]), bare(spec()))
    assert plan.blocked == ()
    steps = [kind for kind, following in pairwise([*kinds(plan), ""]) if kind != following]
    assert steps == [
        "load-module",
        "write-o2cb-settings",
        "write-cluster-conf",
        "same-cluster-conf",
        "start-cluster",
        "same-live-nodes",
        "same-timeouts",
        "peers-connect",
        "format",
        "same-file-system",
        "mount",
        "write-fstab",
        "reload-units",
    ]


def test_a_converged_cluster_gives_an_empty_plan():
    cluster = spec(volumes=[volume()])
    plan = plan_cluster(cluster, converged(cluster))
    assert (plan.changes, plan.actions, plan.blocked) == ((), (), ())


def test_the_same_facts_give_the_same_plan_to_the_byte_whatever_time_it_is():
    cluster = spec(volumes=[volume()])
    first = make_plan([(cluster, bare(cluster))])
    later = {
        name: replace(
            facts,
            identity=replace(facts.identity, boot_id="other", uptime=1e6, clock=9),
            leases=(Lease("", "", 0.0, running="7 sh"),),
        )
        for name, facts in bare(cluster).hosts.items()
    }
    assert make_plan([(cluster, Observed(later))]) == first


def test_a_relevant_fact_gives_another_id_though_the_actions_are_the_same():
    cluster = spec(volumes=[volume()])
    observed = bare(cluster)
    other = with_facts(observed, "node01", addresses=(*observed.hosts["node01"].addresses,) * 2)
    assert make_plan([(cluster, other)]).id != make_plan([(cluster, observed)]).id


def test_what_ocfs2_changes_by_itself_in_its_mount_options_is_no_part_of_the_id():
    cluster = spec(volumes=[volume()])
    seen = converged(cluster)
    mounts = seen.hosts["node01"].mounts
    ids = {
        make_plan([(cluster, with_facts(seen, "node01", mounts=shown))]).id
        for more in ((), ("localalloc=53",), ("noatime",))
        for shown in [tuple(replace(m, options=(*m.options, *more)) for m in mounts)]
    }
    assert len(ids) == 2


def test_the_words_of_a_refusal_are_no_part_of_the_id():
    cluster = spec(volumes=[volume()])
    seen = bare(cluster)
    silent = [
        Observed({**seen.hosts, "node02": Unreachable("node02", "host-unreachable", words)})
        for words in ("no answer in 10 s", "No route to host")
    ]
    assert len({make_plan([(cluster, observed)]).id for observed in silent}) == 1


def test_a_join_registers_in_the_running_kernels_before_the_new_one_starts():
    before = spec(("node01", "node02"), volumes=[volume()])
    after = spec(("node01", "node02", "node03"), volumes=[volume()])
    hosts = dict(converged(before).hosts)
    newcomer = bare(after).hosts["node03"]
    view = replace(newcomer.wanted[0], superblock=superblock(), signature={"TYPE": "ocfs2"})
    hosts["node03"] = replace(newcomer, wanted=(view,))
    plan = plan_cluster(after, Observed(hosts))
    assert plan.blocked == ()
    started = {(a.kind, a.host) for a in plan.actions}
    assert {h for kind, h in started if kind == "write-cluster-conf"} == {*after_names(after)}
    assert {h for kind, h in started if kind == "register-nodes"} == {"node01", "node02"}
    assert {h for kind, h in started if kind in {"start-cluster", "mount"}} == {"node03"}
    assert {a.risk for a in plan.actions} == {"safe"}
    place = {f"{a.kind}/{a.host}": n for n, a in enumerate(plan.actions)}
    assert place["register-nodes/node02"] < place["start-cluster/node03"]
    assert place["same-cluster-conf/"] < place["register-nodes/node01"]


def after_names(cluster):
    return tuple(member.name for member in cluster.members)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"addresses": ()}, "interconnect-not-on-host"),
        ({"cluster_conf": Unknown("EIO")}, "section-unread"),
        ({"live": Unknown("EIO")}, "section-unread"),
    ],
)
def test_what_a_host_says_of_itself_refuses_the_plan(fields, code):
    cluster = spec(volumes=[volume()])
    plan = plan_cluster(cluster, with_facts(bare(cluster), "node02", **fields))
    assert codes(plan) == [code]


def test_an_unreachable_host_blocks_the_plan_but_hides_no_other():
    cluster = spec()
    lost = Unreachable("node03", "host-unreachable", "no route")
    plan = plan_cluster(cluster, Observed({**bare(cluster).hosts, "node03": lost}))
    assert codes(plan) == ["host-unreachable"]
    assert {a.host for a in plan.actions if a.kind == "load-module"} == {"node01", "node02"}


def test_another_hostname_is_refused():
    cluster = spec()
    observed = bare(cluster)
    identity = replace(observed.hosts["node02"].identity, hostname="web7")
    assert codes(plan_cluster(cluster, with_facts(observed, "node02", identity=identity))) == [
        "hostname-differs"
    ]


@pytest.mark.parametrize(
    ("view", "code"),
    [
        ({"nodes": (), "node": None, "disk_found": False}, "device-missing"),
        ({"nodes": (), "node": None, "disk_found": True}, "partition-missing"),
        ({"nodes": ("sda", "sdb"), "node": None}, "device-ambiguous"),
        ({"unread": "no path"}, "device-unreadable"),
        ({"size": 1 << 29}, "device-size-differs"),
        ({"zeros": False}, "device-not-blank"),
        ({"zeros": None}, "device-not-blank"),
        ({"zeros": None, "signature": {"TYPE": "ext4"}}, "device-not-blank"),
        ({"zeros": None, "wiped": ("gpt",)}, "device-not-blank"),
        ({"superblock": superblock(), "signature": {"TYPE": "ocfs2"}}, "different-device"),
    ],
)
def test_one_members_view_of_the_device_refuses_the_format(view, code):
    cluster = spec(volumes=[volume()])
    observed = bare(cluster)
    wrong = replace(observed.hosts["node03"].wanted[0], **view)
    plan = plan_cluster(cluster, with_facts(observed, "node03", wanted=(wrong,)))
    assert code in codes(plan)


def test_a_device_in_use_is_not_blank():
    cluster = spec(volumes=[volume()])
    observed = bare(cluster)
    disk = replace(observed.hosts["node01"].disks[0], holders=("dm-3",))
    assert codes(plan_cluster(cluster, with_facts(observed, "node01", disks=(disk,)))) == [
        "device-not-blank"
    ]


@pytest.mark.parametrize(
    ("block", "code"),
    [
        (superblock(cluster="other"), "foreign-stack"),
        (replace(superblock(), stack="pcmk", cluster="hacluster"), "foreign-stack"),
        (replace(superblock(), incompat="46936 local sparse"), "foreign-stack"),
        (replace(superblock(), incompat="2 heartbeat-device"), "foreign-stack"),
        (replace(superblock(), flags="1 Globalheartbeat"), "heartbeat-mode-differs"),
        (replace(superblock(), stack="", cluster="", flags="1 X"), "heartbeat-mode-differs"),
        (superblock(label="music"), "device-not-blank"),
    ],
)
def test_another_file_system_than_the_wanted_one_is_refused(block, code):
    cluster = spec(volumes=[volume()])
    observed = converged(cluster)
    for name, facts in observed.hosts.items():
        view = replace(facts.wanted[0], superblock=block)
        observed = with_facts(observed, name, wanted=(view,))
    assert codes(plan_cluster(cluster, observed)) == [code]


@pytest.mark.parametrize(
    ("size", "code"), [("2GiB", "device-too-small"), ("512MiB", "shrink-refused")]
)
def test_another_size_than_the_file_system_has_is_refused(size, code):
    cluster = spec(volumes=[volume(size=size)])
    assert codes(plan_cluster(cluster, converged(spec(volumes=[volume()])))) == [code]


def test_a_member_of_a_foreign_cluster_is_refused():
    cluster = spec()
    foreign = with_numbers(spec(name="elsewhere"), bare(cluster))
    observed = with_facts(
        bare(cluster),
        "node01",
        cluster_conf=file("/etc/ocfs2/cluster.conf", wanted_file(foreign)),
    )
    assert codes(plan_cluster(cluster, observed)) == ["foreign-cluster"]
    running = with_facts(bare(cluster), "node01", live=live(foreign, "node01"))
    assert codes(plan_cluster(cluster, running)) == ["foreign-cluster"]


def test_what_is_accepted_but_not_yet_acted_upon_is_refused_by_name():
    cluster = spec(heartbeat={"mode": "global"})
    assert codes(plan_cluster(cluster, bare(cluster))) == ["not-supported-yet"]


def test_a_deleted_member_that_does_not_answer_is_never_taken_for_gone():
    after = spec(("node01", "node02"))
    hosts = dict(converged(spec(("node01", "node02", "node03"))).hosts)
    hosts["node03"] = Unreachable("node03", "host-unreachable", "no route")
    members = {name: hosts[name] for name in ("node01", "node02")}
    left = with_removed_members(after, removed_members(after, Observed(members)))
    assert [(m.name, m.state) for m in left.members if m.state != "present"] == [
        ("node03", "absent")
    ]
    assert codes(plan_cluster(left, Observed(hosts))) == ["host-unreachable"]


def test_other_timeouts_need_all_mounts_gone_and_every_kernel_started_again():
    cluster = spec(volumes=[volume()], heartbeat={"dead_threshold": 61})
    plan = plan_cluster(cluster, converged(spec(volumes=[volume()])))
    assert codes(plan) == []
    steps = [kind for kind, following in pairwise([*kinds(plan), ""]) if kind != following]
    assert steps == [
        "clear-fstab",
        "unmount",
        "stop-cluster",
        "write-o2cb-settings",
        "start-cluster",
        "same-live-nodes",
        "same-timeouts",
        "peers-connect",
        "mount",
        "write-fstab",
        "reload-units",
    ]
    (outage,) = plan.outages
    assert (outage.hosts, outage.volumes) == (("node01", "node02", "node03"), ("images",))
    assert plan.actions[-1].risk == "safe"


def test_a_target_keeps_what_it_needs_and_nothing_else():
    cluster = spec(volumes=[volume()])
    plan = make_plan([(cluster, bare(cluster))], ["member/node02"])
    mounts = [a.host for a in plan.actions if a.kind == "mount"]
    assert mounts[-1] == "node02"
    assert not [a for a in plan.actions if a.kind == "write-fstab" and a.host == "node03"]


def test_the_format_is_the_only_data_risk_and_cannot_be_undone():
    plan = plan_cluster(spec(volumes=[volume()]), bare(spec()))
    risky = [(a.kind, a.irreversible, a.device) for a in plan.actions if a.risk != "safe"]
    assert risky == [("format", True, LUN)]
    (command,) = [a.command for a in plan.actions if a.kind == "format"]
    assert "-F" not in command.argv
    assert REF.removeprefix("path=") == LUN


def test_the_fstab_line_replaces_the_entry_of_its_path_and_keeps_the_rest():
    text = "# disks\n/dev/a / ext4 defaults 0 0\n/dev/old /srv/images ocfs2 rw 0 0\n"
    line = "/dev/new /srv/images ocfs2 _netdev 0 0"
    assert with_entry(text, line) == f"# disks\n/dev/a / ext4 defaults 0 0\n{line}\n"
    assert with_entry("", line) == f"{line}\n"


def test_at_boot_false_takes_the_entry_out_of_fstab():
    mounted = spec(volumes=[volume()])
    cluster = spec(volumes=[volume(mount={"path": "/srv/images", "at_boot": False})])
    plan = plan_cluster(cluster, converged(mounted))
    assert (kinds(plan), codes(plan)) == (["clear-fstab"] * 3, [])
    assert "/srv/images" not in plan.actions[0].command.stdin
    assert "/dev/ubda / ext4" in plan.actions[0].command.stdin
    assert {f.value for a in plan.actions for f in a.expects} == {"absent"}


def test_a_mount_without_a_wanted_option_is_made_anew_in_turns():
    cluster = spec(volumes=[volume(mount={"path": "/srv/images", "options": ["localflocks"]})])
    plan = plan_cluster(cluster, converged(cluster))
    turn = ["clear-fstab", "unmount", "mount", "write-fstab", "reload-units"]
    assert (kinds(plan), codes(plan)) == (turn * 3, [])
    assert {f.reading for a in plan.actions if a.kind == "unmount" for f in a.requires} == {
        *("users", "serving", "healthy"),
    }


def test_a_path_that_fstab_gives_to_another_file_system_is_refused():
    cluster = spec(volumes=[volume()])
    other = file("/etc/fstab", "/dev/sdc /srv/images xfs defaults 0 0\n")
    observed = with_facts(bare(cluster), "node01", fstab=other)
    assert codes(plan_cluster(cluster, observed)) == ["fstab-conflict"]


def test_an_ocfs2_signature_without_a_superblock_is_unreadable_not_blank_nor_absent():
    cluster = spec(volumes=[volume()])
    observed = converged(cluster)
    view = replace(observed.hosts["node02"].wanted[0], superblock=None)
    plan = plan_cluster(cluster, with_facts(observed, "node02", wanted=(view,)))
    assert codes(plan) == ["device-unreadable"]


def test_a_run_that_is_at_work_is_told_and_does_not_change_the_plans_id():
    cluster = spec(volumes=[volume()])
    quiet = converged(cluster)
    busy = with_facts(quiet, "node01", leases=(Lease("run-7", "{}", 3.4),))
    (note,) = [n for n in plan_cluster(cluster, busy).notes if "run-7" in n]
    assert note.startswith("run run-7 holds the lease on node01, renewed 3 s ago")
    assert make_plan([(cluster, busy)]).id == make_plan([(cluster, quiet)]).id


def test_how_full_a_volume_is_does_not_change_the_plans_id():
    cluster = spec(volumes=[volume()])
    quiet = converged(cluster)
    mounts = tuple(replace(mount, free=4096) for mount in quiet.hosts["node01"].mounts)
    fuller = with_facts(quiet, "node01", mounts=mounts)
    assert make_plan([(cluster, fuller)]).id == make_plan([(cluster, quiet)]).id


def test_who_mounted_first_is_no_part_of_the_id():
    """After a boot mounts stand in another order, and nodes have other slots."""
    cluster = spec(volumes=[volume()])
    seen = converged(cluster)
    (mount,), (view,) = seen.hosts["node01"].mounts, seen.hosts["node01"].wanted
    other = replace(mount, path="/srv/other", source="/dev/sdz", device="8:99")
    ids = set()
    for mounts, nodes in (((mount, other), (0, 1)), ((other, mount), (1, 0))):
        slots = tuple(Slot(slot, node) for slot, node in enumerate(nodes))
        facts = {"mounts": mounts, "wanted": (replace(view, slot_map=slots),)}
        ids.add(make_plan([(cluster, with_facts(seen, "node01", **facts))]).id)
    assert len(ids) == 1
