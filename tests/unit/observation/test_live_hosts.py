"""A look asks each host as often as it can tell something."""

from collections import Counter

from reconciler.hosts.simulator import connect
from reconciler.hosts.simulator.presets import bare_cluster
from reconciler.observation import Options
from reconciler.observation.live_hosts import look_at
from tests.clock import drive
from tests.runs import desired


def test_a_host_that_does_not_answer_is_asked_once_a_look():
    world, asked = bare_cluster(3), Counter()
    world.machines["node03"].refusal = "host-unreachable"

    def door(_cluster, member):
        host = connect(world, member.name)

        class Counting:
            name = member.name

            async def run(self, command):
                asked[member.name] += 1
                return await host.run(command)

            async def close(self):
                await host.close()

        return Counting()

    ((_cluster, observed),) = drive(world, look_at(desired(world), door, Options()))
    assert [one.host for one in observed.unreachable()] == ["node03"]
    assert asked["node01"] == asked["node02"] > 1
    assert asked["node03"] == 1
