"""``reconcile demo``: the whole story, as somebody without a host of their own sees it."""

import asyncio
import json
import re
import sys

RECONCILE = "import sys; from reconciler.cli import main; main(sys.argv[1:])"


async def test_the_demo_tells_its_story_to_the_end_and_leaves_its_records(tmp_path):
    words = ("-c", RECONCILE, "demo", "--keep", str(tmp_path))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, _err = await process.communicate()
    text = out.decode()
    assert process.returncode == 0, text
    assert re.findall(r"^cluster ocfs2: (.*)$", text, re.MULTILINE) == [
        "converged (27 done)",
        "no-change",
        "converged (17 done)",
        "refused",
        "converged (14 done)",
    ]
    assert re.findall(r"BLOCKED (\S+)", text) == ["volume-busy"]
    assert "no interruption for who stays" in text
    ends = [
        json.loads(record.read_text().splitlines()[-1])["result"]
        for record in sorted((tmp_path / "state" / "runs").glob("*.jsonl"))
    ]
    assert ends == ["converged", "no-change", "converged", "refused", "converged"]
