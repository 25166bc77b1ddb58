"""Running commands over a real SSH connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncssh
import pytest

from reconciler.hosts.ssh import MAY_HAVE_RUN, remote_command
from reconciler.hosts.ssh.remote_command import MOST_OUTPUT
from reconciler.model.plan import Command
from reconciler.model.refusals import host_remedy
from tests.unit.hosts.ssh_server import Lab, Process, Server, refusal, script

if TYPE_CHECKING:
    pass


async def test_returns_status_and_both_streams(lab: Lab, server: Server) -> None:
    done = await lab.host(server).run(script("echo out; echo err >&2; exit 3"))
    assert (done.status, done.stdout, done.stderr) == (3, "out\n", "err\n")
    assert 0 < done.seconds < 20


async def test_every_word_arrives_as_it_was(lab: Lab, server: Server) -> None:
    words = ("", "a b", "it's", '"$HOME"', "`id`", "new\nline", "; exit 9", "*", "ä\t\\")
    done = await lab.host(server).run(script(r'printf "%s\0" "$@"', *words))
    assert tuple(done.stdout.split("\0")[:-1]) == words


async def test_sends_the_input_and_its_end(lab: Lab, server: Server) -> None:
    text = "zwölf\n" * 100_000
    done = await lab.host(server).run(script("wc -c", stdin=text))
    assert done.stdout.strip() == str(len(text.encode()))


async def test_a_command_need_not_read_its_input(lab: Lab, server: Server) -> None:
    done = await lab.host(server).run(script("exit 0", stdin="x" * 4_000_000))
    assert done.status == 0


async def test_bytes_that_are_no_utf8_are_replaced(lab: Lab, server: Server) -> None:
    done = await lab.host(server).run(script(r"printf 'a\377b'; printf '\377' >&2"))
    assert (done.stdout, done.stderr) == ("a\ufffdb", "\ufffd")


async def test_a_signal_counts_as_in_a_shell(lab: Lab, server: Server) -> None:
    async def die(process: Process) -> None:
        process.exit_with_signal("TERM")

    server.replies["die"] = die
    assert (await lab.host(server).run(Command(("die",)))).status == 143


async def test_exactly_the_limit_of_output_is_fine(lab: Lab, server: Server) -> None:
    done = await lab.host(server).run(script('head -c "$1" /dev/zero', str(MOST_OUTPUT)))
    assert len(done.stdout) == MOST_OUTPUT


@pytest.mark.parametrize("redirect", ["", ">&2"])
async def test_endless_output_is_cut_off(lab: Lab, server: Server, redirect: str) -> None:
    host = lab.host(server)
    error = await refusal(host, script(f"cat /dev/zero {redirect}"))
    assert error.code == "output-too-large"
    assert error.code in MAY_HAVE_RUN
    assert (await host.run(script("echo on"))).stdout == "on\n"
    assert len(server.users) == 1


async def test_a_command_without_end_is_given_up(lab: Lab, server: Server) -> None:
    left = asyncio.Event()

    async def stay(process: Process) -> None:
        await process.wait_closed()
        left.set()

    server.replies["stay 'a b'"] = stay
    host = lab.host(server)
    async with asyncio.timeout(10):
        error = await refusal(host, Command(("stay", "a b"), timeout=0.2))
        await left.wait()
    assert error.code == "command-timeout"
    assert error.code in MAY_HAVE_RUN
    assert error.message == "`stay 'a b'` did not end within 0.2 s and may still be running"
    assert (await host.run(script("echo on"))).stdout == "on\n"


async def test_a_lost_connection_is_not_retried(lab: Lab, server: Server) -> None:
    async def cut(process: Process) -> None:
        process.channel.get_connection().abort()

    server.replies["cut"] = cut
    error = await refusal(lab.host(server), Command(("cut",)))
    assert error.code == "connection-lost"
    assert error.code in MAY_HAVE_RUN
    assert server.commands == ["cut"]


async def test_an_end_without_status_is_unknown(lab: Lab, server: Server) -> None:
    async def leave(process: Process) -> None:
        process.channel.close()

    server.replies["leave"] = leave
    assert (await refusal(lab.host(server), Command(("leave",)))).code == "connection-lost"


async def test_connects_again_if_the_connection_was_lost_before(
    lab: Lab, server: Server
) -> None:
    host = lab.host(server)
    await host.run(script("echo 1"))
    server.connections[0].abort()
    assert (await host.run(script("echo 2"))).stdout == "2\n"
    assert len(server.commands) == len(server.users) == 2


async def test_a_server_without_sessions_ran_nothing(lab: Lab, server: Server) -> None:
    server.no_shell(session=False)
    error = await refusal(lab.host(server), Command(("true",)))
    assert (error.code, len(server.users)) == ("host-unreachable", 1)


async def test_a_server_that_runs_no_commands_refuses(lab: Lab, server: Server) -> None:
    server.no_shell(session=asyncssh.SSHServerSession())
    error = await refusal(lab.host(server), Command(("true",)))
    assert error.code == "login-refused"


async def test_a_session_that_never_opens_ran_nothing(lab: Lab, server: Server) -> None:
    asked = asyncio.get_running_loop().create_future()
    server.no_shell(session=asked)
    error = await refusal(lab.host(server), Command(("true",), timeout=0.2))
    asked.set_result(False)
    assert error.code == "host-unreachable"
    assert error.message == "no session: no answer within 0.2 s"


async def test_many_commands_share_one_connection(lab: Lab, server: Server) -> None:
    host = lab.host(server)
    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(host.run(script(f"echo {n}"))) for n in range(8)]
    assert [run.result().stdout for run in runs] == [f"{n}\n" for n in range(8)]
    await host.run(script("echo last"))
    assert (len(server.commands), len(server.users)) == (9, 1)


async def test_nothing_of_the_user_s_environment_travels(
    lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    lab.ssh_config("SendEnv TOKEN\nSetEnv A=b\nRemoteCommand date\nRequestTTY force\n")
    assert (await lab.host(server).run(script("tty"))).stdout == "not a tty\n"
    assert server.environments == [{"LC_ALL": "C"}]
    assert server.ciphers == ["aes128-gcm@openssh.com"]


async def test_runs_as_root_when_sudo_lets_it(lab: Lab, server: Server) -> None:
    server.program("sudo", '[ "$1 $2" = "-n --" ] || exit 9; shift 2; exec "$@"')
    done = await lab.host(server, sudo=True).run(script('echo "$1"', "it's"))
    assert (done.status, done.stdout) == (0, "it's\n")


@pytest.mark.parametrize(
    "words",
    [
        "sudo: a password is required",
        "sudo: a terminal is required to read the password; either use the -S option",
        "sudo: sorry, you must have a tty to run sudo",
        "sudo: no tty present and no askpass program specified",
        "Sorry, user op is not allowed to execute '/bin/sh' as root on node01.",
        "Sorry, user op may not run sudo on node01.",
        "op is not in the sudoers file.",
        "sudo-rs: interactive authentication is required",
        "sh: 1: sudo: not found",
        "bash: sudo: command not found",
    ],
)
async def test_says_that_sudo_refused(lab: Lab, server: Server, words: str) -> None:
    server.program(
        "sudo", f'echo "sudo: unable to resolve host x" >&2; echo "{words}" >&2; exit 1'
    )
    error = await refusal(lab.host(server, sudo=True), script("true"))
    assert error.code == "sudo-refused"
    assert words in error.message
    assert "reconcile sudoers" in host_remedy("node01", error.code)


async def test_a_failing_command_is_not_taken_for_sudo(lab: Lab, server: Server) -> None:
    server.program("sudo", 'shift 2; exec "$@"')
    done = await lab.host(server, sudo=True).run(
        script("echo password is required >&2; exit 1")
    )
    assert done.status == 1


async def test_closing_never_fails(lab: Lab, server: Server) -> None:
    host = lab.host(server)
    await host.close()
    await host.run(script("true"))
    await server.stop()
    await host.close()
    await host.close()


class Silent:
    """A server that has gone without a word: what is sent to it arrives nowhere."""

    def __init__(self, server: Server) -> None:
        for connection in server.connections:
            connection._transport.pause_reading()  # type: ignore[attr-defined]


async def test_a_connection_that_died_without_a_word_is_opened_again(
    lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_command, "OPENING", 0.2)
    host = lab.host(server)
    await host.run(script("echo before"))
    Silent(server)
    assert (await host.run(script("echo after"))).stdout == "after\n"
    assert len(server.users) == 2


async def test_a_connection_over_which_a_command_runs_is_not_given_up(
    lab: Lab, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_command, "OPENING", 0.2)
    began, host = asyncio.Event(), lab.host(server)

    async def stay(process: Process) -> None:
        began.set()
        await process.stdin.read(1)
        process.exit(0)

    server.replies["stay"] = stay
    running = asyncio.create_task(host.run(Command(("stay",), timeout=30.0)))
    await began.wait()
    Silent(server)
    error = await refusal(host, script("echo on"))
    assert (error.code, "no session" in error.message) == ("host-unreachable", True)
    for connection in server.connections:
        connection._transport.resume_reading()  # type: ignore[attr-defined]
    assert (await running).status == 0
    assert len(server.users) == 1
