"""Hosts without the cluster's packages: installed first, or refused by name."""

from collections.abc import Callable

import pytest

from reconciler.hosts.simulator import Fault, connect
from reconciler.hosts.simulator.presets import Shape, partition, strip
from tests.clock import drive
from tests.runs import MOUNTED, Controller, desired, happened, mounted, volume, witnessed


def bare(hosts, *names, shape=None):
    world = witnessed(hosts, shape)
    for name in names or world.machines:
        strip(world.machines[name])
    return world


def installs(ended):
    return sorted(a for a in ended.started if a.endswith("/install-packages"))


@pytest.mark.parametrize("storage", ["plain", "san"])
def test_bare_hosts_become_a_mounted_cluster_in_one_apply(storage):
    world = bare(3, shape=Shape(storage))
    wanted = desired(world)
    ended = drive(world, Controller(world).apply(wanted))
    assert (ended.word, ended.failures) == ("converged", {})
    assert installs(ended) == [f"ocfs2/node0{n}/install-packages" for n in (1, 2, 3)]
    assert set(ended.started[:3]) == set(installs(ended))
    assert set(mounted(world).values()) == {MOUNTED}
    assert drive(world, Controller(world).plan(wanted)).actions == ()
    assert world.wrongs() == []


def test_a_bare_host_with_yum_becomes_a_member():
    world = bare(2)
    for machine in world.machines.values():
        machine.setup.manager = "yum"
    ended = drive(world, Controller(world).apply(desired(world)))
    assert (ended.word, ended.failures) == ("converged", {})
    assert set(mounted(world).values()) == {MOUNTED}


@pytest.mark.parametrize("manager", ["zypper", "rpm-ostree", "microdnf", "tdnf"])
def test_a_package_manager_that_no_plan_uses_is_named_before_anything_is_done(manager):
    world = bare(2, "node02")
    world.machines["node02"].setup.manager = manager
    before = len(world.trace)
    plan = drive(world, Controller(world).plan(desired(world)))
    (said,) = [b for b in plan.blocked if b.code == "package-manager-unsupported"]
    assert said.subject == "member/node02"
    assert said.message == (f"ocfs2-tools would be installed by {manager}, which no plan uses")
    assert said.remedy.startswith(f"on node02: {manager} install ocfs2-tools; or write ")
    assert "install-packages" not in {action.kind for action in plan.actions}
    assert world.trace[before:] == []


def test_where_nothing_is_missing_it_does_not_matter_who_would_install_it():
    world = witnessed(2)
    world.machines["node02"].setup.manager = "zypper"
    plan = drive(world, Controller(world).plan(desired(world)))
    assert plan.blocked == ()


def test_a_bare_host_joins_a_volume_that_others_have_mounted():
    world = bare(3, "node03")
    assert drive(world, Controller(world).apply(desired(world, "node01", "node02"))).word == (
        "converged"
    )
    ended = drive(world, Controller(world).apply(desired(world)))
    assert (ended.word, ended.failures) == ("converged", {})
    assert installs(ended) == ["ocfs2/node03/install-packages"]
    assert set(mounted(world).values()) == {MOUNTED}
    assert world.wrongs() == []


def test_nothing_is_installed_where_packages_are_only_checked():
    world = bare(2, "node02")
    plan = drive(world, Controller(world).plan(desired(world, packages={"manage": False})))
    said = [(b.code, b.subject, b.remedy) for b in plan.blocked]
    assert said == [
        ("tools-missing", "member/node02", "on node02: apt-get install ocfs2-tools")
    ]
    assert "install-packages" not in {action.kind for action in plan.actions}


def test_a_partition_needs_what_moves_its_end():
    world = bare(2)
    partition(world)
    volumes = [volume(world, device={"path": "/dev/disk/by-id/lab-lun1", "partition": 1})]
    ended = drive(world, Controller(world).apply(desired(world, volumes=volumes)))
    assert ended.word == "converged"
    for machine in world.machines.values():
        assert {"ocfs2-tools", "parted", "gdisk"} <= machine.setup.versions.keys()


def test_what_is_only_useful_blocks_nobody():
    world = bare(2, shape=Shape("san"))
    for machine in world.machines.values():
        machine.setup.commands = tuple(c for c in machine.setup.commands if c != "sg_readcap")
        del machine.setup.versions["sg3-utils"]
    del world.machines["node02"].packaging.offers["sg3-utils"]
    ended = drive(world, Controller(world).apply(desired(world)))
    assert ended.word == "converged"
    assert "sg_readcap" in world.machines["node01"].setup.commands
    assert "sg_readcap" not in world.machines["node02"].setup.commands
    assert drive(world, Controller(world).plan(desired(world))).actions == ()


def _seen(code: str, spoil: Callable) -> object:
    return pytest.param(code, spoil, id=code)


