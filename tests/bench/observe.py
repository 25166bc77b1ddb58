"""Observe 1, 10, 100 and 250 hosts, beside what people would use instead; a table in Markdown.

Run as root with ``python -m tests.bench.observe [HOSTS…] [--runs N]``. The contenders take turns on
the same hosts, real sshd on loopback. CPU is of the client's whole tree, the servers' is left out;
ratios of CPU hold on a busy machine, wall times do not: the servers share the cores.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.bench import farm as farms
from tests.bench.contenders import Contender, contenders, install, warm, write_files
from tests.bench.measured import Cost, peak_memory, run

SIZES = (1, 10, 100, 250)
RUNS = 5
INSIDE = "--inside"
HEAD = (
    "|Hosts|Client|Client CPU s|of tuned ssh|Wall s|Peak PSS MB|Runs|",
    "|-:|-|-:|-:|-:|-:|-:|",
)


def environment(place: Path) -> Mapping[str, str]:
    """What all clients find; no start-up file of the user, no agent."""
    home = place / "home"
    home.mkdir(exist_ok=True)
    ours = {"HOME": str(home), "LC_ALL": "C.UTF-8", "ANSIBLE_HOME": str(home / "ansible")}
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd()), **ours}


def machine() -> str:
    """What the figures hold for."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown processor",
    )
    version = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} cores, {model}, Linux {os.uname().release}, "
        f"Python {sys.version.split()[0]}, {version.split(',')[0]}, load before {load}"
    )


def measure(size: int, runs: int, place: Path) -> Iterator[str]:
    """Rows of the table for ``size`` hosts."""
    farm = farms.plant(size, place)
    write_files(farm)
    found = environment(place)
    taking_part = [client for client in contenders() if size <= client.most_hosts]
    costs: dict[str, list[Cost]] = defaultdict(list)
    second: list[float] = []
    try:
        for turn in range(runs):
            for client in taking_part:
                if turn < client.most_runs:
                    costs[client.name].append(measure_one(client, farm, found))
            second.append(float(run(warm(farm), found, place).output))
            print(f"{size} hosts, run {turn + 1} of {runs}", file=sys.stderr, flush=True)
        peaks = {
            client.name: peak_memory(client.command(farm), found, place)
            for client in taking_part
        }
    finally:
        farm.close()
    yield from rows(size, costs, second, peaks)


def measure_one(client: Contender, farm: farms.Farm, found: Mapping[str, str]) -> Cost:
    """The cost of a run in which every host answered; else the benchmark ends."""
    cost = run(client.command(farm), found, farm.place)
    if (answers := client.answered(cost.output, farm)) != len(farm.hosts):
        raise SystemExit(
            f"{client.name}: {answers} answers\n{cost.output[:1500]}\n…\n{cost.output[-1500:]}"
        )
    return cost


def rows(
    size: int,
    costs: Mapping[str, Sequence[Cost]],
    second: Sequence[float],
    peaks: Mapping[str, float],
) -> Iterator[str]:
    """The medians, and what they are to the first client's."""
    first = statistics.median(cost.cpu for cost in next(iter(costs.values())))
    for name, found in costs.items():
        cpu = statistics.median(cost.cpu for cost in found)
        wall = statistics.median(cost.wall for cost in found)
        yield (
            f"|{size}|{name}|{cpu:.3f}|{cpu / first:.2f}|{wall:.1f}"
            f"|{peaks[name]:.0f}|{len(found)}|"
        )
    cpu = statistics.median(second)
    yield f"|{size}|reconcile, second look|{cpu:.3f}|{cpu / first:.2f}|||{len(second)}|"


def main() -> int:
    """Print the table; the rivals are installed first, while there is a network."""
    words = sys.argv[1:]
    if INSIDE not in words:
        install()
        farms.enter("tests.bench.observe", [INSIDE, *words])
    words.remove(INSIDE)
    runs = RUNS
    if "--runs" in words:
        at = words.index("--runs")
        runs = int(words[at + 1])
        del words[at : at + 2]
    farms.settle()
    print(machine(), "", *HEAD, sep="\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="reconcile-bench-") as folder:
        for size in map(int, words or SIZES):
            for row in measure(size, runs, Path(folder) / str(size)):
                print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
