"""Warm connections: kept within a bound, opened again when they are dead, and never in use when closed."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from reconciler import telemetry
from reconciler.errors import HostUnreachable
from reconciler.hosts.loopback import serve_hosts
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.model.desired import Member
from reconciler.model.ssh_access import Ssh
from reconciler.probe import probe_command
from reconciler.telemetry import Detail
from reconciler.watch.connections import Connections

PROBE = probe_command(only=("identity",))


class Fleet:
    """Hosts behind SSH, and how often somebody logged in to each."""

    def __init__(self, world, served, connections):
        self.world, self.served, self.connections = world, served, connections
        self.lines = []

    async def ask(self, name, cluster="ocfs2"):
        files = {"identity": self.served.identity, "known_hosts": self.served.known_hosts}
        ssh = Ssh(user="root", **{key: str(path) for key, path in files.items()})
        place = {"host": self.served.host, "port": self.served.ports[name]}
        values = {"name": name, "interconnect": "10.0.0.1", "ssh": place}
        member = Member.model_validate(values)
        return await self.connections.run(cluster, ssh, member, PROBE)

    @property
    def logins(self):
        return [
            line.partition(" host=")[2].split()[0]
            for line in self.lines
            if "event=connected " in line
        ]


@asynccontextmanager
async def fleet(tmp_path, hosts=4, limit=2, at_once=9, *, told=True):
    world = bare_cluster(hosts)
    async with serve_hosts(world, tmp_path) as served:
        connections = Connections(limit, at_once, told=told)
        found = Fleet(world, served, connections)
        with telemetry.logging(Detail("info"), found.lines.append):
            try:
                yield found
            finally:
                await connections.close()


async def test_a_host_that_is_asked_again_is_not_logged_in_to_again(tmp_path):
    async with fleet(tmp_path) as hosts:
        for _ in range(3):
            assert "hostname\tnode01" in (await hosts.ask("node01")).stdout
        assert (hosts.logins, len(hosts.connections)) == (["node01"], 1)


async def test_the_one_that_was_used_longest_ago_makes_room(tmp_path):
    async with fleet(tmp_path) as hosts:
        for name in ("node01", "node02", "node01", "node03", "node01", "node02"):
            await hosts.ask(name)
        assert hosts.logins == ["node01", "node02", "node03", "node02"]
        assert len(hosts.connections) == 2


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_all_at_once_within_the_bound_all_are_answered(tmp_path, limit):
    async with fleet(tmp_path, limit=limit) as hosts:
        names = [f"node0{1 + place % 4}" for place in range(16)]
        answers = await asyncio.gather(*(hosts.ask(name) for name in names))
        assert [a.stdout.partition("hostname\t")[2][:6] for a in answers] == names
        assert len(hosts.connections) <= limit


async def test_one_host_of_two_clusters_has_two_connections(tmp_path):
    async with fleet(tmp_path) as hosts:
        await hosts.ask("node01", "a")
        await hosts.ask("node01", "b")
        assert len(hosts.connections) == 2


async def test_who_is_in_the_middle_is_not_cut_off_where_another_cluster_makes_room(tmp_path):
    async with fleet(tmp_path) as hosts:
        await hosts.ask("node01", "b")
        asked, goes_on = asyncio.Event(), asyncio.Event()

        async def wait(_seconds):
            asked.set()
            await goes_on.wait()

        pace, hosts.world.pace = hosts.world.pace, wait
        answer = asyncio.create_task(hosts.ask("node01", "a"))
        await asked.wait()
        hosts.world.pace = pace
        await hosts.ask("node02")  # for which the one of b is closed
        goes_on.set()
        assert (await answer).status == 0
        assert hosts.logins == ["node01", "node02"]


async def test_a_dead_connection_is_opened_again(tmp_path):
    async with fleet(tmp_path) as hosts:
        await hosts.ask("node01")
        hosts.world.machines["node01"].refusal = "host-unreachable"
        with pytest.raises(HostUnreachable):
            await hosts.ask("node01")
        hosts.world.machines["node01"].refusal = None
        await hosts.ask("node01")
        assert hosts.logins == ["node01", "node01"]


async def test_a_host_that_fails_in_a_row_is_not_tried_until_somebody_asks_for_it(tmp_path):
    async with fleet(tmp_path) as hosts:
        hosts.world.machines["node01"].refusal = "host-unreachable"
        messages = []
        for _ in range(4):
            with pytest.raises(HostUnreachable) as error:
                await hosts.ask("node01")
            messages.append(error.value.message)
        tries = sum("event=connection-failed " in line for line in hosts.lines)
        assert (tries, hosts.connections.open_circuits) == (2, 1)
        assert messages[2] == messages[3]
        assert "not tried again before" in messages[2]
        await hosts.ask("node02")
        hosts.world.machines["node01"].refusal = None
        hosts.connections.try_again({"another"})
        with pytest.raises(HostUnreachable):
            await hosts.ask("node01", "another")
        hosts.connections.try_again({"ocfs2"})
        await hosts.ask("node01")
        assert hosts.connections.open_circuits == 0


async def test_a_host_key_that_is_known_by_now_is_believed_after_renewal(tmp_path):
    async with fleet(tmp_path) as hosts:
        known = hosts.served.known_hosts.read_text()
        hosts.served.known_hosts.write_text("")
        with pytest.raises(HostUnreachable) as error:
            await hosts.ask("node01")
        assert error.value.code == "host-key-unknown"
        hosts.served.known_hosts.write_text(known)
        await hosts.connections.renew()
        await hosts.ask("node01")
        assert hosts.logins == ["node01"]


async def test_who_is_in_the_middle_of_an_answer_is_not_cut_off_by_a_renewal(tmp_path):
    async with fleet(tmp_path) as hosts:
        asked, goes_on = asyncio.Event(), asyncio.Event()

        async def wait(_seconds):
            asked.set()
            await goes_on.wait()

        hosts.world.pace = wait
        answer = asyncio.create_task(hosts.ask("node01"))
        await asked.wait()
        await hosts.connections.renew()
        goes_on.set()
        assert (await answer).status == 0
        assert len(hosts.connections) == 0


async def test_logins_are_told_only_where_they_are_asked_for(tmp_path):
    async with fleet(tmp_path, told=False) as hosts:
        await hosts.ask("node01")
        assert hosts.lines == []
