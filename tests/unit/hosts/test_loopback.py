import asyncio
import shlex
from pathlib import Path

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import HostUnreachable
from reconciler.hosts.loopback import real_pace, serve_hosts, words
from reconciler.hosts.simulator import Fault, connect
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.hosts.ssh import SshHost, SshSettings, SshShared
from reconciler.model.plan import Command
from tests.hands import Hands
from tests.unit.hosts.simulator.lab import CONF, kinds, probe, write

# Seconds: what the world lets pass for a look, and what its milliseconds leave out.
PROBED, ROUNDING = 0.5, 0.005


def log_in(addresses, name="node01", user="root"):
    return asyncssh.connect(
        addresses.host,
        addresses.ports[name],
        username=user,
        config=None,
        agent_path=None,
        client_keys=[str(addresses.identity)],
        known_hosts=str(addresses.known_hosts),
    )


def stdin(text):
    """asyncssh ends an input only if there is some."""
    return {"input": text} if text else {"stdin": asyncssh.DEVNULL}


async def run(addresses, command, user="root", name="node01"):
    line = shlex.join(command.argv)
    line = line if user == "root" else f"sudo -n -- {line}"
    async with log_in(addresses, name, user) as connection:
        done = await connection.run(line, **stdin(command.stdin))
    return done.exit_status, done.stdout, done.stderr


async def test_every_host_answers_at_its_own_port_of_loopback(tmp_path):
    world = bare_cluster(3)
    async with serve_hosts(world, tmp_path) as addresses:
        answers = [await run(addresses, probe(), name=name) for name in world.machines]
        told = [
            [line for line in text.splitlines() if "hostname" in line] for _, text, _ in answers
        ]
        assert told == [["hostname\tnode01"], ["hostname\tnode02"], ["hostname\tnode03"]]
        assert (addresses.host, len(set(addresses.ports.values()))) == ("127.0.0.1", 3)


async def test_stdin_streams_and_status_are_the_commands(tmp_path):
    world = bare_cluster(1)
    async with serve_hosts(world, tmp_path) as addresses:
        written = await run(addresses, await may(world, write(CONF, None, "größer\n")))
        refused = await run(addresses, await may(world, write(CONF, None, "x\n")))
    assert written == (0, f"ok written {CONF}\n", "")
    assert world.machines["node01"].files.text(CONF) == "größer\n"
    assert (refused[:2], refused[2].split(": ")[:2]) == ((75, ""), ["gate", "changed-since"])


async def test_a_user_who_is_not_root_needs_sudo(tmp_path):
    world = bare_cluster(1)
    async with serve_hosts(world, tmp_path) as addresses:
        assert (await run(addresses, probe(), user="ops"))[0] == 0
        async with log_in(addresses, user="ops") as connection:
            done = await connection.run("modprobe ocfs2", **stdin(""))
            assert (done.exit_status, done.stderr) == (1, "this command is for root\n")
        world.machines["node01"].refusal = "sudo-refused"
        refused = (1, "", "sudo: a password is required\n")
        assert await run(addresses, probe(), user="ops") == refused


async def test_a_strangers_key_is_refused(tmp_path):
    async with serve_hosts(bare_cluster(1), tmp_path) as addresses:
        addresses.identity.write_bytes(
            asyncssh.generate_private_key("ssh-ed25519").export_private_key()
        )
        with pytest.raises(asyncssh.PermissionDenied):
            await run(addresses, probe())


async def test_a_host_that_is_off_or_unreachable_answers_nobody(tmp_path):
    world = bare_cluster(1)
    async with serve_hosts(world, tmp_path) as addresses:
        world.machines["node01"].refusal = "host-unreachable"
        with pytest.raises((asyncssh.Error, OSError)):
            await run(addresses, probe())
        world.machines["node01"].refusal = ""
        connect(world, "node01").power_off()
        with pytest.raises((asyncssh.Error, OSError)):
            await run(addresses, probe())
        connect(world, "node01").power_on()
        assert (await run(addresses, probe()))[0] == 0


async def test_a_changed_host_key_is_another_key(tmp_path):
    world = bare_cluster(1)
    async with serve_hosts(world, tmp_path) as addresses:
        world.machines["node01"].refusal = "host-key-changed"
        with pytest.raises(asyncssh.HostKeyNotVerifiable):
            await run(addresses, probe())


@pytest.mark.parametrize(("phase", "written"), [("before", False), ("after", True)])
async def test_a_lost_connection_ends_without_a_status(tmp_path, phase, written):
    world = bare_cluster(1)
    write_it = await may(world, write(CONF, None, "x\n"))
    world.machines["node01"].faults.append(Fault("lost", phase))
    async with serve_hosts(world, tmp_path) as addresses:
        assert await run(addresses, write_it) == (None, "", "")
    assert (CONF in world.machines["node01"].files.by_path) is written


