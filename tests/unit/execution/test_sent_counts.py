"""How much an apply sends and looks: counts, so that nobody makes it grow again unseen."""

import pytest

from tests.bench.execution import counts

# Members; of a create the probes and the kilobytes at most, those on the wire, and the exchanges in
# sequence.
CREATES = ((3, 39, 1248, 261, 25), (8, 112, 3428, 697, 40))


@pytest.mark.parametrize(("members", "probes", "kilobytes", "wire", "chain"), CREATES)
def test_a_create_sends_no_more_than_it_needs(members, probes, kilobytes, wire, chain):
    found = counts("create", members)
    assert found.probes <= probes
    assert found.sent <= kilobytes * 1000
    assert found.wire <= wire * 1000
    assert round(found.chain) <= chain


def test_eight_members_need_hardly_more_looks_each_than_three():
    few, many = counts("create", 3), counts("create", 8)
    assert many.probes / 8 <= 1.1 * few.probes / 3
    assert max(many.probes / 8, few.probes / 3) <= 20


def test_nobody_is_asked_for_its_clock_to_leave_records_right_after_a_look():
    found = counts("create", 3)
    clocks = int(found.seconds / 15)  # every 15 s beside it, on three hosts
    assert found.renewals <= 3 * (clocks + 1)  # to confirm