@pytest.mark.parametrize(
    ("code", "spoil"),
    [
        _seen("package-held", lambda p: p.held.add("ocfs2-tools")),
        _seen("package-database-broken", lambda p: setattr(p, "broken", "x is unpacked")),
    ],
)
def test_what_is_seen_beforehand_refuses_the_plan(code, spoil):
    world = bare(2)
    spoil(world.machines["node02"].packaging)
    before = len(world.trace)
    ended = drive(world, Controller(world).apply(desired(world)))
    assert (ended.word, ended.codes, ended.started) == ("refused", {code}, [])
    assert world.trace[before:] == []


@pytest.mark.parametrize(
    ("code", "spoil"),
    [
        _seen("package-lock-busy", lambda p: setattr(p, "holder", "process 7 (apt)")),
        _seen("repository-failed", lambda p: setattr(p, "down", "E: no such host")),
        _seen("package-missing", lambda p: p.offers.clear()),
        _seen("no-space", lambda p: setattr(p, "room", 5 << 20)),
        _seen("package-database-broken", lambda p: setattr(p, "fails", "ocfs2-tools")),
    ],
)
def test_what_shows_only_then_stops_the_run_before_anything_else(code, spoil):
    world = bare(3)
    spoil(world.machines["node02"].packaging)
    ended = drive(world, Controller(world).apply(desired(world)))
    assert list(ended.failures) == ["ocfs2/node02/install-packages"]
    assert f"gate: {code}: " in ended.failures["ocfs2/node02/install-packages"]
    assert set(ended.started) == {f"ocfs2/node0{n}/install-packages" for n in (1, 2, 3)}
    assert {
        what for _, what in happened(world, "installed", "wrote", "enabled", "formatted")
    } == {"installed"}
    assert world.machines["node01"].setup.versions["ocfs2-tools"] == "1.8.7-1+b1"
    world.machines["node02"].packaging = world.machines["node01"].packaging
    world.machines["node02"].packaging.fails = ""
    again = drive(world, Controller(world).apply(desired(world)))
    assert (again.word, again.failures) == ("converged", {})
    assert installs(again) == ["ocfs2/node02/install-packages"]
    assert world.wrongs() == []


def without_module(hosts):
    world = bare(hosts)
    for machine in world.machines.values():
        machine.setup.module = False
        machine.packaging.builds["kmod-ocfs2"] = ("5.14.0-70", machine.setup.kernel)
    return world


def test_the_module_is_installed_in_the_build_of_the_running_kernel():
    world = without_module(2)
    wanted = desired(world, packages={"kernel_module": "kmod-ocfs2"})
    ended = drive(world, Controller(world).apply(wanted))
    assert (ended.word, ended.failures) == ("converged", {})
    assert "ocfs2/node01/install-module" in ended.started
    for machine in world.machines.values():
        assert machine.setup.versions["kmod-ocfs2"] == machine.setup.kernel
    assert drive(world, Controller(world).plan(wanted)).actions == ()
    assert world.wrongs() == []


def test_a_module_of_the_kernels_own_needs_no_package():
    world = witnessed(2)
    wanted = desired(world, packages={"kernel_module": "kmod-{kernel}"})
    plan = drive(world, Controller(world).plan(wanted))
    assert (plan.blocked, "install-module" in {a.kind for a in plan.actions}) == ((), False)


def test_the_running_kernel_is_filled_in():
    world = without_module(1)
    wanted = desired(world, packages={"kernel_module": "ocfs2-{kernel}-modules"})
    plan = drive(world, Controller(world).plan(wanted))
    words = [a.command.argv[5:] for a in plan.actions if a.kind == "install-module"]
    assert words == [("dpkg", "ocfs2-6.1.176-modules", "6.1.176")]


def test_without_a_build_for_the_running_kernel_nothing_is_begun():
    world = without_module(2)
    world.machines["node02"].packaging.builds["kmod-ocfs2"] = ("5.14.0-70",)
    ended = drive(
        world, Controller(world).apply(desired(world, packages={"kernel_module": "kmod-ocfs2"}))
    )
    assert list(ended.failures) == ["ocfs2/node02/install-module"]
    assert "gate: module-not-built: " in ended.failures["ocfs2/node02/install-module"]
    assert happened(world, "wrote", "enabled", "formatted") == []


def test_where_packages_are_only_checked_the_module_is_named():
    world = without_module(1)
    packages = {"manage": False, "kernel_module": "kmod-ocfs2"}
    plan = drive(world, Controller(world).plan(desired(world, packages=packages)))
    remedies = {b.code: b.remedy for b in plan.blocked}
    told = "on node01: apt-get install kmod-ocfs2, in the build for 6.1.176"
    assert remedies["module-missing"] == told


NEW = "1.8.8-1"


