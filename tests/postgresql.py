"""A PostgreSQL of the distribution for tests: its own files, its own socket, ended by its id."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.installed import refuse

BINARIES = "/usr/lib/postgresql/*/bin/initdb"
# Nothing is kept after the test: no sync is waited for.
SETTINGS = "-c fsync=off -c full_page_writes=off -k {place}"
CLOSED = "-c listen_addresses=''"
OPEN = (
    "-c listen_addresses=127.0.0.1 -c port={port} -c ssl={ssl}"
    " -c ssl_cert_file={place}/server.crt -c ssl_key_file={place}/server.key"
)
LOCAL = "local all all trust\n"


@contextmanager
def postgresql(data: Path | None = None, settings: str = "") -> Iterator[str]:
    """The URL of an empty database; skips without PostgreSQL, and fails where RECONCILE_REQUIRE_LAB=1.

    Its files are in the directory ``data``, if one is named.
    """
    with _place() as (place, owner):
        if data is not None:
            (place / "data").symlink_to(data)
            shutil.chown(data, owner)
        with _running(place, owner, f"{CLOSED} {settings}", LOCAL):
            yield f"postgresql+psycopg://{owner}@/postgres?host={place}"


@dataclass(frozen=True)
class OpenServer:
    """One that listens on loopback: its port, and as the owner of all by its socket."""

    port: int
    url: str


@contextmanager
def open_postgresql(certificate: bytes = b"", key: bytes = b"") -> Iterator[OpenServer]:
    """One that is reached by TCP with a password, and by TLS alone where it has a certificate."""
    with _place() as (place, owner):
        for name, content in (("server.crt", certificate), ("server.key", key)):
            (place / name).write_bytes(content)
            (place / name).chmod(0o600)
            shutil.chown(place / name, owner)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        sort = "hostssl" if certificate else "host"
        hba = f"{LOCAL}{sort} all all 127.0.0.1/32 scram-sha-256\n"
        listening = OPEN.format(port=port, place=place, ssl="on" if certificate else "off")
        with _running(place, owner, listening, hba):
            yield OpenServer(port, f"postgresql://{owner}@/postgres?host={place}&port={port}")


def control_server(place: str, *words: str, check: bool = True) -> None:
    """Have the server whose socket is in ``place`` do what pg_ctl(1) calls so: start, stop, restart."""
    options = ("-w", "-l", f"{place}/log", "-o", (Path(place) / "options").read_text())
    _run(Path(place), "pg_ctl", "-D", f"{place}/data", *options, *words, check=check)


@contextmanager
def _place() -> Iterator[tuple[Path, str]]:
    """A directory for its files, and the name of the user to whom they belong."""
    owner = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if not list(Path("/").glob(BINARIES.lstrip("/"))):
        refuse(f"PostgreSQL is not installed: there is no {BINARIES}")
    _end_orphans()
    place = Path(tempfile.mkdtemp(prefix="rpg", dir="/tmp"))  # a socket's path is short
    (place / "test").write_text(f"{os.getpid()} {started_at(os.getpid())}")
    try:
        shutil.chown(place, owner)
        yield place, owner
    finally:
        shutil.rmtree(place)


def _end_orphans() -> None:
    """End the servers of tests that were killed, and remove their files."""
    for mark in Path("/tmp").glob("rpg*/test"):  # noqa: S108  # as `_place` makes them
        with suppress(OSError, ValueError):
            pid, began = mark.read_text().split()
            if started_at(int(pid)) != began:
                if (mark.parent / "data" / "postmaster.pid").exists():
                    control_server(str(mark.parent), "stop", "-m", "immediate", check=False)
                shutil.rmtree(mark.parent)


def started_at(pid: int) -> str:
    """When a process began, in ticks since the boot; empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


@contextmanager
def _running(place: Path, owner: str, options: str, hba: str) -> Iterator[None]:
    words = ("-A", "peer", "-U", owner, "-E", "UTF8", "-N", "--wal-segsize=1")
    _run(place, "initdb", "-D", f"{place}/data", *words)
    (place / "data" / "pg_hba.conf").write_text(hba)
    (place / "options").write_text(f"{SETTINGS.format(place=place)} {options}")
    control_server(str(place), "start")
    try:
        yield
    finally:
        control_server(str(place), "stop", "-m", "immediate", check=False)


def _run(place: Path, program: str, *words: str, check: bool = True) -> None:
    found = max(Path("/").glob(BINARIES.lstrip("/"))).parent
    user = "postgres" if os.geteuid() == 0 else None
    nowhere = subprocess.DEVNULL
    argv = (str(found / program), *words)
    subprocess.run(argv, check=check, user=user, cwd=place, stdout=nowhere, timeout=120)
