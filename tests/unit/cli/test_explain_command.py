"""`explain ADDRESS FILE`: the hosts are read for it."""

import json
from pathlib import Path

from reconciler.cli.commands.explain import SLIP, near_code
from tests.unit.cli.test_commands import desk


async def test_an_address_is_explained_by_the_plan_and_an_unknown_one_is_an_error(tmp_path):
    async with desk(tmp_path) as at:
        words = ("explain", "volume/images/mount", at.file, "--format", "json")
        code, out, _err = await at.run(*words)
        document = json.loads(out)
        assert (code, document["address"]) == (0, "volume/images/mount")
        assert {action["kind"] for action in document["actions"]} == {"mount"}
        code, out, err = await at.run("explain", "volume/image/mount")
        assert (code, out) == (64, "")
        assert "did you mean volume/images/mount" in err


async def test_a_word_that_is_neither_code_nor_address_needs_no_host(tmp_path):
    async with desk(tmp_path) as at:
        code, _out, err = await at.run("explain", "volume-buzy")
        assert (code, "did you mean volume-busy?" in err) == (64, True)


def test_no_word_of_a_plan_is_taken_for_a_code_with_a_slip_in_it():
    """All kinds and addresses of the golden plans."""
    words = set()
    for path in Path("tests/golden").glob("*.json"):
        for cluster in json.loads(path.read_text())["clusters"]:
            for item in (*cluster["actions"], *cluster["changes"]):
                words |= {item.get("kind", ""), item["address"], *item["address"].split("/")}
    assert {"cluster.conf", "timeouts", "install-packages", "mount"} <= words
    assert {word: near_code(word, SLIP) for word in words if near_code(word, SLIP)} == {}
    assert near_code("volume-buzy", SLIP) == "volume-busy"


async def test_without_a_file_it_is_the_one_that_is_there(tmp_path):
    async with desk(tmp_path, hosts=1) as at:
        assert at.file
        code, out, err = await at.run("explain", "cluster.conf", "--format", "json")
        assert (code, json.loads(out)["address"]) == (0, "cluster.conf"), err
