"""Healing: only what the policy names, only back to what was last applied, and never half done."""

import asyncio

import pytest

from reconciler.hosts.simulator import Fault
from reconciler.hosts.simulator.presets import Shape
from tests.clock import drive
from tests.fault_transport import Kill, Line
from tests.runs import MOUNTED, Controller, desired, mounted, volume, witnessed
from tests.scenarios.test_simulated_drift import (
    CONF,
    FSTAB,
    O2CB,
    RECORD,
    disabled,
    drift,
    other_delay,
    relabelled,
    rewritten,
    told,
    unmounted,
)
from tests.strategies import Befallen

EVERY = ["files", "boot", "services", "kernel", "mounts"]
MS = rewritten(O2CB, "MS=30000", "MS=20000")


def forget_node(world):
    """Somebody takes a node out of a kernel."""
    del world.machines["node02"].running.live.nodes["node01"]


HEALED = {
    "settings": ("files", MS),
    "conf": ("files", rewritten(CONF, "node_count = 2", "node_count = 3")),
    "unit": ("boot", disabled),
    "fstab": ("boot", rewritten(FSTAB, "_netdev", "_netdev,noauto")),
    "kernel": ("kernel", other_delay),
    "mount": ("mounts", unmounted),
}


def policy(*classes, **more):
    return {"mode": "heal", "heal": list(classes or EVERY), **more}


def converge_world(shape=None):
    world = witnessed(2, shape)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    return world


def heal(world, wanted, line=None, who="watcher", **known):
    return drive(world, Controller(world, who).heal(wanted, line, **known))


def records(world):
    return [machine.files.text(RECORD) for machine in world.machines.values()]


@pytest.mark.parametrize("case", HEALED)
def test_what_the_policy_names_is_healed_and_told_as_healed(case):
    named, spoil = HEALED[case]
    world = converge_world()
    before = records(world)
    spoil(world)
    wanted = desired(world, policy=policy(named))
    found, events = heal(world, wanted)
    assert found.outcome.result == "converged"
    assert {a.result for a in found.attempts} == {"healed"}
    assert told(drift(world, wanted)) == []
    assert records(world) == before
    assert [name for name, _ in events][:2] == ["observed", "approved"]


@pytest.mark.parametrize("case", HEALED)
def test_what_the_policy_does_not_name_is_left(case):
    named, spoil = HEALED[case]
    world = converge_world()
    spoil(world)
    wanted = desired(world, policy=policy(*(c for c in EVERY if c != named)))
    line = Line()
    found, _ = heal(world, wanted, line)
    assert (found.outcome, found.attempts) == (None, ())
    assert {command for _host, command in line.log} == {"probe"}
    assert told(drift(world, wanted)) != []


def test_one_difference_is_healed_beside_one_that_is_not():
    world = converge_world()
    MS(world)
    relabelled(world)
    wanted = desired(world, policy=policy())
    found, _ = heal(world, wanted)
    assert (found.outcome, found.attempts) == (
        None,
        (),
    )  # what is refused is refused as a whole
    next(world.filesystems()).label = "images"
    unmounted(world)
    found, _ = heal(world, desired(world, policy=policy("mounts")))
    assert found.outcome.result == "converged"
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)
    assert [item[0] for item in told(drift(world, wanted))] == ["member/node02/o2cb-settings"]


def test_what_nobody_applied_is_not_shipped():
    world = converge_world()
    MS(world)
    wanted = desired(world, policy=policy(), heartbeat={"mode": "local", "dead_threshold": 61})
    found, _ = heal(world, wanted)
    assert (found.outcome, found.attempts) == (None, ())


