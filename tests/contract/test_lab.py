"""The history on real kernels: what they do is what the simulator must do."""

from __future__ import annotations

import json
import sys

from reconciler.hosts.simulator.presets import bare_cluster
from tests.clock import drive
from tests.contract.differences import differences
from tests.contract.history import played
from tests.contract.kinds import Simulated
from tests.lab.fixtures import Lab, lab_module
from tests.lab.images import ROOT

MINUTES = 60

lab = lab_module("contract", hosts=2)


def test_real_hosts_do_what_simulated_ones_do(lab: Lab) -> None:
    argv: list[object] = [sys.executable, "-m", "tests.contract.on_lab"]
    real = lab.exec(argv, timeout=20 * MINUTES, PYTHONPATH=str(ROOT))
    assert real.returncode == 0, real.stderr
    world = bare_cluster(2)
    simulated = drive(world, played(Simulated(world)))
    found = differences(simulated, json.loads(real.stdout))
    assert not found, "\n".join(found)
