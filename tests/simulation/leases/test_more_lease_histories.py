"""The other portion, in a file of its own so that another process has it."""

from tests.simulation.leases.test_lease_histories import check_portion


def test_no_other_history_of_the_lease_is_wrong():
    check_portion(1)
