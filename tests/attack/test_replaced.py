"""Another machine answers under a member's name while the old one hangs with the volume mounted."""
from dataclasses import replace
from tests.clock import drive
from tests.runs import MOUNTED, happened, mounted, volume
from tests.scenarios.test_simulated_membership import THREE, cluster, running
from tests.scenarios.test_simulated_strangers import LUN, PATH


def test_another_machine_under_a_member_s_name():
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
    ended = drive(world, controller.apply(cluster(world, THREE, volumes=[volume(world, slots=12)])))
    print(ended.codes, ended.started, ended.failures)
    for o in ended.outcomes:
        for b in o.blocked: print(b.code, b.message)
    print(mounted(world))
    old.wake(); world.advance(10)
    print(world.wrongs())
    assert ended.codes
