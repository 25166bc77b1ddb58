"""Line and branch coverage of what plans, executes and decides: `make coverage`.

All of it is to be run by tests, but for what a comment excuses, `# pragma: no cover - REASON`
(`no branch` for the way that a line does not take). What the record says is not run yet may become
less, and never more. It takes some minutes; the record goes into the manual.
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
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.proof.proof_page import load_record, save_record

ROOT = Path(__file__).parents[1]
PACKAGES = ("planning", "execution", "gate")
# Those that need a terminal, a browser, a database or a lab prove other things.
TESTS = (
    *("tests/unit/planning", "tests/unit/execution", "tests/golden", "tests/unit/resources"),
    *("tests/unit/gate/test_gate_decision.py", "tests/unit/gate/test_gate_text.py"),
    "tests/scenarios/test_simulated_[lmoprs]*.py",
    "tests/scenarios/test_simulated_[abdefghijkntuvwxyz]*.py",
    "tests/properties/test_healing*.py",
    *("tests/unit/cli/test_run_records.py", "tests/unit/cli/test_indexed_runs.py"),
    *("tests/unit/cli/test_operating.py", "tests/unit/cli/test_pause_command.py"),
    *("tests/unit/cli/test_unlock_command.py", "tests/unit/cli/test_status_command.py"),
    *("tests/unit/cli/test_saved_plans.py", "tests/unit/cli/test_failed_before.py"),
    *("tests/unit/cli/test_import_and_drift.py", "tests/unit/cli/test_secrets.py"),
)
PRAGMA = re.compile(r"#\s*pragma: no (cover|branch)(?: - (.+))?")
PYTEST = ("-m", "pytest", "-q", "-m", "not nightly", "-p", "no:xdist", "-p", "no:cacheprovider")


def main() -> int:
    """0 where no more lines and branches are left out than the record before says."""
    parser = argparse.ArgumentParser(prog="python -m tests.line_coverage", description=__doc__)
    parser.add_argument("--data", type=Path, help="a directory: measure what is not there yet")
    parser.add_argument("-j", type=int, default=2, help="how many processes measure at once")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        data = options.data or Path(place)
        data.mkdir(exist_ok=True)
        failed = _measure(data, options.j)
        found = _combine(data)
    packages = {name: _package(found, name) for name in PACKAGES}
    for line in [*(f"failed: {name}" for name in failed), *_gaps(found)]:
        print(line)
    good = not failed and not any(_grown(name, one) for name, one in packages.items())
    record = {
        "date": datetime.now(UTC).date().isoformat(),  # noqa: TID251  # the day of the run
        "commit": _say("git", "rev-parse", "--short", "HEAD"),
        "cores": os.cpu_count(),
        "seconds": round(time.monotonic() - began),
        "packages": packages,
        "excused": [*excuses()],
    }
    save_record("coverage", record)
    return 0 if good else 1


def _measure(data: Path, at_once: int) -> list[str]:
    """Those of ``TESTS`` that failed."""

    def run(tests: str) -> str:
        name = re.sub(r"\W+", "-", tests)
        if [*data.glob(f"{name}.*")]:
            return ""
        files = sorted(str(file.relative_to(ROOT)) for file in ROOT.glob(tests))
        places = ",".join(f"reconciler/{package}" for package in PACKAGES)
        words = ("run", "--branch", "-p", f"--data-file={data / name}", f"--source={places}")
        program = (sys.executable, "-m", "coverage", *words, *PYTEST, *files)
        done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stdout[-4000:], done.stderr[-4000:])
        return tests if done.returncode else ""

    with ThreadPoolExecutor(at_once) as pool:
        return [tests for tests in pool.map(run, TESTS) if tests]


def _combine(data: Path) -> Mapping[str, Any]:
    whole, told = data / "whole", data / "told.json"
    files = [str(file) for file in data.glob("tests-*")]
    _say(sys.executable, "-m", "coverage", "combine", "--keep", f"--data-file={whole}", *files)
    _say(sys.executable, "-m", "coverage", "json", f"--data-file={whole}", "-o", str(told))
    found: Mapping[str, Any] = json.loads(told.read_text())["files"]
    return found


def _say(*words: str) -> str:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _package(found: Mapping[str, Any], name: str) -> dict[str, int]:
    sums = [f["summary"] for file, f in found.items() if file.startswith(f"reconciler/{name}/")]
    lines, branches = (sum(s[key] for s in sums) for key in ("num_statements", "num_branches"))
    missing = sum(s["missing_lines"] + s["missing_branches"] for s in sums)
    return {
        "files": len(sums),
        "lines": lines,
        "branches": branches,
        "all": lines + branches,
        "run": lines + branches - missing,
    }


def _grown(name: str, now: Mapping[str, int]) -> bool:
    """Whether more of a package is not run than when it was recorded last."""
    record = load_record("coverage")
    if record is None:  # it is written now
        return False
    before = record["packages"][name]
    return now["all"] - now["run"] > before["all"] - before["run"]


def _gaps(found: Mapping[str, Any]) -> Iterator[str]:
    for file, one in sorted(found.items()):
        ways = [f"{first}->{second}" for first, second in one["missing_branches"]]
        if one["missing_lines"] or ways:
            yield f"{file}: {' '.join([*map(str, one['missing_lines']), *ways])}"


def excuses(packages: Sequence[str] = PACKAGES) -> Iterator[dict[str, str]]:
    """What need not be run, and why; the reason is empty where none is given."""
    for package in packages:
        for file in sorted((ROOT / "reconciler" / package).rglob("*.py")):
            for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
                if pragma := PRAGMA.search(line):
                    where = f"{file.relative_to(ROOT / 'reconciler')}:{number}"
                    yield {"where": where, "reason": pragma[2] or ""}


if __name__ == "__main__":
    sys.exit(main())
