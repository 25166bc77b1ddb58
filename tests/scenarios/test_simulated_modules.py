"""Another version of a loaded kernel module: one host after the other, proven by its build."""

import pytest

from reconciler.hosts.simulator import Fault, connect
from tests.clock import drive
from tests.runs import MOUNTED, Controller, desired, happened, mounted, witnessed

OLD, NEW = "1.8-1.6.1.176", "1.9-1.6.1.176"
TURN = ("unmount", "stop-cluster", "upgrade-module", "reload-module", "start-cluster", "mount")


def running(hosts, version=NEW):
    """A cluster that runs a packaged module, whose repositories offer a newer build."""
    world = witnessed(hosts)
    for machine in world.machines.values():
        machine.setup.module = False
        machine.packaging.builds["kmod-ocfs2"] = (machine.setup.kernel,)
        machine.packaging.offers["kmod-ocfs2"] = OLD
    assert drive(world, Controller(world).apply(wanting(world, None))).word == "converged"
    for machine in world.machines.values():
        machine.packaging.offers["kmod-ocfs2"] = NEW
    return world, wanting(world, version)


def wanting(world, version):
    packages = {"kernel_module": "kmod-ocfs2", "kernel_module_version": version}
    return desired(world, packages={k: v for k, v in packages.items() if v})


def steps(ended):
    return [tuple(action.split("/")[1:3]) for action in ended.started]


def runs(world):
    return {host: set(m.running.builds.values()) for host, m in world.machines.items()}


def test_a_newer_module_comes_one_host_after_the_other():
    world, wanted = running(3)
    ended = drive(world, Controller(world).apply(wanted))
    assert (ended.word, ended.failures) == ("converged", {})
    done = [step for step in steps(ended) if step[1] in TURN]
    assert done == [(f"node0{n}", kind) for n in (1, 2, 3) for kind in TURN]
    assert runs(world) == {host: {NEW} for host in world.machines}
    assert set(mounted(world).values()) == {MOUNTED}
    assert drive(world, Controller(world).plan(wanted)).actions == ()
    assert world.wrongs() == []


def test_what_stands_before_the_release_is_a_version_too():
    world, wanted = running(1, "1.8")
    assert drive(world, Controller(world).plan(wanted)).actions == ()
    plan = drive(world, Controller(world).plan(wanting(world, "1.")))
    assert {"upgrade-module"} <= {action.kind for action in plan.actions}


def test_a_module_that_stays_loaded_stops_before_the_next_host():
    world, wanted = running(2)
    world.machines["node01"].packaging.stuck = "ocfs2_nodemanager"
    ended = drive(world, Controller(world).apply(wanted))
    assert list(ended.failures) == ["ocfs2/node01/reload-module"]
    assert "gate: module-in-use: " in ended.failures["ocfs2/node01/reload-module"]
    assert {host for host, kind in steps(ended) if kind in TURN} == {"node01"}
    assert mounted(world)["node02"] == MOUNTED
    assert runs(world)["node01"] == {OLD}
    world.machines["node01"].packaging.stuck = ""
    again = drive(world, Controller(world).apply(wanted))
    assert (again.word, again.failures) == ("converged", {})
    assert ("node01", "upgrade-module") not in steps(again)
    assert runs(world) == {host: {NEW} for host in world.machines}
    assert world.wrongs() == []


@pytest.mark.parametrize("verb", ["install-module", "reload-module"])
@pytest.mark.parametrize(("kind", "phase"), [("lost", "after"), ("crash", "before")])
def test_a_turn_that_is_cut_short_goes_on_the_next_time(verb, phase, kind):
    world, wanted = running(2)
    world.machines["node01"].faults.append(Fault(kind, phase, f"gate {verb}"))
    drive(world, Controller(world).apply(wanted))
    if not world.machines["node01"].running.on:
        connect(world, "node01").power_on()
    again = drive(world, Controller(world).apply(wanted))
    assert again.word in {"converged", "no-change"}
    assert runs(world) == {host: {NEW} for host in world.machines}
    assert set(mounted(world).values()) == {MOUNTED}
    assert world.wrongs() == []


def test_a_version_without_a_build_is_found_while_all_is_mounted():
    world, wanted = running(3)
    world.machines["node03"].packaging.offers["kmod-ocfs2"] = OLD
    ended = drive(world, Controller(world).apply(wanted))
    assert list(ended.failures) == ["ocfs2/node03/fetch-module"]
    assert "gate: module-not-built: " in ended.failures["ocfs2/node03/fetch-module"]
    assert {kind for _, kind in steps(ended)} == {"fetch-module"}
    assert set(mounted(world).values()) == {MOUNTED}
    assert runs(world) == {host: {OLD} for host in world.machines}


def test_a_held_module_is_refused_before_anything():
    world, wanted = running(2)
    world.machines["node02"].packaging.held.add("kmod-ocfs2")
    ended = drive(world, Controller(world).apply(wanted))
    assert (ended.word, ended.codes, ended.started) == ("refused", {"package-held"}, [])


def test_a_module_replaced_under_its_kernel_is_told_and_left_alone():
    world, wanted = running(2, None)
    world.machines["node02"].setup.module_build = NEW
    (plan,) = drive(world, Controller(world).plan(wanted)).clusters
    told = {(f.code, f.subject): f.message for f in plan.findings}
    message = told["version-skew", "member/node02"]
    assert f"ocfs2 runs build-id:{OLD}, its file is build-id:{NEW}" in message
    assert plan.actions == ()


def test_a_module_replaced_by_hand_is_reloaded_where_a_version_is_wanted():
    world, wanted = running(2)
    for machine in world.machines.values():
        machine.setup.versions["kmod-ocfs2"] = machine.setup.module_build = NEW
    ended = drive(world, Controller(world).apply(wanted))
    assert (ended.word, ended.failures) == ("converged", {})
    assert "upgrade-module" not in {kind for _, kind in steps(ended)}
    assert [host for host, kind in steps(ended) if kind == "reload-module"] == [
        "node01",
        "node02",
    ]
    assert len(happened(world, "modules-unloaded")) == 2
    assert runs(world) == {host: {NEW} for host in world.machines}
    assert world.wrongs() == []


def test_a_bare_host_gets_the_version_at_once():
    world = witnessed(1)
    machine = world.machines["node01"]
    machine.setup.module = False
    machine.packaging.builds["kmod-ocfs2"] = (machine.setup.kernel,)
    machine.packaging.offers["kmod-ocfs2"] = NEW
    ended = drive(world, Controller(world).apply(wanting(world, NEW)))
    assert ended.word == "converged"
    assert "upgrade-module" not in {kind for _, kind in steps(ended)}
    assert machine.setup.versions["kmod-ocfs2"] == NEW


def test_a_module_of_no_package_is_left_alone_and_told():
    """The kernel's own, though the file wants a version of a package."""
    world = witnessed(2)
    plan = drive(world, Controller(world).plan(wanting(world, "1.9")))
    assert not {"install-module", "upgrade-module"} & {action.kind for action in plan.actions}
    notes = [note for note in plan.clusters[0].notes if "kernel_module_version" in note]
    assert [note.split(",")[0] for note in notes] == [
        f"{host}: its ocfs2 module is not of the package kmod-ocfs2" for host in world.machines
    ]
    for packages in (None, {"kernel_module": "kmod-ocfs2"}):
        plan = drive(world, Controller(world).plan(desired(world, packages=packages or {})))
        assert not any("kmod-ocfs2" in note for note in plan.clusters[0].notes)
