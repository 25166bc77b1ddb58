"""A diagonal of the fault matrix on real kernels: each operation and each fault at most once."""

import os

import pytest

from tests.faults.cells import BAD, CELLS, diagonal, play
from tests.faults.stage import raised_stage
from tests.lab.fixtures import need_lab
from tests.lab.life import down_orphans

# Another seed chooses other cells, and other steps in them.
SEED = int(os.environ.get("RECONCILE_FAULTS_SEED", "17735"))
CELLS_EACH_TIME = 2


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One lab for all of its cells, each of which begins with what the one before has left."""
    need_lab()
    down_orphans()
    home = tmp_path_factory.mktemp("faults")
    with raised_stage(f"faults-{os.getpid()}", home, os.getpid()) as found:
        yield found


@pytest.mark.timeout(3600)  # a machine that is at work elsewhere takes many times as long
@pytest.mark.parametrize("cell", diagonal(SEED, CELLS_EACH_TIME))
def test_a_fault_in_the_midst_of_a_change_does_no_harm(stage, cell):
    result = play(stage, cell, SEED)
    print(result)
    assert result.outcome not in BAD, result


def test_a_diagonal_has_no_operation_and_no_fault_twice():
    for seed in range(50):
        cells = diagonal(seed, 9)
        assert set(cells) <= set(CELLS)
        assert len({cell.split("/")[0] for cell in cells}) == 9
        assert len({cell.split("/")[1] for cell in cells}) == 9