async def may(world, command):
    """The command as somebody who has the host's lease."""
    return await Hands().permitted(connect(world, "node01"), command)


def names(world):
    return [name for _, name in world.machines["node01"].busy]


async def test_a_command_goes_on_when_its_connection_ends(tmp_path):
    world = bare_cluster(1)
    started, ended = asyncio.Event(), asyncio.Event()

    async def long_way(_seconds):
        started.set()
        await ended.wait()

    world.pace = long_way
    async with serve_hosts(world, tmp_path) as addresses:
        async with log_in(addresses) as connection:
            process = await connection.create_process("modprobe ocfs2")
            process.stdin.write_eof()
            await started.wait()
        assert names(world) == ["modprobe ocfs2"]
        ended.set()
        answer = await run(addresses, probe())
        assert answer[1].count("loaded\tocfs2\n") == 1
        assert (names(world), kinds(world)) == ([], [])


@pytest.mark.parametrize("line", ["rm -rf /", "reboot; modprobe ocfs2", "sh -c 'unfinished"])
async def test_an_unknown_command_is_noted_as_a_violation(tmp_path, line):
    world = bare_cluster(1)
    async with serve_hosts(world, tmp_path) as addresses, log_in(addresses) as connection:
        assert (await connection.run(line, **stdin(""))).exit_status == 127
    assert kinds(world) == ["unknown-command"]


async def test_there_is_no_shell(tmp_path):
    async with (
        serve_hosts(bare_cluster(1), tmp_path) as addresses,
        log_in(addresses) as connection,
    ):
        done = await connection.run(**stdin(""))
        assert (done.exit_status, done.stderr) == (1, "this host has no shell\n")


async def test_the_worlds_clock_goes_on_with_the_real_one(tmp_path):
    world, real = bare_cluster(1), asyncio.get_running_loop().time
    async with serve_hosts(world, tmp_path) as addresses:
        began = real()
        await run(addresses, probe())
        passed = real() - began
        await run(addresses, probe())
    assert world.now > passed + 2 * PROBED - ROUNDING


def local_sockets():
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A"]


async def test_keys_are_private_and_only_loopback_listens(tmp_path):
    async with serve_hosts(bare_cluster(1), tmp_path) as addresses:
        assert addresses.identity.stat().st_mode & 0o777 == 0o600
        listening = f"{addresses.ports['node01']:04X}"
        assert [line.split(":")[0] for line in local_sockets() if line.endswith(listening)] == [
            "0100007F"
        ]
    with pytest.raises(OSError, match="onnect"):
        await asyncio.open_connection(addresses.host, addresses.ports["node01"])


async def test_the_end_closes_what_is_still_open(tmp_path):
    world = bare_cluster(1)
    started, never = asyncio.Event(), asyncio.Event()

    async def for_ever(_seconds):
        started.set()
        await never.wait()

    world.pace = for_ever
    async with serve_hosts(world, tmp_path) as addresses:
        connection = await log_in(addresses)
        await connection.create_process("modprobe ocfs2", stdin=asyncssh.DEVNULL)
        await started.wait()
    async with asyncio.timeout(10):
        await connection.wait_closed()
    assert world.machines["node01"].busy == []


async def test_the_products_own_transport_reaches_a_simulated_host(tmp_path):
    world = bare_cluster(1)
    async with serve_hosts(world, tmp_path) as addresses:
        settings = SshSettings(
            host=addresses.host,
            user="ops",
            sudo=True,
            port=addresses.ports["node01"],
            identity=str(addresses.identity),
            known_hosts=str(addresses.known_hosts),
        )
        host = SshHost("node01", settings, SshShared(None))
        done = await host.run(Command(("modprobe", "ocfs2")))
        world.machines["node01"].refusal = "sudo-refused"
        with pytest.raises(HostUnreachable) as caught:
            await host.run(probe())
        await host.close()
    assert (done.status, caught.value.code) == (0, "sudo-refused")


LETTERS = st.text("ab '\"\\\n\u00a0#;")


def split(splitting, line):
    """The words, or None where a quotation does not end."""
    try:
        return splitting(line)
    except ValueError:
        return None


@given(LETTERS)
def test_a_line_is_split_as_a_shell_splits_it(line):
    assert split(words, line) == split(shlex.split, line)


@given(st.lists(LETTERS))
def test_words_arrive_as_they_were_sent(sent):
    assert words(shlex.join(sent)) == sent


async def test_commands_that_take_their_time_leave_both_clocks_together(tmp_path):
    world = bare_cluster(1)
    follow, moment = real_pace(world), asyncio.get_running_loop().time
    world.advance(100.0)
    assert world.now == 100.0  # nobody looks yet, so no time is lost
    async with serve_hosts(world, tmp_path, follow) as addresses:
        follow()
        ahead = world.now - moment()
        for _ in range(2):
            await run(addresses, probe())
        follow()
        assert world.now - moment() == pytest.approx(ahead, abs=ROUNDING)
