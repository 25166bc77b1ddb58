"""What scenarios on real hosts begin with; each module has its ``lab``."""

import pytest

from tests.scenarios.operator import Operator


@pytest.fixture(scope="module")
def operator(lab, tmp_path_factory):
    """One for all scenarios of a module, with files and records of their own."""
    return Operator(lab, tmp_path_factory.mktemp("operator"))


@pytest.fixture(scope="module")
def wwids(lab):
    """Of the LUNs of the lab's SAN, by name."""
    return {lun["name"]: lun["wwid"] for lun in lab.inventory["luns"]}
