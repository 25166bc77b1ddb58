"""Drift: whatever somebody changes by hand is told, with its class, and nothing else."""

import json

import pytest

from reconciler.cli.commands.drift import exit_code
from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.unit import Unit
from reconciler.pipeline import Options
from reconciler.pipeline.drift import find_drifts
from reconciler.reports.drift import drift_document, drift_junit, drift_lines, drift_markdown
from tests.clock import drive
from tests.fault_transport import Line
from tests.runs import Controller, desired, members, volume, witnessed

CONF, O2CB, FSTAB = "/etc/ocfs2/cluster.conf", "/etc/default/o2cb", "/etc/fstab"
RECORD = "/var/lib/reconcile/ocfs2/applied.json"
AGENT = "images-agent"


def drift(world, wanted, *targets):
    fleet = Controller(world)._fleet(wanted, Line())
    return drive(world, find_drifts(wanted, fleet, Options(targets)))


def told(found):
    return [(i.address, i.host, i.truth, i.kind) for d in found for i in d.items]


def converged(world, **more):
    wanted = desired(world, **more)
    assert drive(world, Controller(world).apply(wanted)).word == "converged"
    found = drift(world, wanted)
    assert (told(found), exit_code(found)) == ([], 0)
    return wanted


def rewritten(path, old, new):
    def spoil(world):
        files = world.machines["node02"].files
        assert old in files.text(path)
        files.write(path, File(files.text(path).replace(old, new)))

    return spoil


def unmounted(world):
    connect(world, "node02").unmount("/srv/images")


def relabelled(world):
    next(world.filesystems()).label = "pictures"


def other_delay(world):
    world.machines["node02"].running.live.reconnect_delay_ms = 3000


def disabled(world):
    world.machines["node02"].units["o2cb.service"].enabled = False


def no_tools(world):
    machine = world.machines["node02"]
    machine.setup.versions.pop("parted")
    machine.setup.versions["ocfs2-tools"] = "1.8.6-1"


MINE = "member/node02"
CHANGED = {
    "file": (rewritten(CONF, "7777", "7778"), (f"{MINE}/cluster.conf", "node02", "file")),
    "settings": (
        rewritten(O2CB, "MS=30000", "MS=20000"),
        (f"{MINE}/o2cb-settings", "node02", "file"),
    ),
    "kernel": (other_delay, (f"{MINE}/timeouts", "node02", "kernel")),
    "disk": (relabelled, ("volume/images", "", "disk")),
    "mount": (unmounted, ("volume/images/mount/node02", "node02", "mount")),
    "boot": (
        rewritten(FSTAB, "_netdev", "_netdev,noauto"),
        ("volume/images/boot/node02", "node02", "boot"),
    ),
    "unit": (disabled, (f"{MINE}/o2cb-at-boot", "node02", "boot")),
    "package": (no_tools, (f"{MINE}/tools-version", "node02", "package")),
}


@pytest.mark.parametrize("case", CHANGED)
def test_what_was_changed_outside_is_told_and_nothing_else(case):
    spoil, where = CHANGED[case]
    world = witnessed(2)
    version = world.machines["node01"].setup.versions["ocfs2-tools"]
    wanted = converged(world, packages={"tools_version": version})
    spoil(world)
    found = drift(world, wanted)
    assert told(found) == [(*where, "changed-outside")]
    assert exit_code(found) == 2


def test_the_worst_is_told_first():
    world = witnessed(2)
    version = world.machines["node01"].setup.versions["ocfs2-tools"]
    wanted = converged(world, packages={"tools_version": version})
    no_tools(world)
    rewritten(CONF, "7777", "7778")(world)
    unmounted(world)
    items = drift_document(drift(world, wanted), "1")["items"]
    assert [(i["address"], i["severity"]) for i in items] == [
        (f"{MINE}/cluster.conf", "loses"),
        ("volume/images/mount/node02", "degrades"),
        (f"{MINE}/tools-version", "cosmetic"),
    ]


