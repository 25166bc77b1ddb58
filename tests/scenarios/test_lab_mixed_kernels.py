"""Clusters whose members have two kernels and two versions of the tools, and one that moves.

The second member is of the newer suite, the others of the older; the third boots the newer's
kernel later, with its own programs: a kernel that was upgraded.
"""

from itertools import pairwise

import pytest

from tests.lab.fixtures import lab_of
from tests.lab.recipe import SUITES
from tests.scenarios import core_operations as core
from tests.scenarios.lab_volumes import done

pytestmark = pytest.mark.nightly

NEIGHBOURS = tuple(pairwise(SUITES))
RELEASE = "uname -r"


@pytest.fixture(scope="module", params=NEIGHBOURS, ids="-".join)
def suites(request):
    """The older and the newer."""
    return request.param


@pytest.fixture(scope="module")
def lab(suites):
    """Three hosts and a SAN."""
    older, newer = suites
    mixed = ",".join((older, newer, older))
    with lab_of(f"mixed-{newer}", hosts=3, suite=mixed, **core.LAB) as up:
        core.wait_for_busy_hosts(up)
        yield up


def test_hosts_of_two_kernels_become_a_cluster(operator):
    core.create(operator)


def test_a_third_joins_while_they_write(operator):
    core.join(operator)


def test_the_volume_grows_while_they_write(operator):
    core.grow_online(operator)


def test_the_volume_grows_in_an_outage(operator):
    core.grow_offline(operator)


def test_a_member_moves_to_the_next_kernel_while_the_others_write(lab, operator, suites):
    before = {host: done(lab, host, RELEASE) for host in core.HOSTS}
    assert before[core.THIRD] != before[core.SECOND]
    lab.install_kernel(suites[1], core.THIRD)
    core.reboot(operator, core.THIRD, "kernel-upgrade")
    assert done(lab, core.THIRD, RELEASE) == before[core.SECOND]


def test_a_member_restarts_and_has_its_volume_again(operator):
    core.reboot(operator)


def test_a_member_leaves_while_the_others_write(operator):
    core.leave(operator)


def test_a_member_dies_and_is_dropped(operator):
    core.lose(operator)
