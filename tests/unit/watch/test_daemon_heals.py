"""The daemon heals, behind simulated hosts and real SSH: what the policy allows, and never half."""

import asyncio
import json
import os
import signal
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from reconciler.hosts.simulator.mishaps import MISHAPS
from reconciler.hosts.simulator.state.faults import Fault
from tests.unit.watch.daemons import converged, gone, watching

POLICY = {"mode": "heal", "heal": ["files", "boot", "mounts"]}


@asynccontextmanager
async def healed_by(tmp_path, policy):
    """A daemon by a policy, before which a volume is not mounted on node02."""
    async with converged(tmp_path) as at:
        at.document["clusters"][0]["policy"] = policy
        MISHAPS["umount"].happens(at.world.machines["node02"])
        async with watching(at) as daemon:
            yield at, daemon


def healers_of(daemon):
    return [
        pid for pid in daemon.children if Path(f"/proc/{pid}/comm").read_text() == "healer\n"
    ]


def paths(at):
    return [mount.path for mount in at.world.machines["node02"].running.mounts]


class Hanging(Fault):
    """From its command on no host ends anything, until it is let go."""

    def __init__(self, at, command):
        super().__init__("fails", command=command)
        self.world, self.pace = at.world, at.world.pace
        self.begun, self.free = asyncio.Event(), asyncio.Event()

    def due(self, name):
        if super().due(name):
            self.world.pace = self.hang
        return False

    async def hang(self, _seconds):
        self.begun.set()
        await self.free.wait()

    def release(self):
        self.world.pace = self.pace
        self.free.set()


async def test_what_the_policy_names_is_healed_within_a_round_and_told_once(tmp_path):
    async with healed_by(tmp_path, POLICY) as (at, daemon):
        began = await daemon.until("healing")
        assert "/srv/images" in began["actions"]
        ended = await daemon.until("healed")
        assert (ended["result"], ended["healing_run"]) == ("converged", began["healing_run"])
        await daemon.until("drift-gone", host="node02")
        assert paths(at) == ["/srv/images"]
        assert (await daemon.look())["drift"] == 0
        assert await daemon.end() == 0
        assert len(daemon.told("healing")) == 1
        code, out, _err = await at.run("show", began["healing_run"], "--format", "json")
        assert code == 0
        started, *_rest, ended = json.loads(out)["lines"]
        assert (started["healing"], ended["result"]) == (True, "converged")
        assert " healing " in (await at.run("history"))[1].splitlines()[1]
        assert (await at.run("drift", at.file))[0] == 0


@pytest.mark.parametrize(
    "policy", [{}, {**POLICY, "heal": ["boot"]}, {**POLICY, "mode": "report"}]
)
async def test_what_the_policy_does_not_name_is_left_and_told(tmp_path, policy):
    async with healed_by(tmp_path, policy) as (at, daemon):
        await daemon.until("drift-found", host="node02")
        assert (await daemon.look())["drift"] == 1
        assert await daemon.end() == 0
        assert daemon.told("healing") == []
        assert paths(at) == []


async def test_what_failed_twice_stops_says_so_and_goes_on_once_somebody_applied(tmp_path):
    async with converged(tmp_path) as at:
        at.document["clusters"][0]["policy"] = POLICY
        machine = at.world.machines["node02"]
        MISHAPS["umount"].happens(machine)
        machine.faults += [Fault("fails", command="gate mount", at=place) for place in (1, 2)]
        async with watching(at) as daemon:
            first = await daemon.until("not-healed")
            assert first["result"] in {"failed", "partial"}
            await daemon.until("not-healed")
            stopped = await daemon.until("condition", kind="Healing", reason="FailedTwice")
            assert "failed twice" in stopped["message"]
            assert stopped["level"] == "warning"
            await daemon.look()
            assert await daemon.end() == 0
            assert len(daemon.told("healing")) == 2
        async with watching(at) as daemon:
            await daemon.until("watching")
            await daemon.look()
            assert daemon.told("healing") == []
            code, out, err = await at.run("apply", at.file, "--auto-approve")
            assert code == 0, out + err
            MISHAPS["umount"].happens(machine)
            await daemon.look()
            await daemon.until("healed", result="converged")
            assert paths(at) == ["/srv/images"]
            assert await daemon.end() == 0