def test_a_service_that_was_started_where_it_must_not_run_is_told():
    world = witnessed(2)
    for machine in world.machines.values():
        machine.units[f"{AGENT}.service"] = Unit()
    states = [{**m, "state": "drained"} if m["name"] == "node02" else m for m in members(world)]
    item = volume(world, workloads={"services": [AGENT]})
    wanted = converged(world, members=states, volumes=[item])
    unit = world.machines["node02"].units[f"{AGENT}.service"]
    unit.set("active", "running")
    (first, *_rest) = told(drift(world, wanted))
    assert first == (f"{MINE}/service/{AGENT}.service", "node02", "service", "changed-outside")


def test_what_the_file_has_anew_is_not_applied_and_both_may_be_so():
    world = witnessed(2)
    converged(world)
    wanted = desired(world, network={"reconnect_delay_ms": 4000})
    found = told(drift(world, wanted))
    assert {kind for *_where, kind in found} == {"not-applied"}
    assert {(host, truth) for _a, host, truth, _k in found} == {
        (host, truth) for host in ("node01", "node02") for truth in ("file", "kernel")
    }
    other_delay(world)
    assert sorted(i for i in told(drift(world, wanted)) if i[2] == "kernel") == [
        ("member/node01/timeouts", "node01", "kernel", "not-applied"),
        (f"{MINE}/timeouts", "node02", "kernel", "changed-outside"),
        (f"{MINE}/timeouts", "node02", "kernel", "not-applied"),
    ]


def test_what_somebody_did_as_the_file_now_has_it_is_only_noted():
    world = witnessed(2)
    converged(world)
    for machine in world.machines.values():
        text = machine.files.text(O2CB).replace("DELAY_MS=2000", "DELAY_MS=2500")
        machine.files.write(
            O2CB, File(text.replace("KEEPALIVE_DELAY_MS=2500", "KEEPALIVE_DELAY_MS=2000"))
        )
        machine.running.live.reconnect_delay_ms = 2500
    (found,) = drift(world, desired(world, network={"reconnect_delay_ms": 2500}))
    assert found.items == ()
    assert len(found.notes) == 4


def test_without_a_record_everything_is_not_applied_and_that_is_noted():
    world = witnessed(2)
    wanted = converged(world)
    for machine in world.machines.values():
        machine.files.remove(RECORD)
    unmounted(world)
    (found,) = drift(world, wanted)
    assert [item.kind for item in found.items] == ["not-applied"]
    assert any("no member remembers" in note for note in found.notes)


def test_a_host_that_cannot_be_reached_is_exit_3_and_a_difference_elsewhere_exit_2():
    world = witnessed(3)
    wanted = converged(world)
    connect(world, "node03").power_off()
    found = drift(world, wanted)
    assert (told(found), exit_code(found)) == ([], 3)
    assert [item.subject for item in found[0].unread] == ["member/node03"]
    unmounted(world)
    assert exit_code(drift(world, wanted)) == 2


def test_targets_narrow_it():
    world = witnessed(2)
    wanted = converged(world)
    unmounted(world)
    assert told(drift(world, wanted, "member/node01")) == []
    assert len(told(drift(world, wanted, "volume/images"))) == 1


def test_every_format_tells_the_same():
    world = witnessed(2)
    wanted = converged(world)
    CHANGED["file"][0](world)
    unmounted(world)
    found = drift(world, wanted)
    document = drift_document(found, "1")
    assert document["drifted"] is True
    keys = {"address", "truth", "class", "expected", "actual"}
    assert all(keys <= item.keys() for item in document["items"])
    conf = next(i for i in document["items"] if i["address"].endswith("cluster.conf"))
    assert "-\tip_port = 7777" in conf["differences"]
    assert "+\tip_port = 7778" in conf["differences"]
    assert json.loads(json.dumps(document, default=str))["items"]
    text = "\n".join(line for _style, line in drift_lines(found))
    for words in (text, drift_markdown(found), drift_junit(found)):
        assert "cluster.conf" in words
        assert "volume/images/mount" in words
    assert text.endswith("Drift: 2 changed outside (exit 2).")
    assert drift_junit(found).count("<failure") == 2
