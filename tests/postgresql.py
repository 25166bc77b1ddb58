"""A PostgreSQL of the distribution for tests: its own files, its own socket, ended by its id."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.installed import refuse

BINARIES = "/usr/lib/postgresql/*/bin/initdb"
# Nothing is kept after the test: no sync is waited for.
SETTINGS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -k {socket}"


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database; skips without PostgreSQL, and fails where RECONCILE_REQUIRE_LAB=1."""
    found = sorted(Path("/").glob(BINARIES.lstrip("/")))
    if not found:
        refuse(f"PostgreSQL is not installed: there is no {BINARIES}")
    bin_, user = found[-1].parent, "postgres" if os.geteuid() == 0 else None
    place = Path(tempfile.mkdtemp(prefix="rpg", dir="/tmp"))  # a socket's path is short
    owner = user or pwd.getpwuid(os.geteuid()).pw_name
    if user:
        shutil.chown(place, user)
    data = place / "data"

    def run(*argv: str) -> None:
        subprocess.run(
            argv, check=True, user=user, cwd=place, stdout=subprocess.DEVNULL, timeout=120
        )

    try:
        run(f"{bin_}/initdb", "-D", f"{data}", "-A", "peer", "-U", owner, "-E", "UTF8", "-N")
        hba = "local all all trust\n"
        (data / "pg_hba.conf").write_text(hba)
        options = SETTINGS.format(socket=place)
        run(
            f"{bin_}/pg_ctl",
            "-D",
            f"{data}",
            "-w",
            "-l",
            f"{place}/log",
            "-o",
            options,
            "start",
        )
        try:
            yield f"postgresql+psycopg://{owner}@/postgres?host={place}"
        finally:
            run(f"{bin_}/pg_ctl", "-D", f"{data}", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place)
