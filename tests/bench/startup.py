"""Start-up cost of the command line beside other tools, in milliseconds of CPU.

Run with ``make bench``: each contender alternately, the median of the runs. Who is not installed
is left out; pyinfra comes with ``python -m tests.bench.observe``.
"""

import resource
import shutil
import statistics
import subprocess
import sys

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
}
PEERS = ("terraform version", "pyinfra --version")


def cpu_seconds(command: list[str]) -> float:
    """User and system time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    """Print the table."""
    here = {name: words for name, words in CONTENDERS.items() if shutil.which(words[0])}
    times: dict[str, list[float]] = {name: [] for name in here}
    for _ in range(RUNS):
        for name, command in here.items():
            times[name].append(cpu_seconds(command))
    found = {name: statistics.median(seconds) * 1000 for name, seconds in times.items()}
    peers = [name for name in PEERS if name in found]
    print("|Command|CPU ms|" + "".join(f"of {name}|" for name in peers))
    print("|-|-:|" + "-:|" * len(peers))
    for name, value in found.items():
        ratios = "".join(f"{value / found[peer]:.2f}|" for peer in peers)
        print(f"|{name}|{value:.0f}|{ratios}")


if __name__ == "__main__":
    main()
