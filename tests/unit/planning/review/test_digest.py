"""What a plan's id and an action's digest rest on, and what they do not."""

from dataclasses import replace

from reconciler.gate import gate_command
from reconciler.model.observed import Unknown
from reconciler.model.plan import Action, Fact
from reconciler.planning.planner import make_plan
from reconciler.planning.review.digest import action_digest
from tests.builders import converged, spec, volume, with_facts

CLUSTER = spec(volumes=[volume()])


def plan_of(**sections):
    return make_plan([(CLUSTER, with_facts(converged(CLUSTER), "node02", **sections))])


def test_a_boot_is_no_other_plan_and_another_machine_is():
    identity = converged(CLUSTER).hosts["node02"].identity
    booted = replace(identity, boot_id="another", uptime=1.0, clock=99)
    other = replace(identity, machine_id="another")
    assert plan_of(identity=booted).id == plan_of().id
    assert plan_of(identity=other).id != plan_of().id


def test_a_host_that_does_not_say_who_it_is_is_planned_for_without_a_guess():
    facts = plan_of(identity=Unknown("cut off")).facts["ocfs2"]
    assert "machine_id" in facts["node01"]["identity"]
    assert "machine_id" not in str(facts["node02"].get("identity"))


def write(old, path="/var/lib/reconcile/ocfs2/quarantine.json"):
    """The action that writes a record where one with this hash is."""
    values = {"summary": "", "because": "", "risk": "safe", "expects": ()}
    command = gate_command("write-file", path, "600", old, "f" * 64)
    asked = Fact(("node01",), "record", path, old)
    return Action(
        "a", "write-quarantine", "node01", "x", command=command, **values, requires=(asked,)
    )


def test_what_is_in_a_record_of_ours_before_is_no_other_action():
    assert action_digest(write("0" * 64)) == action_digest(write("1" * 64))
    conf = "/etc/ocfs2/cluster.conf"
    assert action_digest(write("0" * 64, conf)) != action_digest(write("1" * 64, conf))