async def test_what_comes_again_three_times_stops_and_says_so(tmp_path):
    async with healed_by(tmp_path, POLICY) as (at, daemon):
        for _ in range(3):
            await daemon.until("healed", result="converged")
            await daemon.until("round-ended", drift=0)
            MISHAPS["umount"].happens(at.world.machines["node02"])
            await daemon.look()
        flaps = await daemon.until("condition", kind="Healing", reason="Flapping")
        assert "3 times within an hour" in flaps["message"]
        await daemon.look()
        assert await daemon.end() == 0
        assert len(daemon.told("healing")) == 3
        assert paths(at) == []


async def test_sigterm_lets_what_runs_end_and_its_result_counts(tmp_path):
    async with converged(tmp_path) as at:
        at.document["clusters"][0]["policy"] = POLICY
        MISHAPS["umount"].happens(at.world.machines["node02"])
        hanging = Hanging(at, "gate mount")
        at.world.machines["node02"].faults.append(hanging)
        async with watching(at) as daemon:
            await hanging.begun.wait()
            daemon.process.send_signal(signal.SIGTERM)
            await daemon.until("stopping")
            hanging.release()
            assert await daemon.process.wait() == 0
        assert paths(at) == ["/srv/images"]


async def test_a_file_that_changes_meanwhile_ends_the_healing_before_its_next_step(tmp_path):
    async with converged(tmp_path) as at:
        at.document["clusters"][0]["policy"] = POLICY
        for mishap in ("umount", "fstab"):
            MISHAPS[mishap].happens(at.world.machines["node02"])
        hanging = Hanging(at, "gate mount")
        at.world.machines["node02"].faults.append(hanging)
        async with watching(at) as daemon:
            await hanging.begun.wait()
            at.document["clusters"][0]["policy"] = {**POLICY, "mode": "report"}
            assert at.file  # is written
            await daemon.until("healing-halted")
            hanging.release()
            ended = await daemon.until("not-healed")
            assert ended["result"] == "interrupted"
            await daemon.until("round-ended", drift=2)
            assert await daemon.end() == 0
            assert len(daemon.told("healing")) == 1
        assert paths(at) == ["/srv/images"]


async def test_a_healing_killed_twice_has_failed_twice(tmp_path):
    """Whoever kills it: what it had begun is in its record."""
    async with converged(tmp_path) as at:
        at.document["clusters"][0]["policy"] = POLICY
        machine = at.world.machines["node02"]
        async with watching(at) as daemon:
            await daemon.until("round-ended")
            for _ in range(2):
                MISHAPS["umount"].happens(machine)
                hanging = Hanging(at, "gate mount")
                machine.faults.append(hanging)
                await daemon.look()
                await hanging.begun.wait()
                for pid in healers_of(daemon):
                    os.kill(pid, signal.SIGKILL)
                await daemon.until("not-healed")
                hanging.release()
                while (await daemon.look())["drift"]:
                    pass
            MISHAPS["umount"].happens(machine)
            daemon.process.send_signal(signal.SIGUSR1)
            stopped = await daemon.until("condition", kind="Healing", reason="FailedTwice")
            assert "failed twice" in stopped["message"]
            assert await daemon.end() == 0


@pytest.mark.parametrize("also_the_healer", [False, True])
async def test_a_daemon_killed_while_it_heals_leaves_nothing_half_done(
    tmp_path, also_the_healer
):
    async with converged(tmp_path) as at:
        at.document["clusters"][0]["policy"] = POLICY
        for mishap in ("umount", "fstab"):
            MISHAPS[mishap].happens(at.world.machines["node02"])
        hanging = Hanging(at, "gate mount")
        at.world.machines["node02"].faults.append(hanging)
        async with watching(at) as daemon:
            await hanging.begun.wait()
            children = daemon.children
            daemon.process.kill()
            await gone(daemon.process.pid)  # its log is open as long as the healer lives
            if also_the_healer:
                for pid in children:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            hanging.release()
            await gone(*children)
        async with watching(at) as daemon:
            await daemon.until("watching")
            await daemon.look()
            while (await daemon.look())["drift"]:
                pass
            assert await daemon.end() == 0
        assert paths(at) == ["/srv/images"]
        assert (await at.run("drift", at.file))[0] == 0
