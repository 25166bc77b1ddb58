"""Which kernels take the slot of node 0, by what they are called."""

import pytest

from reconciler.model.faulty_kernels import gives_slot_zero_away, may_give_slot_zero_away
from reconciler.model.observed import Kernel

DEBIAN = "#1 SMP Debian 5.10.209-2 (2024-01-31)"


def run(release, version=""):
    return Kernel(release, None, None, None, None, (), None, None, version=version)


@pytest.mark.parametrize(
    ("release", "gives"),
    [
        ("5.9.16", False),
        ("5.10", True),
        ("5.10.0", True),
        ("5.10.46", True),
        ("5.10.134-custom", True),
        ("5.10.135", False),
        ("5.10.0-28-amd64", None),
        ("5.11.22", True),
        ("5.15.58", True),
        ("5.15.59", False),
        ("5.15.0-206.153.7.el9uek.x86_64", None),
        ("5.17.15", True),
        ("5.17.15-200.fc35.x86_64", None),
        ("5.14.21-150500.55.52-default", None),
        ("5.18.14", True),
        ("5.18.19", None),
        ("5.19.1", False),
        ("5.1.10", False),
        ("6.1.176", False),
        ("15.10.46", False),
        ("5.10.99999999999999999999", None),
        ("", False),
    ],
)
def test_a_release_tells_it_or_names_its_series_alone(release, gives):
    assert gives_slot_zero_away(release) is gives


@pytest.mark.parametrize(
    ("release", "version", "gives"),
    [
        ("5.10.0-28-amd64", DEBIAN, False),
        ("5.10.0-10-amd64", "#1 SMP Debian 5.10.84-1 (2021-12-08)", True),
        ("5.15.0-91-generic", "#101-Ubuntu SMP, Ubuntu 5.15.0-91.101-generic 5.15.131", False),
        ("5.15.0-46-generic", "#49-Ubuntu SMP, Ubuntu 5.15.0-46.49-generic 5.15.39", True),
        ("5.15.0-206.153.7.el9uek.x86_64", "#2 SMP Wed Feb 1 2024", None),
        # Of another series, or a date that looks like a number.
        ("5.10.0-28-amd64", "#1 SMP backported from 5.15.131", None),
        ("5.10.0-28-amd64", "#1 SMP 15.10.209", None),
        ("5.17.0-1-amd64", "#1 SMP Debian 5.17.11-1", None),
        ("5.18.0-4-amd64", "#1 SMP Debian 5.18.16-1", None),
        # What the release says counts.
        ("5.10.46", "#1 SMP Debian 5.10.209-2", True),
        ("6.1.0-18-amd64", "#1 SMP Debian 5.10.46-1", False),
    ],
)
def test_a_distribution_s_kernel_tells_by_its_build_what_it_is_made_of(release, version, gives):
    assert gives_slot_zero_away(release, version) is gives


def test_one_that_may_is_enough():
    assert may_give_slot_zero_away([run("6.1.0"), run("5.10.0-28-amd64")])
    assert not may_give_slot_zero_away([run("6.1.0"), run("5.10.135")])
    assert not may_give_slot_zero_away([run("5.10.0-28-amd64", DEBIAN)])
    assert not may_give_slot_zero_away([])
