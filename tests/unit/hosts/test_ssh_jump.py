"""Hosts behind a jump host."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import HostUnreachable
from reconciler.hosts.ssh import SshHost, SshSettings
from reconciler.model.plan import Command
from tests.unit.hosts.ssh_server import LOOPBACK, Lab, Server, new_key

if TYPE_CHECKING:
    pass

TRUE = Command(("true",))


@pytest.fixture
async def bastion(lab: Lab) -> Server:
    return await lab.serve()


@pytest.fixture
async def server(lab: Lab, bastion: Server) -> Server:
    made = await lab.serve()
    lab.trust(bastion.line(), made.line())
    return made


def jump(*bastions: Server) -> str:
    return ",".join(f"guard@{LOOPBACK}:{bastion.port}" for bastion in bastions)


async def refusal(host: SshHost) -> HostUnreachable:
    with pytest.raises(HostUnreachable) as caught:
        await host.run(TRUE)
    return caught.value


async def test_goes_through_the_jump_host(lab: Lab, bastion: Server, server: Server) -> None:
    assert (await lab.host(server, jump=jump(bastion)).run(TRUE)).status == 0
    assert (bastion.users, server.users) == (["guard"], ["root"])
    assert bastion.tunnels == [(LOOPBACK, server.port)]
    assert (bastion.commands, server.commands) == ([], ["true"])


async def test_all_hosts_share_one_connection_to_it(
    lab: Lab, bastion: Server, server: Server
) -> None:
    others = [await lab.serve() for _ in range(3)]
    lab.trust(*(known.line() for known in lab.servers))
    hosts = [lab.host(each, jump=jump(bastion)) for each in (server, *others)]
    async with asyncio.TaskGroup() as group:
        for host in hosts:
            group.create_task(host.run(TRUE))
    assert bastion.users == ["guard"]
    assert len(bastion.tunnels) == 4


async def test_goes_through_several_in_turn(lab: Lab, bastion: Server, server: Server) -> None:
    second = await lab.serve()
    lab.trust(*(known.line() for known in lab.servers))
    assert (await lab.host(server, jump=jump(bastion, second)).run(TRUE)).status == 0
    assert bastion.tunnels == [(LOOPBACK, second.port)]
    assert second.tunnels == [(LOOPBACK, server.port)]


async def test_the_ssh_config_s_jump_host(lab: Lab, bastion: Server, server: Server) -> None:
    lab.ssh_config(
        f"Host bastion\n  HostName {LOOPBACK}\n  Port {bastion.port}\n  User guard\n"
        "Host *\n  ProxyJump bastion\n"
    )
    assert (await lab.host(server).run(TRUE)).status == 0
    assert bastion.tunnels == [(LOOPBACK, server.port)]


async def test_no_jump_although_ssh_config_has_one(
    lab: Lab, bastion: Server, server: Server
) -> None:
    lab.ssh_config(f"ProxyJump {jump(bastion)}\n")
    assert (await lab.host(server, jump="none").run(TRUE)).status == 0
    assert bastion.users == []


async def test_circles_are_refused(lab: Lab, server: Server) -> None:
    lab.ssh_config("Host a\n ProxyJump b\nHost b\n ProxyJump c\nHost c\n ProxyJump b\n")
    error = await refusal(lab.host(host="a"))
    assert (error.code, error.message) == (
        "ssh-config-invalid",
        "ProxyJump b leads in a circle",
    )


@pytest.mark.parametrize("written", ["host:port", "user@", "host:22,", "[::1]:x"])
async def test_a_jump_host_must_make_sense(lab: Lab, server: Server, written: str) -> None:
    assert (await refusal(lab.host(server, jump=written))).code == "ssh-config-invalid"


async def test_the_jump_host_s_key_is_checked(
    lab: Lab, bastion: Server, server: Server
) -> None:
    lab.trust(server.line(), bastion.line(new_key()))
    error = await refusal(lab.host(server, jump=jump(bastion)))
    assert error.code == "host-key-changed"
    assert error.message.startswith(f"jump host guard@{LOOPBACK} port {bastion.port}: ")
    assert bastion.users == server.users == []


async def test_the_setting_s_known_hosts_hold_for_the_jump_host_too(
    lab: Lab, bastion: Server, server: Server
) -> None:
    file = lab.home / "other"
    file.write_text(server.line() + "\n")
    error = await refusal(lab.host(server, jump=jump(bastion), known_hosts=str(file)))
    assert error.code == "host-key-unknown"
    assert bastion.users == []


async def test_the_key_behind_the_jump_host_is_checked(
    lab: Lab, bastion: Server, server: Server
) -> None:
    lab.trust(server.line(new_key()), bastion.line())
    error = await refusal(lab.host(server, jump=jump(bastion)))
    assert error.code == "host-key-changed"
    assert server.users == []


async def test_checks_cannot_be_switched_off_for_the_jump_host(
    lab: Lab, bastion: Server, server: Server
) -> None:
    lab.ssh_config(
        f"Host bastion\n HostName {LOOPBACK}\n Port {bastion.port}\n StrictHostKeyChecking no\n"
    )
    assert (await refusal(lab.host(server, jump="bastion"))).code == "host-key-checking-off"
    assert not bastion.connections


async def test_the_identity_opens_the_jump_host_too(
    lab: Lab, bastion: Server, server: Server
) -> None:
    key = lab.home / "key"
    (lab.home / ".ssh" / "id_ed25519").rename(key)
    assert (await lab.host(server, jump=jump(bastion), identity=str(key)).run(TRUE)).status == 0


async def test_but_not_where_ssh_config_has_a_key_for_it(
    lab: Lab, bastion: Server, server: Server
) -> None:
    key = lab.home / "key"
    (lab.home / ".ssh" / "id_ed25519").rename(key)
    new_key().write_private_key(lab.home / "foreign")
    lab.ssh_config(
        f"Host bastion\n HostName {LOOPBACK}\n Port {bastion.port}\n IdentityFile ~/foreign\n"
    )
    error = await refusal(lab.host(server, jump="bastion", identity=str(key)))
    assert error.code == "login-refused"
    assert error.message.startswith("jump host ")


async def test_many_hosts_share_a_jump_host_s_failure(lab: Lab) -> None:
    arrived: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: arrived.append(writer), LOOPBACK, 0)
    lab.trust("# nobody")
    lab.ssh_config("ConnectTimeout 1\n")
    through = f"{LOOPBACK}:{silent.sockets[0].getsockname()[1]}"
    hosts = [
        SshHost(f"node{n}", SshSettings(f"10.0.0.{n}", jump=through), lab.share())
        for n in range(20)
    ]
    async with silent, asyncio.TaskGroup() as group:
        runs = [group.create_task(refusal(host)) for host in hosts]
    for writer in arrived:
        writer.close()
    errors = [run.result() for run in runs]
    assert [error.host for error in errors] == [host.name for host in hosts]
    assert {error.code for error in errors} == {"host-unreachable"}
    assert len(arrived) == 1


async def test_nobody_behind_the_jump_host(lab: Lab, bastion: Server, server: Server) -> None:
    await server.stop()
    error = await refusal(lab.host(server, jump=jump(bastion)))
    assert error.code == "host-unreachable"
    assert error.message.startswith(f"root@{LOOPBACK} port {server.port}: ")


async def test_comes_back_after_the_jump_host_was_lost(
    lab: Lab, bastion: Server, server: Server
) -> None:
    host = lab.host(server, jump=jump(bastion))
    await host.run(TRUE)
    bastion.connections[0].abort()
    assert (await host.run(TRUE)).status == 0
    assert bastion.users == ["guard", "guard"]


async def test_the_connection_to_it_ends_with_the_last_that_goes_through_it(
    lab: Lab, bastion: Server, server: Server
) -> None:
    second, other = await lab.serve(), await lab.serve()
    lab.trust(*(known.line() for known in lab.servers))
    chain = lab.host(server, jump=jump(bastion, second))
    near = lab.host(other, jump=jump(bastion))
    for host in (chain, near):
        await host.run(TRUE)
    assert lab.shared.held == 4
    await chain.close()
    await second.connections[0].wait_closed()
    assert lab.shared.held == 2
    assert (await near.run(TRUE)).status == 0
    await near.close()
    await bastion.connections[0].wait_closed()
    assert (lab.shared.held, bastion.users) == (0, ["guard"])
    assert (await near.run(TRUE)).status == 0
    assert (lab.shared.held, bastion.users) == (2, ["guard", "guard"])


async def test_two_who_use_one_host_share_its_connection_until_both_have_ended(
    lab: Lab, server: Server
) -> None:
    one, other = lab.host(server), lab.host(server)
    for host in (one, other):
        await asyncio.gather(host.run(TRUE), host.run(TRUE))
    await one.close()
    await one.close()
    await other.run(TRUE)
    assert (lab.shared.held, server.users) == (1, ["root"])
    await other.close()
    await server.connections[0].wait_closed()
    assert lab.shared.held == 0


async def test_a_jump_host_that_nobody_reaches_is_not_held(
    lab: Lab, bastion: Server, server: Server
) -> None:
    await bastion.stop()
    host = lab.host(server, jump=jump(bastion))
    await refusal(host)
    await host.close()
    assert lab.shared.held == 0
