"""`python -m tests.mutants [GROUP...]`: deletes each precondition, and sees a test fail.

What was killed of whole groups is written to tests/proof/records/mutants.json; with --only nothing is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.arguments import positive
from tests.mutants import record
from tests.mutants.groups import GROUPS
from tests.mutants.session import Session, Verdict

QUIET = (
    *("-q", "-m", "not nightly", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore"),
    *("-o", "tmp_path_retention_policy=failed"),
)


def main() -> int:
    """What survived is told; 1 for a survivor that nobody has explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("groups", nargs="*", help=", ".join(GROUPS))
    parser.add_argument("--only", default="", help="a part of the names of mutants")
    parser.add_argument("--known", type=Path, help="keeps what tests meet, for the next time")
    parser.add_argument("-j", type=positive, default=2, help="how many processes work at once")
    options = parser.parse_args()
    if unknown := set(options.groups) - set(GROUPS):
        parser.error(f"no group {min(unknown)}; there are: {', '.join(GROUPS)}")
    groups = [GROUPS[name] for name in options.groups or GROUPS]
    session = Session(groups, _tell, options.only, options.known, options.j)
    paths = sorted({file for group in groups for file in _files(group.tests)})
    pytest.main([*QUIET, *paths], plugins=[session])
    for test in session.failed:
        print(f"fails without a mutant: {test}")
    alive = [v for v in session.verdicts if not v.by]
    print(f"{len(session.verdicts)} mutants, {len(alive)} survive", flush=True)
    if not options.only and not session.failed:
        record.save(session)
    return 1 if session.failed or record.find_unexplained(session.verdicts) else 0


def _files(starts: Sequence[str]) -> Iterator[str]:
    for start in starts:
        yield from (str(file) for file in Path().glob(f"{start}*"))


def _tell(verdict: Verdict) -> None:
    how = f"killed by {verdict.by}" if verdict.by else f"SURVIVES {verdict.tried} tests"
    print(f"{verdict.group}: {verdict.name}: {how} ({verdict.seconds} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
