"""Who is at work: the id of a run, its author, and what it asks the members for."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from reconciler.execution.locks import Claim, Holder

NO_MACHINE = "unknown"


def now() -> datetime:
    """The real clock, for the record only."""
    return datetime.now(UTC)  # noqa: TID251  # handed on from here


def new_run() -> str:
    """A run id that sorts by time."""
    return f"{now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def author() -> Mapping[str, str]:
    """Who runs this, and on which machine: for the record."""
    return {"user": getpass.getuser(), "controller": socket.gethostname()}


def words() -> str:
    """Who runs this, as ``USER@MACHINE``."""
    who = author()
    return f"{who['user']}@{who['controller']}"


def claim(cluster: str, run: str, patience: float) -> Claim:
    """What this process asks the members for."""
    pid = os.getpid()
    who = (getpass.getuser(), socket.gethostname(), _machine(), _space())
    return Claim(cluster, run, Holder(*who, pid, _started(pid) or 0), patience, _is_dead)


def _space() -> str:
    """Where a pid means the same process: this boot, this pid namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return NO_MACHINE


def _machine() -> str:
    try:
        return Path("/etc/machine-id").read_text().strip() or NO_MACHINE
    except OSError:
        return NO_MACHINE


def _started(pid: int) -> int | None:
    """The start time of a process in ticks since boot; None if there is none, or it has ended.

    One that has ended stays as a zombie (proc(5), state Z or X) until its parent asks for it.
    """
    try:
        state, *more = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if state in {"Z", "X"} else int(more[18])
    except (OSError, IndexError, ValueError):
        return None


def _is_dead(holder: str) -> bool:
    """Whether a lease's holder surely is a process of here that has ended."""
    try:
        who = json.loads(holder)
        place = (who["controller"], who["machine"], who["space"])
        pid, started = int(who["pid"]), int(who["started"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return False
    here = (socket.gethostname(), _machine(), _space())
    return place == here and NO_MACHINE not in here and _started(pid) != started
