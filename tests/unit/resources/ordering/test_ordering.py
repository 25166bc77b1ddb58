"""Which order units get, when a plan gives it to them, and when it takes it away."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Observed, Ordering, Unit, require
from reconciler.model.roles import withhold
from reconciler.planning import graph
from reconciler.planning.planner import plan_cluster
from reconciler.resources.ordering.changes import diff, path_of, text_of
from reconciler.resources.ordering.parsing import parse_ordering
from reconciler.resources.ordering.words import mount_unit, wanted_drop_ins
from tests.builders import bare, converged, facts, file, ordered, spec, volume

AGENT = Unit("agent.service", "loaded", "active", "running", True)
ISCSI = Unit("iscsid.service", "loaded", "active", "running", True)
MULTIPATH = Unit("multipathd.service", "loaded", "active", "running", True)
INSIDE = ("After=o2cb.service", "After=ocfs2.service", "RequiresMountsFor=/srv/images")
ABOVE_ISCSI = (
    "After=iscsid.service",
    "After=iscsi.service",
    "After=open-iscsi.service",
    "After=multipathd.service",
    "Before=remote-fs-pre.target",
    "Wants=remote-fs-pre.target",
)


def cluster(**more):
    return spec(volumes=[volume(workloads={"services": ["agent"]}, **more)])


def running(wish, *units):
    """Every host converged, but that it has these units as well."""
    return Observed(
        {
            name: replace(found, services=(*require(found.services), *units))
            for name, found in converged(wish).answering_hosts().items()
        }
    )


def read(wish, observed):
    """The same hosts after everything was written and read."""
    hosts = observed.answering_hosts()
    return Observed({name: ordered(wish, name, found) for name, found in hosts.items()})


def steps(plan, host="node02"):
    return [action.kind for action in plan.actions if action.host == host]


@pytest.mark.parametrize(
    ("path", "unit"),
    [  # as systemd-escape --path --suffix=mount of systemd 252 has them
        ("/srv/images", "srv-images.mount"),
        ("/srv/my-images", r"srv-my\x2dimages.mount"),
        ("/.hidden/a.b", r"\x2ehidden-a.b.mount"),
        ("/srv/_a@b+c:d", r"srv-_a\x40b\x2bc:d.mount"),
    ],
)
def test_a_mount_unit_is_named_as_systemd_names_it(path, unit):
    assert mount_unit(path) == unit


def test_a_service_is_put_inside_its_mount_and_after_the_cluster():
    wish = cluster()
    found = facts("node01", 1, services=(AGENT,))
    assert wanted_drop_ins(wish, found) == {"agent.service": INSIDE}


def test_a_unit_that_the_host_lacks_gets_no_file():
    lacking = replace(AGENT, load="not-found")
    for units in ((), (lacking,)):
        assert wanted_drop_ins(cluster(), facts("node01", 1, services=units)) == {}


def test_where_disks_come_over_iscsi_and_multipath_o2cb_goes_before_them():
    found = facts("node01", 1, services=(ISCSI, MULTIPATH))
    assert wanted_drop_ins(spec(volumes=[volume()]), found) == {"o2cb.service": ABOVE_ISCSI}


def test_what_an_agent_mounts_is_unmounted_before_o2cb_stops():
    mount = {"path": "/srv/images", "by": "workload"}
    found = facts("node01", 1, services=(AGENT,))
    assert wanted_drop_ins(cluster(mount=mount), found) == {
        "agent.service": INSIDE,
        "o2cb.service": ABOVE_ISCSI[-2:],
    }


def test_guests_of_libvirt_are_kept_inside_too():
    guests = spec(volumes=[volume(workloads={"guests": {"kind": "libvirt"}})])
    unit = replace(AGENT, name="libvirt-guests.service")
    found = facts("node01", 1, services=(unit,))
    assert wanted_drop_ins(guests, found) == {"libvirt-guests.service": INSIDE}


def test_a_service_of_two_volumes_is_put_inside_both():
    second = {
        **volume(label="music", mount={"path": "/srv/music"}),
        "device": {"path": "/dev/x"},
    }
    items = [{**item, "workloads": {"services": ["agent"]}} for item in (volume(), second)]
    found = facts("node01", 1, services=(AGENT,))
    assert wanted_drop_ins(spec(volumes=items), found) == {
        "agent.service": (*INSIDE, "RequiresMountsFor=/srv/music")
    }


def test_the_file_is_written_then_systemd_reads_it_and_nothing_is_restarted():
    plan = plan_cluster(cluster(), running(cluster(), AGENT))
    assert (plan.blocked, steps(plan)) == ((), ["write-order", "reload-units"])
    change = next(c for c in plan.changes if c.host == "node02")
    address = "member/node02/service/agent.service/order"
    assert (change.address, change.truth, change.before) == (address, "file", None)
    written, reload = (a for a in plan.actions if a.host == "node02")
    assert written.command.stdin == text_of(cluster(), INSIDE)
    assert written.command.argv[5:7] == (path_of("agent.service"), "644")
    assert reload.needs == (written.id,)
    assert reload.command.words == ("systemctl", "daemon-reload")
    assert [f.subject for f in reload.expects] == [f"agent.service {w}" for w in INSIDE]
    assert {a.risk for a in plan.actions} == {"safe"}


def test_what_systemd_has_read_needs_nothing():
    wish = cluster()
    assert plan_cluster(wish, read(wish, running(wish, AGENT))).actions == ()


def test_a_file_that_systemd_has_not_read_is_only_read():
    wish = cluster()
    seen = read(wish, running(wish, AGENT))
    host = seen.answering_hosts()["node02"]
    words = tuple(w for w in host.ordering.words if w[0] != "agent.service")
    host = replace(host, ordering=replace(host.ordering, words=words))
    plan = plan_cluster(wish, Observed({**seen.hosts, "node02": host}))
    assert [(a.host, a.kind) for a in plan.actions] == [("node02", "reload-units")]
    assert [c.truth for c in plan.changes] == ["boot"]


def test_an_fstab_line_that_systemd_has_not_read_is_read():
    wish = spec(volumes=[volume()])
    seen = converged(wish)
    host = replace(seen.answering_hosts()["node02"], ordering=Ordering((), ()))
    plan = plan_cluster(wish, Observed({**seen.hosts, "node02": host}))
    assert [(a.host, a.kind) for a in plan.actions] == [("node02", "reload-units")]
    subjects = [f.subject for a in plan.actions for f in a.expects]
    assert subjects == ["srv-images.mount After=o2cb.service"]


def test_of_a_masked_unit_only_the_file_is_proven():
    wish = cluster()
    seen = running(wish, replace(AGENT, load="masked", active="inactive", enabled=False))
    plan = plan_cluster(wish, seen)
    assert steps(plan) == ["write-order", "reload-units"]
    assert plan.actions[-1].expects == ()
    masked = read(wish, seen).answering_hosts()["node02"]
    words = tuple(w for w in masked.ordering.words if w[0] != "agent.service")
    masked = replace(masked, ordering=replace(masked.ordering, words=words))
    assert list(diff(wish, Observed({"node02": masked}))) == []


def test_a_service_that_the_file_names_no_more_loses_ours_and_only_ours():
    wish = cluster()
    seen = read(wish, running(wish, AGENT))
    theirs = file(path_of("web.service"), "[Unit]\nAfter=agent.service\n")
    another = file(path_of("db.service"), "# Written by reconcile for the cluster other.\n")
    host = seen.answering_hosts()["node02"]
    files = (*host.ordering.files, theirs, another)
    host = replace(host, ordering=replace(host.ordering, files=files))
    plan = plan_cluster(spec(volumes=[volume()]), Observed({**seen.hosts, "node02": host}))
    assert steps(plan) == ["archive-order", "reload-units"]
    assert [a.id for a in plan.actions if a.kind == "archive-order"] == [
        f"ocfs2/node0{n}/archive-order/agent.service" for n in (1, 2, 3)
    ]


def test_a_host_that_leaves_loses_its_order_after_it_is_unmounted():
    wish = cluster()
    seen = read(wish, running(wish, AGENT, ISCSI))
    members = [{"name": f"node0{n}", "interconnect": f"10.0.0.1{n}"} for n in (1, 2, 3)]
    members[1]["state"] = "absent"
    leaves = wish.model_copy(
        update={
            "members": type(wish).model_validate({"name": "ocfs2", "members": members}).members
        }
    )
    plan = plan_cluster(leaves, seen)
    gone = steps(plan)
    assert gone.count("archive-order") == 2
    assert gone.index("archive-order") > gone.index("unmount")
    assert gone.index("archive-order") > gone.index("stop-cluster")
    assert gone.index("reload-units") > gone.index("clear-fstab")
    assert "write-order" not in gone
    needs = {a.id: frozenset(a.needs) for a in plan.actions}
    for action in (a.id for a in plan.actions if a.kind == "archive-order"):
        before = graph.closure(needs, frozenset({action}))
        assert {"ocfs2/node02/unmount/images", "ocfs2/node02/stop-cluster"} <= before
    before = graph.closure(needs, frozenset({"ocfs2/node02/reload-units"}))
    assert "ocfs2/node02/archive-order/agent.service" in before


def test_a_service_starts_again_only_after_systemd_has_read_its_order():
    wish = cluster()
    owed = '{"services": ["agent.service"], "disabled": []}\n'
    stopped = replace(AGENT, active="inactive", enabled=False)
    hosts = running(wish, stopped).answering_hosts()
    record = file("/var/lib/reconcile/ocfs2/stopped.json", owed)
    seen = Observed({n: replace(found, records=(record,)) for n, found in hosts.items()})
    plan = plan_cluster(wish, seen)
    needs = {a.id: frozenset(a.needs) for a in plan.actions}
    start = frozenset({"ocfs2/node02/start-service/agent.service"})
    assert "ocfs2/node02/reload-units" in graph.closure(needs, start)


def test_in_a_window_nothing_is_ordered():
    wish = cluster()
    shut = wish.model_copy(update={"volumes": tuple(withhold(v) for v in wish.volumes)})
    assert list(diff(shut, running(wish, AGENT))) == []


def test_a_file_of_somebody_else_is_not_written_over():
    wish = cluster()
    seen = running(wish, AGENT)
    theirs = file(path_of("agent.service"), "[Unit]\nAfter=web.service\n")
    host = seen.answering_hosts()["node02"]
    host = replace(host, ordering=replace(host.ordering, files=(theirs,)))
    plan = plan_cluster(wish, Observed({**seen.hosts, "node02": host}))
    assert [(b.code, b.subject) for b in plan.blocked] == [("drop-in-foreign", "member/node02")]


def test_a_bare_host_reads_its_fstab_after_it_is_written():
    wish = spec(volumes=[volume()])
    plan = plan_cluster(wish, bare(wish))
    kinds = steps(plan)
    assert kinds.index("reload-units") == kinds.index("write-fstab") + 1
    (needed,) = {a.needs for a in plan.actions if a.id == "ocfs2/node02/reload-units"}
    assert needed == ("ocfs2/node02/write-fstab/images",)


def test_the_answer_becomes_words_and_files_in_one_order():
    rows = (
        ("order", "o2cb.service", "Before=remote-fs-pre.target"),
        ("order", "agent.service", "After=o2cb.service"),
        ("path", "/etc/systemd/system/agent.service.d/reconcile.conf"),
        ("state", "present"),
        ("mode", "644"),
        ("|[Unit]",),
    )
    found = parse_ordering(rows)
    assert found.words == (
        ("agent.service", "After=o2cb.service"),
        ("o2cb.service", "Before=remote-fs-pre.target"),
    )
    assert [item.text for item in found.files] == ["[Unit]\n"]


def test_a_line_of_another_form_is_not_skipped():
    with pytest.raises(ValueError, match="unexpected line"):
        parse_ordering((("order", "agent.service"),))
