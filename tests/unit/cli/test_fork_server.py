"""A command that is forked is to its caller what one is that an interpreter starts for it."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.cli_harness import Desk

MASKS = ("SigPnd", "SigBlk", "SigIgn", "SigCgt", "Umask")
# More than a pipe holds: it is written when somebody reads.
LONG = b"version: 1\n" + b"#" * (64 << 10)


@pytest.mark.parametrize(
    "words", [(), ("--version",), ("plan", "--nonsense"), ("history",), ("validate", "-")]
)
async def test_codes_and_words_are_the_same(tmp_path, words):
    at = Desk(None, tmp_path, {})
    at.environment["RECONCILE_STATE"] = "state"  # of the directory where it starts
    assert await at.run(*words) == await at.run_anew(*words)


async def test_signals_files_and_the_group_are_the_same(tmp_path):
    at = Desk(None, tmp_path, {})
    forked, started = [await seen(start) for start in (at.start, at.start_anew)]
    assert forked == started


async def seen(start):
    """What the kernel has of a process that reads."""
    read, write = os.pipe()
    process = await start("validate", "-", stdin=read)
    os.close(read)
    await asyncio.to_thread(os.write, write, LONG)
    place = Path(f"/proc/{process.pid}")
    status = dict(line.split(":\t") for line in (place / "status").read_text().splitlines())
    files = sorted(int(file.name) for file in (place / "fd").iterdir())
    groups = os.getpgid(process.pid), os.getsid(process.pid)
    cwd = (place / "cwd").readlink()
    os.close(write)
    await process.communicate()
    assert process.returncode == 1
    return [status[name] for name in MASKS], files, groups, cwd
