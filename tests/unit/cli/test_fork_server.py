"""A command that is forked is to its caller what one is that an interpreter starts for it."""

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import pytest

from tests.cli_harness import Desk
from tests.fork_server import start_program

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


# What a process of the daemon has when it begins; glibc keeps signals above 31 for its threads.
PROGRAM = """\
import json, os, socket, sys
daemon = socket.socket(fileno=int(sys.argv[-1]))
files = [os.path.exists(f"/proc/self/fd/{n}") for n in range(64) if n != daemon.fileno()]
lines = [line.split() for line in open("/proc/self/status")]
masks = ["SigBlk:", "SigIgn:", "SigCgt:"]
status = [int(line[1], 16) & 0x7fffffff for line in lines if line[0] in masks]
seen = sys.argv[0], __name__, files, status, os.read(0, 1).decode(), os.getppid()
daemon.sendall(json.dumps(seen).encode())
sys.exit(3)
"""


async def test_a_copy_that_runs_a_program_has_what_an_interpreter_has_that_was_started_for_it():
    copied, started = [
        await begun(start) for start in (start_program, asyncio.create_subprocess_exec)
    ]
    assert copied == started
    assert copied[-1] == 3


async def begun(start):
    """What the program says of itself, and its code."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    argv = (sys.executable, "-P", "-c", PROGRAM, str(theirs.fileno()))
    process = await start(*argv, stdin=asyncio.subprocess.DEVNULL, pass_fds=(theirs.fileno(),))
    theirs.close()
    with ours:
        told = await asyncio.get_running_loop().sock_recv(ours, 1 << 16)
    return json.loads(told), await process.wait()
