from dataclasses import replace

import pytest

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.presets import O2CB_DEFAULT, bare_cluster
from reconciler.hosts.simulator.state import lease_file
from reconciler.hosts.simulator.state.files import File
from reconciler.model.plan import Completed
from tests.hands import Hands
from tests.unit.hosts.simulator.lab import CONF, O2CB, digest, gate, kinds, section, write


async def test_write_file_replaces_what_was_seen_and_keeps_it_beside():
    host = connect(bare_cluster(1), "node01")
    done = await host.run(write(O2CB, O2CB_DEFAULT, "A=1\n", "600"))
    assert done == Completed(0, f"ok written {O2CB}\n", "", 0.1)
    assert host.machine.files.by_path[O2CB] == File("A=1\n", "600")
    assert host.machine.files.by_path[f"{O2CB}.before"] == File(O2CB_DEFAULT)


async def test_write_file_makes_the_directory_and_no_copy_of_nothing():
    host = connect(bare_cluster(1), "node01")
    await host.run(write(CONF, None, "x\n"))
    assert host.machine.files.directories == {"/etc/ocfs2"}
    assert f"{CONF}.before" not in host.machine.files.by_path


async def test_write_file_refuses_when_the_file_changed_since():
    host = connect(bare_cluster(1), "node01")
    host.machine.files.write(CONF, File("by hand\n"))
    done = await host.run(write(CONF, None, "x\n"))
    message = f"gate: changed-since: {CONF} is {digest('by hand' + chr(10))}, not absent\n"
    assert done == Completed(75, "", message, 0.1)
    assert host.machine.files.text(CONF) == "by hand\n"


async def test_write_file_is_content_with_what_it_would_write():
    host = connect(bare_cluster(1), "node01")
    host.machine.files.write(CONF, File("x\n"))
    assert (await host.run(write(CONF, None, "x\n"))).status == 0


async def test_write_file_refuses_stdin_with_another_digest():
    host = connect(bare_cluster(1), "node01")
    done = await host.run(replace(write(CONF, None, "x\n"), stdin="y\n"))
    assert (done.status, CONF in host.machine.files.by_path) == (75, False)


async def test_a_full_etc_leaves_the_old_file_whole():
    host = connect(bare_cluster(1), "node01")
    host.machine.files.room["/etc"].free = 3
    done = await host.run(write(O2CB, O2CB_DEFAULT, "O2CB_ENABLED=true\n"))
    assert (done.status, done.stderr) == (
        75,
        f"gate: no-space: {O2CB}: no space left on device\n",
    )
    assert host.machine.files.text(O2CB) == O2CB_DEFAULT
    assert ("space", "/etc", "3", "20000") in await section(host, "space")


def acquire(run, displaces="-", holder="{}"):
    return gate("lease-acquire", "-", run, holder, "node01,san:ocfs2", displaces)


async def test_a_lease_is_for_one_run_until_it_is_freed():
    host = connect(bare_cluster(1), "node01")
    first = await host.run(acquire("run1", holder='{"who":1}'))
    again = await host.run(acquire("run1", holder='{"who":1}'))
    other = await host.run(acquire("run2"))
    assert first.stdout == "ok acquired run1 1\n"
    assert again.stdout == "ok acquired run1 2\ndisplaced run1 node01,san:ocfs2\n"
    assert (other.status, other.stderr) == (75, 'gate: lease-held: run1\t{"who":1}\t0\n')
    early = await host.run(gate("lease-free", "-", "run1", 2))
    assert early.stderr == "gate: lease-open: run1 is not sealed here\n"
    assert (await host.run(gate("lease-seal", "-", "run1", 2))).status == 0
    assert (await host.run(gate("lease-free", "-", "run1", 2))).status == 0
    assert (await host.run(acquire("run2"))).stdout == "ok acquired run2 3\n"


async def test_a_lease_is_displaced_only_by_the_name_of_its_run():
    host = connect(bare_cluster(1), "node01")
    await host.run(acquire("run1"))
    wrong = await host.run(acquire("run2", "run0"))
    right = await host.run(acquire("run2", "run1"))
    lost = await host.run(gate("lease-renew", "-", "run1", 1))
    assert [done.status for done in (wrong, right, lost)] == [75, 0, 75]
    assert right.stdout == "ok acquired run2 2\ndisplaced run1 node01,san:ocfs2\n"
    assert lost.stderr == "gate: lease-lost: run2\n"


@pytest.mark.parametrize(("seconds", "status"), [(120, 75), (121, 0)])
async def test_a_lease_without_renewal_for_120_seconds_is_anyones(seconds, status):
    world = bare_cluster(1)
    host = connect(world, "node01")
    await host.run(acquire("run1"))
    world.advance(seconds)
    assert (await host.run(acquire("run2"))).status == status


async def test_the_age_of_a_lease_counts_from_its_renewal_and_after_a_boot_from_the_boot():
    world = bare_cluster(1)
    host = connect(world, "node01")

    def age():
        return lease_file.age_of(host.machine)

    await host.run(acquire("run1"))
    world.advance(100)
    assert age() == 100
    await host.run(gate("lease-renew", "-", "run1", 1))
    assert age() == 0
    host.reboot()
    world.advance(7)
    assert age() == 7


async def test_a_command_of_another_controller_is_refused_and_one_of_no_run_is_none():
    world = bare_cluster(1)
    mine, foreign = connect(world, "node01", "a"), connect(world, "node01", "b")
    first, second = Hands("first"), Hands("second")
    assert (await first.do(mine, write(CONF, None, "x\n"))).status == 0
    held = first.held["node01"]
    second.held["node01"] = held
    late = await second.do(foreign, write(CONF, "x\n", "y\n"))
    assert late.stderr == "gate: lease-lost: first\n"
    bare = await foreign.run(write(CONF, "x\n", "y\n"))
    assert (bare.status, host_file(world)) == (64, "x\n")
    assert kinds(world) == []


def host_file(world):
    return world.machines["node01"].files.text(CONF)


async def test_a_full_disk_stops_no_run_from_taking_over_or_ending():
    world = bare_cluster(1)
    host = connect(world, "node01")
    room = host.machine.files.room["/var/lib"]
    room.free = lease_file.ROOM - 1
    assert (await host.run(acquire("run1"))).stderr.startswith("gate: no-space: ")
    room.free = lease_file.ROOM
    await host.run(acquire("run1"))
    room.free = 0
    assert (await host.run(acquire("run2", "run1"))).status == 0
    assert (await host.run(gate("lease-seal", "-", "run2", 2))).status == 0
    assert (await host.run(gate("lease-free", "-", "run2", 2))).status == 0
