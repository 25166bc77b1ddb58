"""Streams that are shut, or that nobody reads any more, decide nothing."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from reconciler.execution.journal import read_record
from tests.cli_harness import RECONCILE, desk


def deaf():
    """A pipe without anybody at its other end."""
    ear, mouth = os.pipe()
    os.close(ear)
    return mouth


def full():
    """A file for which there is no room."""
    return os.open("/dev/full", os.O_WRONLY)


@pytest.mark.parametrize(("form", "sink"), [("text", deaf), ("json", full)])
async def test_a_run_whose_words_go_nowhere_comes_to_its_end(tmp_path, form, sink):
    async with desk(tmp_path) as at:
        words = await at.approved()
        place = sink()
        process = await at.start("apply", *words, "--format", form, stdout=place, stderr=place)
        os.close(place)
        assert await process.wait() == 0
        (path,) = (tmp_path / ".local/state/reconcile/runs").glob("*.jsonl")
        assert read_record(path).lines[-1]["result"] == "converged"
        assert at.world.violations() == ()


@pytest.mark.parametrize("shut", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
async def test_a_command_whose_streams_were_shut_says_nothing_and_ends_as_else(tmp_path, shut):
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'exec python -c "$0" history {shut}', RECONCILE),
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path)},
        stderr=asyncio.subprocess.PIPE,
    )
    _out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")


def read_until(number, words):
    text = ""
    while words not in text:
        text += os.read(number, 4096).decode()


async def test_ctrl_c_at_a_question_ends_the_run_at_once_and_on_record(tmp_path):
    async with desk(tmp_path) as at:
        ours, theirs = os.openpty()
        process = await at.start("apply", at.file, stdin=theirs, stderr=theirs)
        os.close(theirs)
        await asyncio.to_thread(read_until, ours, "to format it")
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            await process.communicate()
        os.close(ours)
        assert process.returncode == 130
        (path,) = (tmp_path / ".local/state/reconcile/runs").glob("*.jsonl")
        ended = read_record(path).lines[-1]
        assert (ended["result"], ended["detached"]) == ("interrupted", False)
