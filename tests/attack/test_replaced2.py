"""Another machine answers under a member's name while the old one hangs with the volume mounted."""
from dataclasses import replace
from tests.clock import drive
from tests.runs import MOUNTED, happened, mounted, volume
from tests.scenarios.test_simulated_membership import THREE, cluster, running
from tests.scenarios.test_simulated_strangers import LUN, PATH


def attested(*numbers):
    return {"attested": [{"number": n, "by": "ops", "at": "2026-11-22T10:00Z"} for n in numbers]}


def test_another_mounts():
    world, controller = running(4, THREE)
    old_machine, old = world.machines["node03"], world.hosts["node03"]
    new_machine, new = world.machines["node04"], world.hosts["node04"]
    old.stun()
    world.advance(600)
    # all survivors lose the volume (a window would do the same), nobody of the old list mounts it
    for name in ("node01", "node02"):
        world.hosts[name].unmount(PATH)
    new_machine.setup = new_machine.setup
    old_machine.setup.addresses, new_machine.setup.addresses = new_machine.setup.addresses, old_machine.setup.addresses
    new_machine.setup.aliases, old_machine.setup.aliases = old_machine.setup.aliases, new_machine.setup.aliases
    new_machine.setup.hostname, old_machine.setup.hostname = "node03", "old"
    new_machine.name = "node03"; old_machine.name = "old"
    new._name = "node03" if hasattr(new, "_name") else None
    del world.machines["node04"], world.hosts["node04"]
    world.machines["node03"], world.hosts["node03"] = new_machine, new
    world.machines["old"], world.hosts["old"] = old_machine, old
    world.hosts["node03"].reboot()
    file = cluster(world, THREE)
    ended = drive(world, controller.apply(file))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])
    print([b.message for o in ended.outcomes for b in o.blocked])
    old.power_off()
    file = cluster(world, THREE, heartbeat=attested(2))
    ended = drive(world, controller.apply(file))
    print(ended.codes, ended.started, ended.failures, mounted(world))
    assert mounted(world)["node03"] == MOUNTED
    assert world.wrongs() == []
    ended = drive(world, controller.apply(cluster(world, THREE)))
    assert ended.codes == set()
