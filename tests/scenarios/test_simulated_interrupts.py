"""Ctrl-C once starts nothing more; twice leaves the run to the hosts."""

import asyncio

import pytest

from tests.clock import drive
from tests.fault_transport import Line
from tests.runs import Controller, desired, witnessed


def interrupted(world, moment, *, twice):
    """A run, stopped at a moment; how it ended, and how many commands it had sent then."""

    async def story():
        line = Line()
        run = asyncio.create_task(Controller(world).apply(desired(world), line=line))
        await asyncio.sleep(moment)
        sent = len(line.log)
        line.stop.set()
        if twice:
            line.detach()
            with pytest.raises(asyncio.CancelledError):
                await run
            await asyncio.sleep(0)
            return None, line.log[sent:]
        return await run, line.log[sent:]

    return drive(world, story())


@pytest.mark.parametrize("moment", [3.0, 6.0, 12.0, 16.0, 20.0])
def test_after_the_first_ctrl_c_nothing_starts_and_what_runs_is_proven(moment):
    world = witnessed(2)
    ended, _ = interrupted(world, moment, twice=False)
    (outcome,) = ended.outcomes
    assert (ended.word, outcome.result, ended.failures) == ("interrupted", "interrupted", {})
    states = {action.status for action in outcome.actions}
    assert states == {"done", "not-started"}
    done = [action.action for action in outcome.actions if action.status == "done"]
    assert sorted(ended.started) == sorted(done)
    assert drive(world, Controller(world).apply(desired(world))).word == "converged"
    assert world.wrongs() == []


@pytest.mark.parametrize("moment", [3.0, 6.0, 12.0, 16.0, 20.0])
def test_after_the_second_ctrl_c_no_command_is_sent_that_changes_a_host(moment):
    world = witnessed(2)
    _, sent = interrupted(world, moment, twice=True)
    reading = ("probe", "gate lease-")
    assert [name for _, name in sent if not name.startswith(reading)] == []
    assert world.wrongs() == []
