"""What stays of a night for whoever looks for the reason: `build/soak`, or where the environment says."""

import os
from contextlib import suppress
from pathlib import Path

from tests.faults.cells import CellResult
from tests.faults.stage import Stage
from tests.lab.shell import LabError

LOGS = "RECONCILE_SOAK_LOGS"
ROOT = Path(__file__).parents[2]


def directory() -> Path:
    """Where the logs of soaks are, and those of cells that went wrong."""
    return Path(os.environ.get(LOGS, ROOT / "build/soak"))


def keep_logs(stage: Stage, result: CellResult, kept: Path) -> None:
    """What the hosts and the controller know of a cell that went wrong, before they are gone."""
    place = kept / result.cell.replace("/", "-")
    place.mkdir(parents=True, exist_ok=True)
    for host in [*stage.lab.hosts, "san"]:
        with suppress(LabError):  # a host that is lost has nothing to tell
            done = stage.lab.run(host, "journalctl -b --no-pager | tail -n 3000", timeout=60)
            (place / f"{host}.log").write_text(done.stdout + done.stderr)
    for run in (stage.operator.home / "state/runs").glob("*.jsonl"):
        (place / run.name).write_bytes(run.read_bytes())
    if stage.details:
        (place / "volume.txt").write_text(stage.details)
    (place / "cluster.yaml").write_bytes((stage.operator.home / "cluster.yaml").read_bytes())
