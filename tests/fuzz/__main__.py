"""Fuzz the targets, each in a process of its own: ``python -m tests.fuzz [TARGET…] [--runs N]``.

Ends with 1 where an input was found that no parser may answer so; the input is kept in a file,
and the target's regressions are its place. ``--corpus`` writes the smallest set of inputs that
leads everywhere anew, ``--record`` the figures of the proof.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.arguments import positive
from tests.fuzz.engine_words import READY
from tests.fuzz.packing import CORPUS, corpus, unpack, write_inputs
from tests.fuzz.reach import fewest
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "tests/proof/records/fuzz.json"
RUNS = 1_000_000
# Of the committed corpus of one target: inputs, and bytes.
MOST_INPUTS, MOST_BYTES = 60, 12_000
STATISTIC = re.compile(r"^stat::(\w+):\s+(\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a target.

    ``seconds`` are of CPU, ``loaded`` and ``peak`` MiB of memory, before and at most.
    """

    target: str
    inputs: int
    seconds: float
    loaded: int
    peak: int
    corpus: int
    findings: int
    date: str


def fuzz(name: str, options: argparse.Namespace) -> Outcome:
    """Run one target."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as here:
        inputs, kept = Path(here, "inputs"), Path(options.keep)
        kept.mkdir(parents=True, exist_ok=True)
        unpack((*corpus(name), *TARGETS[name].seeds()), inputs)
        before = set(kept.glob(f"{name}-*"))
        said, seconds = engine(
            name,
            f"-runs={options.runs}",
            f"-max_total_time={round(options.minutes * 60)}",
            f"-artifact_prefix={kept.resolve()}/{name}-",
            "-print_final_stats=1",
            f"-seed={options.seed}",
            str(inputs),
        )
        found = set(kept.glob(f"{name}-*")) - before
        numbers = {key: int(value) for key, value in STATISTIC.findall(said)}
        if not numbers:
            print(said[-3000:], file=sys.stderr)
            raise SystemExit(f"{name}: the engine did not run")
        if options.corpus and not found:
            keep_inputs(name, [file.read_bytes() for file in inputs.iterdir()])
        for path in found:
            print(f"{name}: {path}\n{trace(said)}", flush=True)
        return Outcome(
            name,
            numbers["number_of_executed_units"],
            round(seconds, 1),
            int(re.findall(rf"{READY} (\d+) MiB", said)[0]),
            numbers["peak_rss_mb"],
            len(corpus(name)),
            len(found),
            time.strftime("%Y-%m-%d", time.gmtime()),
        )


def keep_inputs(name: str, inputs: Sequence[bytes]) -> None:
    """Make the fewest of these that lead everywhere the committed corpus."""
    found = fewest(TARGETS[name], inputs, MOST_BYTES, MOST_INPUTS)
    write_inputs(CORPUS / f"{name}.jsonl", found)


def engine(name: str, *arguments: str) -> tuple[str, float]:
    """What the engine says of a target, and the seconds of CPU that it took."""
    command = [sys.executable, "-m", "tests.fuzz.engine", name, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read().decode(errors="replace")
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return said, used.ru_utime + used.ru_stime


def trace(said: str) -> str:
    """The lines of what was raised."""
    _, _, rest = said.partition("=== Uncaught Python exception: ===")
    return rest.partition("==ERROR")[0].strip() or said[-2000:]


def record(outcomes: Sequence[Outcome]) -> None:
    """The figures of these targets, beside those of others that an earlier run had."""
    old = json.loads(RECORD.read_text()) if RECORD.exists() else {"targets": {}}
    new = {
        one.target: {k: v for k, v in asdict(one).items() if k != "target"} for one in outcomes
    }
    targets = {**old["targets"], **new}
    words = ["git", "rev-parse", "--short=12", "HEAD"]
    commit = subprocess.run(
        words, check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout.strip()
    document = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "commit": commit,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[2], 1),
        "targets": {name: targets[name] for name in TARGETS if name in targets},
    }
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    RECORD.write_text(json.dumps(document, indent=1) + "\n")


def main() -> int:
    """Fuzz what was asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all without any")
    parser.add_argument("--runs", type=int, default=RUNS, help="inputs of each target")
    parser.add_argument(
        "--minutes", type=float, default=0, help="for each target; no end without"
    )
    parser.add_argument(
        "--jobs", type=positive, default=os.cpu_count(), help="targets at a time"
    )
    parser.add_argument("--seed", type=int, default=0, help="of chance; 0 is another each time")
    parser.add_argument("--keep", default=".fuzz", help="the directory of what is found")
    parser.add_argument("--corpus", action="store_true", help="write the corpora anew")
    parser.add_argument("--record", action="store_true", help="write the figures down")
    options = parser.parse_args()
    if find_spec("atheris") is None:
        parser.error(
            "atheris is not installed: make nightly does that (Linux on x86-64, CPython 3.11 to 3.13)"
        )
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"no target {min(unknown)}; there are: {', '.join(TARGETS)}")
    outcomes = []
    with ThreadPoolExecutor(options.jobs) as pool:
        names = options.targets or list(TARGETS)
        for one in pool.map(lambda name: fuzz(name, options), names):
            print(
                f"{one.target:24} {one.inputs:>9} inputs {one.inputs / one.seconds:>7.0f} a second of CPU"
                f"  {one.peak - one.loaded:>4} MiB more  {one.findings or 'no'} findings",
                flush=True,
            )
            outcomes.append(one)
            if options.record:
                record(outcomes)
    return 1 if any(one.findings for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
