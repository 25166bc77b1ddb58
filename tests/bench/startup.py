"""Start-up cost of the command line above the bare interpreter, in milliseconds of CPU.

Run with ``make bench``: each contender alternately, the median of the runs; the goal for
``--help`` is under 150.
"""

import os
import statistics
import subprocess
import sys

RUNS = 15
CONTENDERS = {
    "bare interpreter": ["-c", "pass"],
    "reconcile --help": ["-c", "from reconciler.cli import main; main(['--help'])"],
    "reconcile validate": [
        "-c",
        "from reconciler.cli import main; main(['validate', 'examples/three-hosts.yaml'])",
    ],
}


def cpu_seconds(arguments: list[str]) -> float:
    """User and system time of one run."""
    before = os.times()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    children = after.children_user - before.children_user
    return children + after.children_system - before.children_system


def main() -> None:
    """Print the table."""
    times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(RUNS):
        for name, arguments in CONTENDERS.items():
            times[name].append(cpu_seconds(arguments))
    medians = {name: statistics.median(found) * 1000 for name, found in times.items()}
    bare = medians["bare interpreter"]
    for name, value in medians.items():
        print(f"{name:20} {value:6.0f} ms CPU  {value - bare:6.0f} above the interpreter")


if __name__ == "__main__":
    main()
