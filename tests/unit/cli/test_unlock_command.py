"""`unlock` over real SSH: it shows, asks, and frees only what nothing works under."""

import asyncio
import json
import os
import pty
import re

import pytest

from reconciler.gate.lease_decision import Lease
from reconciler.hosts.simulator.state import lease_file
from reconciler.hosts.simulator.state.files import File
from tests.cli_harness import desk

RUN = "20261128T120000Z-abcdef"
HOLDER = json.dumps({"user": "ops", "controller": "elsewhere", "pid": 4711})


def hold(at, *hosts, run=RUN, **more):
    for name in hosts:
        machine = at.world.machines[name]
        fields = {
            "token": 7,
            "run": run,
            "holder": HOLDER,
            "hosts": ("node01", "node02"),
            "boot": machine.running.boot_id,
            "renewed": int(machine.uptime) - 300,
        }
        machine.files.write(lease_file.PATH, File(lease_file.text(Lease(**(fields | more)))))


def runs(at):
    """Whose lease stands on each host; nobody's whose run cannot begin anything more."""
    held = {name: lease_file.read(machine) for name, machine in at.world.machines.items()}
    return {name: "" if one.sealed else one.run for name, one in held.items()}


def works(at, host, name="gate grow-fs"):
    """A command of the run has not ended there."""
    machine = at.world.machines[host]
    machine.busy.append((-1, name))
    machine.running.works[-1] = lease_file.MEMBER


FREE = {"node01": "", "node02": ""}
HELD = {"node01": RUN, "node02": RUN}


async def test_without_a_terminal_it_is_shown_and_the_command_that_frees_it(tmp_path):
    async with desk(tmp_path) as at:
        hold(at, "node01", "node02")
        hold(at, "node02", step=3, action="images grow-fs", began="an earlier one")
        code, out, err = await at.run("unlock", RUN, at.file)
        assert code == 3
        # The world's clock follows the real one: a slow machine makes it a little more.
        assert re.search(rf"run {RUN} of ops@elsewhere pid 4711, renewed [0-9]+ s ago", out)
        assert "  node01: began nothing; runs nothing\n" in out
        assert (
            "  node02: began images grow-fs before it booted: whether that was done is unknown; "
            "runs nothing\n"
        ) in out
        assert f"to free exactly this: reconcile unlock {RUN} {at.file} --yes\n" in err
        assert runs(at) == HELD
        code, out, err = await at.run("unlock", RUN, at.file, "--yes")
        assert (code, err) == (0, "")
        assert out.endswith("freed on node01, node02\n")
        assert runs(at) == FREE
        code, out, _err = await at.run("unlock", RUN, at.file, "--yes")
        assert code == 3  # all of them were asked: it has no lease any more


async def test_where_something_still_runs_nothing_is_freed_anywhere(tmp_path):
    async with desk(tmp_path) as at:
        hold(at, "node01", "node02")
        works(at, "node02")
        code, out, err = await at.run("unlock", RUN, at.file, "--yes")
        assert code == 3
        assert "  node02: began nothing; still runs 1000 gate grow-fs\n" in out
        assert err.startswith("node02: not freed: lease-busy: still runs 1000 gate grow-fs")
        assert runs(at) == HELD
        code, out, _err = await at.run("unlock", RUN, at.file, "--yes", "--format", "json")
        document = json.loads(out)
        assert (code, document["exit_code"]) == (3, 3)
        assert [item["running"] for item in document["held"]] == [None, "1000 gate grow-fs"]
        assert [(h["host"], h["code"]) for h in document["hosts"]] == [("node02", "lease-busy")]


