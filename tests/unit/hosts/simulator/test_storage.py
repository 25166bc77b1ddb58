import pytest

from reconciler.hosts.simulator import UnknownCommand, connect
from reconciler.hosts.simulator.presets import add_storage, bare_cluster
from reconciler.hosts.simulator.state.reply import Reply
from reconciler.model.plan import Command
from tests.unit.hosts.simulator.lab import GIB, gate, refusal

MIB = 1 << 20


def storage(kind="san", luns=2):
    world = bare_cluster(2, kind, luns)
    add_storage(world)
    return world, connect(world, "san")


def extend(size, lun="lun1"):
    return gate("extend-lv", "vg0", lun, size)


@pytest.mark.parametrize("kind", ["san", "plain"])
async def test_a_logical_volume_grows_by_whole_extents_and_kernels_notice_later(kind):
    world, san = storage(kind)
    for _ in range(2):
        done = await san.run(extend(2 * GIB + 1))
        size = 2 * GIB + 4 * MIB
        assert (done.status, done.stdout) == (0, f"ok extended vg0/lun1 {size}\n")
    assert [lun.whole.size for lun in world.luns.values() if lun.name in ("lun1", "lun2")] == [
        size,
        GIB,
    ]
    devices = world.machines["node01"].running.devices
    assert {d.size for d in devices if d.lun.name == "lun1"} == {GIB}
    assert [e.what for e in world.trace].count("extended") == 1
    assert world.violations() == ()


@pytest.mark.parametrize("host", ["san", "node01"])
async def test_a_volume_that_lvm_does_not_know_is_not_extended(host):
    world, _ = storage()
    world.machines["node01"].setup.commands += ("lvs", "lvextend")
    done = await connect(world, host).run(extend(1, "root"))
    said = 'gate: backing-missing: vg0/root: Failed to find logical volume "vg0/root"'
    assert refusal(done) == (75, said, 0.1)


async def test_a_member_has_no_lvm():
    world, _ = storage()
    done = await connect(world, "node01").run(extend(1))
    assert refusal(done)[:2] == (70, "gate: no-tool: lvs is not there")


async def test_a_volume_group_gives_no_more_than_it_has():
    world, san = storage()
    san.machine.setup.room["vg0"] = 8 * MIB
    assert refusal(await san.run(extend(GIB + 12 * MIB)))[:2] == (
        75,
        f"gate: no-space: vg0/lun1 has {GIB} bytes, not {GIB + 12 * MIB}: Insufficient free space: 3 extents needed, but only 2 available",
    )
    assert (await san.run(extend(GIB + 4 * MIB))).status == 0
    assert (san.machine.setup.room, world.luns["lun1"].whole.size) == (
        {"vg0": 4 * MIB},
        GIB + 4 * MIB,
    )


async def test_a_thin_volume_grows_while_its_pool_has_room():
    _world, san = storage()
    san.machine.setup.thin["vg0/lun1"] = 81
    used = "81.00 % of its data and 1.00 % of its metadata are used"
    said = f"gate: thin-pool-full: vg0/pool0: {used}"
    assert refusal(await san.run(extend(GIB + 1)))[:2] == (75, said)
    assert (await san.run(extend(GIB))).status == 0
    san.machine.setup.thin["vg0/lun1"] = 80
    assert (await san.run(extend(GIB + 1))).status == 0


async def test_an_array_has_programs_of_its_own():
    world, san = storage()
    lun = world.luns["lun2"]
    for word in (lun.wwid, "lun2"):
        assert (await san.run(Command(("grow-lun", word, str(3 * GIB))))).status == 0
    assert lun.whole.size == 3 * GIB
    assert (await san.run(Command(("grow-lun", "lun9", "1")))).status == 1
    assert (await san.run(Command(("unmap", "node02", "lun2")))).status == 0
    assert [m.dead_maps for m in world.machines.values()] == [set(), {"lun2"}, set()]
    assert san.machine.ran == ["grow-lun", "grow-lun", "grow-lun", "unmap"]


async def test_a_test_adds_programs_and_members_have_none():
    world, san = storage()
    san.machine.programs["sh"] = lambda machine, argv: Reply(3, " ".join(argv), machine.name)
    done = await san.run(Command(("sh", "-c", "lvresize")))
    assert (done.status, done.stdout, done.stderr) == (3, "sh -c lvresize", "san")
    with pytest.raises(UnknownCommand):
        await connect(world, "node01").run(Command(("grow-lun", "lun1", "1")))
