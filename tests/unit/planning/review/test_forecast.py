"""What the next boot of a host will lead to, from what is observed of it now."""

from dataclasses import replace

import pytest

from reconciler.model.observed import Observed, Unit, Unknown
from reconciler.planning.planner import make_plan, plan_cluster, restrict
from reconciler.planning.review.boot_lines import line_findings, not_at_boot
from reconciler.planning.review.forecast import findings
from reconciler.planning.review.lost_paths import lost_paths
from reconciler.reports.plan_views import plan_views
from reconciler.reports.text import plan_lines
from tests.builders import converged, file, spec, volume

TWO = spec(("node01", "node02"), volumes=[volume()])
LOGIN = "/dev/disk/by-path/ip-10.0.0.9:3260-iscsi-iqn.2026-11.org.example:san-lun-0"


def with_host(observed, host, **sections):
    return Observed({**observed.hosts, host: replace(observed.hosts[host], **sections)})


def spoiled(cluster=TWO, **sections):
    return with_host(converged(cluster), "node02", **sections)


def of(name):
    return getattr(converged(TWO).hosts["node02"], name)


def units(*found, **off):
    """The host's units, some of them disabled; and more."""
    own = [replace(u, enabled=off.get(u.name.split(".")[0], True)) for u in of("services")]
    return (*own, *found)


def unit(name, enabled):
    return Unit(name, "loaded", "active", "running", enabled)


def told(observed, cluster=TWO):
    return [(item.code, item.subject) for item in findings(cluster, observed)]


def told_by_plan(observed, cluster=TWO):
    """Code and subject, and the change that mends it."""
    (plan,) = make_plan([(cluster, observed)]).clusters
    return [(item.code, item.subject, item.mended_by) for item in plan.findings]


def settings(old, new):
    text = of("o2cb_config").text
    assert old in text
    return file("/etc/default/o2cb", text.replace(old, new))


def test_nothing_is_forecast_of_hosts_that_are_as_the_file_says():
    assert told(converged(TWO)) == []


@pytest.mark.parametrize(
    ("following", "module", "expected"),
    [
        ("6.9.9", False, [("next-boot-no-module", "member/node02")]),
        ("6.1.0", False, [("next-boot-no-module", "member/node02")]),
        ("6.1.0", True, []),
        (None, None, []),
    ],
)
def test_the_kernel_that_boots_next_must_have_the_module(following, module, expected):
    kernel = replace(of("kernel"), next_boot=following, next_boot_module=module)
    seen = spoiled(kernel=kernel)
    assert told(seen) == expected
    assert told_by_plan(seen) == [(*item, "") for item in expected]


DISABLED = ("next-boot-unit-disabled", "member/node02")
DIFFERS = ("next-boot-differs", "member/node02")


@pytest.mark.parametrize(
    ("sections", "finding", "mended"),
    [
        ({"services": units(o2cb=False)}, DISABLED, "o2cb-at-boot"),
        ({"services": units(ocfs2=False)}, DISABLED, "o2cb-at-boot"),
        (
            {"o2cb_config": settings("O2CB_ENABLED=true", "O2CB_ENABLED=false")},
            DISABLED,
            "o2cb-settings",
        ),
        (
            {"o2cb_config": settings("IDLE_TIMEOUT_MS=30000", "IDLE_TIMEOUT_MS=20000")},
            DIFFERS,
            "o2cb-settings",
        ),
        (
            {"o2cb_config": settings("BOOTCLUSTER=ocfs2", "BOOTCLUSTER=other")},
            DIFFERS,
            "o2cb-settings",
        ),
        ({"cluster_conf": file("/etc/ocfs2/cluster.conf", None)}, DIFFERS, "cluster.conf"),
        ({"cluster_conf": file("/etc/ocfs2/cluster.conf", "junk\n")}, DIFFERS, "cluster.conf"),
        (
            {
                "cluster_conf": file(
                    "/etc/ocfs2/cluster.conf",
                    of("cluster_conf").text.replace("10.0.0.11", "10.0.0.99"),
                )
            },
            DIFFERS,
            "cluster.conf",
        ),
    ],
)
def test_what_runs_and_would_not_come_up_so_is_forecast_and_mended(sections, finding, mended):
    seen = spoiled(**sections)
    assert told(seen) == [finding]
    assert told_by_plan(seen) == [(*finding, f"member/node02/{mended}")]


