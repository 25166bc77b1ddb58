"""The core of a cluster's life on each kernel, with the tools that its distribution has for it."""

import pytest

from tests.lab.fixtures import lab_of
from tests.lab.recipe import SUITES
from tests.scenarios import core_operations as core
from tests.scenarios.operator import member

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module", params=SUITES)
def lab(request):
    """Three hosts of a suite and a SAN."""
    with lab_of(f"kernel-{request.param}", hosts=3, suite=request.param, **core.LAB) as up:
        core.wait_for_busy_hosts(up)
        yield up


def test_nobody_is_node_0_where_a_kernel_takes_its_slot(operator):
    file = core.write_file(operator, member(core.FIRST, number=0), core.SECOND, workloads={})
    refused = (
        {("slot-zero", f"member/{core.SECOND}")} if core.first_number(operator.lab) else set()
    )
    assert operator.refusals(file) == refused


def test_two_hosts_become_a_cluster(operator):
    core.create(operator)


def test_a_third_joins_while_they_write(operator):
    core.join(operator)


def test_the_volume_grows_while_they_write(operator):
    core.grow_online(operator)


def test_the_volume_grows_in_an_outage(operator):
    core.grow_offline(operator)


def test_a_member_restarts_and_has_its_volume_again(operator):
    core.reboot(operator)


def test_a_member_leaves_while_the_others_write(operator):
    core.leave(operator)


def test_a_member_dies_and_is_dropped(operator):
    core.lose(operator)
