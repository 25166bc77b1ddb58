"""Exhausts the model of the lock: ``python -m tests.model [record | HOSTS LISTS BITS]``.

``record`` looks at all configurations, one after the other, each in a process of its own, and
notes them in the record of the proof; ``abc ab,bc 24`` looks at one, and prints it as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from tests.model.configurations import EACH_NIGHT, EACH_TIME, Configuration
from tests.model.exhaustion import exhaust, has_compiler
from tests.proof.proof_page import load_record, save_record


def look_at(configuration: Configuration) -> dict[str, Any]:
    """What it has, looked at by a process of its own, whose memory is measured."""
    words = (configuration.hosts, ",".join(configuration.lists), str(configuration.bits))
    argv = (sys.executable, "-m", "tests.model", *words)
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def record() -> bool:
    """Whether all are right; each is noted, so what was looked at before an interruption stays."""
    rows: list[dict[str, Any]] = []
    for configuration in (*EACH_TIME, *EACH_NIGHT):
        row = look_at(configuration)
        print(row, flush=True)
        rows.append(row)
        argv = ("git", "rev-parse", "--short", "HEAD")
        commit = subprocess.run(argv, stdout=subprocess.PIPE, check=False)
        now = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251  # when it was measured
        model = {
            "date": now,
            "commit": commit.stdout.decode().strip(),
            "cores": os.cpu_count(),
            "rows": rows,
        }
        save_record("lock", {**(load_record("lock") or {}), "date": now, "model": model})
    return not any(row["wrong"] for row in rows)


def main(words: list[str]) -> None:
    if words == ["record"]:
        sys.exit(not record())
    elif len(words) == 3:
        hosts, lists, bits = words
        print(json.dumps(asdict(exhaust(hosts, tuple(lists.split(",")), int(bits)))))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    if not has_compiler():
        sys.exit("it needs a C compiler, cc")
    main(sys.argv[1:])
