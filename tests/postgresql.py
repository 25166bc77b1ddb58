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
def postgresql(data: Path | None = None, settings: str = "") -> Iterator[str]:
    """The URL of an empty database; skips without PostgreSQL, and fails where RECONCILE_REQUIRE_LAB=1.

    Its files are in the directory ``data``, if one is named.
    """
    user = "postgres" if os.geteuid() == 0 else None
    place = Path(tempfile.mkdtemp(prefix="rpg", dir="/tmp"))  # a socket's path is short
    owner = user or pwd.getpwuid(os.geteuid()).pw_name
    if user:
        shutil.chown(place, user)
    if data is None:
        data = place / "data"
    else:
        (place / "data").symlink_to(data)
        shutil.chown(data, user) if user else None
    try:
        words = ("-A", "peer", "-U", owner, "-E", "UTF8", "-N", "--wal-segsize=1")
        _run(place, "initdb", "-D", f"{data}", *words)
        (data / "pg_hba.conf").write_text("local all all trust\n")
        options = SETTINGS.format(socket=place) + settings
        (place / "options").write_text(options)
        control_server(str(place), "start")
        try:
            yield f"postgresql+psycopg://{owner}@/postgres?host={place}"
        finally:
            control_server(str(place), "stop", "-m", "immediate", check=False)
    finally:
        shutil.rmtree(place)


def control_server(place: str, *words: str, check: bool = True) -> None:
    """Have the server whose socket is in ``place`` do what pg_ctl(1) calls so: start, stop, restart."""
    options = ("-w", "-l", f"{place}/log", "-o", (Path(place) / "options").read_text())
    _run(Path(place), "pg_ctl", "-D", f"{place}/data", *options, *words, check=check)


def _run(place: Path, program: str, *words: str, check: bool = True) -> None:
    found = sorted(Path("/").glob(BINARIES.lstrip("/")))
    if not found:
        refuse(f"PostgreSQL is not installed: there is no {BINARIES}")
    user = "postgres" if os.geteuid() == 0 else None
    nowhere = subprocess.DEVNULL
    argv = (str(found[-1].parent / program), *words)
    subprocess.run(argv, check=check, user=user, cwd=place, stdout=nowhere, timeout=120)
