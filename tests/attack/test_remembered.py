"""A joiner's own old records make a stranger's leftover 'explained'."""
import json
import pytest
from reconciler.hosts.simulator.files import File
from tests.clock import drive
from tests.runs import MOUNTED, happened, mounted, volume
from tests.scenarios.test_simulated_membership import THREE, cluster, running
from tests.scenarios.test_simulated_strangers import stranger, unmounted, meets, LUN, PATH

BASE = "/var/lib/reconcile/ocfs2/"


def setting():
    """node01, node02 are members; node03 is a stranger (7) that hangs with the volume mounted."""
    world, controller = running(4, THREE[:2])
    other = stranger(world)
    unmounted(world)
    other.mount(LUN, PATH)
    other.stun()
    world.advance(3600)
    return world, controller, other


def joined(world, **more):
    return cluster(world, ("node01", "node02", "node04"), **more)


def test_control_without_lies_it_is_refused():
    world, controller, other = setting()
    ended = drive(world, controller.apply(joined(world, volumes=[volume(world, slots=12)])))
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])


@pytest.mark.parametrize("record,text", [
    ("members.json", {"members": {"node01": {"number": 7, "machine_id": "x"}}}),
    ("members.json", {"members": {"node04": {"number": 7, "machine_id": "x"}}}),
    ("quarantine.json", {"hosts": [{"name": "ghost", "number": 7, "machine_id": "", "nodes": [[7, "ghost"]]}]}),
])
def test_a_joiner_with_old_records(record, text):
    world, controller, other = setting()
    world.machines["node04"].files.write(BASE + record, File(json.dumps(text), "600"))
    ended = drive(world, controller.apply(joined(world, volumes=[volume(world, slots=12)])))
    print(ended.codes, ended.started, ended.failures)
    print("mounted", mounted(world), "slots", next(world.filesystems()).slots)
    other.wake(); world.advance(10)
    print("wrongs", world.wrongs(), world.violations())
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])


def test_a_joiner_whose_own_kernel_lists_only_itself_is_trusted():
    """node04 runs a cluster 'ocfs2' of its own alone; its records make 7 its old number."""
    world, controller, other = setting()
    stranger(world, "node04", 9)
    text = {"members": {"node04": {"number": 7, "machine_id": "x"}}}
    world.machines["node04"].files.write(BASE + "members.json", File(json.dumps(text), "600"))
    ended = drive(world, controller.apply(joined(world)))
    print(ended.codes, ended.started, ended.failures)
    print("mounted", mounted(world))
    other.wake(); world.advance(10)
    print("wrongs", world.wrongs(), world.violations())
    assert (ended.codes, ended.started) == ({"foreign-heartbeat"}, [])


def test_another_machine_under_a_member_s_name():
    """node03 hangs; another machine answers under its name and address."""
    world, controller = running(4, THREE)
    old = world.hosts["node03"]
    old.stun()
    world.advance(600)
    print([m for m in dir(world.machines["node03"]) if not m.startswith("__")])
    print(world.machines["node03"].setup)
