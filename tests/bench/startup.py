"""Start-up cost of the command line beside other tools, in milliseconds of CPU.

Run with ``make bench``: each contender alternately, the median of the runs. Who is not installed
is left out; pyinfra comes with ``python -m tests.bench.observe``.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.clusters import sample
from tests.bench.contenders import ROOT, VENV

RUNS = 15
EXAMPLE = str(ROOT / "examples/three-hosts.yaml")
OURS = [sys.executable, "-m", "reconciler"]
CONTENDERS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "terraform version": ["terraform", "version"],
    "pyinfra --version": [str(VENV / "bin/pyinfra"), "--version"],
    "reconcile --help": [*OURS, "--help"],
    "reconcile validate": [*OURS, "validate", EXAMPLE],
    "reconcile plan --facts": [*OURS, "plan", "three.yaml", "--facts", "three.facts.json"],
}
PEERS = ("terraform version", "pyinfra --version")


def write_files(place: Path) -> None:
    """Three hosts, and their facts, for a plan that finds nothing to change."""
    file, facts = sample(hosts=3)
    (place / "three.yaml").write_text(file)
    (place / "three.facts.json").write_text(facts)


def cpu_seconds(command: list[str], place: Path) -> float:
    """User and system time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command,
        check=True,
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Print the table."""
    here = {name: words for name, words in CONTENDERS.items() if shutil.which(words[0])}
    times: dict[str, list[float]] = {name: [] for name in here}
    with tempfile.TemporaryDirectory(prefix="reconcile-bench-") as folder:
        place = Path(folder)
        write_files(place)
        for _ in range(RUNS):
            for name, command in here.items():
                times[name].append(cpu_seconds(command, place))
    found = {name: statistics.median(seconds) * 1000 for name, seconds in times.items()}
    peers = [name for name in PEERS if name in found]
    print("|Command|CPU ms|" + "".join(f"of {name}|" for name in peers))
    print("|-|-:|" + "-:|" * len(peers))
    for name, value in found.items():
        ratios = "".join(f"{value / found[peer]:.2f}|" for peer in peers)
        print(f"|{name}|{value:.0f}|{ratios}")


if __name__ == "__main__":
    main()
