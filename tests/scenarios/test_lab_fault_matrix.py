"""The whole fault matrix on real kernels, and a soak: each night."""

import os
import random
from pathlib import Path

import pytest

from tests.faults.cells import BAD, CELLS
from tests.faults.logs import directory, keep_logs
from tests.faults.matrix import play_all
from tests.faults.operations import OPERATIONS
from tests.faults.records import save_cell, save_soak
from tests.faults.soak import soak
from tests.faults.stage import raised_stage
from tests.lab.fixtures import need_lab
from tests.lab.life import down_orphans

# Where the results go, if they are to be kept: the records that the manual is made of.
RECORDS = os.environ.get("RECONCILE_PROOF_RECORDS", "")
CHANGES = 10


def seed():
    """Another one each night, unless it is given; each result has it."""
    return int(os.environ.get("RECONCILE_FAULTS_SEED", random.SystemRandom().randrange(10**6)))


@pytest.fixture
def place(tmp_path):
    """Where records of this night go; with whatever a lab needs."""
    need_lab()
    down_orphans()
    return Path(RECORDS) if RECORDS else tmp_path


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_fault_in_the_midst_of_an_operation(place, tmp_path, operation):
    cells = [cell for cell in CELLS if cell.startswith(f"{operation}/")]
    wrong = []
    for stage, result in play_all(f"matrix-{os.getpid()}", tmp_path, cells, seed()):
        print(result)
        save_cell(stage, result, place)
        if result.outcome in BAD:
            keep_logs(stage, result, directory())
            wrong.append(result)
    assert wrong == []


def test_ten_random_changes_with_a_fault_in_each(place, tmp_path):
    with raised_stage(f"soak-{os.getpid()}", tmp_path, os.getpid()) as stage:

        def keep(result):
            save_cell(stage, result, place)
            if result.outcome in BAD:
                keep_logs(stage, result, directory())

        found = soak(stage, seed(), CHANGES, keep)
        print(found)
        save_soak(stage, found, place)
    assert found["violations"] == []
