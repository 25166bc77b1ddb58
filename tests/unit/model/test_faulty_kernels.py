"""Which kernels take the slot of node 0, by what they are called."""

import pytest

from reconciler.model.faulty_kernels import gives_slot_zero_away, may_give_slot_zero_away


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


def test_one_that_may_is_enough():
    assert may_give_slot_zero_away(["6.1.0", "5.10.0-28-amd64"])
    assert not may_give_slot_zero_away(["6.1.0", "5.10.135"])
    assert not may_give_slot_zero_away([])
