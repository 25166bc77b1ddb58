"""A lease is taken from a run by hand: what becomes of the run, and of what still runs of it."""

import asyncio

import pytest

from reconciler.execution.leases import MEMBER, Seat
from reconciler.execution.operating import Answer, unlock
from reconciler.gate.lease_decision import GARBLED
from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.state import lease_file
from reconciler.hosts.simulator.state.files import File
from reconciler.reports.text import outcome_lines
from tests.clock import drive
from tests.fault_transport import Kill, Line
from tests.runs import MOUNTED, Controller, desired, mounted, witnessed


def at_mount(name):
    return name == "gate mount"


def seats(world):
    return {
        name: (Seat(connect(world, name, "alice"), MEMBER),) for name in sorted(world.machines)
    }


def left(world, kind, phase):
    """A run that died at such a command; its id."""
    line = Line(Kill(1, phase, lambda name: name == kind))
    ended = drive(world, Controller(world).apply(desired(world), line=line))
    assert ended.word == "killed"
    return line


def test_a_dead_run_s_lease_is_freed_and_another_controller_goes_on_at_once():
    world = witnessed(2)
    line = left(world, "gate mount", "before")
    drive(world, line.settle())
    other = Controller(world, "beta", patience=0)
    ended = drive(world, other.apply(desired(world)))
    assert (ended.word, ended.codes) == ("locked", {"lease-held"})
    lines = [line for _style, line in outcome_lines(ended.outcomes, "f.yaml", ())]
    assert "  BLOCKED lease-held  member/node01" in lines
    answers = drive(world, unlock(seats(world), line.run))
    assert answers == (Answer("node01", token=1), Answer("node02", token=1))
    before = world.now
    assert drive(world, other.apply(desired(world))).word == "converged"
    assert world.now - before < 60
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)
    assert world.wrongs() == []


def test_what_still_runs_keeps_its_host_s_lease():
    world = witnessed(2)
    wanted = desired(world)

    async def story():
        line = Line(Kill(1, "during", lambda name: name == "gate format"))
        await Controller(world).apply(wanted, line=line)
        early = await unlock(seats(world), line.run)
        ended = await Controller(world, "beta", patience=0).apply(wanted)
        await line.settle()
        return early, ended, await unlock(seats(world), line.run)

    early, ended, late = drive(world, story())
    (kept,) = [answer for answer in early if answer.code]
    assert kept.code == "lease-busy"
    assert "still works here" in kept.message
    assert ended.word in {"locked", "refused"}
    assert {answer.code for answer in late} == {""}
    assert drive(world, Controller(world, "beta").apply(wanted)).word == "converged"
    assert world.wrongs() == []


@pytest.mark.parametrize("moment", [1.5, 3.0, 6.0, 9.0, 12.0, 15.0])
def test_a_living_run_that_lost_its_lease_by_hand_changes_nothing_more(moment):
    """Also when another run has taken the hosts over and converged meanwhile."""
    world = witnessed(2)
    wanted = desired(world)

    async def story():
        line = Line()
        first = asyncio.create_task(Controller(world).apply(wanted, line=line))
        await asyncio.sleep(moment)
        line.freeze(100)
        await asyncio.sleep(30)
        freed = await unlock(seats(world), line.run)
        second = await Controller(world, "beta", patience=0).apply(wanted)
        return freed, second, await first

    freed, second, first = drive(world, story())
    assert {answer.code for answer in freed} <= {"", "lease-lost"}
    assert second.word in {"converged", "no-change"}
    assert first.word in {"converged", "no-change", "partial", "failed", "refused", "locked"}
    assert mounted(world) == dict.fromkeys(world.machines, MOUNTED)
    assert [lease_file.read(machine).run for machine in world.machines.values()] == ["", ""]
    assert world.wrongs() == []


def test_the_run_that_is_named_loses_its_lease_and_no_other():
    world = witnessed(2)
    line = left(world, "gate mount", "before")
    drive(world, line.settle())
    answers = drive(world, unlock(seats(world), "somebody-else"))
    assert [(a.code, a.message) for a in answers] == [("lease-lost", line.run)] * 2
    assert [lease_file.read(m).run for m in world.machines.values()] == [line.run] * 2


def test_a_host_that_does_not_answer_is_told_and_the_others_are_freed():
    world = witnessed(2)
    line = left(world, "gate mount", "before")
    drive(world, line.settle())
    connect(world, "node01").power_off()
    first, second = drive(world, unlock(seats(world), line.run))
    assert (first.host, first.code, second) == (
        "node01",
        "host-unreachable",
        Answer("node02", token=1),
    )


def test_a_lease_that_was_damaged_after_the_plan_is_displaced_by_nobody_before_it_is_unlocked():
    world = witnessed(2)
    files = world.machines["node01"].files
    line = left(world, "gate mount", "before")
    damaged = files.text(lease_file.PATH)[:40]
    files.keep(lease_file.PATH, File(damaged, "600"))
    world.advance(1000)
    other = Controller(world, "beta", patience=0)
    assert drive(world, other.apply(desired(world))).word in {"refused", "locked"}
    assert files.text(lease_file.PATH) == damaged
    freed, other_host = drive(world, unlock(seats(world), GARBLED))
    assert (freed.code, other_host.code) == ("", "lease-lost")
    assert drive(world, unlock(seats(world), line.run))[1].code == ""
    assert drive(world, other.apply(desired(world))).word == "converged"
    assert world.wrongs() == []