def test_what_a_stopped_cluster_would_not_start_is_no_finding():
    seen = spoiled(services=units(o2cb=False), live=replace(of("live"), clusters=()), mounts=())
    assert told(seen) == []


LINE = next(line for line in of("fstab").text.splitlines() if "ocfs2" in line)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (LINE, []),
        ("", [("next-boot-mount-missing", "volume/images")]),
        (f"#{LINE}", [("next-boot-mount-missing", "volume/images")]),
        (
            LINE.replace("_netdev", "noauto,_netdev"),
            [("next-boot-mount-missing", "volume/images")],
        ),
        (LINE.replace("_netdev,", ""), [("next-boot-mount-missing", "volume/images")]),
    ],
)
def test_a_volume_that_fstab_would_not_mount_is_forecast(line, expected):
    seen = spoiled(fstab=file("/etc/fstab", f"/dev/ubda / ext4 defaults 0 0\n{line}\n"))
    assert told(seen) == expected
    assert told_by_plan(seen) == [(*item, "volume/images/boot/node02") for item in expected]
    assert told(with_host(seen, "node02", mounts=())) == []


def test_a_volume_that_is_not_wanted_at_boot_is_no_finding():
    cluster = spec(
        ("node01", "node02"),
        volumes=[volume(mount={"path": "/srv/images", "at_boot": False})],
    )
    seen = spoiled(fstab=file("/etc/fstab", ""))
    assert told(seen, cluster) == []


def test_a_service_that_mounts_a_volume_itself_must_be_enabled():
    item = volume(
        mount={"path": "/srv/images", "by": "workload"}, workloads={"services": ["agent"]}
    )
    cluster = spec(("node01", "node02"), volumes=[item])
    seen = spoiled(services=units(unit("agent.service", enabled=False)))
    assert told(seen, cluster) == [DISABLED]
    seen = spoiled(services=units(unit("agent.service", enabled=True)))
    assert told(seen, cluster) == []


def on_san(*found):
    """The volume's disk under multipath, over iSCSI."""
    (disk,) = of("disks")
    path = replace(disk, name="sda", links=(LOGIN,))
    whole = replace(disk, dm_uuid="mpath-36001405", slaves=("sda",))
    return spoiled(disks=(whole, path), services=units(*found))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([("multipathd", True), ("open-iscsi", True), ("iscsid", False)], []),
        ([("multipathd", True), ("iscsi", True)], []),
        ([("multipathd", False), ("open-iscsi", True)], ["multipathd"]),
        ([("multipathd", True), ("open-iscsi", False), ("iscsid", True)], ["open-iscsi"]),
        ([("multipathd", True), ("open-iscsi", False), ("iscsi", True)], []),
        ([("multipathd", True), ("iscsid", False)], ["iscsid"]),
        ([("multipathd", False), ("iscsi", False)], ["multipathd", "iscsi"]),
        ([], []),
    ],
)
def test_what_gives_a_host_its_disks_must_be_enabled(found, expected):
    seen = on_san(*(unit(f"{name}.service", on) for name, on in found))
    told_of = findings(TWO, seen)
    assert [item.code for item in told_of] == ["next-boot-unit-disabled" for _ in expected]
    for item, name in zip(told_of, expected, strict=True):
        assert item.remedy == f"on node02: systemctl enable {name}.service"
    plan = plan_cluster(TWO, seen)
    assert [item.mended_by for item in plan.findings] == ["" for _ in expected]


def test_a_plain_disk_rests_on_no_service():
    seen = spoiled(services=units(unit("multipathd.service", enabled=False)))
    assert told(seen) == []


def test_of_a_host_that_was_not_read_whole_nothing_is_forecast():
    seen = spoiled(services=units(o2cb=False))
    assert told(with_host(seen, "node02", fstab=Unknown("not readable"))) == []