async def test_an_unknown_run_is_refused_with_what_there_is(tmp_path):
    async with desk(tmp_path) as at:
        code, _out, err = await at.run("unlock", RUN, at.file, "--yes")
        assert (code, "no run holds one" in err) == (3, True)
        hold(at, "node01", run="r2")
        code, _out, err = await at.run("unlock", RUN, at.file, "--yes")
        assert code == 3
        assert f"no host of {at.file} has a lease of run {RUN}: " in err
        assert "there is run r2 of ops@elsewhere pid 4711 on node01\n" in err
        assert runs(at) == {"node01": "r2", "node02": ""}
        at.world.machines["node02"].refusal = "host-unreachable"
        code, _out, err = await at.run("unlock", RUN, at.file, "--yes")
        assert (code, "that could be asked has a lease" in err) == (3, True)
        assert "on node01; not asked: node02\n" in err
        code, _out, err = await at.run("unlock", "a b", at.file, "--yes")
        assert (code, "is no run's id" in err) == (64, True)


async def test_a_host_of_the_run_that_is_off_for_good_is_named_and_then_it_is_forgotten(
    tmp_path,
):
    async with desk(tmp_path) as at:
        hold(at, "node01", "node02")
        at.world.machines["node02"].refusal = "host-unreachable"
        code, _out, _err = await at.run("unlock", RUN, at.file, "--yes")
        assert (code, lease_file.read(at.world.machines["node01"]).run) == (4, RUN)
        words = ("unlock", RUN, at.file, "--yes", "--gone", "node02")
        code, _out, err = await at.run(*words)
        assert code == 0, err
        assert lease_file.read(at.world.machines["node01"]).run == ""


async def test_it_is_only_partly_done_while_a_host_of_the_run_was_not_asked(tmp_path):
    async with desk(tmp_path) as at:
        hold(at, "node01", "node02")
        at.world.machines["node02"].refusal = "host-unreachable"
        code, out, err = await at.run("unlock", RUN, at.file, "--yes")
        assert (code, "freed on node01\n" in out) == (4, True)
        assert "node02: host-unreachable: " in err
        assert "it may have a lease of that run, too" in err
        at.world.machines["node02"].refusal = ""
        hold(at, "node02", hosts=("node02", "node09", "san01:ocfs2"))
        code, _out, err = await at.run("unlock", RUN, at.file, "--yes", "-q")
        assert code == 4
        assert f"it also took node09, san01, which {at.file} does not name" in err


async def test_a_lease_that_cannot_be_read_is_asked_for_by_its_host(tmp_path):
    async with desk(tmp_path) as at:
        hold(at, "node01", "node02")
        at.world.machines["node02"].broken["leases"] = "the lease file is garbled"
        code, out, err = await at.run("unlock", RUN, at.file, "--yes")
        assert (code, "freed on node01, node02\n" in out) == (0, True)
        assert "node02: its lease could not be read: the lease file is garbled" in err
        assert runs(at) == FREE
        hold(at, "node01")
        hold(at, "node02", run="r2")
        assert (await at.run("unlock", RUN, at.file, "--yes"))[0] == 0
        assert runs(at) == {"node01": "", "node02": "r2"}
        code, _out, err = await at.run("unlock", "garbled", at.file, "--yes")
        assert (code, "node02: not freed: lease-lost: r2" in err) == (3, True)


@pytest.mark.parametrize(("typed", "code", "then"), [(RUN, 0, FREE), ("yes\n", 3, HELD)])
async def test_on_a_terminal_the_run_s_id_is_typed(tmp_path, typed, code, then):
    async with desk(tmp_path) as at:
        hold(at, "node01", "node02", renewed=10**9)
        ours, theirs = pty.openpty()
        process = await at.start("unlock", RUN, at.file, stdin=theirs, stderr=theirs)
        os.close(theirs)
        os.write(ours, f"{typed}\n".encode())
        said = await asyncio.to_thread(drained, ours)
        await process.communicate()
        assert f"Type the run's id ({RUN}) to free its lease" in said
        assert "If its controller is alive, it is stopped" in said
        assert (process.returncode, runs(at)) == (code, then)


def drained(terminal):
    """All that is said on a terminal until nobody has it open any more."""
    said = b""
    try:
        while more := os.read(terminal, 4096):
            said += more
    except OSError:
        pass
    os.close(terminal)
    return said.decode()
