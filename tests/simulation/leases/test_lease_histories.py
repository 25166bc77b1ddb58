"""A portion of the histories of the lease: none is wrong, and everything happens often."""

from tests.simulation.leases.histories import play_seeds
from tests.simulation.leases.proving import rare
from tests.simulation.leases.scenario import scenario_of
from tests.simulation.leases.story import shrink, tell

HISTORIES = 30_000


def check_portion(number: int) -> None:
    """Nothing is wrong in it; each trouble and each refusal has occurred often enough."""
    seeds = range(number * HISTORIES, (number + 1) * HISTORIES)
    batch = play_seeds(seeds)
    for seed, law in batch.wrong.items():
        raise AssertionError(f"seed {seed}: {law}\n{tell(shrink(scenario_of(seed)))}")
    print(f"{batch.histories:,} histories, {batch.events:,} events")
    assert batch.histories == HISTORIES
    assert rare(batch.seen) == {}


def test_no_history_of_the_lease_is_wrong():
    check_portion(0)