def test_another_difference_that_comes_before_the_lease_stops_it():
    """It is judged anew under the lease, and only the very same actions are done."""
    world = converge_world()
    MS(world)
    wanted = desired(world, policy=policy())

    class Meanwhile(Line):
        async def carry(self, host, command):
            if any("lease-acquire" in word for word in command.argv) and not self.asleep:
                disabled(world)
            return await super().carry(host, command)

    found, _ = heal(world, wanted, Meanwhile())
    assert found.outcome.result == "refused"
    assert [b.code for b in found.outcome.blocked] == ["plan-changed"]
    assert found.attempts == ()
    assert len(told(drift(world, wanted))) == 2


def test_a_healing_killed_at_any_command_is_ended_by_the_next():
    wanted_policy = policy()
    at = 0
    while True:
        at += 1
        world = converge_world()
        for spoil in (MS, disabled, unmounted):
            spoil(world)
        wanted = desired(world, policy=wanted_policy)
        controller = Controller(world, "watcher")
        found, _ = drive(world, controller.heal(wanted, Line(Kill(at, "during"))))
        if found is not None:
            break
        found, _ = drive(
            world, controller.heal(wanted, own_runs={f"watcher-{n}" for n in (1, 2)})
        )
        assert found.outcome is None or found.outcome.result == "converged", at
        assert told(drift(world, wanted)) == [], at
    assert at > 10


def test_a_run_of_somebody_that_has_no_end_is_not_healed_over():
    world = converge_world()
    MS(world)
    line = Line(Kill(6, "after"))
    ended = drive(world, Controller(world, "alice").apply(desired(world), line=line))
    assert ended.word == "killed"
    MS(world) if "MS=30000" in world.machines["node02"].files.text(O2CB) else None
    found, _ = heal(world, desired(world, policy=policy()))
    assert (found.outcome, found.attempts) == (None, ())


def test_what_could_not_be_written_is_told_as_failed():
    world = converge_world()
    MS(world)
    machine = world.machines["node02"]
    machine.faults.append(
        Befallen("fails", command="gate write-file", machine=machine, what="full /etc")
    )
    found, _ = heal(world, desired(world, policy=policy()))
    assert [a.result for a in found.attempts] == ["failed"]
    assert found.outcome.result in ("failed", "partial")


def test_a_second_controller_waits_for_who_heals():
    world = converge_world()
    MS(world)
    wanted = desired(world, policy=policy())
    first, second = (
        Controller(world, "watcher", patience=0.0),
        Controller(world, "alice", patience=0.0),
    )

    async def both():

        healing = asyncio.ensure_future(first.heal(wanted))
        applying = asyncio.ensure_future(second.apply(desired(world)))
        return (await healing)[0], await applying

    healed, applied = drive(world, both())
    words = {healed.outcome.result if healed.outcome else None, applied.word}
    assert words & {"converged", "no-change"}
    assert told(drift(world, wanted)) == []


def test_what_was_last_applied_stays_on_record_beside_a_change_that_nobody_applied():
    world = converge_world(Shape(luns=2))
    before = records(world)
    unmounted(world)
    wanted = desired(
        world, policy=policy(), volumes=[volume(world), volume(world, "lun2", "more")]
    )
    found, _ = heal(world, wanted)
    assert found.outcome.result == "converged"
    assert [a.difference for a in found.attempts] == ["ocfs2/node02/mount/images"]
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)
    assert records(world) == before
    assert {item[3] for item in told(drift(world, wanted))} == {"not-applied"}


def test_nothing_more_is_begun_once_the_window_has_closed():
    """What runs comes to its end; the rest is for the next window."""
    world = converge_world()
    for spoil in (MS, disabled, unmounted):
        spoil(world)
    window = {"schedule": "0 12 * * *", "duration": "15s"}
    world.machines["node02"].faults.append(
        Fault("meets", command="gate write-file", then=lambda: world.advance(16))
    )
    found, events = heal(world, desired(world, policy=policy(windows=[window])))
    assert found.outcome.result == "interrupted", found
    assert [d["kind"] for e, d in events if e == "action-started"] == ["write-o2cb-settings"]
    assert mounted(world)["node02"] == ()
