"""How a directory of clusters is planned from facts: CPU a cluster, memory, and the exponent.

Run with ``python -m tests.bench.clusters [CLUSTERS…]``. Each cluster has a file of its own; the facts
of all are one document, as ``reconcile observe DIR -o FACTS`` writes it. What is measured is the real
command in a process of its own.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from reconciler.hosts.simulator.presets import Shape
from reconciler.pipeline import recorded_probe_arguments
from reconciler.reports.documents import facts_document, facts_text
from tests.bench.planning import converge, observe
from tests.runs import members, of, volume, witnessed

SIZES = (10, 100, 1000)
HOSTS = 8
NAME = "clusterN"
MOMENT = "2026-11-29T10:00:00+00:00"
COMMAND = [sys.executable, "-m", "reconciler", "plan", "site", "--facts", "facts.json", "-q"]


def sample(hosts: int = HOSTS) -> tuple[str, str]:
    """The file of a cluster whose hosts have all that it asks for, and their facts."""
    world = witnessed(hosts, Shape("scsi"))
    names = sorted(name for name in world.machines if name.startswith("node"))
    wish = {"name": NAME, "members": members(world, *names), "volumes": [volume(world)]}
    desired = of(wish)
    pairs = observe(world, desired)
    seen = converge(desired, pairs)
    cluster = pairs[0][0]
    asked = {NAME: recorded_probe_arguments(cluster, seen)}
    file = yaml.safe_dump({"version": 1, "clusters": [wish]}, sort_keys=False)
    return file, json.dumps(facts_document([(cluster, seen)], asked, MOMENT))


def renamed(text: str, number: int, wwid: str) -> str:
    """The same of another cluster: with its own name, hosts and device."""
    text = re.sub(r"\bnode(\d\d)\b", rf"c{number:04}n\1", text)
    other = f"{wwid[:-4]}{number:04}"
    return text.replace(NAME, f"cluster{number:04}").replace(wwid, other)


def write(place: Path, count: int) -> int:
    """A directory of so many files, and the facts of all; their bytes a cluster."""
    file, facts = sample()
    wwid = yaml.safe_load(file)["clusters"][0]["volumes"][0]["device"]["wwid"]
    site = place / "site"
    site.mkdir()
    whole: dict = {}
    for number in range(count):
        (site / f"cluster{number:04}.yaml").write_text(renamed(file, number, wwid))
        part = json.loads(renamed(facts, number, wwid))
        if not whole:
            whole = part
            continue
        whole["clusters"] += part["clusters"]
        for key in ("hosts", "storage"):
            whole[key].update(part[key])
    text = facts_text(whole)
    (place / "facts.json").write_text(text + "\n")
    return len(text) // count


def measure(count: int) -> dict[str, float]:
    """One run of the command."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        # In a process of its own, whose memory would be that of the command else.
        made = [sys.executable, "-m", "tests.bench.clusters", "write", str(place), str(count)]
        size = int(subprocess.run(made, check=True, stdout=subprocess.PIPE).stdout)
        words = ["PATH", "HOME", "LANG"]
        environment = {word: os.environ[word] for word in words if word in os.environ}
        with (place / "out").open("wb") as out:
            process = subprocess.Popen(
                COMMAND,
                stdout=out,
                cwd=place,
                env={**environment, "PYTHONPATH": str(Path.cwd())},
            )
            _, status, used = os.wait4(process.pid, 0)
        process.returncode = code = os.waitstatus_to_exitcode(status)
        plans = (place / "out").read_text()
    if code or plans.count("==>") != count or plans.count("\n  No change: ") != count:
        raise SystemExit(f"exit {code}: {plans[:2000]}")
    return {
        "seconds": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
        "facts": size,
    }


def main() -> None:
    """Print a line a size, and the exponents."""
    if sys.argv[1:2] == ["write"]:
        print(write(Path(sys.argv[2]), int(sys.argv[3])))
        return
    found: dict[int, float] = {}
    for count in [int(word) for word in sys.argv[1:]] or SIZES:
        cost = measure(count)
        found[count] = cost["seconds"]
        print(
            f"{count:5} clusters {cost['seconds']:8.2f} s CPU {cost['peak_mb']:6.0f} MB "
            f"{1000 * cost['seconds'] / count:7.1f} ms a cluster, {cost['facts']} bytes of facts each",
            flush=True,
        )
    for few, many in zip(sorted(found), sorted(found)[1:], strict=False):
        power = math.log(found[many] / found[few]) / math.log(many / few)
        print(f"{few:5} to {many}: exponent {power:.2f}", flush=True)


if __name__ == "__main__":
    main()