def running(hosts, **more):
    """A cluster with everything mounted, whose repositories offer newer tools."""
    world = witnessed(hosts)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    for machine in world.machines.values():
        machine.packaging.offers["ocfs2-tools"] = NEW
    return world, desired(world, packages={"tools_version": NEW}, **more)


def steps(ended):
    return [tuple(action.split("/")[1:3]) for action in ended.started]


def test_newer_tools_come_one_host_after_the_other():
    world, wanted = running(3)
    ended = drive(world, Controller(world).apply(wanted))
    assert (ended.word, ended.failures) == ("converged", {})
    done = [
        (host, kind)
        for host, kind in steps(ended)
        if kind in {"unmount", "upgrade-packages", "mount"}
    ]
    assert done == [
        (host, kind)
        for host in ("node01", "node02", "node03")
        for kind in ("unmount", "upgrade-packages", "mount")
    ]
    assert {m.setup.versions["ocfs2-tools"] for m in world.machines.values()} == {NEW}
    assert set(mounted(world).values()) == {MOUNTED}
    assert drive(world, Controller(world).plan(wanted)).actions == ()
    assert world.wrongs() == []


def test_an_upgrade_that_fails_stops_before_the_next_host():
    world, wanted = running(3)
    packaging = world.machines["node02"].packaging
    packaging.fails = "ocfs2-tools"
    ended = drive(world, Controller(world).apply(wanted))
    assert list(ended.failures) == ["ocfs2/node02/upgrade-packages"]
    assert "package-database-broken" in ended.failures["ocfs2/node02/upgrade-packages"]
    assert not {kind for host, kind in steps(ended) if host == "node03"} & {"unmount"}
    assert (mounted(world)["node01"], mounted(world)["node03"]) == (MOUNTED, MOUNTED)
    packaging.fails = packaging.broken = ""
    again = drive(world, Controller(world).apply(wanted))
    assert (again.word, again.failures) == ("converged", {})
    assert {m.setup.versions["ocfs2-tools"] for m in world.machines.values()} == {NEW}
    assert set(mounted(world).values()) == {MOUNTED}
    assert world.wrongs() == []


def test_what_cannot_be_had_is_found_before_anybody_is_unmounted():
    world, wanted = running(3)
    world.machines["node02"].packaging.offers["ocfs2-tools"] = "1.8.7-1+b1"
    ended = drive(world, Controller(world).apply(wanted))
    assert list(ended.failures) == ["ocfs2/node02/fetch-packages"]
    assert "package-missing" in ended.failures["ocfs2/node02/fetch-packages"]
    assert {kind for _, kind in steps(ended)} == {"fetch-packages"}
    assert set(mounted(world).values()) == {MOUNTED}


def test_an_upgrade_of_a_held_package_is_refused_before_anything():
    world, wanted = running(2)
    world.machines["node02"].packaging.held.add("ocfs2-tools")
    ended = drive(world, Controller(world).apply(wanted))
    assert (ended.word, ended.codes, ended.started) == ("refused", {"package-held"}, [])


def test_another_version_is_told_where_packages_are_only_checked():
    world, wanted = running(2)
    wanted = desired(world, packages={"tools_version": NEW, "manage": False})
    plan = drive(world, Controller(world).plan(wanted))
    assert (plan.actions, plan.blocked) == ((), ())
    told = [(f.code, f.subject) for c in plan.clusters for f in c.findings]
    assert told == [("version-skew", f"member/node0{n}") for n in (1, 2)]
    have = world.machines["node01"].setup.versions["ocfs2-tools"]
    words = f"ocfs2-tools is {have}, the file wants {NEW}; packages.manage is false"
    assert plan.clusters[0].findings[0].message == words


def test_a_bare_host_gets_the_version_at_once():
    world = bare(2)
    for machine in world.machines.values():
        machine.packaging.offers["ocfs2-tools"] = NEW
    wanted = desired(world, packages={"tools_version": NEW})
    ended = drive(world, Controller(world).apply(wanted))
    assert ended.word == "converged"
    assert "upgrade-packages" not in {kind for _, kind in steps(ended)}


@pytest.mark.parametrize("kind", ["lost", "crash"])
@pytest.mark.parametrize("phase", ["before", "after"])
def test_an_installation_that_is_cut_short_goes_on_the_next_time(kind, phase):
    world = bare(2)
    world.machines["node02"].faults.append(Fault(kind, phase, "gate install-packages"))
    wanted = desired(world)
    drive(world, Controller(world).apply(wanted))
    if not world.machines["node02"].running.on:
        connect(world, "node02").power_on()
    again = drive(world, Controller(world).apply(wanted))
    assert again.word in {"converged", "no-change"}
    assert set(mounted(world).values()) == {MOUNTED}
    assert world.wrongs() == []
