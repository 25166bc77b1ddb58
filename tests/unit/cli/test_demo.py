"""``reconcile demo``: the whole story, as somebody without a host of their own sees it."""

import asyncio
import json
import re
import signal
import sys

RECONCILE = "import sys; from reconciler.cli import main; main(sys.argv[1:])"


def started(*words):
    return asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RECONCILE, *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def told(*words):
    """The exit code of a command, and what it prints."""
    process = await started(*words)
    out, _err = await process.communicate()
    return process.returncode, out.decode()


async def played(directory, then):
    """The demo in ``directory``, its text; ``then`` happens while its hosts stay up."""
    log = ("--log-level", "info:json", "--log-file", str(directory / "log"))
    process = await started("demo", "--keep", str(directory), "--stay", *log)
    text = ""
    try:
        while not text.endswith("reconcile apply\n"):
            line = (await process.stdout.readline()).decode()
            assert line, text
            text += line
        await then()
    finally:
        process.send_signal(signal.SIGINT)
    text += (await process.stdout.read()).decode()
    assert await process.wait() == 0, text
    return text


async def test_the_demo_tells_its_story_to_the_end_and_stays_to_be_played_with(tmp_path):
    file = tmp_path / "cluster.yaml"
    state = ("--state-dir", str(tmp_path / "state"))

    async def node02_returns():
        file.write_text(file.read_text().replace("# - {name: node02", "- {name: node02"))
        code, said = await told("apply", str(file), "--auto-approve", *state)
        assert (code, said.splitlines()[-1]) == (0, "cluster ocfs2: converged (21 done)")

    text = await played(tmp_path, node02_returns)
    assert re.findall(r"^cluster ocfs2: (.*)$", text, re.MULTILINE) == [
        "converged (30 done)",
        "no-change",
        "converged (18 done)",
        "refused",
        "converged (16 done)",
        "converged (5 done)",
    ]
    assert re.findall(r"BLOCKED (\S+)", text) == ["volume-busy"]
    assert "no interruption for who stays" in text
    assert "grow the file system images to 2GiB, mounted" in text
    assert f"export RECONCILE_CONFIG={file}\n" in text
    ends = [
        json.loads(record.read_text().splitlines()[-1])["result"]
        for record in sorted((tmp_path / "state" / "runs").glob("*.jsonl"))
    ]
    assert ends == ["converged", "no-change", "converged", "refused", *["converged"] * 3]
    log = (tmp_path / "log").read_text()
    logged = [event["run"] for line in log.splitlines() if "run" in (event := json.loads(line))]
    assert len(set(logged)) == len(ends) - 1  # all but the last, which was not the demo's


async def test_a_log_that_cannot_be_written_ends_the_demo_before_it_begins(tmp_path):
    code, said = await told("demo", "--log-file", str(tmp_path / "no" / "log"))
    assert (code, said) == (64, "")
