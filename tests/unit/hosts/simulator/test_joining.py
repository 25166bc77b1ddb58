import pytest

from reconciler.hosts.simulator import World, connect, connect_all
from reconciler.hosts.simulator.kernel import power
from reconciler.hosts.simulator.presets import bare_cluster
from tests.unit.hosts.simulator.lab import (
    CONF,
    LUN,
    O2CB,
    conf,
    conf_of,
    enabled,
    entry,
    kinds,
    log_of,
    mkfs,
    mount,
    mounted_cluster,
    put,
    refusal,
    restart,
    start_cluster,
)

WHERE = f"while mounting {LUN} on /srv/images"
SEE_DMESG = "Check 'dmesg' for more information on this error"
FAILED = "gate: mount-failed: mount.ocfs2:"
ERROR_107 = f"{FAILED} Transport endpoint is not connected {WHERE}. {SEE_DMESG} 107."
ERROR_22 = f"{FAILED} Invalid argument {WHERE}. {SEE_DMESG} 22."


async def joins_with(text: str, config: str | None = None) -> World:
    """node01 is mounted with node01 and node02 on its list; node02 has ``text``."""
    world = bare_cluster(2)
    await mounted_cluster(world, "node01")
    joiner = connect(world, "node02")
    await put(joiner, CONF, text, conf_of([1, 2]))
    if config:
        await put(joiner, O2CB, config, enabled())
    assert (await joiner.run(restart())).status == 0
    return world


@pytest.mark.parametrize(
    ("text", "member_log"),
    [
        (conf(entry(0, 1), entry(1, 2)).replace("7777", "7778"), []),
        (conf(entry(0, 1, ip="10.88.1.99"), entry(1, 2)), []),
        (conf_of([1, 2]), ["o2net: Attempt to connect from unknown node at 10.88.1.12:40000"]),
    ],
    ids=["another port", "another address", "absent on the member"],
)
async def test_hosts_that_do_not_find_each_other_refuse_after_70_seconds(text, member_log):
    world = await joins_with(text)
    if member_log:
        del world.machines["node01"].running.live.nodes["node02"]
    before = len(await log_of(world, "node01"))
    assert refusal(await connect(world, "node02").run(mount())) == (70, ERROR_107, 70.0)
    assert (await log_of(world, "node02"))[-3:] == [
        "o2net: No connection established with node 0 after 30.0 seconds, "
        "check network and cluster configuration.",
        "o2cb: This node could not connect to nodes: 0.",
        "o2cb: Cluster check failed. Fix errors before retrying.",
    ]
    assert (await log_of(world, "node01"))[before:] == member_log
    assert next(world.filesystems()).slot_map == {0: 0}
    assert world.violations() == ()


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (
            enabled(IDLE_TIMEOUT_MS="20000"),
            "network idle timeout of 30000 ms, but we use 20000",
        ),
        (enabled(KEEPALIVE_DELAY_MS="3000"), "keepalive delay of 2000 ms, but we use 3000"),
        (enabled(HEARTBEAT_THRESHOLD="40"), "heartbeat timeout of 60000 ms, but we use 78000"),
    ],
)
async def test_other_timeouts_are_refused(config, says):
    world = await joins_with(conf_of([1, 2]), config)
    assert refusal(await connect(world, "node02").run(mount())) == (70, ERROR_107, 70.0)
    assert (await log_of(world, "node02"))[-4] == (
        f"o2net: node node01 (num 0) at 10.88.1.11:7777 uses a {says} ms locally. Disconnecting."
    )


async def test_another_reconnect_delay_is_not_compared():
    world = await joins_with(conf_of([1, 2]), enabled(RECONNECT_DELAY_MS="5000"))
    assert (await connect(world, "node02").run(mount())).status == 0


@pytest.mark.parametrize(
    ("text", "member_log"),
    [
        (
            conf(entry(0, 1), entry(1, 2), entry(9, 9)),
            "o2dlm: Node 9 (10.88.1.19:7777) registered in joining node 1 "
            "but not in local node 0",
        ),
        (
            conf(entry(0, 1), entry(1, 2)),
            "o2dlm: Node 5 (10.88.1.15:7777) registered in local node 0 "
            "but not in joining node 1",
        ),
    ],
)
async def test_an_extra_node_on_either_list_is_refused_at_once(text, member_log):
    world = bare_cluster(2)
    await start_cluster(world)
    member, joiner = connect_all(world).values()
    if "number = 9" not in text:
        await put(member, CONF, conf(entry(0, 1), entry(1, 2), entry(5, 5)), conf_of([1, 2]))
        await member.run(restart())
    await put(joiner, CONF, text, conf_of([1, 2]))
    await joiner.run(restart())
    await member.run(mkfs(LUN))
    assert (await member.run(mount())).status == 0
    assert refusal(await joiner.run(mount())) == (70, ERROR_22, 5.0)
    assert (await log_of(world, "node01"))[-1] == member_log
    assert (await log_of(world, "node02"))[-1] == (
        "(mount.ocfs2,900,0):dlm_send_nodeinfo:1255 ERROR: node mismatch -22, node 0"
    )


async def test_other_names_for_the_same_nodes_do_not_matter():
    world = await joins_with(conf(entry(0, 1, name="elsewhere"), entry(1, 2)))
    assert (await connect(world, "node02").run(mount())).status == 0


async def test_without_a_free_slot_there_is_error_22_and_no_nodeinfo_line():
    world = bare_cluster(2)
    await start_cluster(world)
    one, two = connect_all(world).values()
    await one.run(mkfs(LUN, slots=1))
    assert (await one.run(mount())).status == 0
    assert refusal(await two.run(mount())) == (70, ERROR_22, 5.0)
    assert (await log_of(world, "node02"))[-1:] == ["ocfs2: no free slots available!"]


async def test_a_private_list_mounts_beside_a_live_host_and_destroys_its_journal():
    world = await joins_with(conf(entry(5, 2)))
    done = await connect(world, "node02").run(mount())
    assert (done.status, kinds(world)) == (0, ["split-brain", "live-journal-replayed"])
    fs = next(world.filesystems())
    assert fs.slot_map == {1: 5}
    assert {number: beat.host for number, beat in fs.beats.items()} == {
        0: "node01",
        5: "node02",
    }


@pytest.mark.parametrize("ends", ["leaves", "loses its power"])
async def test_who_goes_on_under_a_shared_number_has_its_block_again(ends):
    world = await joins_with(conf(entry(0, 2)))
    other = connect(world, "node02")
    other.mount(LUN, "/srv/images")
    fs = next(world.filesystems())
    assert fs.beats[0].host == "node02"
    if ends == "leaves":
        other.unmount("/srv/images")
    else:
        power.cut(world.machines["node02"])
    assert (fs.beats[0].host, fs.beats[0].stopped) == ("node01", None)
    assert fs.beats[0].generation


async def test_two_hosts_under_one_number_are_a_violation():
    world = await joins_with(conf(entry(0, 2)))
    assert refusal(await connect(world, "node02").run(mount())) == (
        75,
        "gate: foreign-heartbeat: another host writes the heartbeat of number 0, this host's, "
        f"to {LUN}",
        5.1,
    )
    assert kinds(world) == []
    connect(world, "node02").mount(LUN, "/srv/images")
    assert kinds(world) == ["node-number-shared"]
    connect(world, "node01").unmount("/srv/images")
    beat = next(world.filesystems()).beats[0]
    assert (beat.host, beat.stopped) == ("node02", None)
