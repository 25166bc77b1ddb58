"""Where a difference comes from is told by its own host: the file, the boot, the last apply."""

from dataclasses import replace

import pytest

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.kernel import services, units
from reconciler.hosts.simulator.state.files import File
from reconciler.hosts.simulator.state.unit import Unit
from reconciler.model.observed import Unknown
from reconciler.planning.review.drift import Drift, Item, detect_drift
from reconciler.planning.review.origins import with_origins
from reconciler.reports.drift import drift_document, drift_lines
from tests.clock import drive
from tests.runs import Controller, desired, members, volume, witnessed
from tests.watching import DRIFTS, look, with_facts

# What the clock of a simulated host shows at the start of its world.
START = "2027-01-15T08:"
AGENT = "agent.service"


@pytest.fixture
def world():
    made = witnessed(2)
    assert drive(made, Controller(made).apply(desired(made))).word == "converged"
    made.advance(600)
    return made


def told(world, *classes):
    for name in classes:
        DRIFTS[name](world)
    return origins(look(world, desired(world)))


def origins(scene):
    found = detect_drift(scene.wanted, scene.applied)
    return with_origins(found, scene.cluster, scene.observed).items


def test_a_file_tells_when_it_was_written_and_whose_it_is(world):
    (item,) = told(world, "boot")
    assert item.since.startswith(START)
    path, record = item.origin.split("; ")
    assert path == f"/etc/fstab was last written at {item.since}, and is root's"
    before = record.removeprefix("what was last applied is on record since ")
    assert before.startswith(START)
    assert before < item.since


def test_each_file_tells_of_itself(world):
    found = {item.address: item.origin for item in told(world, "boot", "files")}
    assert found["volume/images/boot/node02"].startswith("/etc/fstab was")
    assert found["member/node02/o2cb-settings"].startswith("/etc/default/o2cb was")


def test_a_unit_that_no_longer_starts_at_boot_tells_when_its_links_were_changed(world):
    units.disable(world.machines["node02"], "o2cb.service")
    (item,) = told(world)
    assert (item.address, item.truth) == ("member/node02/o2cb-at-boot", "boot")
    links, record = item.origin.split("; ")
    where = "/etc/systemd/system/multi-user.target.wants"
    assert links == f"{where} was last changed at {item.since}"
    assert record.removeprefix("what was last applied is on record since ") < item.since


@pytest.mark.parametrize(
    ("link", "is_told"),
    [
        ("/etc/systemd/system/o2cb.service", True),
        ("/etc/systemd/system/a.wants/o2cb.service", False),
    ],
)
def test_a_mask_tells_when_it_was_made_unless_it_is_of_this_boot_alone(world, link, is_told):
    scene = look(world, desired(world))
    facts = scene.observed.hosts["node02"]
    (unit,) = (one for one in facts.services if one.name == "o2cb.service")
    masked = replace(unit, load="masked", enabled=False, link=link, written=1_800_000_000)
    about = ("member/node02", "node02", "boot", "changed-outside", None, None, "it is masked")
    drift = Drift("ocfs2", (Item(*about, code="unit-not-usable"),), (), (), ())
    seen = with_facts(scene, "node02", services=(masked,)).observed
    (item,) = with_origins(drift, scene.cluster, seen).items
    assert (f"{link} was made at {item.since}" in item.origin) is is_told
    assert bool(item.since) is is_told


def with_agent(world, state="present"):
    """The file with a service of the volume, and node02 in that state; it is applied."""
    for machine in world.machines.values():
        machine.units[AGENT] = Unit("active", "running", enabled=True)
    one, two = members(world)
    needed = {"workloads": {"services": ["agent"]}}
    named = desired(
        world, members=[one, {**two, "state": state}], volumes=[volume(world, **needed)]
    )
    assert drive(world, Controller(world).apply(named)).word == "converged"
    world.advance(600)
    return named


def test_a_service_that_starts_again_at_boot_tells_when_its_link_was_made(world):
    named = with_agent(world, "drained")
    services.unmask(world.machines["node02"], AGENT)
    services.enable(world.machines["node02"], AGENT)
    (item,) = origins(look(world, named))
    assert (item.address, item.truth) == (f"member/node02/service/{AGENT}/boot", "boot")
    where = f"/etc/systemd/system/multi-user.target.wants/{AGENT}"
    assert item.origin.split("; ")[0] == f"{where} was made at {item.since}"


def test_the_order_of_a_service_tells_when_its_drop_in_was_written(world):
    named = with_agent(world)
    files = world.machines["node02"].files
    path = f"/etc/systemd/system/{AGENT}.d/reconcile.conf"
    files.write(path, File(files.text(path).replace("After=", "Before=")))
    (item,) = origins(look(world, named))
    assert item.address == f"member/node02/service/{AGENT}/order"
    assert item.origin.startswith(
        f"{path} was last written at {item.since}, and is root's; what was last applied"
    )


