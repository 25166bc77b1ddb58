"""Records what the probe prints on a host of a lab: `python -m tests.lab.record_probe NETNS HOST CASE`.

A case is a directory and a name below tests/probes: debian13/mounted-san. Two files become of it,
the answer as it came and the facts; read them before they are kept.
"""

import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

from reconciler.hosts.observer import parse_facts
from reconciler.model.observed import device_ref
from reconciler.probe import probe_command
from reconciler.resources import SECTIONS
from tests.lab.lab import Lab
from tests.lab.shell import LabError

PROBES = Path(__file__).parents[1] / "probes"
MOUNT = "/srv/images"


def record_probe(lab: Lab, host: str, case: str) -> None:
    """The answer of a host with the lab's first LUN, and its facts, as two files."""
    lun = device_ref(lab.inventory["luns"][0]["wwid"], None, None)
    command = probe_command(
        want=(lun,), paths=(MOUNT,), sizes=(MOUNT,), units=("writer.service",)
    )
    told = lab.run(host, shlex.join(command.argv), timeout=180)
    if told.returncode:
        raise LabError(f"{host}: {told.stderr}")
    place = PROBES / case
    place.parent.mkdir(exist_ok=True)
    place.with_suffix(".txt").write_text(told.stdout)
    facts = json.dumps(asdict(parse_facts(told.stdout, SECTIONS)), indent=1, sort_keys=True)
    place.with_suffix(".json").write_text(facts + "\n")


if __name__ == "__main__":
    netns, host, case = sys.argv[1:]
    record_probe(Lab(netns), host, case)