def test_a_part_of_a_plan_mends_only_what_it_changes():
    seen = spoiled(services=units(o2cb=False), fstab=file("/etc/fstab", ""))
    targeted = restrict(TWO, seen, ["volume/images"])
    assert [(f.code, f.mended_by) for f in targeted.findings] == [
        ("next-boot-unit-disabled", ""),
        ("next-boot-mount-missing", "volume/images/boot/node02"),
    ]


def test_findings_block_nothing():
    kernel = replace(of("kernel"), next_boot="6.9.9", next_boot_module=False)
    plan = plan_cluster(TWO, spoiled(kernel=kernel))
    assert (plan.actions, plan.blocked) == ((), ())
    assert [item.severity for item in plan.findings] == ["warning"]


def test_the_text_has_what_the_plan_does_not_mend_and_the_change_for_the_rest():
    kernel = replace(of("kernel"), next_boot="6.9.9", next_boot_module=False)
    seen = spoiled(kernel=kernel, services=units(o2cb=False))
    plan = make_plan([(TWO, seen)])
    lines = plan_lines(plan, plan_views(plan, [(TWO, seen)]), 0)
    text = "\n".join(line for _style, line in lines)
    assert "WARNING next-boot-no-module  member/node02" in text
    assert "remedy: install on node02 what carries ocfs2 for 6.9.9" in text
    assert "o2cb.service would not start at boot" in text
    assert "next-boot-unit-disabled" not in text


@pytest.mark.parametrize(
    ("disk", "slaves", "words"),
    [
        ({"down": "offline"}, (), "1 of 1 paths is down: ubdb (offline)"),
        ({}, ("sda", "sdb"), "1 of 2 paths is down: sda (offline)"),
    ],
)
def test_a_path_that_is_down_is_told_with_those_that_are_not(disk, slaves, words):
    (whole,) = of("disks")
    paths = (replace(whole, name="sda", down="offline"), replace(whole, name="sdb"))
    disks = (replace(whole, slaves=slaves, **disk), *(paths if slaves else ()))
    (found,) = lost_paths(TWO, "node02", spoiled(disks=disks).hosts["node02"])
    assert (found.code, found.subject) == ("path-down", "member/node02")
    assert found.message.endswith(words)


def test_of_a_disk_that_is_not_there_no_path_is_told():
    assert list(lost_paths(TWO, "node02", spoiled(disks=()).hosts["node02"])) == []


LINE = "UUID=11111111-2222-3333-4444-555555555555 /srv/images ocfs2"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (None, "has no line for it"),
        (f"{LINE} noauto,_netdev 0 0", "says noauto"),
        (f"{LINE} defaults 0 0", "lacks _netdev"),
        (f"{LINE} nofail,_netdev 0 0", "has nofail, with which every mount of OCFS2 fails"),
        (f"{LINE} _netdev 0 0", ""),
    ],
)
def test_why_fstab_would_not_mount_a_volume(line, why):
    text = "" if line is None else f"{line}\n"
    facts = spoiled(fstab=file("/etc/fstab", text)).hosts["node02"]
    assert not_at_boot(TWO.volumes[0], facts).endswith(why)
    assert bool(not_at_boot(TWO.volumes[0], facts)) is bool(why)


def test_what_else_a_line_does_at_a_boot_is_told():
    text = f"{LINE} _netdev,x-systemd.automount 0 2\n"
    facts = spoiled(fstab=file("/etc/fstab", text)).hosts["node02"]
    found = [item.code for item in line_findings(TWO.volumes[0], "node02", facts)]
    assert found == ["next-boot-fsck", "automount-conflict"]


def test_what_an_agent_mounts_needs_no_line():
    mount = {"path": "/srv/images", "by": "workload"}
    served = spec(
        ("node01", "node02"), volumes=[volume(mount=mount, workloads={"services": ["agent"]})]
    )
    bare_fstab = file("/etc/fstab", "")
    assert ("next-boot-mount-missing", "volume/images") in told(spoiled(fstab=bare_fstab))
    found = told(spoiled(fstab=bare_fstab), served)
    assert "next-boot-mount-missing" not in {code for code, _subject in found}


def test_of_a_disk_that_is_not_there_no_unit_is_asked_for():
    assert told(spoiled(disks=())) == []