def test_a_package_tells_when_it_came_and_one_that_is_gone_what_was_applied(world):
    machine = world.machines["node02"]
    for one in world.machines.values():
        one.packaging.offers["ocfs2-tools"] = "1.8.8-1"
    wanted = desired(world, packages={"tools_version": "1.8.8-1"})
    assert drive(world, Controller(world).apply(wanted)).word == "converged"
    world.advance(600)
    machine.install("ocfs2-tools", "1.8.7-9")
    (item,) = (i for i in origins(look(world, wanted)) if i.address.endswith("tools-version"))
    told, record = item.origin.split("; ")
    assert told == f"ocfs2-tools 1.8.7-9 was installed at {item.since}"
    assert record.removeprefix("what was last applied is on record since ") < item.since
    scene = look(world, wanted)
    packages = replace(scene.observed.hosts["node02"].packages, installed={})
    (silent,) = (
        i
        for i in origins(with_facts(scene, "node02", packages=packages))
        if i.address.endswith("tools-version")
    )
    assert (silent.since, silent.origin) == ("", record)


def test_when_packages_and_links_came_changes_no_plan(world):
    before = drive(world, Controller(world).plan(desired(world)))
    machine = world.machines["node02"]
    machine.install("ocfs2-tools", machine.setup.versions["ocfs2-tools"])
    machine.units["o2cb.service"].linked += 60
    assert drive(world, Controller(world).plan(desired(world))) == before


def test_another_owner_is_told_by_its_number(world):
    DRIFTS["boot"](world)
    scene = look(world, desired(world))
    fstab = replace(scene.observed.hosts["node02"].fstab, owner=1001)
    (item,) = origins(with_facts(scene, "node02", fstab=fstab))
    assert "and is user 1001's" in item.origin


@pytest.mark.parametrize("written", [None, 10**15])
def test_a_time_that_is_not_told_or_that_no_calendar_has_ends_nothing(world, written):
    DRIFTS["boot"](world)
    scene = look(world, desired(world))
    fstab = replace(scene.observed.hosts["node02"].fstab, written=written)
    (item,) = origins(with_facts(scene, "node02", fstab=fstab))
    assert item.since == ("" if written is None else f"second {written}")


def test_what_is_not_there_since_a_boot_is_since_the_boot(world):
    DRIFTS["boot"](world)
    connect(world, "node02").reboot()
    items = {item.address: item for item in told(world)}
    mount = items["volume/images/mount/node02"]
    assert mount.origin.startswith(
        f"the host has booted since, at {mount.since}; what was last"
    )


def test_what_changed_without_a_boot_is_since_nobody_knows_when(world):
    (item,) = told(world, "mounts")
    assert item.since == ""
    assert item.origin.startswith("what was last applied is on record since ")


def test_what_was_not_read_tells_nothing(world):
    DRIFTS["mounts"](world)
    scene = look(world, desired(world))
    unread = {name: Unknown("no") for name in ("records", "identity")}
    (item,) = origins(with_facts(scene, "node02", **unread))
    assert (item.since, item.origin) == ("", "")


def test_what_is_not_applied_yet_comes_from_the_file(world):
    scene = look(world, desired(world, network={"reconnect_delay_ms": 5000}))
    assert {(item.kind, item.origin) for item in origins(scene)} == {("not-applied", "")}


def test_a_file_that_was_only_touched_is_no_drift_and_changes_no_plan(world):
    before = drive(world, Controller(world).plan(desired(world)))
    files = world.machines["node02"].files
    scene = look(world, desired(world))
    files.write("/etc/fstab", files.by_path["/etc/fstab"])
    later = look(world, desired(world))
    times = [s.observed.hosts["node02"].fstab.written for s in (scene, later)]
    assert times[0] < times[1]
    assert told(world) == ()
    assert drive(world, Controller(world).plan(desired(world))) == before


def test_reports_have_it(world):
    DRIFTS["boot"](world)
    scene = look(world, desired(world))
    found = with_origins(
        detect_drift(scene.wanted, scene.applied), scene.cluster, scene.observed
    )
    (item,) = drift_document((found,), "1")["items"]
    assert item["since"]
    assert item["origin"] in "\n".join(line for _style, line in drift_lines((found,)))


def test_hosts_that_tell_different_things_are_still_told_once(world):
    items = [
        Item(f"volume/images/boot/node0{n}", f"node0{n}", "boot", "changed-outside", 1, 2, "w")
        for n in range(1, 6)
    ]
    drift = detect_drift(look(world, desired(world)).wanted, None)
    some = replace(drift, items=tuple(replace(i, origin=f"at {i.host}") for i in items))
    text = "\n".join(line for _style, line in drift_lines((some,)))
    assert text.count("volume/images/boot") == 1
    assert "node03: at node03" in text
    assert "and 2 more hosts, as --format json has it" in text
    same = replace(drift, items=tuple(replace(i, origin="at noon") for i in items))
    text = "\n".join(line for _style, line in drift_lines((same,)))
    assert text.count("at noon") == 1
