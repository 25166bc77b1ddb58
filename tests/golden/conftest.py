"""Golden plans are of hosts on which all is proven: what labs have proven by today is no part of them."""

import pytest

from reconciler.passport.operations import OPERATIONS
from reconciler.passport.passport_rows import Row
from reconciler.passport.platforms import Platform
from reconciler.planning.review import passport_notes

# The kernel and the tools of simulated hosts, and of those of the builders.
SIMULATED = Platform("6.1", "1.8.7")


@pytest.fixture(autouse=True)
def everything_proven(monkeypatch):
    rows = tuple(Row((SIMULATED,), name, "2026-11-29") for name in OPERATIONS)
    monkeypatch.setattr(passport_notes, "lab_rows", lambda: rows)
